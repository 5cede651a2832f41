"""Why a follow-up must not go on: looked up afresh in the database before each step,
so that nothing hangs on somebody having told us.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from leads.models import Event, Lead, LeadContact, Meeting, Stage, Suppression
from leads.prepared import Select
from messaging.holding import name_of as name_of_person
from messaging.models import Conversation, Message
from messaging.models.sequence import Enrollment
from messaging.words import first_name

Cause = Enrollment.Cause
# In an inbound message's details: it set the follow-up to rest and ended nothing.
PARKED = "parked_follow_up"


@dataclass(frozen=True)
class Stop:
    """What ends a follow-up, in words for a person."""

    cause: str
    words: str


def why_stop(enrollment: Enrollment, conversation: Conversation) -> Stop | None:
    """What has happened since it began that ends it; the conversation is locked."""
    lead, since = enrollment.lead, enrollment.started_at
    holder = conversation.holder
    if holder is not None:
        return Stop(Cause.TAKEN_OVER, f"{name_of_person(holder)} has the conversation")
    if lead.archived_at is not None:
        return Stop(Cause.REFUSED, "The lead is archived")
    return (
        _said(conversation, lead, since)
        or _suppressed(lead, since)
        or _booked(lead, since)
        or _closed(lead, since)
    )


class _Row(NamedTuple):
    direction: str
    kind: str
    automatic: bool
    author: str
    user_id: int | None
    details: dict[str, Any]


def _said(conversation: Conversation, lead: Lead, since: datetime) -> Stop | None:
    rows = _since.rows(conversation=conversation.pk, since=since)
    for row in map(_Row._make, rows):
        found = _ends(row, lead)
        if found is not None:
            return found
    return None


# Read by the index on conversation and time: what was said since it began is little.
_since: Select[Message] = Select(
    lambda place: (
        Message.objects.filter(
            conversation=place("conversation"), occurred_at__gt=place("since")
        )
        .order_by("occurred_at", "pk")
        .values_list(*_Row._fields)
    )
)


def _ends(row: _Row, lead: Lead) -> Stop | None:
    if row.direction == Message.Direction.INBOUND:
        if row.automatic or PARKED in row.details:
            return None
        did = "called" if row.kind == Message.Kind.CALL else "replied"
        return Stop(Cause.REPLIED, f"{lead.display_name} {did}")
    if row.author != Message.Author.PERSON or row.user_id is None:
        return None
    words = _BESIDE.get(row.kind, "wrote")
    cause = Cause.NOTE if row.kind in _BESIDE else Cause.TAKEN_OVER
    return Stop(cause, f"{_person(row.user_id)} {words}")


_BESIDE = {"note": "wrote a note", "call": "called"}


def _person(user_id: int) -> str:
    return first_name(User.objects.filter(pk=user_id).first())


def _suppressed(lead: Lead, since: datetime) -> Stop | None:
    """The lead's own no, or a bounce, since it began; what stood before only closes
    that channel.
    """
    rows = _closed_since.rows(lead=lead.pk, since=since)
    reasons = [reason for (reason,) in rows]
    if any(reason != Suppression.Reason.BOUNCE for reason in reasons):
        return Stop(Cause.OPTED_OUT, f"{lead.display_name} opted out")
    return Stop(Cause.BOUNCED, "Bounced") if reasons else None


_closed_since: Select[LeadContact] = Select(
    lambda place: (
        LeadContact.objects.filter(
            lead=place("lead"),
            contact_point__suppressions__lifted_at=None,
            contact_point__suppressions__since__gt=place("since"),
        )
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .values_list("contact_point__suppressions__reason")
    )
)


def _booked(lead: Lead, since: datetime) -> Stop | None:
    rows = _meetings.rows(lead=lead.pk, since=since, state=Meeting.State.BOOKED.value)
    return Stop(Cause.BOOKED, f"{lead.display_name} booked") if rows else None


_meetings: Select[Meeting] = Select(
    lambda place: Meeting.objects.filter(
        lead=place("lead"), created_at__gt=place("since"), state=place("state")
    ).values_list("pk")[:1]
)


def _closed(lead: Lead, since: datetime) -> Stop | None:
    """The deal was closed since; who was won or lost before may be followed up."""
    if lead.stage.kind == Stage.Kind.OPEN:
        return None
    moved = Event.objects.filter(
        lead=lead, kind="lead.stage_changed", occurred_at__gt=since
    )
    closed = f"Stage is now {lead.stage.name}"
    return Stop(Cause.CLOSED, closed) if moved.exists() else None
