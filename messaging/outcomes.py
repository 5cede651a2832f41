"""What became of leads after the AI answered, by the prompt and model that wrote.

An outcome belongs to the last answer of the AI before it, up to `WITHIN` after that
answer; answers that a person approved count as well. Each conversation counts once
for each prompt and model and outcome.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from leads.access import Viewer
from leads.models import Event
from messaging import numbers
from messaging.models import Conversation, Message, Turn
from messaging.proving import rate

WITHIN = timedelta(days=14)
MOST = 50_000
ANSWERED = "answered"
EVENTS = {
    "lead.qualified": "qualified",
    "meeting.booked": "booked",
    "conversation.handed_off": "handed_off",
    "lead.opted_out": "opted_out",
    "contact.complained": "complained",
}
MEANINGS = {
    ANSWERED: "Conversations in which an answer of the AI reached the lead, approved "
    "drafts included.",
    "qualified": "The lead had answered all questions of its question set afterwards.",
    "booked": "A meeting was booked afterwards, in a calendar or noted by a person.",
    "handed_off": "The AI gave the conversation to a person afterwards.",
    "opted_out": "The lead asked to stop, or unsubscribed, afterwards.",
    "complained": "The lead complained afterwards, to us or to its mail provider.",
}
LABELS = {
    ANSWERED: "Answered",
    "qualified": "Qualified",
    "booked": "Booked",
    "handed_off": "Handed off",
    "opted_out": "Opted out",
    "complained": "Complained",
}
_SAID = (Message.State.SENT, Message.State.DELIVERED)
_MACHINES = (Message.Author.AI, Message.Author.BUILTIN)

Writer = tuple[str, str]
"""Prompt version and model."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How many conversations had an outcome, of those that were answered."""

    outcome: str
    count: int
    of: int

    @property
    def rate(self) -> int | None:
        """In percent; None below the sample floor."""
        return rate(self.count, self.of)


@dataclass(frozen=True)
class WriterRow:
    """What became of the conversations that one prompt and model answered."""

    version: str
    model: str
    talks: dict[str, set[int]] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """How many conversations it answered."""
        return len(self.talks[ANSWERED])

    @property
    def cells(self) -> list[Cell]:
        """The outcomes in the order of `EVENTS`."""
        return [
            Cell(name, len(self.talks.get(name, ())), self.answered)
            for name in EVENTS.values()
        ]


@dataclass(frozen=True, slots=True)
class _Answer:
    at: datetime
    writer: Writer


def by_writer(*, user: Viewer, since: datetime) -> list[WriterRow]:
    """Return a row for each prompt and model that answered since then, the one with
    most conversations first.
    """
    answers = _answers(user, since)
    rows: dict[Writer, WriterRow] = {}
    for talk, said in answers.items():
        for answer in said:
            row = rows.setdefault(answer.writer, WriterRow(*answer.writer))
            row.talks.setdefault(ANSWERED, set()).add(talk)
    for talk, outcome, at in _happened(answers, since):
        before = _last_before(answers.get(talk, []), at)
        if before is not None:
            rows[before.writer].talks.setdefault(outcome, set()).add(talk)
    return sorted(rows.values(), key=lambda r: (-r.answered, r.version, r.model))


def _answers(user: Viewer, since: datetime) -> dict[int, list[_Answer]]:
    """The AI's answers that reached the lead, by conversation, oldest first."""
    rows: QuerySet[Message] = Message.objects.filter(
        conversation__in=Conversation.objects.visible_to(user),
        direction=Message.Direction.OUTBOUND,
        author__in=_MACHINES,
        state__in=_SAID,
        sent_at__gte=since,
        turn__isnull=False,
    )
    if numbers.counts_only_real():
        rows = numbers.only_real(rows)
    found: dict[int, list[_Answer]] = {}
    columns = ("conversation_id", "sent_at", "turn__prompt_version", "turn__model")
    newest = rows.order_by("-sent_at").values_list(*columns)[:MOST]
    for talk, at, version, model in reversed(newest):
        found.setdefault(talk, []).append(_Answer(at, (version or "", model or "")))
    return found


def _happened(talks: Iterable[int], since: datetime) -> list[tuple[int, str, datetime]]:
    """What happened in these conversations: (conversation, outcome, when)."""
    wanted = set(talks)
    events = Event.objects.filter(
        kind__in=EVENTS, occurred_at__gte=since, lead__conversation__isnull=False
    ).values_list("lead__conversation", "kind", "occurred_at")
    handed = Q(goal="hand_off") | Q(outcome=Turn.Outcome.HANDED_OFF)
    complains = Q(intent="complaint")
    turns = Turn.objects.filter(
        handed | complains, last_inbound__occurred_at__gte=since
    ).values_list(
        "conversation_id", "intent", "goal", "outcome", "last_inbound__occurred_at"
    )
    found = [(talk, EVENTS[kind], at) for talk, kind, at in events]
    for talk, intent, goal, outcome, at in turns:
        if intent == "complaint":
            found.append((talk, "complained", at))
        if goal == "hand_off" or outcome == Turn.Outcome.HANDED_OFF:
            found.append((talk, "handed_off", at))
    return [one for one in found if one[0] in wanted]


def _last_before(answers: list[_Answer], at: datetime) -> _Answer | None:
    """The last answer before `at`, if it is not too long ago."""
    place = bisect_left(answers, at, key=lambda answer: answer.at)
    if not place:
        return None
    last = answers[place - 1]
    return last if at - last.at <= WITHIN else None
