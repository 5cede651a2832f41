"""What a message that left costs, and that it counts against loops."""

from leads import clock, policy
from leads.models import UsageRecord
from messaging.models import Channel, Conversation, Message
from messaging.segments import count_segments, sms_cost


def cost_of(
    message: Message, *, price_micro: int | None, simulated: bool
) -> int | None:
    """The carrier's price, else the policy's for a text that really leaves."""
    if price_micro is not None or simulated or message.kind != Channel.Kind.SMS:
        return price_micro
    return sms_cost(message.body, policy=policy.current())


def record_cost(
    message: Message, conversation: Conversation, cost: int, *, service: str
) -> None:
    """Write the cost down, once a message."""
    UsageRecord.objects.get_or_create(
        effect_key=f"message:{message.public_id}",
        defaults={
            "lead": conversation.lead,
            "service": service,
            "what": message.kind,
            "quantity": message.segments,
            "micro": cost,
            "occurred_at": clock.now(),
        },
    )


def take_over(
    message: Message, conversation: Conversation, *, price_micro: int | None = None
) -> None:
    """Price a message of which only a report or a list tells that it left."""
    cost = cost_of(message, price_micro=price_micro, simulated=message.simulated)
    message.cost_micro = cost
    if message.kind == Channel.Kind.SMS and not message.segments:
        message.segments = count_segments(message.body).segments
    message.save(update_fields=["cost_micro", "segments"])
    if cost:
        record_cost(message, conversation, cost, service=message.provider)


def correct_cost(message: Message, conversation: Conversation, cost: int) -> None:
    """Put the carrier's own price in the place of the policy's."""
    Message.objects.filter(pk=message.pk).update(cost_micro=cost)
    record_cost(message, conversation, cost, service=message.provider)
    rows = UsageRecord.objects.filter(effect_key=f"message:{message.public_id}")
    rows.update(micro=cost, quantity=message.segments)


def count_automatic(message: Message, conversation: Conversation) -> None:
    """Raise, or end, the row of automatic messages; `refresh` saves it."""
    row = conversation.automatic_in_a_row
    conversation.automatic_in_a_row = row + 1 if message.automatic else 0
