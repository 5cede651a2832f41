"""What becomes of a message that its carrier did not take."""

from datetime import timedelta

from django.db import transaction

from leads import claims, clock, outbox
from leads.models import ContactPoint
from messaging import gate, roads
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation, Message
from messaging.opting_out import close_by_carrier
from messaging.receipts import report_failure
from messaging.roads import NOT_CALLED
from messaging.transports import Outcome, Transport, TransportError

State = Message.State
RETRY = timedelta(seconds=15)
OPTED_OUT_CODES = frozenset({"21610"})
NOT_TEXTABLE_CODES = frozenset({"21614", "21635", "30006"})


def take_refusal(
    *, message: Message, transport: Transport | None, error: TransportError
) -> bool:
    """Write down how a claimed message's call ended. What may have been accepted
    becomes `unknown`; what definitely was not waits for another try, or fails.

    True when the message waits to leave at once by another road.
    """
    if transport is not None:
        other = roads.stand_in(message, transport, error)
        if other is not None:
            return _turn_to(other.name, message, transport.name, error)
        if message.kind == Message.Kind.EMAIL:
            then = roads.road_after(message, error)
            summed = roads.summed_up(message, transport.name, error)
            message.details = roads.noted(message, transport.name, error, then=then)
            error = summed
    _not_accepted(message, error)
    return False


@transaction.atomic
def _turn_to(other: str, message: Message, refused: str, error: TransportError) -> bool:
    """Let the row wait again, for another road: it passes the gate anew. Both roads
    are one attempt. False when the claim was lost: then nothing more is tried.
    """
    if message.contact_point_id is not None:
        claims.lock_contact_point(message.contact_point_id)
    lock_conversation(message.conversation_id)
    message.details = roads.noted(message, refused, error, then=other)
    _give_back(message)
    return claims.finish(
        message,
        state=State.QUEUED,
        due_at=clock.now(),
        attempts=message.attempts - 1,
        last_error=error.words,
        reason=f"{error.words}; it goes by {other}"[:300],
    )


def _not_accepted(message: Message, error: TransportError) -> None:
    with transaction.atomic():
        if message.contact_point_id is not None:
            claims.lock_contact_point(message.contact_point_id)
        conversation = lock_conversation(message.conversation_id)
        still_waits = error.code == message.error_code == NOT_CALLED
        common = {
            "last_error": error.words,
            "error_code": error.code,
            "reason": error.words[:300],
        }
        if error.outcome == Outcome.UNKNOWN:
            claims.finish(
                message,
                state=State.UNKNOWN,
                due_at=clock.now(),
                details=message.details,
                **common,
            )
        elif _may_retry(message, error):
            _give_back(message)
            due = error.retry_at or clock.now() + RETRY * message.attempts
            # A call that was not made is no attempt: an outage fails no message.
            tries = message.attempts - (error.code == NOT_CALLED)
            claims.finish(
                message, state=State.QUEUED, due_at=due, attempts=tries, **common
            )
            if still_waits:
                return
        else:
            _give_back(message)
            claims.finish(message, state=State.FAILED, **common)
            _obey_refusal(message, conversation, error)
            report_failure(message)
        outbox.emit(
            kind=f"message.{message.state}",
            lead=conversation.lead,
            actor="system",
            payload={"message": str(message.public_id), "code": error.code},
        )
        refresh(conversation, ring="delivery")


def _may_retry(message: Message, error: TransportError) -> bool:
    retryable = error.outcome in (Outcome.REFUSED, Outcome.LATER)
    tries_left = message.attempts < message.MAX_ATTEMPTS
    return retryable and (tries_left or error.code == NOT_CALLED)


def _give_back(message: Message) -> None:
    gate.give_back(message.details.get("taken", []))
    details = {**message.details, "taken": []}
    Message.objects.filter(pk=message.pk).update(details=details)


def _obey_refusal(
    message: Message, conversation: Conversation, error: TransportError
) -> None:
    point = message.contact_point
    if point is None:
        return
    if error.code in OPTED_OUT_CODES:
        close_by_carrier(message, conversation, error.words, code=error.code)
    if error.code in NOT_TEXTABLE_CODES:
        ContactPoint.objects.filter(pk=point.pk).update(textable=False)
