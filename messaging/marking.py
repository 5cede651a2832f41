"""What a person may set on a conversation: the AI's mode, read, done."""

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, outbox, pipeline
from leads.models import Mode, Task
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation, Message
from messaging.scheduling_messages import cancel_scheduled


@transaction.atomic
def set_mode(*, conversation: Conversation, mode: str, user: User) -> None:
    """Set what the AI may do in this conversation; "" follows the channel."""
    if mode and mode not in Mode.values:
        raise ValueError(f"{mode!r} is no mode")
    conversation = lock_conversation(conversation.pk)
    before, conversation.mode = conversation.mode, mode
    conversation.save(update_fields=["mode"])
    outbox.emit(
        kind="conversation.mode_changed",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"before": before, "after": mode},
    )
    refresh(conversation)


@transaction.atomic
def mark_read(*, conversation: Conversation) -> None:
    """Clear the unread dot."""
    Conversation.objects.filter(pk=conversation.pk, unread=True).update(unread=False)


@transaction.atomic
def mark_done(*, conversation: Conversation, user: User, done: bool = True) -> None:
    """Put a conversation aside until the lead writes again, or take it back."""
    conversation = lock_conversation(conversation.pk)
    conversation.done_at = clock.now() if done else None
    conversation.unread = False
    conversation.save(update_fields=["done_at", "unread"])
    if done:
        for draft in conversation.messages.drafts():
            draft.state = Message.State.CANCELLED
            draft.reason = "the conversation was marked done"
            draft.save(update_fields=["state", "reason"])
            pipeline.close_tasks(
                subject=draft.public_id,
                kinds=[Task.Kind.DRAFT],
                actor=f"user:{user.pk}",
            )
        pipeline.close_tasks(
            subject=conversation.public_id,
            kinds=list(Task.Kind.values),
            actor=f"user:{user.pk}",
        )
        cancel_scheduled(conversation=conversation, reason="it was marked done")
    outbox.emit(
        kind="conversation.done" if done else "conversation.reopened",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
    )
    refresh(conversation)
