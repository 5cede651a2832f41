"""A person settles "was it sent?", and may take that back for a few seconds.

What was decided is kept on the message itself, so that taking it back leaves
exactly what was there before: the message is a question again.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, policy
from leads.models import Task, UsageRecord
from messaging.conversations import lock_conversation, refresh
from messaging.holding import name_of
from messaging.models import Conversation, Message
from messaging.reconciling import confirm_sent, resend

State = Message.State
SETTLED = "settled"
# What comes back with the question; a message nobody knows of was never sent.
KEPT = ("reason", "segments", "cost_micro")
TOO_LATE = "Too late: it has already left"


class NotSettled(ValueError):
    """There is nothing to take back, or it is too late; the words say which."""


@transaction.atomic
def confirm(*, message: Message, user: User) -> bool:
    """Somebody knows that it was sent; False when that is settled already."""
    before = _before(message)
    if not confirm_sent(message=message, user=user):
        return False
    _keep(message, {**before, "as": State.SENT.value})
    return True


@transaction.atomic
def send_again(*, message: Message, user: User) -> Message | None:
    """Send it as a new row, after the policy's seconds; None when settled.

    Raises Refused when the address is opted out.
    """
    before = _before(message)
    again = resend(message=message, user=user)
    if again is None:
        return None
    wait = timedelta(seconds=policy.current().undo_seconds)
    Message.objects.filter(pk=again.pk).update(due_at=clock.now() + wait)
    _keep(message, {**before, "as": State.FAILED.value})
    return again


def is_settled(message: Message) -> bool:
    """Say whether a person settled this message."""
    return SETTLED in message.details


@transaction.atomic
def take_back(*, message: Message, user: User) -> Task | None:
    """Undo either: the message is what it was; its open question, if any.

    The row that was to be sent again is cancelled and lets go of this one, so
    that this one can be sent again later. Raises NotSettled when that row has
    left, when the carrier has answered meanwhile, or nobody settled anything.
    """
    conversation = lock_conversation(message.conversation_id)
    message = Message.objects.get(pk=message.pk)
    before = message.details.get(SETTLED)
    if before is None:
        raise NotSettled("Nobody settled this")
    if before["as"] == State.FAILED:
        _call_back(message, user)
    elif message.external_id:
        raise NotSettled("Too late: the carrier has confirmed it")
    details = {k: v for k, v in message.details.items() if k != SETTLED}
    kept = {name: before[name] for name in KEPT}
    moved = claims.move(
        message,
        old=before["as"],
        new=before["state"],
        sent_at=None,
        details=details,
        **kept,
    )
    if before["as"] == State.SENT:
        if not moved:
            raise NotSettled("Too late: the carrier has answered meanwhile")
        _uncount(message, conversation, before)
    tasks = Task.objects.filter(public_id__in=before["tasks"] if moved else [])
    tasks.update(done_at=None, done_by="")
    outbox.emit(
        kind="message.unsettled",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"message": str(message.public_id), "state": before["state"]},
    )
    refresh(conversation, ring="delivery")
    return tasks.first()


def _uncount(
    message: Message, conversation: Conversation, before: dict[str, Any]
) -> None:
    """What is not known to have left costs nothing and counts against no loop."""
    if before["cost_micro"] is None:
        UsageRecord.objects.filter(effect_key=f"message:{message.public_id}").delete()
    if conversation.automatic_in_a_row == before["row_after"]:
        conversation.automatic_in_a_row = before["row"]


def _call_back(message: Message, user: User) -> None:
    """Cancel the new row before it leaves; it keeps whose copy it was."""
    copy = Message.objects.filter(resend_of=message).first()
    stopped = copy is not None and claims.move(
        copy,
        old=[State.QUEUED, State.HELD],
        new=State.CANCELLED,
        reason=f"taken back by {name_of(user)}",
        resend_of=None,
        details={**copy.details, "was_resend_of": str(message.public_id)},
    )
    if not stopped:
        raise NotSettled(TOO_LATE)


def _before(message: Message) -> dict[str, Any]:
    """What the message and its questions are now, locked."""
    conversation = lock_conversation(message.conversation_id)
    now = Message.objects.get(pk=message.pk)
    asked = Task.objects.open().filter(
        subject=message.public_id, kind__in=[Task.Kind.SENT_CHECK, Task.Kind.FAILED]
    )
    tasks = [str(public_id) for public_id in asked.values_list("public_id", flat=True)]
    kept = {name: getattr(now, name) for name in KEPT}
    row = conversation.automatic_in_a_row
    return {**kept, "state": now.state, "tasks": tasks, "row": row}


def _keep(message: Message, before: dict[str, Any]) -> None:
    now = Message.objects.select_related("conversation").get(pk=message.pk)
    row = now.conversation.automatic_in_a_row
    details = {**now.details, SETTLED: {**before, "row_after": row}}
    Message.objects.filter(pk=message.pk).update(details=details)
