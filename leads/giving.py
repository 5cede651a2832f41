"""What `leads` gives out of a person: their own, and no words of somebody else's."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from leads.lifecycle import lifecycles
from leads.models import Consent, Lead, LeadContact, Suppression

BATCH = 1_000
_FACT = ("field", "value", "quote", "source", "occurred_at", "replaced_at", "struck_at")
_SCORE = ("label", "part", "points", "quote", "added_at", "removed_at")
_DEAL = ("title", "amount", "currency", "state", "expected_on", "created_at")
_MEETING = ("starts_at", "minutes", "state", "note")
_TASK = ("title", "reason", "kind", "due_at", "created_at", "done_at")
_EVENT = ("occurred_at", "kind", "actor", "payload")
_COST = ("occurred_at", "service", "what", "quantity", "micro", "currency")


def everything(lead: Lead) -> dict[str, Any]:
    """The lead, and everything that hangs on it, each kind in its order."""
    return {
        "lead": _lead(lead),
        "addresses": [_address(row) for row in _contacts(lead)],
        "consents": _consents(lead),
        "opt_outs": _opt_outs(lead),
        "facts": _rows(lead.facts.order_by("occurred_at"), _FACT),
        "score": _rows(lead.score_lines.order_by("added_at"), _SCORE),
        "deals": _rows(lead.deals.order_by("created_at"), _DEAL),
        "meetings": _rows(lead.meetings.order_by("starts_at"), _MEETING),
        "tasks": _rows(lead.tasks.order_by("created_at"), _TASK),
        "history": _rows(lead.events.order_by("occurred_at", "pk"), _EVENT),
        "costs": _rows(lead.usage.order_by("occurred_at"), _COST),
    }


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


def _consents(lead: Lead) -> list[dict[str, Any]]:
    rows = Consent.objects.filter(contact_point__in=_held(lead))
    wanted = list(rows.select_related("contact_point").order_by("occurred_at"))
    theirs = _of_others(lead, wanted)
    return [
        _blank(_consent(row)) if row.pk in theirs else _consent(row) for row in wanted
    ]


def _opt_outs(lead: Lead) -> list[dict[str, Any]]:
    rows = Suppression.objects.filter(contact_point__in=_held(lead))
    wanted = list(rows.select_related("contact_point").order_by("since"))
    theirs = _of_others(lead, wanted)
    return [
        _blank(_suppression(row)) if row.pk in theirs else _suppression(row)
        for row in wanted
    ]


def _held(lead: Lead) -> "QuerySet[Any]":
    """The addresses that the lead has; one it only mentioned is somebody else's."""
    ties = lead.contacts.exclude(known_by=LeadContact.Known.PROPOSAL)
    return ties.values("contact_point")


def _of_others(lead: Lead, rows: "Sequence[Consent | Suppression]") -> set[int]:
    """Rows of shared addresses that do not rest on the lead's own words."""
    ties = LeadContact.objects.filter(contact_point__in=_held(lead)).exclude(lead=lead)
    others = ties.exclude(known_by=LeadContact.Known.PROPOSAL)
    shared = set(others.values_list("contact_point", flat=True))
    doubtful = [row for row in rows if row.contact_point_id in shared]
    references = {one for row in doubtful for one in _references(row)}
    said = {one for app in lifecycles() for one in app.said_by(lead, references)}
    return {row.pk for row in doubtful if not said.intersection(_references(row))}


def _references(row: Consent | Suppression) -> set[str]:
    return {row.source, getattr(row, "evidence", "")} - {""}


def _blank(row: dict[str, Any]) -> dict[str, Any]:
    """That there is one, without the words: who of several people said them is open."""
    return row | {name: "" for name in _WORDS if name in row}


_WORDS = ("wording", "words", "source", "evidence", "ip")


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
