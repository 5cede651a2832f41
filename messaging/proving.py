"""Whether the AI has earned more trust: what people made of its drafts, what auto
would have sent, and whether it was right to be sure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import mean

from django.db.models import QuerySet

from leads import clock, policy
from leads.access import Viewer
from leads.models import Policy
from messaging import confidence, numbers
from messaging.confidence import Sureness, how_sure, subject_of, subject_words
from messaging.differing import Run, word_diff
from messaging.measures import DraftRecord, decided_drafts
from messaging.models import Message
from messaging.shadow import AUTO

SAMPLE = 20
"""No rate is shown of fewer."""
MOST = 5_000
LAST = 50
PERIODS = {7: "7 days", 30: "30 days", 90: "90 days"}
USUAL = 30
BANDS = ((0, 20), (20, 40), (40, 60), (60, 80), (80, 101))
SHADOWS = ("would", "would_not")


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft that a person decided on. `would` is whether auto would have sent it,
    None where that was not written down; `value` how sure it was, None likewise.
    """

    pk: int
    decision: str
    subject: str
    would: bool | None
    value: float | None
    plan: float | None

    @property
    def was_changed(self) -> bool:
        """Whether a person edited or discarded it."""
        return self.decision != "as_written"


@dataclass(frozen=True)
class SubjectRow:
    """What people did with drafts of one subject, and what auto does with the next.

    `sure` counts everybody's decisions, not only those in sight.
    """

    subject: str
    record: DraftRecord
    sure: Sureness
    next_step: str

    @property
    def words(self) -> str:
        """The subject, to begin a line with."""
        words = subject_words(self.subject)
        return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Shadow:
    """What auto would have sent of the drafts that people decided on."""

    of: int
    would: int
    edited: int
    discarded: int

    @property
    def changed(self) -> int:
        """How many of those that auto would have sent a person did not let go so."""
        return self.edited + self.discarded


@dataclass(frozen=True)
class Band:
    """Drafts that were about equally sure, in percent from `low` to below `high`."""

    low: int
    high: int
    count: int
    as_written: int

    @property
    def rate(self) -> int | None:
        """How many percent went out as written; None below the sample floor."""
        return rate(self.as_written, self.count)


@dataclass(frozen=True)
class Changed:
    """A draft beside what became of it: `runs` mark what a person took and gave."""

    message: Message
    runs: tuple[Run, ...]


def rate(part: int, of: int) -> int | None:
    """Return `part` of `of` in percent; None below the sample floor."""
    return round(100 * part / of) if of >= SAMPLE else None


def drafts(
    *, user: Viewer, since: datetime | None = None, most: int = MOST
) -> list[Draft]:
    """Return the newest decided drafts that `user` may see, the newest first; with
    `since` only those written since then.
    """
    rows: QuerySet[Message] = decided_drafts(user=user)
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    found = rows.values_list(
        "pk",
        "details__decision",
        f"details__{AUTO}__would",
        "turn__intent",
        "turn__understood__topics",
        "turn__sureness__value",
        "turn__sureness__plan",
    )
    return [
        Draft(pk, decision, subject_of(intent or "", topics or ()), would, value, plan)
        for pk, decision, would, intent, topics, value, plan in found[:most]
    ]


def since_days(days: int) -> datetime:
    """Return when a period of so many days began."""
    return clock.now() - timedelta(days=days)


def record_of(found: Iterable[Draft]) -> DraftRecord:
    """Count what people made of these drafts."""
    decisions = [draft.decision for draft in found]
    return DraftRecord(*(decisions.count(word) for word in confidence.DECISIONS))


def by_subject(found: Iterable[Draft]) -> list[SubjectRow]:
    """Return a row for each subject, the most decided first."""
    groups: dict[str, list[Draft]] = {}
    for draft in found:
        groups.setdefault(draft.subject, []).append(draft)
    rules = policy.current()
    rows = [_row(subject, group, rules) for subject, group in groups.items()]
    return sorted(rows, key=lambda row: (-row.record.decided, row.words))


def _row(subject: str, group: list[Draft], rules: Policy) -> SubjectRow:
    intent, _, topic = subject.partition(":")
    plans = [draft.plan for draft in group if draft.plan is not None]
    sure = how_sure(
        intent=intent,
        topics=(topic,) if topic else (),
        plan_confidence=mean(plans) if plans else 0.5,
        simulated=not numbers.counts_only_real(),
    )
    return SubjectRow(subject, record_of(group), sure, next_step(sure, rules))


def next_step(sure: Sureness, rules: Policy) -> str:
    """Return what auto does with an answer that is so sure: send, draft or hand_off."""
    if not sure.may_draft(rules):
        return "hand_off"
    return "send" if sure.may_send(rules) else "draft"


def shadow_of(found: Iterable[Draft]) -> Shadow:
    """Sum up what auto would have sent, of the drafts where that was written down."""
    known = [draft for draft in found if draft.would is not None]
    sent = record_of(draft for draft in known if draft.would)
    return Shadow(len(known), sent.decided, sent.edited, sent.discarded)


def bands_of(found: Iterable[Draft]) -> list[Band]:
    """Return how many went out as written among drafts that were about equally sure,
    without empty bands.
    """
    known = [(round(d.value * 100), d) for d in found if d.value is not None]
    bands = []
    for low, high in BANDS:
        inside = [draft for percent, draft in known if low <= percent < high]
        if inside:
            good = record_of(inside).as_written
            bands.append(Band(low, min(high, 100), len(inside), good))
    return bands


def changed_by_people(found: Iterable[Draft], *, most: int) -> list[Changed]:
    """Return the newest drafts that auto would have sent and a person changed."""
    wanted = [draft.pk for draft in found if draft.would and draft.was_changed]
    return with_words(wanted[:most])


def with_words(pks: list[int]) -> list[Changed]:
    """Return these drafts with what a person changed, in this order."""
    rows = Message.objects.select_related(
        "conversation__lead__company",
        "conversation__contact_point",
        "turn",
        "answers",
        "approved_by",
    )
    by_pk = rows.in_bulk(pks)
    return [Changed(by_pk[pk], runs_of(by_pk[pk])) for pk in pks if pk in by_pk]


def runs_of(message: Message) -> tuple[Run, ...]:
    """Return what a person took from a draft and gave to it; all of it is taken from
    a discarded one.
    """
    if message.details.get("decision") == "discarded":
        return word_diff(message.body, "")
    return word_diff(message.proposed_body or message.body, message.body)
