"""What the machine knows when it plans an answer: the burst, read and set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from leads import consent, qualification
from leads.models import ContactPoint, Fact
from leads.prepared import Select
from messaging.agent.model import CompanyFacts, Missing, Passage, Said, Situation
from messaging.agent.understanding.dates import When, read_when
from messaging.agent.understanding.facts import FactReading, read_facts
from messaging.agent.understanding.intents import Intent, IntentReading, read_intent
from messaging.agent.understanding.language import detect_language
from messaging.conversations import clock_of
from messaging.knowledge.searching import find
from messaging.models import Channel, Conversation, Message, Profile, Turn
from messaging.stating import stated_zone

HISTORY = 20
REACHED = (Message.State.SENT, Message.State.DELIVERED, Message.State.UNKNOWN)
GSM_PART, MAX_MAIL = 153, 2000
ASKING = (Intent.question, Intent.objection, Intent.interested)
ASKED_FOR = frozenset(
    {"price", "discount", "availability", "contract", "features", "location"}
)
READ = (
    "public_id",
    "conversation",
    "turn",
    "direction",
    "kind",
    "author",
    "state",
    "body",
    "automatic",
    "occurred_at",
    "details",
)
OUTGOING_SEEN = (
    Message.State.QUEUED,
    Message.State.HELD,
    Message.State.CLAIMED,
    Message.State.SENT,
    Message.State.DELIVERED,
    Message.State.UNKNOWN,
)


@dataclass(frozen=True)
class Part:
    """One message of the burst with the facts that are in its words."""

    message: Message
    facts: tuple[FactReading, ...]


@dataclass(frozen=True)
class Understood:
    """A burst, read: what the lead wants, in which language, and when."""

    parts: tuple[Part, ...]
    text: str
    language: str
    reading: IntentReading
    when: tuple[When, ...]
    asked: str
    history: tuple[Message, ...] = field(default=())
    # Whether `history` goes back to the first message.
    whole: bool = True
    # What the company has published on what is asked.
    knowledge: tuple[Passage, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """As kept on the turn."""
        return {
            "intent": str(self.reading.intent),
            "topics": list(self.reading.topics),
            "confidence": self.reading.confidence,
            "language": self.language,
            "when": [
                {
                    "start": w.start.isoformat(),
                    "end": w.end.isoformat(),
                    "text": w.text,
                }
                for w in self.when
            ],
        }


def understand(conversation: Conversation, last: Message) -> Understood:
    """Read all that the lead wrote since we last spoke, and what is published on it.
    Changes nothing. Not inside a transaction: an embedding may be asked for.
    """
    newest = _newest.all(conversation=conversation.pk, last=last.pk)
    previous = _previous_turn(conversation, last)
    answered = previous.last_inbound_id if previous else 0
    history = [m for m in reversed(newest) if _was_said(m)]
    burst = [m for m in history if _is_new(m, after=answered)]
    text = "\n".join(m.body for m in burst)
    lead = conversation.lead
    language = detect_language(text, fallback=(lead.language if lead else "") or "en")
    earlier = [m for m in history if m not in burst]
    ours = [m.body for m in earlier if m.direction == Message.Direction.OUTBOUND]
    now, tz = clock_of(conversation), _zone(conversation, last)
    asked = _asked(previous, history)
    profile = Profile.current()
    read = partial(
        read_facts,
        now=now,
        tz=tz,
        language=language,
        # Who writes first often opens with what it needs.
        asked=asked or ("" if earlier else "need"),
        default_currency=profile.currency,
        sells=profile.sells,
    )
    point = last.contact_point
    parts = tuple(
        Part(m, read(m.body) + stated_zone(m.body, language=language, of=point))
        for m in burst
    )
    reading = read_intent(text, language=language, previous=ours[-1] if ours else "")
    return Understood(
        parts=parts,
        text=text,
        language=language,
        reading=reading,
        when=tuple(read_when(text, now=now, tz=tz, language=language)),
        asked=asked,
        history=tuple(earlier),
        whole=len(newest) < HISTORY,
        knowledge=_published(text, language, reading, on=_day(now, profile)),
    )


def _published(
    text: str, language: str, reading: IntentReading, *, on: date
) -> tuple[Passage, ...]:
    """What may answer the lead, if anything is asked."""
    asks = "?" in text or reading.intent in ASKING or ASKED_FOR & {*reading.topics}
    return find(text=text, language=language, on=on) if asks else ()


def _day(now: datetime, profile: Profile) -> date:
    """The company's day: until its end an offer is good."""
    return now.astimezone(ZoneInfo(profile.time_zone)).date()


_newest: Select[Message] = Select(
    lambda place: (
        Message.objects.exclude(direction=Message.Direction.NOTE)
        .filter(conversation=place("conversation"), pk__lte=place("last"))
        .order_by("-pk")
        .only(*READ)[:HISTORY]
    )
)


def _was_said(message: Message) -> bool:
    if message.kind == Message.Kind.CALL:
        return False  # a missed call or a logged one holds no words of the lead
    if message.direction == Message.Direction.INBOUND:
        return not message.automatic  # a machine's mail says nothing of the lead
    return message.state in OUTGOING_SEEN


def _is_new(message: Message, *, after: int) -> bool:
    """Whether the lead wrote it since our last turn, and not only STOP."""
    fresh = message.direction == Message.Direction.INBOUND and message.pk > after
    return fresh and message.details.get("opt_out") != "stop"


def _asked(previous: Turn | None, history: list[Message]) -> str:
    """What our last turn asked for, if the lead has seen the question."""
    if previous is None or all(m.turn_id != previous.pk for m in history):
        return ""
    return str(previous.understood.get("ask", ""))


def _previous_turn(conversation: Conversation, last: Message) -> Turn | None:
    return _answered_before.first(conversation=conversation.pk, last=last.pk)


_answered_before: Select[Turn] = Select(
    lambda place: (
        Turn.objects.filter(
            conversation=place("conversation"),
            state=Turn.State.DONE,
            last_inbound_id__lt=place("last"),
        )
        .order_by("-last_inbound_id")
        .only("last_inbound", "understood")[:1]
    )
)


def _zone(conversation: Conversation, last: Message) -> ZoneInfo:
    lead = conversation.lead
    if lead is not None and lead.time_zone:
        return ZoneInfo(lead.time_zone)
    if last.contact_point is not None and last.contact_point.kind == "phone":
        return consent.zones_of(last.contact_point)[0]
    return ZoneInfo(Profile.current().time_zone)


def situation_of(
    conversation: Conversation,
    understood: Understood,
    *,
    known: Mapping[str, Fact],
    new_facts: tuple[str, ...],
    instruction: str,
    max_segments: int,
) -> Situation:
    """All that the policy and a model may know of this turn; `known` are the lead's
    current facts by field.
    """
    lead = conversation.lead
    if lead is None:
        raise ValueError("a turn needs a lead")
    last = understood.parts[-1].message
    texts = last.kind == Channel.Kind.SMS
    questions = qualification.missing_questions(
        lead, language=understood.language, facts=known
    )
    return Situation(
        channel=last.kind,
        language=understood.language,
        lead_name=lead.name,
        history=_said(understood.history),
        message=understood.text,
        intent=str(understood.reading.intent),
        topics=understood.reading.topics,
        facts={name: fact.value for name, fact in known.items()},
        quotes={name: fact.quote for name, fact in known.items()},
        new_facts=new_facts,
        missing=tuple(Missing(q.field, q.wording) for q in questions),
        asked=understood.asked,
        when=understood.when,
        company=company_facts(Profile.current(), language=understood.language),
        first_automatic=_is_first(conversation, understood.history, understood.whole),
        local_now=clock_of(conversation).astimezone(_zone(conversation, last)),
        max_chars=max_segments * GSM_PART if texts else MAX_MAIL,
        instruction=instruction,
        knowledge=understood.knowledge,
    )


def _said(history: tuple[Message, ...]) -> tuple[Said, ...]:
    inbound = Message.Direction.INBOUND
    return tuple(
        Said("lead" if m.direction == inbound else "us", m.body, m.occurred_at)
        for m in history
    )


def situation_to_follow(
    conversation: Conversation, *, point: ContactPoint, brief: str, max_segments: int
) -> Situation:
    """All that may be known when nobody has just written and a `brief` says what to
    write about. Not inside a transaction: an embedding may be asked for.
    """
    lead = conversation.lead
    if lead is None:
        raise ValueError("a follow-up needs a lead")
    said = Message.objects.filter(conversation=conversation.pk)
    spoken = said.exclude(direction=Message.Direction.NOTE)
    newest = list(spoken.order_by("-pk").only(*READ)[:HISTORY])
    history = tuple(m for m in reversed(newest) if _was_said(m))
    turns = Turn.objects.filter(conversation=conversation.pk, state=Turn.State.DONE)
    previous = turns.order_by("-last_inbound_id").first()
    language = lead.language or (previous.language if previous else "") or "en"
    texts = point.kind == ContactPoint.Kind.PHONE
    profile, now = Profile.current(), clock_of(conversation)
    known = qualification.known(lead)
    questions = qualification.missing_questions(lead, language=language, facts=known)
    on = _day(now, profile)
    return Situation(
        channel=str(Channel.Kind.SMS if texts else Channel.Kind.EMAIL),
        language=language,
        lead_name=lead.name,
        history=_said(history),
        message="",
        intent="",
        topics=(),
        facts={name: fact.value for name, fact in known.items()},
        quotes={name: fact.quote for name, fact in known.items()},
        new_facts=(),
        missing=tuple(Missing(q.field, q.wording) for q in questions),
        asked=_asked(previous, list(history)),
        when=(),
        company=company_facts(profile, language=language),
        first_automatic=_is_first(conversation, history, len(newest) < HISTORY),
        local_now=now.astimezone(_zone(conversation, Message(contact_point=point))),
        max_chars=max_segments * GSM_PART if texts else MAX_MAIL,
        instruction=brief,
        knowledge=find(text=brief, language=language, on=on) if brief else (),
    )


def _is_first(
    conversation: Conversation, history: tuple[Message, ...], whole: bool
) -> bool:
    """Whether no automatic message has reached the lead yet."""
    machines = (Message.Author.AI, Message.Author.BUILTIN)
    if any(m.author in machines and m.state in REACHED for m in history):
        return False
    if not whole:
        said = conversation.messages.filter(author__in=machines, state__in=REACHED)
        return not said.exists()
    return True


def company_facts(profile: Profile, *, language: str) -> CompanyFacts:
    """The company profile as the agent may use it."""
    words = profile.disclosure or {}
    return CompanyFacts(
        name=profile.name,
        sells=profile.sells,
        website=profile.website,
        phone=profile.phone,
        email=profile.email,
        hours=profile.hours,
        postal_address=profile.postal_address,
        tone=profile.tone,
        booking_url=profile.booking_url,
        currency=profile.currency,
        time_zone=profile.time_zone,
        assistant_name=profile.assistant_name,
        disclosure=str(words.get(language) or words.get("") or ""),
    )
