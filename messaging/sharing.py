"""Several leads share an address: a person says who wrote."""

from django.contrib.auth.models import User
from django.db import transaction

from leads import capture, outbox, pipeline
from leads.models import Lead, Task
from messaging import optouts
from messaging.agent.understanding.revoking import wants_everything
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.inbound import schedule_turn
from messaging.models import Conversation, Message
from messaging.sequences import hearing


def candidates(conversation: Conversation) -> list[Lead]:
    """The leads that may have written."""
    point = conversation.contact_point
    return capture.leads_of(point) if point is not None else []


@transaction.atomic
def choose_lead(*, conversation: Conversation, lead: Lead, user: User) -> Conversation:
    """Say who wrote; the messages join that lead's conversation.

    The AI answers from there on if it may. Raises ValueError when the lead is
    none of the candidates or somebody has chosen already.
    """
    if conversation.contact_point_id is None or conversation.lead_id is not None:
        raise ValueError("this conversation already has its lead")
    optouts.lock_addresses(lead, conversation.contact_point_id)
    if lead not in candidates(conversation):
        raise ValueError(f"{lead} does not have this address")
    conversation = lock_conversation(conversation.pk)
    home = lock_conversation(conversation_of(lead).pk)
    moved = list(conversation.messages.order_by("occurred_at", "pk"))
    conversation.messages.update(conversation=home)
    pipeline.close_tasks(
        subject=conversation.public_id,
        kinds=[Task.Kind.IDENTIFY],
        actor=f"user:{user.pk}",
    )
    _move_tasks(conversation, home, lead)
    conversation.delete()
    inbound = [m for m in moved if m.direction == Message.Direction.INBOUND]
    if inbound:
        last = inbound[-1]
        home.last_message, home.last_at = last, last.occurred_at
        home.last_inbound_at, home.unread = last.occurred_at, True
        home.save(
            update_fields=["last_message", "last_at", "last_inbound_at", "unread"]
        )
    written = [m for m in inbound if m.kind != Message.Kind.CALL]
    asked = [m for m in written if wants_everything(m.body)]
    if asked:
        optouts.revoke(lead, Message.objects.get(pk=asked[-1].pk))
    elif written:
        schedule_turn(conversation=home, message=written[-1])
    hearing.on_chosen(inbound, home, conversation.contact_point)
    outbox.emit(
        kind="conversation.lead_chosen",
        lead=lead,
        actor=f"user:{user.pk}",
        payload={"messages": len(moved)},
    )
    refresh(home)
    return home


def _move_tasks(conversation: Conversation, home: Conversation, lead: Lead) -> None:
    """What else is to be done about the messages, such as calling back, goes along."""
    others = Task.objects.open().filter(subject=conversation.public_id)
    others.update(subject=home.public_id, lead=lead, team=lead.team)
