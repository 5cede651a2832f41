"""After a timeout the truth is unknown: find out, never send again."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, pipeline
from leads.models import Task
from leads.work import Worker
from messaging.conversations import lock_conversation, refresh
from messaging.models import Message
from messaging.queueing import queue_message
from messaging.transports import (
    Found,
    OutgoingMessage,
    TransportError,
    choose_transport,
)

State = Message.State
ASK_AFTER = timedelta(minutes=15)
LOOK_AGAIN = timedelta(seconds=60)
MARGIN = timedelta(minutes=2)


def reconcile(*, message_id: int) -> None:
    """Look a message up at its carrier; after 15 minutes ask a person.

    One match settles it. None yet means looking again; several, or silence
    for 15 minutes, mean that a person decides.
    """
    message = _take(message_id)
    if message is None:
        return
    found, words = _look_up(message)
    if len(found) == 1:
        _settle(message, found[0])
        return
    since = message.claimed_at or message.created_at
    if len(found) > 1 or clock.now() - since >= ASK_AFTER:
        listed = len(found)
        _ask(message, words or f"the carrier lists {listed} messages like it")


def _take(message_id: int) -> Message | None:
    """Claim by moving the due time on: one process looks at a time."""
    rows = claims.due_rows(Message, states=[State.UNKNOWN]).filter(pk=message_id)
    if not rows.update(due_at=clock.now() + LOOK_AGAIN):
        return None
    related = Message.objects.select_related("channel", "contact_point")
    return related.get(pk=message_id)


def _look_up(message: Message) -> tuple[list[Found], str]:
    if message.contact_point is None or message.channel is None:
        return [], "there was no address"
    asked = OutgoingMessage(
        public_id=message.public_id,
        channel=message.kind,
        from_address=message.channel.address,
        to_address=message.contact_point.value,
        body=message.body,
    )
    since = (message.claimed_at or message.created_at) - MARGIN
    try:
        transport = choose_transport(message.kind, simulated=message.simulated)
        listed = list(transport.find(asked, since=since))
    except TransportError as error:
        return [], f"the carrier could not be asked: {error.words}"
    taken = set(
        Message.objects.filter(
            external_id__in=[row.external_id for row in listed]
        ).values_list("external_id", flat=True)
    )
    return [row for row in listed if row.external_id not in taken], ""


@transaction.atomic
def _settle(message: Message, found: Found) -> None:
    conversation = lock_conversation(message.conversation_id)
    moved = claims.move(
        message,
        old=State.UNKNOWN,
        new=found.state,
        external_id=found.external_id,
        sent_at=found.created_at,
        error_code=found.error_code,
        reason="" if found.state != State.FAILED else "the carrier lists it as failed",
    )
    if moved:
        _close(message, actor="system")
        outbox.emit(
            kind="message.reconciled",
            lead=conversation.lead,
            actor="system",
            payload={"message": str(message.public_id), "state": found.state},
        )
        refresh(conversation, ring="delivery")


@transaction.atomic
def _ask(message: Message, words: str) -> None:
    conversation = lock_conversation(message.conversation_id)
    lead = conversation.lead
    if lead is None:
        return
    pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=Task.Kind.SENT_CHECK,
        title="Was this sent?",
        reason=f"The carrier never answered; {words}" if words else "Never answered",
        subject=message.public_id,
        effect_key=f"sent:{message.public_id}",
    )
    refresh(conversation, ring="delivery")


@transaction.atomic
def confirm_sent(*, message: Message, user: User) -> bool:
    """A person knows that it was sent; False when that is already settled."""
    conversation = lock_conversation(message.conversation_id)
    moved = claims.move(
        message,
        old=State.UNKNOWN,
        new=State.SENT,
        sent_at=message.claimed_at,
        reason=f"confirmed by {user.get_short_name() or user.get_username()}",
    )
    if moved:
        _close(message, actor=f"user:{user.pk}")
        outbox.emit(
            kind="message.reconciled",
            lead=conversation.lead,
            actor=f"user:{user.pk}",
            payload={"message": str(message.public_id), "state": "sent"},
        )
        refresh(conversation, ring="delivery")
    return moved


@transaction.atomic
def resend(*, message: Message, user: User) -> Message | None:
    """Send again as a new row that points to this one; None when settled."""
    conversation = lock_conversation(message.conversation_id)
    name = user.get_short_name() or user.get_username()
    old = [State.UNKNOWN, State.FAILED]
    words = f"taken as not sent; {name} sent it again"
    if Message.objects.filter(resend_of=message).exists():
        return None
    if not claims.move(message, old=old, new=State.FAILED, reason=words):
        return None
    again = queue_message(
        conversation=conversation,
        kind=message.kind,
        body=message.body,
        subject=message.subject,
        author=Message.Author.PERSON,
        user=user,
        channel=message.channel,
        contact_point=message.contact_point,
        resend_of=message,
    )
    _close(message, actor=f"user:{user.pk}")
    refresh(conversation, ring="delivery")
    return again


def _close(message: Message, *, actor: str) -> None:
    kinds = [Task.Kind.SENT_CHECK, Task.Kind.FAILED]
    pipeline.close_tasks(subject=message.public_id, kinds=kinds, actor=actor)


RECONCILER = Worker(
    kind="unknown messages",
    model=Message,
    task="messaging.reconcile_message",
    run=lambda pk: reconcile(message_id=pk),
    states=(State.UNKNOWN,),
)
