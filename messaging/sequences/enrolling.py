"""A lead begins a sequence: by hand, by its rule, or by the API."""

from datetime import datetime

from django.db import IntegrityError, transaction

from leads import clock
from leads.models import Lead
from messaging.conversations import lock_conversation_of
from messaging.holding import name_of
from messaging.models import Conversation
from messaging.models.sequence import LIVE_STATES, Enrollment, Sequence
from messaging.queueing import Refused
from messaging.sequences.events import tell
from messaging.sequences.reach import reaches_of, unreachable
from messaging.sequences.timing import due_after


@transaction.atomic
def enroll(
    *,
    sequence: Sequence,
    lead: Lead,
    how: str,
    actor: str,
    at: datetime | None = None,
) -> Enrollment:
    """Let a lead begin the sequence's current version; its first step becomes due.

    Raises Refused, with words, while the sequence is not active, it is under way
    with the lead already, a person has the conversation, or nothing of it could
    reach the lead.
    """
    conversation = lock_conversation_of(lead)
    sequence = Sequence.objects.select_related("current").get(pk=sequence.pk)
    why = why_not(sequence, lead, conversation)
    if why:
        raise Refused(why)
    version = sequence.current
    steps = list(version.steps.order_by("position")) if version is not None else []
    reach = reaches_of(lead, (step.kind for step in steps))
    closed = unreachable(reach)
    if version is None or closed:
        raise Refused(closed or _inactive(sequence))
    begun, first = at or clock.now(), steps[0]
    point = reach[first.kind].point
    row = Enrollment(
        sequence=sequence,
        version=version,
        lead=lead,
        next_step=first,
        state=Enrollment.State.WAITING,
        how=how,
        actor=actor,
        started_at=begun,
        created_at=clock.now(),
        due_at=due_after(
            first, after=begun, lead=lead, point=point, conversation=conversation
        ),
    )
    _save(row)
    tell("enrollment.started", row, actor=actor, how=str(how))
    return row


def _save(row: Enrollment) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused(_already(row.sequence, row.lead)) from None


def why_not(sequence: Sequence, lead: Lead, conversation: Conversation) -> str:
    """Why the lead cannot begin it, addresses aside; "" when it can."""
    if sequence.state != Sequence.State.ACTIVE:
        return _inactive(sequence)
    if lead.archived_at is not None:
        return f"{lead.display_name} is archived"
    if sequence.team_id is not None and sequence.team_id != lead.team_id:
        return f"“{sequence.name}” is for leads of {sequence.team}"
    if conversation.holder is not None:
        return f"{name_of(conversation.holder)} has the conversation"
    live = Enrollment.objects.filter(
        sequence=sequence, lead=lead, state__in=LIVE_STATES
    )
    return _already(sequence, lead) if live.exists() else ""


def _inactive(sequence: Sequence) -> str:
    return f"“{sequence.name}” is not active"


def _already(sequence: Sequence, lead: Lead) -> str:
    return f"“{sequence.name}” is already under way with {lead.display_name}"
