"""What `leads` holds of a person: given out, and erased at the very last."""

from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, ProtectedError, Q, QuerySet

from leads import clock, opt_outs
from leads.giving import everything
from leads.lifecycle import Kept, Lifecycle, NotYet
from leads.models import (
    Company,
    Consent,
    ContactPoint,
    Counter,
    Delivery,
    Event,
    Job,
    Lead,
    LeadContact,
    OptOutList,
    PrivacyRequest,
    Suppression,
    UsageRecord,
)
from leads.traces import Traces, own_points, traces_of

BATCH = 1_000
EXPORTS = "exports"
GONE = "Emptied: it named a person who was erased."


def export_path(request: PrivacyRequest) -> str:
    """Where the file of an export is kept."""
    return f"{EXPORTS}/{request.public_id}.zip"


class LeadsLifecycle(Lifecycle):
    """The lead's row, addresses, consents, facts, score, deals and tasks."""

    key = "leads"
    words = "Leads"

    def close(self, lead: Lead) -> None:
        """Archive the lead, and take its exports away.

        Who writes from its addresses from now on is somebody new.
        """
        now = clock.now()
        Lead.objects.filter(pk=lead.pk, archived_at=None).update(archived_at=now)
        _erase_exports(lead)

    def export(self, lead: Lead) -> dict[str, Any]:
        """The lead, and everything that hangs on it, each kind in its order."""
        return everything(lead)

    @transaction.atomic
    def erase(self, lead: Lead) -> dict[str, int]:
        """Remove the row with all that hangs on it, in one piece. Raises NotYet while
        another app still holds something: it came in meanwhile.
        """
        lead = Lead.objects.select_for_update().get(pk=lead.pk)
        _refuse_leftovers(lead)
        own, _ = own_points(lead)
        leaving, _ = _leaving(lead, own)
        traces = traces_of(lead)
        counts = {
            "facts": lead.facts.count(),
            "lines and moves of the score": lead.score_lines.count()
            + lead.score_changes.count(),
            "deals, meetings and tasks": lead.deals.count()
            + lead.meetings.count()
            + lead.tasks.count(),
            "costs cut loose": _cut_usage(lead),
            "counters": _counters(lead).delete()[0],
            "jobs": _jobs(lead).delete()[0],
            "events": _erase_events(lead),
            "lines of old opt-out lists": _strike_lines(traces),
            "jobs that named an address": _strike_jobs(traces),
        }
        company = lead.company
        lead.delete()
        counts["leads"] = 1
        if company is not None and not company.leads.exists():
            Company.objects.filter(pk=company.pk, leads=None).delete()
            counts["companies nobody else belongs to"] = 1
        return counts | _erase_points(leaving)

    def kept(self, lead: Lead) -> list[Kept]:
        """The keyed hash, the money, shared addresses."""
        own, shared = own_points(lead)
        leaving, mentioned = _leaving(lead, own)
        kept = []
        stopped = Suppression.objects.filter(contact_point__in=leaving, lifted_at=None)
        if stopped.exists():
            kept.append(_HASH)
        if lead.usage.exists():
            kept.append(_MONEY)
        if shared:
            number = len(shared)
            what = f"{number} address{'' if number == 1 else 'es'} of other leads too"
            kept.append(Kept(what, "They belong to those leads. Only the tie is cut."))
        if mentioned:
            number = len(mentioned)
            what = f"{number} address{'' if number == 1 else 'es'} only mentioned"
            kept.append(Kept(what, _SOMEBODY))
        return [*kept, _REQUEST]


_HASH = Kept(
    "A keyed hash of each address that opted out",
    "So that nobody writes to it again when it comes back. The address cannot be read"
    " from it.",
)
_MONEY = Kept(
    "What the lead cost: sums, services and times",
    "For the books. Nothing in them leads to the person any more.",
)
_SOMEBODY = (
    "Whoever has such an address has opted out, or said what may be sent there. It may"
    " be somebody else. Only the tie is cut."
)
_REQUEST = Kept(
    "This request: who asked when, and these counts",
    "To prove that it was done. It holds no name and no address.",
)


# --- erasing ---------------------------------------------------------------------


def _refuse_leftovers(lead: Lead) -> None:
    """No row of another app may go with the lead unseen: its files would stay."""
    for relation in Lead._meta.related_objects:
        model: type[Model] = relation.related_model
        if model._meta.app_label == Lead._meta.app_label:
            continue
        if model._default_manager.filter(**{relation.field.name: lead}).exists():
            what = model._meta.verbose_name_plural
            raise NotYet(f"{what} came in while it ran: it goes around once more")


def _erase_exports(lead: Lead) -> None:
    requests = PrivacyRequest.objects.filter(
        lead_public_id=lead.public_id, kind=PrivacyRequest.Kind.EXPORT
    )
    for row in requests:
        default_storage.delete(export_path(row))
    requests.update(path="", expires_at=None, reason="")


def _cut_usage(lead: Lead) -> int:
    return UsageRecord.objects.filter(lead=lead).update(lead=None, effect_key=None)


def _counters(lead: Lead) -> "QuerySet[Counter]":
    """Every counter whose name ends in the lead's number, whoever keeps it."""
    return Counter.objects.filter(key__endswith=f":lead:{lead.pk}")


def _jobs(lead: Lead) -> "QuerySet[Job]":
    named = Q(arguments__lead=lead.pk) | Q(arguments__lead=str(lead.public_id))
    return Job.objects.filter(named | Q(arguments__lead_id=lead.pk))


def _strike_lines(traces: Traces) -> int:
    """Lines that could not be read as an address, and hold one all the same."""
    struck = 0
    for row in OptOutList.objects.exclude(refused=[]):
        left = [line for line in row.refused if not traces.in_text(str(line))]
        if len(left) < len(row.refused):
            struck += len(row.refused) - len(left)
            OptOutList.objects.strike(row, refused=left)
    return struck


def _strike_jobs(traces: Traces) -> int:
    """What went wrong, or came of a list, may be told with the address in it."""
    struck = 0
    told = Q(arguments__has_key="outcome") | ~Q(last_error="")
    for job in Job.objects.filter(told).iterator():
        fields: dict[str, Any] = {}
        if traces.in_bytes(job.last_error.encode()):
            fields["last_error"] = GONE
        outcome = job.arguments.get("outcome", {})
        left = {what: _without(traces, value) for what, value in outcome.items()}
        if left != outcome:
            fields["arguments"] = {**job.arguments, "outcome": left}
        struck += Job.objects.filter(pk=job.pk).update(**fields) if fields else 0
    return struck


def _without(traces: Traces, value: Any) -> Any:
    """The value, of a list the lines, that hold no address of the person."""
    if isinstance(value, list):
        return [line for line in value if not traces.in_bytes(str(line).encode())]
    return GONE if traces.in_bytes(str(value).encode()) else value


def _erase_events(lead: Lead) -> int:
    return delete_events(Event.objects.filter(lead=lead))


def delete_events(rows: "QuerySet[Event]") -> int:
    """Delete events with their deliveries, some at a time; how many."""
    deleted = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        Delivery.objects.filter(event__in=ids).delete()
        Event.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted


def _leaving(
    lead: Lead, own: list[ContactPoint]
) -> tuple[list[ContactPoint], list[ContactPoint]]:
    """Of the own addresses those that go, and those that stay: a lead that only
    mentioned an address takes no consent or opt-out of it away.
    """
    ties = lead.contacts.filter(known_by=LeadContact.Known.PROPOSAL)
    stated = ties.filter(
        Q(contact_point__suppressions__isnull=False)
        | Q(contact_point__consents__isnull=False)
    )
    staying = set(stated.values_list("contact_point", flat=True))
    return (
        [point for point in own if point.pk not in staying],
        [point for point in own if point.pk in staying],
    )


def _erase_points(points: list[ContactPoint]) -> dict[str, int]:
    """Addresses with consents and opt-outs; of an opt-out a keyed hash stays."""
    counts = {"addresses": 0, "consents": 0, "opt-outs": 0}
    for point in points:
        try:
            with transaction.atomic():
                gone = _erase_point(point)
        except ProtectedError:
            # Somebody else's talk holds words from it: what forbids it must stay too.
            gone = {"addresses left, since they stand in another lead's talk": 1}
        for what, number in gone.items():
            counts[what] = counts.get(what, 0) + number
    return counts


def _erase_point(point: ContactPoint) -> dict[str, int]:
    opt_outs.remember_erased(point)
    stopped = Suppression.objects.filter(contact_point=point)
    about = list(stopped.values_list("pk", flat=True))
    delete_events(Event.objects.filter(lead=None, payload__suppression__in=about))
    stopped.delete()
    # Append-only, but not against the person whose words they are.
    consents = Consent.objects.erase([point])
    point.delete()
    return {"addresses": 1, "consents": consents, "opt-outs": len(about)}


LIFECYCLE = LeadsLifecycle()
