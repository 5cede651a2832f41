"""What `leads` holds of a person: given out, and erased at the very last."""

from collections.abc import Iterator
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, ProtectedError, Q, QuerySet

from leads import clock, opt_outs
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
    OptOutList,
    PrivacyRequest,
    Suppression,
    UsageRecord,
)
from leads.traces import Traces, own_points, traces_of

BATCH = 1_000
EXPORTS = "exports"


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
        points = ContactPoint.objects.filter(lead_contacts__lead=lead)
        of_points = Q(contact_point__in=points)
        consents = Consent.objects.filter(of_points).select_related("contact_point")
        stopped = Suppression.objects.filter(of_points).select_related("contact_point")
        return {
            "lead": _lead(lead),
            "addresses": [_address(row) for row in _contacts(lead)],
            "consents": [_consent(row) for row in consents.order_by("occurred_at")],
            "opt_outs": [_suppression(row) for row in stopped.order_by("since")],
            "facts": _rows(lead.facts.order_by("occurred_at"), _FACT),
            "score": _rows(lead.score_lines.order_by("added_at"), _SCORE),
            "deals": _rows(lead.deals.order_by("created_at"), _DEAL),
            "meetings": _rows(lead.meetings.order_by("starts_at"), _MEETING),
            "tasks": _rows(lead.tasks.order_by("created_at"), _TASK),
            "history": _rows(lead.events.order_by("occurred_at", "pk"), _EVENT),
            "costs": _rows(lead.usage.order_by("occurred_at"), _COST),
        }

    @transaction.atomic
    def erase(self, lead: Lead) -> dict[str, int]:
        """Remove the row with all that hangs on it, in one piece. Raises NotYet while
        another app still holds something: it came in meanwhile.
        """
        lead = Lead.objects.select_for_update().get(pk=lead.pk)
        _refuse_leftovers(lead)
        own, _ = own_points(lead)
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
            "lines of old opt-out lists": _strike_lines(traces_of(lead)),
        }
        company = lead.company
        lead.delete()
        counts["leads"] = 1
        if company is not None and not company.leads.exists():
            Company.objects.filter(pk=company.pk, leads=None).delete()
            counts["companies nobody else belongs to"] = 1
        return counts | _erase_points(own)

    def kept(self, lead: Lead) -> list[Kept]:
        """The keyed hash, the money, shared addresses."""
        own, shared = own_points(lead)
        kept = []
        if Suppression.objects.filter(contact_point__in=own, lifted_at=None).exists():
            kept.append(_HASH)
        if lead.usage.exists():
            kept.append(_MONEY)
        if shared:
            number = len(shared)
            what = f"{number} address{'' if number == 1 else 'es'} of other leads too"
            kept.append(Kept(what, "They belong to those leads. Only the tie is cut."))
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


# --- giving out ------------------------------------------------------------------

_FACT = ("field", "value", "quote", "source", "occurred_at", "replaced_at", "struck_at")
_SCORE = ("label", "part", "points", "quote", "added_at", "removed_at")
_DEAL = ("title", "amount", "currency", "state", "expected_on", "created_at")
_MEETING = ("starts_at", "minutes", "state", "note")
_TASK = ("title", "reason", "kind", "due_at", "created_at", "done_at")
_EVENT = ("occurred_at", "kind", "actor", "payload")
_COST = ("occurred_at", "service", "what", "quantity", "micro", "currency")


def _rows(rows: "QuerySet[Any]", names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    yield from rows.values(*names).iterator(chunk_size=BATCH)


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "id": str(lead.public_id),
        "name": lead.name,
        "company": str(lead.company or ""),
        "role": lead.role,
        "language": lead.language,
        "time_zone": lead.time_zone,
        "stage": str(lead.stage),
        "score": lead.score,
        "came_by": str(lead.source or ""),
        "first_by": str(lead.first_source or ""),
        "since": lead.created_at,
    }


def _contacts(lead: Lead) -> "QuerySet[Any]":
    return lead.contacts.select_related("contact_point").order_by("pk")


def _address(row: Any) -> dict[str, Any]:
    return {
        "kind": row.contact_point.kind,
        "address": row.contact_point.value,
        "known_by": row.get_known_by_display(),
        "since": row.created_at,
    }


def _consent(row: Consent) -> dict[str, Any]:
    return {
        "address": row.contact_point.value,
        "channel": row.channel,
        "given": row.given,
        "basis": row.get_basis_display(),
        "wording": row.wording,
        "wording_version": row.wording_version,
        "source": row.source,
        "evidence": row.evidence,
        "ip": row.ip,
        "at": row.occurred_at,
    }


def _suppression(row: Suppression) -> dict[str, Any]:
    return {
        "address": row.contact_point.value,
        "channel": row.channel,
        "reason": row.get_reason_display(),
        "words": row.words,
        "since": row.since,
        "lifted_at": row.lifted_at,
    }


LIFECYCLE = LeadsLifecycle()
