"""What follow-ups hear from the stream: who begins one, and what ends it.

Nothing hangs on it alone: each step looks the same up in the database before it goes.
"""

import logging

from django.db import transaction

from leads.models import Event, Lead, Stage
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.models.sequence import Enrollment, Sequence
from messaging.queueing import Refused
from messaging.sequences import enrolling, hearing, rules, stopping

log = logging.getLogger(__name__)

CLOSED_DEALS = ("deal.won", "deal.lost", "deal.closed")


class Sequences:
    """Stops follow-ups at a booking or a closed deal, and enrolls by rule."""

    name = "messaging.sequences"

    def wants(self, kind: str) -> bool:
        """Bookings, closed deals, and what a rule can be about."""
        return kind == "meeting.booked" or kind in CLOSED_DEALS or kind in rules.EVENTS

    def deliver(self, event: Event) -> None:
        """Take one event; a second time changes nothing more."""
        rows = Lead.objects.filter(events=event).select_related("team")
        lead = rows.first()
        if lead is None:
            return  # it is of nobody, or of somebody erased meanwhile
        words, cause = _what_stops(event, lead)
        if cause:
            _stop(event, lead, words, cause)
        for sequence in rules.wanting(event):
            _enroll(event, lead, sequence)


def _what_stops(event: Event, lead: Lead) -> tuple[str, str]:
    """What an event ends follow-ups for, and the words; "" for nothing."""
    cause = Enrollment.Cause
    if event.kind == "meeting.booked":
        return f"{lead.display_name} booked", cause.BOOKED
    if event.kind in CLOSED_DEALS:
        return "The deal is closed", cause.CLOSED
    if event.kind == "lead.stage_changed":
        stage = Stage.objects.filter(key=event.payload.get("after", "")).first()
        if stage is not None and stage.kind != Stage.Kind.OPEN:
            return f"Stage is now {stage.name}", cause.CLOSED
    return "", ""


@transaction.atomic
def _stop(event: Event, lead: Lead, words: str, cause: str) -> None:
    """Stop what began before the event; what it makes begin goes on."""
    conversation = lock_conversation(conversation_of(lead).pk)
    if cause == Enrollment.Cause.BOOKED:
        hearing.credit(lead, booked=True)
    stopped = stopping.stop_for_lead(
        lead_id=lead.pk,
        cause=cause,
        words=words,
        actor=event.actor,
        begun_before=event.occurred_at,
    )
    if stopped:
        refresh(conversation, ring="delivery")


def _enroll(event: Event, lead: Lead, sequence: Sequence) -> None:
    """Begin it once an event, however often that comes; what cannot begin does not."""
    begun = Enrollment.objects.filter(
        sequence=sequence, lead=lead, how=Enrollment.How.RULE
    )
    if begun.filter(started_at__gte=event.occurred_at).exists():
        return
    try:
        enrolling.enroll(
            sequence=sequence, lead=lead, how=Enrollment.How.RULE, actor="system"
        )
    except Refused as error:
        # No address, or it is under way: nobody asked, so nobody is told.
        log.info("%s does not begin by its rule: %s", sequence.public_id, error)
