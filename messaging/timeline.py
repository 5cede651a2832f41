"""A conversation as it is read: bubbles, notes, calls, system lines and days.

Page, fragment, lead timeline and simulator show the same items through the one
template `messaging/_message.html`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.utils import timezone

from leads import showing
from leads.models import Fact, Lead, Question
from messaging import mailview, words
from messaging.grounds import Evidence, sourced_marks
from messaging.happenings import happenings
from messaging.models import Attachment, Conversation, Message
from messaging.scheduling_messages import is_changeable, is_scheduled

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
# A call that the lead made and nobody answered.
MISSED = "phone_missed"


@dataclass(frozen=True)
class Part:
    """A run of a message's text, and the facts that rest on it, or what it rests on."""

    text: str
    facts: tuple[Evidence, ...] = ()

    @property
    def says(self) -> str:
        """The facts in words: "Budget: 20k; Seats: 40"."""
        return "; ".join(fact.says for fact in self.facts)


@dataclass(frozen=True)
class Bubble:
    """One message as the screens show it. `who` picks place and colours.

    `subject` is empty where it is that of the mail before it.
    """

    message: Message
    who: str  # lead | person | ai | note | call | missed
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
    subject: str = ""
    mail: mailview.MailFace | None = None

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


def bubbles_of(
    messages: list[Message], *, lead_name: str, evidence: EvidenceMap | None = None
) -> list[Bubble]:
    """Return how messages that follow each other look."""
    subjects = mailview.changed_subjects(messages)
    return [
        bubble_of(message, lead_name=lead_name, evidence=evidence, subject=subject)
        for message, subject in zip(messages, subjects, strict=True)
    ]


def bubble_of(
    message: Message,
    *,
    lead_name: str,
    evidence: EvidenceMap | None = None,
    subject: str | None = None,
) -> Bubble:
    """Return how one message looks, by itself with its own subject."""
    known = (evidence or {}).get(message.public_id, [])
    return Bubble(
        message=message,
        who=_who(message),
        label=words.label_of(message, lead_name),
        icon=icon_of(message),
        kind=message.get_kind_display(),
        time=words.time_of(message.occurred_at),
        status=words.status_of(message),
        parts=parts_of(message.body, [*known, *sourced_marks(message)]),
        attachments=tuple(message.attachments.all()),
        pending=_is_pending(message),
        explained=message.direction == Message.Direction.OUTBOUND,
        actions=_actions(message),
        call=_call_words(message),
        subject=message.subject if subject is None else subject,
        mail=mailview.face_of(message),
    )


def icon_of(message: Message) -> str:
    """Return the icon of a message's kind."""
    if _is_missed_call(message):
        return MISSED
    return ICONS.get(Message.Kind(message.kind), "chat")


def _is_missed_call(message: Message) -> bool:
    inbound = message.direction == Message.Direction.INBOUND
    return inbound and message.kind == Message.Kind.CALL


def _who(message: Message) -> str:
    if _is_missed_call(message):
        return "missed"
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
    if is_scheduled(message):
        return ("later",)
    if is_changeable(message):
        return ("change",)
    actions: dict[str, tuple[str, ...]] = {
        states.QUEUED: ("cancel",),
        states.HELD: ("cancel",),
        states.UNKNOWN: ("confirm", "resend"),
        states.FAILED: ("resend",),
    }
    found = actions.get(message.state, ())
    return () if found and hasattr(message, "resent_as") else found


def _call_words(message: Message) -> str:
    if message.kind != Message.Kind.CALL or _is_missed_call(message):
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
    for bubble in bubbles_of(messages, lead_name=name, evidence=evidence):
        rows.append((bubble.message.occurred_at, Item(bubble.key, bubble=bubble)))
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


def system_lines(
    lead: Lead | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[tuple[datetime, Item]]:
    """Return the events of a lead that a thread tells, with their time."""
    return [
        (
            one.at,
            Item(f"e-{one.event}", line=one.words, time=words.time_of(one.at)),
        )
        for one in happenings(lead, since=since, until=until)
    ]


__all__ = [
    "CALL_OUTCOMES",
    "ICONS",
    "Bubble",
    "Evidence",
    "EvidenceMap",
    "Item",
    "Part",
    "bubble_of",
    "bubbles_of",
    "evidence_of",
    "items_of",
    "lead_name",
    "parts_of",
    "system_lines",
]
