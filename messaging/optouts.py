"""What a lead's STOP, START and HELP change, with the AI on or off."""

from leads import capture, claims, clock, consent, outbox, pipeline
from leads.models import ContactPoint, Lead, Task
from messaging.agent.understanding.optout import (
    OptOut,
    OptOutReading,
    is_help,
    is_opt_in,
    is_yes_command,
    read_opt_out,
)
from messaging.agent.understanding.revoking import wants_everything
from messaging.helping import answer_help
from messaging.models import Conversation, Message, Turn
from messaging.opting_out import LEADS_OWN, close_address
from messaging.queueing import cancel_pending
from messaging.transports import InboundMessage


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
    """Nothing more goes to this address on this channel; after STOP ALL to none."""
    point = _address(message)
    evidence = f"message {message.public_id}"
    _state(message, given=False)
    message.details = {**message.details, "opt_out": "stop"}
    message.save(update_fields=["details"])
    conversation.paused_reason = ""
    conversation.save(update_fields=["paused_reason"])
    close_address(
        point=point,
        channel=message.kind,
        reason="stop",
        words=words or message.body[:200],
        actor="lead",
        source=evidence,
        payload={"message": str(message.public_id)},
        mine=conversation,
        answered=False,
    )
    if conversation.lead is not None and wants_everything(message.body):
        revoke(conversation.lead, message)


def revoke(lead: Lead, message: Message) -> None:
    """The lead wants nothing more at all: close every address it has."""
    message.details = {**message.details, "opt_out": "stop", "everything": True}
    message.save(update_fields=["details"])
    consent.revoke_all(
        lead=lead,
        words=message.body[:500],
        actor="lead",
        at=clock.now(),
        source=f"{message.kind} that means everything",
        evidence=f"message {message.public_id}",
    )


def lock_all(*, kind: str, value: str, simulated: bool, text: str) -> None:
    """Lock what a STOP ALL from this address will close, in the order of the keys:
    before the address itself and any conversation is locked.
    """
    if not wants_everything(text):
        return
    rows = ContactPoint.objects.filter(kind=kind, value=value, simulated=simulated)
    for point in rows:
        leads = capture.leads_of(point)
        if len(leads) == 1:
            lock_addresses(leads[0], point.pk)


def lock_addresses(lead: Lead, *others: int) -> None:
    """Lock all addresses of a lead, and others, in the order of their keys."""
    keys = {point.pk for point in consent.addresses_of(lead)}
    for pk in sorted(keys | {*others}):
        claims.lock_contact_point(pk)


def _state(message: Message, *, given: bool) -> None:
    """Write down what the lead said, in its own words."""
    consent.record_consent(
        contact_point=_address(message),
        channel=message.kind,
        given=given,
        basis="inbound",
        wording=message.body[:500],
        source=f"message {message.public_id}",
        evidence=f"message {message.public_id}",
        actor="lead",
        at=clock.now(),
    )


def _start(*, message: Message, conversation: Conversation) -> bool:
    """Lift the address's own STOP; a "yes" without one is an ordinary reply."""
    point = _address(message)
    suppression = consent.is_suppressed(point, message.kind)
    if suppression is None or suppression.reason not in LEADS_OWN:
        return False
    said = f"wrote {message.body[:100]!r}"
    consent.lift_suppression(
        suppression=suppression, actor="lead", at=clock.now(), why=said
    )
    _state(message, given=True)
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
