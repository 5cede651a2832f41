"""When a lead is answered: once the burst of messages has ended."""

from datetime import timedelta
from typing import Any

from leads import clock, jobs, policy
from leads.models import Policy
from leads.prepared import Select
from messaging.models import Conversation, Message, Turn

# A lead who keeps typing is answered after this many bursts at the latest.
MAX_BURSTS = 4


def schedule_turn(
    *,
    conversation: Conversation,
    message: Message,
    stages: list[dict[str, Any]] | None = None,
) -> Turn:
    """Put the answer in line: due when the lead has stopped typing.

    A turn that still waits moves to the new message; one that is being worked
    on goes on, and the gate finds that its answer came too late.
    """
    now = clock.now()
    wait = burst_of(message, policy.lately())
    waiting = None
    if conversation.turn != Conversation.Turn.WAITING:  # else no turn is open
        waiting = _waiting.first(conversation=conversation.pk)
    if waiting is None:
        turn = Turn.objects.create(
            conversation=conversation,
            last_inbound=message,
            state=Turn.State.WAITING,
            stages=stages or [],
            created_at=now,
            due_at=now + wait,
        )
    else:
        turn = waiting
        turn.last_inbound = message
        turn.due_at = min(now + wait, turn.created_at + wait * MAX_BURSTS)
        turn.stages = stages or []
        turn.save(update_fields=["last_inbound", "due_at", "stages"])
    jobs.enqueue("messaging.answer_turn", turn.pk)
    return turn


_waiting: Select[Turn] = Select(
    lambda place: Turn.objects.filter(
        conversation=place("conversation"), state=Turn.State.WAITING
    ).order_by("pk")[:1]
)


def burst_of(message: Message, rules: Policy) -> timedelta:
    """How long to wait for more of a burst."""
    if message.simulated:
        return timedelta(seconds=rules.burst_simulator_seconds)
    if message.kind == Message.Kind.EMAIL:
        return timedelta(seconds=rules.burst_email_seconds)
    return timedelta(seconds=rules.burst_sms_seconds)
