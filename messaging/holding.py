"""Who has a conversation: the AI, or one person."""

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, outbox, pipeline
from leads.models import Task
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation
from messaging.queueing import cancel_pending
from messaging.sequences import stopping


def name_of(user: User) -> str:
    """The short name that colleagues see."""
    return user.get_short_name() or user.get_username()


@transaction.atomic
def take_over(*, conversation: Conversation, user: User) -> Conversation:
    """Let a person have the conversation; what the AI was sending stops.

    The gate looks at the holder in the transaction that claims a message, so
    nothing automatic leaves after this is committed.
    """
    conversation = lock_conversation(conversation.pk)
    if conversation.holder_id == user.pk:
        return conversation
    hold(conversation, user)
    refresh(conversation, ring="holder")
    return conversation


def hold(conversation: Conversation, user: User) -> None:
    """Make `user` the holder; the caller has the lock and refreshes."""
    before = conversation.holder_id
    conversation.holder = user
    conversation.held_since = clock.now()
    conversation.automatic_in_a_row = 0
    conversation.done_at = None
    if not _asks_about_opt_out(conversation):
        conversation.paused_reason = ""
    conversation.save(
        update_fields=[
            "holder",
            "held_since",
            "automatic_in_a_row",
            "done_at",
            "paused_reason",
        ]
    )
    cancel_pending(
        conversation=conversation,
        reason=f"{name_of(user)} took over",
        automatic_only=True,
    )
    stopping.on_person(
        conversation.lead, user, "took over", cause=stopping.Cause.TAKEN_OVER
    )
    pipeline.close_tasks(
        subject=conversation.public_id,
        kinds=[Task.Kind.REPLY],
        actor=f"user:{user.pk}",
    )
    outbox.emit(
        kind="conversation.taken_over",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"before": before},
    )


def pause(conversation: Conversation, reason: str) -> None:
    """Let everything automatic rest until a person decides; caller refreshes."""
    conversation.paused_reason = reason[:200]
    conversation.save(update_fields=["paused_reason"])


def _asks_about_opt_out(conversation: Conversation) -> bool:
    tasks = Task.objects.open().filter(subject=conversation.public_id)
    return tasks.filter(kind=Task.Kind.OPT_OUT).exists()


@transaction.atomic
def hand_back(*, conversation: Conversation, user: User) -> Conversation:
    """Give the conversation back to the AI, which answers from now on."""
    conversation = lock_conversation(conversation.pk)
    if conversation.holder_id is None:
        return conversation
    before = conversation.holder_id
    conversation.holder = None
    conversation.held_since = None
    if not _asks_about_opt_out(conversation):
        conversation.paused_reason = ""
    conversation.save(update_fields=["holder", "held_since", "paused_reason"])
    outbox.emit(
        kind="conversation.handed_back",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"before": before},
    )
    refresh(conversation, ring="holder")
    return conversation


@transaction.atomic
def hand_off(
    *, conversation: Conversation, reason: str, kind: str = Task.Kind.REPLY
) -> Task | None:
    """Ask a person to go on with a conversation, and say why."""
    conversation = lock_conversation(conversation.pk)
    task = leave_to_person(conversation, reason, kind=kind)
    if task is not None:
        refresh(conversation, ring="handed_off")
    return task


def leave_to_person(
    conversation: Conversation, reason: str, *, kind: str = Task.Kind.REPLY
) -> Task | None:
    """Let the AI rest here and ask a person; None when there is no lead yet.

    The caller has the conversation's lock and refreshes it.
    """
    lead = conversation.lead
    if lead is None:
        return None
    pause(conversation, reason)
    task = pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=kind,
        title=dict(Task.Kind.choices)[kind],
        reason=reason,
        subject=conversation.public_id,
        effect_key=f"hand_off:{conversation.public_id}:{conversation.version}",
    )
    outbox.emit(
        kind="conversation.handed_off",
        lead=lead,
        actor="system",
        payload={"task": str(task.public_id)},
    )
    return task
