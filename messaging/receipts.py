"""What became of our messages, as carriers tell it. States never go back."""

import logging

from django.db import transaction

from leads import claims, outbox, pipeline
from leads.models import ContactPoint, Task
from messaging import costs
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation, Message
from messaging.opting_out import close_by_carrier
from messaging.sequences import stopping
from messaging.transports import DeliveryUpdate

log = logging.getLogger(__name__)

State = Message.State
# A state only moves to a higher rank, so every order of reports ends alike.
# "delivered" outranks "failed": the handset itself has confirmed it.
RANK = {
    State.QUEUED.value: 0,
    State.HELD.value: 0,
    State.CLAIMED.value: 1,
    State.UNKNOWN.value: 2,
    State.SENT.value: 3,
    State.FAILED.value: 4,
    State.DELIVERED.value: 5,
}


def record_delivery(*, fact: DeliveryUpdate) -> bool:
    """Take a carrier's report; False when it tells nothing new.

    Raises LookupError for a message that is not (yet) known, so that the
    journal tries again: a report may overtake the answer of the call itself.
    """
    found = _find(fact)
    if found is None:
        raise LookupError(f"no message for the report on {fact.external_id}")
    with transaction.atomic():
        if found.contact_point_id is not None:
            claims.lock_contact_point(found.contact_point_id)
        conversation = lock_conversation(found.conversation_id)
        message = Message.objects.select_related("contact_point").get(pk=found.pk)
        _learn_of_address(message, conversation, fact)
        if RANK.get(fact.state, 0) <= RANK.get(message.state, 9):
            return False
        was_unknown = message.state == State.UNKNOWN
        _apply(message, fact)
        if was_unknown:
            _resolve(message, conversation)
        outbox.emit(
            kind=f"message.{fact.state}",
            lead=conversation.lead,
            actor="system",
            origin=fact.provider,
            payload={"message": str(message.public_id), "code": fact.error_code},
            occurred_at=fact.occurred_at,
        )
        if fact.state == State.FAILED:
            report_failure(message)
        refresh(conversation, ring="delivery")
    return True


def _find(fact: DeliveryUpdate) -> Message | None:
    rows = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    if fact.message_public_id is not None:
        return rows.filter(public_id=fact.message_public_id).first()
    by_id = rows.filter(external_id=fact.external_id, provider=fact.provider)
    return by_id.first()


def _apply(message: Message, fact: DeliveryUpdate) -> None:
    message.state = fact.state
    message.error_code = fact.error_code
    message.reason = fact.words[:300]
    message.claim_token = message.lease_until = None
    if fact.external_id and not message.external_id:
        message.external_id = fact.external_id
        message.provider = fact.provider
    if message.sent_at is None:
        message.sent_at = fact.occurred_at
    if fact.state == State.DELIVERED:
        message.delivered_at = fact.occurred_at
    message.save()


def _resolve(message: Message, conversation: Conversation) -> None:
    """The carrier took it after all: make up for what the call's answer would
    have done, and ask nobody any more.
    """
    if message.state != State.FAILED:
        costs.count_automatic(message, conversation)
        costs.take_over(message, conversation)
    pipeline.close_tasks(
        subject=message.public_id, kinds=[Task.Kind.SENT_CHECK], actor="system"
    )
    outbox.emit(
        kind="message.reconciled",
        lead=conversation.lead,
        actor="system",
        payload={"message": str(message.public_id), "state": message.state},
    )


def _learn_of_address(
    message: Message, conversation: Conversation, fact: DeliveryUpdate
) -> None:
    point = message.contact_point
    if point is None:
        return
    if fact.opted_out:
        close_by_carrier(message, conversation, fact.words, code=fact.error_code)
    if fact.not_textable:
        ContactPoint.objects.filter(pk=point.pk).update(textable=False)


def report_failure(message: Message) -> None:
    """Ask a person to find another way, once per message."""
    stopping.on_failure(message)
    lead = message.conversation.lead
    if lead is None:
        return
    pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=Task.Kind.FAILED,
        title="A message was not delivered",
        reason=f"Not delivered: {message.reason}",
        subject=message.conversation.public_id,
        effect_key=f"failed:{message.public_id}",
    )
