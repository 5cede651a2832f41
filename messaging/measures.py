"""What a day looked like: first answers, decisions on drafts, inbound a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import (
    Case,
    Count,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import TruncDate
from django.utils import timezone

from leads.access import Viewer
from leads.calendars import NeverOpen, calendar_of
from messaging import numbers
from messaging.confidence import DECISIONS
from messaging.models import Conversation, Message, Profile

_OUT = Message.Direction.OUTBOUND
_SAID = (Message.State.SENT, Message.State.DELIVERED)
# A talk begins with words: a missed call before them waits for a call, not a text.
WRITTEN = (Message.Kind.SMS, Message.Kind.EMAIL)


@dataclass(frozen=True)
class Speed:
    """How long first answers took, in seconds; None without any."""

    count: int
    median: float | None
    p90: float | None

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Speed":
        """Return the median and the nearest-rank 90th percentile."""
        ordered = sorted(seconds)
        if not ordered:
            return cls(0, None, None)
        return cls(len(ordered), median(ordered), ordered[ceil(len(ordered) * 0.9) - 1])


@dataclass(frozen=True)
class FirstAnswers:
    """First answers of the conversations that began, by who gave them."""

    ai: Speed
    person: Speed


@dataclass(frozen=True)
class DraftRecord:
    """What people made of the AI's last drafts."""

    as_written: int
    edited: int
    discarded: int

    @property
    def decided(self) -> int:
        """How many drafts a person decided on."""
        return self.as_written + self.edited + self.discarded


@dataclass(frozen=True)
class InboundDay:
    """How many messages came in on one day, by channel."""

    day: date
    texts: int
    emails: int


def _seen(user: Viewer) -> "QuerySet[Message]":
    return Message.objects.filter(
        conversation__in=Conversation.objects.visible_to(user)
    )


def began(*, since: datetime, until: datetime, user: Viewer) -> "QuerySet[Message]":
    """Return the first message of each conversation that began in the time."""
    firsts = (
        _seen(user)
        .filter(direction=Message.Direction.INBOUND, kind__in=WRITTEN)
        .order_by()
        .values("conversation")
        .annotate(first=Min("pk"))
        .values("first")
    )
    return Message.objects.filter(
        pk__in=firsts, occurred_at__gte=since, occurred_at__lt=until
    )


def answered_first(
    *, since: datetime, until: datetime, user: Viewer
) -> "QuerySet[Message]":
    """Return the first messages of talks that got an answer, with `answered_at`
    and `by_person`.

    Measured from the lead's first word to the vendor's accept. An approved
    draft is a person's answer: what counts is how long the lead waited for whom.
    """
    said = Message.objects.filter(
        conversation=OuterRef("conversation"),
        pk__gt=OuterRef("pk"),
        direction=_OUT,
        state__in=_SAID,
        sent_at__isnull=False,
    )
    first = said.exclude(author=Message.Author.SYSTEM).order_by("pk")
    rows = began(since=since, until=until, user=user).annotate(
        answered_at=Subquery(first.values("sent_at")[:1]),
        author_of=Subquery(first.values("author")[:1]),
        approved_of=Subquery(first.values("approved_by")[:1]),
    )
    person = Q(approved_of__isnull=False) | Q(author_of=Message.Author.PERSON)
    return rows.filter(Q(answered_at__isnull=False)).annotate(
        by_person=Case(When(person, then=Value(True)), default=Value(False))
    )


def first_answers(*, since: datetime, until: datetime, user: Viewer) -> FirstAnswers:
    """Measure how long the first answers of talks that began took: the AI's by the
    clock, people's in their team's working time.
    """
    waited: dict[bool, list[float]] = {False: [], True: []}
    rows = answered_first(since=since, until=until, user=user)
    for row in rows.select_related("conversation__lead__team"):
        answered, by_person = row.answered_at, row.by_person  # type: ignore[attr-defined]
        took = max(0.0, (answered - row.occurred_at).total_seconds())
        if by_person:
            took = _working(row, answered, took)
        waited[by_person].append(took)
    return FirstAnswers(Speed.of(waited[False]), Speed.of(waited[True]))


def _working(row: Message, answered: datetime, took: float) -> float:
    """The seconds of `took` in which the team worked; a calendar counts minutes."""
    lead = row.conversation.lead
    calendar = calendar_of(lead.team if lead is not None else None)
    try:
        worked = 60.0 * calendar.open_minutes(row.occurred_at, answered)
    except NeverOpen:
        return took
    return took if took - worked < 60 else worked


def decided_drafts(*, user: Viewer) -> "QuerySet[Message]":
    """Return the drafts that a person approved or discarded, newest first; those of
    played and demo leads only until something can leave.
    """
    drafts = _seen(user).filter(direction=_OUT, details__decision__in=DECISIONS)
    if numbers.counts_only_real():
        drafts = numbers.only_real(drafts)
    return drafts.order_by("-pk")


def inbound_days(*, today: date, days: int, user: Viewer) -> list[InboundDay]:
    """Count inbound messages a day, oldest first, days without any included.

    The days are the current time zone's.
    """
    first = today - timedelta(days=days - 1)
    # By the index first: SQLite calls back into Python for every day it cuts.
    since = timezone.make_aware(datetime.combine(first, time.min))
    rows = (
        _seen(user)
        .filter(direction=Message.Direction.INBOUND, occurred_at__gte=since)
        .annotate(day=TruncDate("occurred_at"))
        .order_by()
        .values_list("day", "kind")
        .annotate(n=Count("pk"))
    )
    found = {(day, kind): n for day, kind, n in rows}
    every = (first + timedelta(days=i) for i in range(days))
    return [
        InboundDay(
            day,
            found.get((day, Message.Kind.SMS.value), 0),
            found.get((day, Message.Kind.EMAIL.value), 0),
        )
        for day in every
    ]


def midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the beginning of `moment`'s day in `zone`."""
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def company_zone() -> ZoneInfo:
    """Return the company profile's time zone, UTC when it names none."""
    name = Profile.objects.order_by("pk").values_list("time_zone", flat=True).first()
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
