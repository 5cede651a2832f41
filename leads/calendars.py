"""Working time: when a team is there, and what is so many working hours from now.

A team has its own calendar, else the house's, else Monday to Friday nine to five in
the company's time zone. Closed are the holidays of its country and the days that
people named.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from leads import walls
from leads.kept import Kept
from leads.models import BusinessCalendar, Team
from leads.models.hours import DAYS, office_hours
from leads.places import house_zone, named

UNITS = ("minutes", "hours", "days")
# No house is closed for longer: beyond it a calendar is taken to be a mistake.
LONGEST_CLOSED = 400
MINUTE = timedelta(minutes=1)


class NeverOpen(ValueError):
    """A calendar without an open hour in more than a year."""


@dataclass(frozen=True)
class Calendar:
    """When somebody works: blocks of each weekday (0 is Monday) by a zone's clock."""

    zone: ZoneInfo
    hours: Mapping[int, tuple[walls.Block, ...]]
    country: str = ""
    subdivision: str = ""
    closed_on: frozenset[date] = field(default_factory=frozenset)

    def blocks_on(self, day: date) -> tuple[walls.Block, ...]:
        """The open blocks of a date, in order."""
        return () if self.closed_because(day) else self.hours.get(day.weekday(), ())

    def closed_because(self, day: date) -> str:
        """Why a whole day is closed that its weekday would not be; "" when it is not."""
        if day in self.closed_on:
            return "closed"
        return walls.holiday(day, self.country, self.subdivision)

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at this instant."""
        return self.next_open(at) == at

    def next_open(self, at: datetime) -> datetime:
        """The first open instant from `at` on. Raises NeverOpen."""
        opens, _ = next(self._spans(at))
        return opens

    def open_minutes(self, start: datetime, end: datetime) -> int:
        """How many whole minutes of working time lie between two instants."""
        total = timedelta()
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total // MINUTE

    def add(self, at: datetime, amount: int, unit: str, *, working: bool) -> datetime:
        """The instant so much later, in UTC.

        Working minutes and hours count only open time. A working day is the same
        clock time on the next open day, moved into its opening hours; any other day
        is the same clock time on the next day. Raises ValueError for another unit.
        """
        if unit not in UNITS or amount < 0:
            raise ValueError(f"{amount} {unit} is no length of time")
        at = at.astimezone(UTC)
        if unit == "days":
            return self._add_days(at, amount, working=working)
        span = timedelta(**{unit: amount})
        return self._add_open(at, span) if working else at + span

    def _add_open(self, at: datetime, left: timedelta) -> datetime:
        for opens, closes in self._spans(at):
            if left < closes - opens:
                return opens + left
            left -= closes - opens
        raise NeverOpen("this calendar is never open")

    def _add_days(self, at: datetime, amount: int, *, working: bool) -> datetime:
        local = at.astimezone(self.zone)
        past = timedelta(seconds=local.second, microseconds=local.microsecond)
        minute, day = walls.minutes(local.time()), local.date()
        if not working:
            day += timedelta(days=amount)
            return walls.instant(day, minute, self.zone) + past
        if not amount:
            return self.next_open(at)
        for _ in range(amount):
            day = self._open_day_after(day)
        return self._within(day, walls.instant(day, minute, self.zone) + past)

    def _open_day_after(self, day: date) -> date:
        for later in walls.days_from(day + timedelta(days=1), count=LONGEST_CLOSED):
            if next(self._day_spans(later), None) is not None:
                return later
        raise NeverOpen("this calendar is never open")

    def _within(self, day: date, at: datetime) -> datetime:
        """The instant moved into a day's hours; after the last, its last minute."""
        spans = list(self._day_spans(day))
        for opens, closes in spans:
            if at < closes:
                return max(at, opens)
        opens, closes = spans[-1]
        return max(opens, closes - MINUTE)

    def _spans(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from `at` on, without end. Raises NeverOpen."""
        day, closed = at.astimezone(self.zone).date(), 0
        while closed < LONGEST_CLOSED:
            closed += 1
            for opens, closes in self._day_spans(day):
                if at < closes:
                    yield max(at, opens), closes
                    closed = 0
            day += timedelta(days=1)
        raise NeverOpen("this calendar is never open")

    def _day_spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for start, end in self.blocks_on(day):
            opens = walls.instant(day, start, self.zone)
            closes = walls.instant(day, end, self.zone)
            if opens < closes:
                yield opens, closes


def calendar_of(team: Team | None) -> Calendar:
    """Return the team's calendar, else the house's, else nine to five on weekdays."""
    known = _calendars()
    found = known.get(team.pk) if team is not None else None
    return found or known.get(None) or Calendar(house_zone(), _weekly(office_hours()))


def calendar_from(row: BusinessCalendar) -> Calendar:
    """The calendar that a row describes, saved or not."""
    hours = _weekly(row.hours)
    if not any(hours.values()):
        hours = _weekly(office_hours())
    return Calendar(
        zone=named(row.time_zone) or house_zone(),
        hours=hours,
        country=row.country,
        subdivision=row.subdivision,
        closed_on=frozenset(date.fromisoformat(text) for text in row.closed_on),
    )


_calendars: Kept[dict[int | None, Calendar]] = Kept(
    lambda: {row.team_id: calendar_from(row) for row in BusinessCalendar.objects.all()},
    BusinessCalendar,
)


def _weekly(hours: Mapping[str, list[list[str]]]) -> dict[int, tuple[walls.Block, ...]]:
    return {
        number: tuple(sorted((_minute(a), _minute(b)) for a, b in hours.get(name, ())))
        for number, name in enumerate(DAYS)
    }


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
