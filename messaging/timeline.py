"""A conversation as it is read: bubbles, notes, calls, system lines and days.

Page, fragment, lead timeline and simulator show the same items through the one
template `messaging/_message.html`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone

from leads import showing
from leads.models import Event, Fact, Lead, Question, Stage
from messaging import words
from messaging.models import Attachment, Conversation, Message

MOST_LINES = 200
CALL_OUTCOMES = {
    "reached": "reached",
    "no_answer": "no answer",
    "left_message": "left a message",
}
ICONS = {
    Message.Kind.SMS: "sms",
    Message.Kind.EMAIL: "mail",
    Message.Kind.NOTE: "lock",
    Message.Kind.CALL: "call",
}


@dataclass(frozen=True)
class Evidence:
    """A fact and the words of the lead that it rests on."""

    label: str
    value: str
    quote: str


@dataclass(frozen=True)
class Part:
    """A run of a message's text, and the facts that rest on it."""

    text: str
    facts: tuple[Evidence, ...] = ()

    @property
    def says(self) -> str:
        """The facts in words: "Budget: 20k; Seats: 40"."""
        return "; ".join(f"{fact.label}: {fact.value}" for fact in self.facts)


@dataclass(frozen=True)
class Bubble:
    """One message as the screens show it. `who` picks place and colours."""

    message: Message
    who: str  # lead | person | ai | note | call
    label: str
    icon: str
    kind: str
    time: str
    status: words.Status | None
    parts: tuple[Part, ...]
    attachments: tuple[Attachment, ...] = ()
    pending: bool = False
    explained: bool = False
    actions: tuple[str, ...] = ()
    call: str = ""

    @property
    def key(self) -> str:
        """The id of its element."""
        return f"m-{self.message.public_id}"


@dataclass(frozen=True)
class Item:
    """A bubble, a day separator or a system line of a thread, in order."""

    key: str
    day: str = ""
    line: str = ""
    time: str = ""
    bubble: Bubble | None = None


EvidenceMap = Mapping[UUID, list[Evidence]]


def evidence_of(lead: Lead | None) -> dict[UUID, list[Evidence]]:
    """Return the current facts of a lead by the message that holds the words."""
    found: dict[UUID, list[Evidence]] = {}
    if lead is None:
        return found
    labels = dict(Question.objects.values_list("field", "label"))
    current = Fact.objects.filter(lead=lead, replaced_at=None, struck_at=None)
    for fact in current.exclude(quote=""):
        label = labels.get(fact.field, fact.field.replace("_", " ").capitalize())
        mark = Evidence(label, showing.shown(fact), fact.quote)
        if fact.message is not None:
            found.setdefault(fact.message, []).append(mark)
    return found


def parts_of(body: str, evidence: Iterable[Evidence]) -> tuple[Part, ...]:
    """Cut `body` at the quotes; a quote that is not there verbatim is left out."""
    spans = [
        (start, start + len(mark.quote), mark)
        for mark in evidence
        if mark.quote and (start := body.find(mark.quote)) >= 0
    ]
    edges = {0, len(body), *(edge for span in spans for edge in span[:2])}
    cuts = sorted(edges)
    return tuple(
        Part(
            body[start:end],
            tuple(mark for first, last, mark in spans if first <= start < last),
        )
        for start, end in pairwise(cuts)
    )


def bubble_of(
    message: Message, *, lead_name: str, evidence: EvidenceMap | None = None
) -> Bubble:
    """Return how one message looks."""
    marks = (evidence or {}).get(message.public_id, [])
    return Bubble(
        message=message,
        who=_who(message),
        label=words.label_of(message, lead_name),
        icon=ICONS.get(Message.Kind(message.kind), "chat"),
        kind=message.get_kind_display(),
        time=words.time_of(message.occurred_at),
        status=words.status_of(message),
        parts=parts_of(message.body, marks),
        attachments=tuple(message.attachments.all()),
        pending=_is_pending(message),
        explained=message.direction == Message.Direction.OUTBOUND,
        actions=_actions(message),
        call=_call_words(message),
    )


def _who(message: Message) -> str:
    if message.kind == Message.Kind.CALL:
        return "call"
    if message.direction == Message.Direction.NOTE:
        return "note"
    people = {Message.Author.LEAD: "lead", Message.Author.PERSON: "person"}
    return people.get(Message.Author(message.author), "ai")


def _is_pending(message: Message) -> bool:
    waiting = (Message.State.DRAFT, Message.State.QUEUED, Message.State.HELD)
    return message.direction == Message.Direction.OUTBOUND and message.state in waiting


def _actions(message: Message) -> tuple[str, ...]:
    """What a person can do about an outgoing message, by its state."""
    if message.direction != Message.Direction.OUTBOUND:
        return ()
    states = Message.State
    actions: dict[str, tuple[str, ...]] = {
        states.QUEUED: ("cancel",),
        states.HELD: ("cancel",),
        states.UNKNOWN: ("confirm", "resend"),
        states.FAILED: ("resend",),
    }
    found = actions.get(message.state, ())
    return () if found and hasattr(message, "resent_as") else found


def _call_words(message: Message) -> str:
    if message.kind != Message.Kind.CALL:
        return ""
    outcome = str(message.details.get("outcome", ""))
    minutes = message.details.get("minutes")
    said = CALL_OUTCOMES.get(outcome, outcome or "call")
    return f"{said}, {minutes} min" if minutes else said


def items_of(
    conversation: Conversation,
    messages: list[Message],
    *,
    evidence: EvidenceMap | None = None,
    whole: bool = True,
    until: datetime | None = None,
) -> list[Item]:
    """Return the thread's items in order.

    System lines older than the first message shown belong to the earlier
    page, unless the thread begins here (`whole`); an earlier page ends before
    `until`, where the later one began.
    """
    name = lead_name(conversation)
    rows: list[tuple[datetime, Item]] = []
    for message in messages:
        bubble = bubble_of(message, lead_name=name, evidence=evidence)
        rows.append((message.occurred_at, Item(bubble.key, bubble=bubble)))
    since = messages[0].occurred_at if messages and not whole else None
    rows += system_lines(conversation.lead, since=since, until=until)
    return _with_days(sorted(rows, key=lambda row: row[0]))


def _with_days(rows: list[tuple[datetime, Item]]) -> list[Item]:
    items: list[Item] = []
    last = None
    for moment, item in rows:
        day = timezone.localtime(moment).date()
        if day != last:
            items.append(Item(f"day-{day.isoformat()}", day=words.day_of(moment)))
        last = day
        items.append(item)
    return items


def lead_name(conversation: Conversation) -> str:
    """Return the lead's name, else the address that wrote."""
    if conversation.lead is not None:
        return conversation.lead.display_name
    point = conversation.contact_point
    return point.value if point else "Unknown"


@dataclass
class _Names:
    """Names that event lines need, looked up once for a whole thread."""

    stages: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    def who(self, actor: str) -> str:
        fixed = {"ai": "✦ AI", "builtin": "✦ Built-in", "lead": "The lead"}
        return fixed.get(actor) or self.people.get(actor, "")


def system_lines(
    lead: Lead | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[tuple[datetime, Item]]:
    """Return the events of a lead that a thread tells, with their time."""
    if lead is None:
        return []
    rows = Event.objects.filter(lead=lead, kind__in=LINES)
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    if until is not None:
        rows = rows.filter(occurred_at__lt=until)
    events = list(rows.order_by("-occurred_at", "-pk")[:MOST_LINES])
    names = _names(events)
    lines = []
    for event in reversed(events):
        said = LINES[event.kind](event.payload, names.who(event.actor), names)
        when = words.time_of(event.occurred_at)
        if said:
            item = Item(f"e-{event.uuid}", line=said, time=when)
            lines.append((event.occurred_at, item))
    return lines


def _names(events: list[Event]) -> _Names:
    ids = {e.actor.removeprefix("user:") for e in events if "user:" in e.actor}
    if not events:
        return _Names()
    people = get_user_model().objects.filter(pk__in=[i for i in ids if i.isdigit()])
    return _Names(
        stages=dict(Stage.objects.values_list("key", "name")),
        people={f"user:{p.pk}": words.first_name(p) for p in people},
    )


Line = Callable[[dict[str, Any], str, _Names], str]


def _by(said: str, who: str) -> str:
    return f"{said} · {who}" if who else said


def _stage(payload: dict[str, Any], who: str, names: _Names) -> str:
    after = str(payload.get("after", ""))
    return _by(f"Stage → {names.stages.get(after, after)}", who)


def _mode(payload: dict[str, Any], who: str, names: _Names) -> str:
    after = str(payload.get("after", "")) or "as the channel"
    return _by(f"AI → {after.capitalize()}", who)


def _handed_off(payload: dict[str, Any], who: str, names: _Names) -> str:
    reason = str(payload.get("reason", ""))
    return f"Handed to a person: {reason}" if reason else "Handed to a person"


LINES: dict[str, Line] = {
    "lead.captured": lambda payload, who, names: _by("New lead", who),
    "lead.qualified": lambda payload, who, names: "Qualified",
    "lead.stage_changed": _stage,
    "conversation.mode_changed": _mode,
    "conversation.taken_over": lambda p, who, n: f"{who or 'A person'} took over",
    "conversation.handed_back": lambda p, who, n: _by("Handed back to the AI", who),
    "conversation.handed_off": _handed_off,
    "conversation.done": lambda p, who, n: _by("Done", who),
    "conversation.reopened": lambda p, who, n: _by("Opened again", who),
    "conversation.lead_chosen": lambda p, who, n: _by("Lead chosen", who),
}
