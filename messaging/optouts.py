"""What a lead's STOP, START and HELP change, with the AI on or off."""

from leads import clock, consent, outbox, pipeline
from leads.models import ContactPoint, Task
from messaging.agent.understanding.optout import (
    OptOut,
    OptOutReading,
    is_help,
    is_opt_in,
    is_yes_command,
    read_opt_out,
)
from messaging.helping import answer_help
from messaging.models import Conversation, Message, Turn
from messaging.queueing import cancel_pending
from messaging.transports import InboundMessage

# What a lead may take back; a bounce, a complaint or a person's word stands.
LEADS_OWN = ("stop", "carrier")
ASKED_TO_STOP = "the lead asked to stop"


def obey(*, message: Message, conversation: Conversation, fact: InboundMessage) -> bool:
    """Apply what the message asks for; True when no answer shall follow.

    Runs in the transaction that stores the message, with the address and the
    conversation locked, so that it comes before any later claim.
    """
    reading = read(message.body, fact.opt_out_type)
    if reading.decision == OptOut.STOP:
        stop(message=message, conversation=conversation, words=reading.word)
        return True
    back = is_opt_in(message.body) or is_yes_command(message.body)
    if fact.opt_out_type == "START" or back:
        return _start(message=message, conversation=conversation)
    if fact.opt_out_type == "HELP" or is_help(message.body):
        if not fact.keywords_answered:
            answer_help(conversation=conversation, message=message)
        return True
    if reading.decision == OptOut.PAUSE:
        _pause(message=message, conversation=conversation, words=reading.word)
        return True
    return False


def read(text: str, carrier_word: str) -> OptOutReading:
    """The carrier's own word first, then the lead's."""
    if carrier_word == "STOP":
        return OptOutReading(OptOut.STOP, text.strip()[:100])
    return read_opt_out(text)


def stop(*, message: Message, conversation: Conversation, words: str) -> None:
    """Nothing more goes to this address on this channel."""
    point = _address(message)
    at = clock.now()
    consent.suppress(
        contact_point=point,
        channel=message.kind,
        reason="stop",
        words=words or message.body[:200],
        actor="lead",
        at=at,
    )
    consent.record_consent(
        contact_point=point,
        channel=message.kind,
        given=False,
        basis="inbound",
        wording=message.body[:500],
        source=f"message {message.public_id}",
        actor="lead",
        at=at,
    )
    message.details = {**message.details, "opt_out": "stop"}
    message.save(update_fields=["details"])
    cancel_pending(conversation=conversation, reason=ASKED_TO_STOP, point=point)
    _end_turns(conversation, ASKED_TO_STOP)
    conversation.paused_reason = ""
    conversation.save(update_fields=["paused_reason"])
    outbox.emit(
        kind="lead.opted_out",
        lead=conversation.lead,
        actor="lead",
        payload={"channel": message.kind, "message": str(message.public_id)},
    )


def _start(*, message: Message, conversation: Conversation) -> bool:
    """Lift the address's own STOP; a "yes" without one is an ordinary reply."""
    point = _address(message)
    suppression = consent.is_suppressed(point, message.kind)
    if suppression is None or suppression.reason not in LEADS_OWN:
        return False
    at = clock.now()
    consent.lift_suppression(suppression=suppression, actor="lead", at=at)
    consent.record_consent(
        contact_point=point,
        channel=message.kind,
        given=True,
        basis="inbound",
        wording=message.body[:500],
        source=f"message {message.public_id}",
        actor="lead",
        at=at,
    )
    outbox.emit(
        kind="lead.opted_in",
        lead=conversation.lead,
        actor="lead",
        payload={"channel": message.kind},
    )
    return False


def _pause(*, message: Message, conversation: Conversation, words: str) -> None:
    """Unsure: automatic messages rest and a person decides."""
    shown = (words or message.body).strip()[:80]
    reason = f"May want to stop: “{shown}”"
    conversation.paused_reason = reason
    conversation.save(update_fields=["paused_reason"])
    message.details = {**message.details, "opt_out": "pause"}
    message.save(update_fields=["details"])
    cancel_pending(
        conversation=conversation, reason="waits for a person", automatic_only=True
    )
    _end_turns(conversation, reason)
    lead = conversation.lead
    if lead is None:
        return
    pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=Task.Kind.OPT_OUT,
        title="Did the lead opt out?",
        reason=reason,
        subject=conversation.public_id,
        effect_key=f"optout:{message.public_id}",
    )


def _end_turns(conversation: Conversation, reason: str) -> None:
    conversation.turns.filter(state=Turn.State.WAITING).update(
        state=Turn.State.SUPERSEDED, outcome_reason=reason[:300]
    )


def _address(message: Message) -> ContactPoint:
    if message.contact_point is None:
        raise ValueError("an inbound message has an address")
    return message.contact_point
