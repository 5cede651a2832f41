"""What a person adds to a conversation: messages, notes, calls."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, pipeline, policy
from leads.models import ContactPoint, Task
from messaging import templating
from messaging.conversations import addresses, lock_conversation, refresh
from messaging.holding import hold
from messaging.models import Conversation, Message
from messaging.queueing import Refused, cancel_pending, queue_message, touch
from messaging.sequences import stopping

TWICE = timedelta(seconds=10)
CALL_OUTCOMES = {
    "reached": "reached",
    "no_answer": "no answer",
    "left_message": "left a message",
}


@transaction.atomic
def send_as_person(
    *,
    conversation: Conversation,
    user: User,
    kind: str,
    body: str,
    contact_point: ContactPoint | None = None,
    subject: str = "",
    due_at: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> Message:
    """Queue a person's message and let the person have the conversation.

    It waits the policy's undo seconds. Drafts and what the AI was sending
    stop: somebody has answered. The same words sent twice within seconds (a
    double click, a repeated request) are one message. Raises Refused, also
    while a mark such as [company?] is still to be filled in.
    """
    refuse_marks(subject, body)
    for point in [contact_point] if contact_point else addresses(conversation, kind):
        claims.lock_contact_point(point.pk)
    conversation = lock_conversation(conversation.pk)
    wait = timedelta(seconds=policy.current().undo_seconds)
    _take(conversation, user)
    same = _just_written(conversation, user, kind, body)
    if same is not None:
        return same
    message = queue_message(
        conversation=conversation,
        kind=kind,
        body=body,
        author=Message.Author.PERSON,
        user=user,
        contact_point=contact_point,
        subject=subject,
        due_at=due_at or clock.now() + wait,
        details=details or {},
    )
    _answered(conversation, user)
    refresh(conversation, ring="written")
    return message


def _take(conversation: Conversation, user: User) -> None:
    """Whoever answers has the conversation; nothing automatic goes on."""
    if conversation.holder_id != user.pk:
        hold(conversation, user)
        return
    cancel_pending(
        conversation=conversation,
        reason="somebody answered meanwhile",
        automatic_only=True,
    )


def refuse_marks(*texts: str) -> None:
    """Raise Refused while a prepared answer is not filled in."""
    marks = templating.marks_in(*texts)
    if marks:
        raise Refused(f"fill in {' and '.join(marks)} first")


def _just_written(
    conversation: Conversation, user: User, kind: str, body: str
) -> Message | None:
    recent = conversation.messages.filter(
        direction=Message.Direction.OUTBOUND,
        user=user,
        kind=kind,
        body=body,
        created_at__gt=clock.now() - TWICE,
    ).exclude(state__in=[Message.State.CANCELLED, Message.State.FAILED])
    return recent.first()


@transaction.atomic
def add_note(*, conversation: Conversation, user: User, body: str) -> Message:
    """Write an internal note. It has no address and never leaves."""
    if not body.strip():
        raise Refused("an empty note is no note")
    conversation = lock_conversation(conversation.pk)
    note = _written(conversation, user, Message.Kind.NOTE, body)
    stopping.on_person(
        conversation.lead, user, "wrote a note", cause=stopping.Cause.NOTE
    )
    outbox.emit(
        kind="note.written",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"message": str(note.public_id)},
    )
    refresh(conversation, ring="note")
    return note


@transaction.atomic
def log_call(
    *, conversation: Conversation, user: User, outcome: str, minutes: int, note: str
) -> Message:
    """Write down a call. One that reached the lead counts as an answer."""
    if outcome not in CALL_OUTCOMES:
        raise Refused(f"{outcome!r} is no outcome of a call")
    if not 0 <= minutes <= 24 * 60:
        raise Refused("a call lasts between 0 and 1,440 minutes")
    conversation = lock_conversation(conversation.pk)
    call = _written(conversation, user, Message.Kind.CALL, note)
    stopping.on_person(conversation.lead, user, "called", cause=stopping.Cause.NOTE)
    call.details = {"outcome": outcome, "minutes": minutes}
    call.save(update_fields=["details"])
    touch(conversation, call)
    if conversation.holder_id is None:
        hold(conversation, user)
    _answered(conversation, user)
    pipeline.close_tasks(
        subject=conversation.public_id,
        kinds=[Task.Kind.CALL],
        actor=f"user:{user.pk}",
    )
    outbox.emit(
        kind="call.logged",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"outcome": outcome, "minutes": minutes},
    )
    refresh(conversation, ring="call")
    return call


def _written(conversation: Conversation, user: User, kind: str, body: str) -> Message:
    now = clock.now()
    return Message.objects.create(
        conversation=conversation,
        direction=Message.Direction.NOTE,
        kind=kind,
        author=Message.Author.PERSON,
        user=user,
        body=body.strip(),
        state=Message.State.WRITTEN,
        occurred_at=now,
        created_at=now,
        due_at=now,
    )


def _answered(conversation: Conversation, user: User) -> None:
    """A person has answered: what asked for one is done."""
    pipeline.close_tasks(
        subject=conversation.public_id,
        kinds=[Task.Kind.REPLY, Task.Kind.FAILED],
        actor=f"user:{user.pk}",
    )
    conversation.unread = False
    conversation.save(update_fields=["unread"])


__all__ = ["Refused", "add_note", "log_call", "send_as_person"]
