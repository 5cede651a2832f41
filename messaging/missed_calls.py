"""A call that nobody answered: on the timeline, to a person, and answered by a text."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from leads import capture, clock, consent, outbox, pipeline
from leads.models import ContactPoint, Lead, Task
from messaging import templating
from messaging.calls import MissedCall, words_in
from messaging.channels import ensure_channel
from messaging.conversations import (
    PENDING,
    lock_conversation,
    lock_conversation_of,
    new_conversation,
    refresh,
)
from messaging.models import Channel, Conversation, Message, Profile, Turn
from messaging.queueing import queue_message
from messaging.sequences import unclear
from messaging.sequences.stopping import Cause, name_of, stop_for_lead
from messaging.text import clean

BETWEEN_TEXTS = timedelta(hours=24)
KEY = "missed-call:"
# In a call's details, as `writing.CALL_OUTCOMES` are of calls that people log.
MISSED = "missed"
WORDING = "called us"
NO_NUMBER = "Missed call without a number"
_STOP_WORD = re.compile(r"\bSTOP\b")


def record_missed_call(*, fact: MissedCall) -> Message | None:
    """Keep a missed call once, ask a person to call back, and text the caller.

    The text goes to whoever may be texted, once in `BETWEEN_TEXTS`, through the same
    gate as any other. None for a caller without a number: only a person hears of it.
    """
    with transaction.atomic(), outbox.together():
        channel = ensure_channel(
            kind=Channel.Kind.SMS,
            address=capture.normalise_sender(fact.to_address) or fact.to_address[:254],
            simulated=fact.simulated,
        )
        number = capture.normalise_phone(fact.from_address)
        if number is None:
            _tell_of_nobody(fact, channel)
            return None
        # Its lock: two calls at once find each other's text.
        point, unheard_of = capture.find_or_make_point(
            kind=ContactPoint.Kind.PHONE, value=number, simulated=fact.simulated
        )
        known = None if unheard_of else _already(fact, point)
        if known is not None:
            return known
        leads = [] if unheard_of else capture.leads_of(point)
        conversation = _conversation_for(point, channel, fact, leads)
        call = _store(fact, channel=channel, point=point, to=conversation)
        why_not = _text_back(fact, call, conversation)
        _ask_to_call_back(call, conversation, leads, why_not)
        _tell(fact, call, conversation)
        refresh(conversation, ring="received")
    return call


def _already(fact: MissedCall, point: ContactPoint) -> Message | None:
    """The same call, told before: by the end of the ringing and by a report."""
    same = Message.objects.filter(
        provider=fact.provider,
        external_id=fact.external_id[:200],
        direction=Message.Direction.INBOUND,
        contact_point=point,
    )
    return same.first()


def _tell_of_nobody(fact: MissedCall, channel: Channel) -> None:
    shown = clean(fact.from_address).strip()[:60]
    caller = f"the caller is {shown}" if shown else "the caller withheld the number"
    pipeline.open_task(
        team=channel.team,
        kind=Task.Kind.OTHER,
        title=NO_NUMBER,
        reason=f"{_words()} to {channel}: {caller}, so nobody can be called back",
        effect_key=f"{KEY}{fact.external_id}"[:160],
    )


def _words() -> str:
    zone = ZoneInfo(Profile.current().time_zone)
    return f"Missed call, {clock.now().astimezone(zone):%H:%M}"


def _conversation_for(
    point: ContactPoint, channel: Channel, fact: MissedCall, leads: list[Lead]
) -> Conversation:
    """The caller's locked conversation, as a text from this number would find it."""
    if len(leads) > 1:
        unclear, _ = Conversation.objects.get_or_create(
            lead=None, contact_point=point, defaults={"created_at": clock.now()}
        )
        return lock_conversation(unclear.pk)
    if leads:
        return lock_conversation_of(leads[0])
    lead = capture.capture_writer(
        contact_point=point,
        team=channel.team,
        source="Simulator" if fact.simulated else f"Call to {channel}",
        simulated=fact.simulated,
    )
    return new_conversation(lead)


def _store(
    fact: MissedCall, *, channel: Channel, point: ContactPoint, to: Conversation
) -> Message:
    now = clock.now()
    call = Message.objects.create(
        conversation=to,
        direction=Message.Direction.INBOUND,
        kind=Message.Kind.CALL,
        channel=channel,
        contact_point=point,
        author=Message.Author.LEAD,
        body=_words(),
        details={"outcome": MISSED},
        state=Message.State.RECEIVED,
        provider=fact.provider,
        external_id=fact.external_id[:200],
        simulated=fact.simulated,
        occurred_at=now,
        created_at=now,
        due_at=now,
    )
    # `refresh` saves these with whose turn it is.
    to.last_message, to.last_at, to.unread = call, now, True
    to.done_at = to.parked_until = None
    if not _answer_is_under_way(to):
        # Whoever has just reached out may be answered at night.
        to.last_inbound_at = now
    return call


def _answer_is_under_way(conversation: Conversation) -> bool:
    """Whether the AI answers an earlier text: a call does not outdate that answer."""
    open_turns = (Turn.State.WAITING, Turn.State.WORKING)
    if conversation.turns.filter(state__in=open_turns).exists():
        return True
    waiting = conversation.messages.filter(automatic=True, state__in=PENDING)
    return waiting.filter(answers__isnull=False).exists()


# --- the text ----------------------------------------------------------------


def _text_back(fact: MissedCall, call: Message, conversation: Conversation) -> str:
    """Queue the one text, or say in words why none goes."""
    point, channel = call.contact_point, call.channel
    if point is None or channel is None:
        raise ValueError("a missed call has an address and a channel")
    why_not = _why_no_text(fact, point, channel, conversation)
    if why_not:
        return why_not
    if not consent.has_statement(point, Channel.Kind.SMS):
        _note_consent(fact, point)
    queue_message(
        conversation=conversation,
        kind=Channel.Kind.SMS,
        body=text_for(channel=channel, conversation=conversation),
        author=Message.Author.SYSTEM,
        channel=channel,
        contact_point=point,
        automatic=True,
        answers=call,
        effect_key=f"{KEY}{fact.external_id}"[:160],
    )
    return ""


def _why_no_text(
    fact: MissedCall, point: ContactPoint, channel: Channel, talk: Conversation
) -> str:
    """Why the caller gets no text, "" when one may be written. The gate looks at the
    hours, the caps and the switches besides.
    """
    if not channel.missed_calls:
        return f"texts after missed calls are off on {channel}"
    if fact.doubtful:
        return "the carrier doubts that the number is the caller's own"
    if talk.lead_id is None:
        return "several leads share this number"
    if not point.textable:
        return "this number cannot receive texts"
    stop = consent.is_suppressed(point, Channel.Kind.SMS)
    if stop is not None:
        return f"the number {stop.verb} on {stop.since:%d %b %Y}: call, do not text"
    stated = consent.has_statement(point, Channel.Kind.SMS)
    if stated and consent.has_consent(point, Channel.Kind.SMS) is None:
        return "consent to texts was withdrawn: call, do not text"
    if talk.holder is not None:
        name = talk.holder.get_short_name() or talk.holder.get_username()
        return f"{name} has the conversation"
    if talk.paused_reason:
        return f"automatic messages rest: {talk.paused_reason}"
    if _texted_lately(point):
        return "a text after a missed call went within the last 24 hours"
    return ""


def _texted_lately(point: ContactPoint) -> bool:
    failed = (Message.State.CANCELLED, Message.State.FAILED)
    written = Message.objects.filter(
        contact_point=point,
        direction=Message.Direction.OUTBOUND,
        effect_key__startswith=KEY,
        created_at__gt=clock.now() - BETWEEN_TEXTS,
    )
    return written.exclude(state__in=failed).exists()


def _note_consent(fact: MissedCall, point: ContactPoint) -> None:
    """Whoever calls us first may be answered, until they say otherwise."""
    consent.record_consent(
        contact_point=point,
        channel=Channel.Kind.SMS,
        given=True,
        basis="inbound",
        wording=WORDING,
        source=f"{fact.provider} call {fact.external_id}"[:200],
        evidence=f"call {fact.external_id}"[:300],
        actor="lead",
        at=clock.now(),
    )


def text_for(*, channel: Channel, conversation: Conversation) -> str:
    """The words of the text: the channel's own, else ours in the lead's language.

    The channel's own always say how to stop; one that cannot be filled in for this
    lead gives way to ours.
    """
    lead = conversation.lead
    words = words_in(lead.language if lead is not None else "")
    own = channel.missed_call_text.strip()
    if own:
        values = templating.values_for(conversation=conversation, user=None)
        filled = templating.render(own, values=values)
        if not filled.missing:
            said = filled.text
            return said if _STOP_WORD.search(said) else f"{said} {words['stop']}"
    company = Profile.current().name
    return f"{words['text'].format(company=company)} {words['stop']}"


# --- the person --------------------------------------------------------------


def _ask_to_call_back(
    call: Message, conversation: Conversation, leads: list[Lead], why_not: str
) -> None:
    """Who rings three times is called back once: a later call brings the news."""
    news = f"{call.body}. No text: {why_not}" if why_not else call.body
    lead = conversation.lead
    if lead is None:
        _ask_who_called(conversation, leads, news)
    asked = Task.objects.open().filter(
        subject=conversation.public_id, effect_key__startswith=KEY
    )
    if asked.update(reason=news):
        return
    pipeline.open_task(
        team=lead.team if lead is not None else leads[0].team,
        lead=lead,
        kind=Task.Kind.CALL,
        title="Call back",
        reason=news,
        subject=conversation.public_id,
        effect_key=f"{KEY}{call.public_id}",
    )


def _ask_who_called(conversation: Conversation, leads: list[Lead], news: str) -> None:
    names = ", ".join(lead.display_name for lead in leads[:4])
    pipeline.open_task(
        team=leads[0].team,
        kind=Task.Kind.IDENTIFY,
        title="Who called?",
        reason=f"{news.partition('.')[0]}. This number belongs to several: {names}",
        subject=conversation.public_id,
        effect_key=f"identify:{conversation.public_id}",
    )


def _tell(fact: MissedCall, call: Message, conversation: Conversation) -> None:
    lead = conversation.lead
    if lead is not None:
        words = f"{name_of(lead)} called"
        stop_for_lead(lead_id=lead.pk, cause=Cause.REPLIED, words=words, actor="lead")
    else:
        unclear.on_unclear(call)
    outbox.emit(
        kind="call.missed",
        lead=lead,
        actor="lead",
        origin=fact.provider,
        payload={"message": str(call.public_id)},
        occurred_at=call.occurred_at,
    )
