"""Hours on a wall clock, and the instants they stand for.

Everything is worked out for one date at a time and then taken through UTC, so that
nights in which the clock changes come out right.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# From and until, in minutes after midnight; 1440 is the midnight that ends the day.
Block = tuple[int, int]
WHOLE_DAY: tuple[Block, ...] = ((0, 24 * 60),)


def minutes(moment: time) -> int:
    """The minutes after midnight."""
    return moment.hour * 60 + moment.minute


def both(first: Iterable[Block], second: Iterable[Block]) -> tuple[Block, ...]:
    """The time that lies in a block of each."""
    others = tuple(second)
    pairs = ((max(a, c), min(b, d)) for a, b in first for c, d in others)
    return tuple(sorted(pair for pair in pairs if pair[0] < pair[1]))


def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When the clock of a zone shows this; the first time when it does twice.

    A time that the clock jumps over is the one as much later.
    """
    return _wall(day, minute, zone).astimezone(UTC)


def safe_span(day: date, block: Block, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A block's instants, however the clock changes: late to open, early to close."""
    start, end = (_wall(day, minute, zone) for minute in block)
    opens = max(start.astimezone(UTC), start.replace(fold=1).astimezone(UTC))
    closes = min(end.astimezone(UTC), end.replace(fold=1).astimezone(UTC))
    return opens, closes


def _wall(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute >= 24 * 60:
        day, minute = day + timedelta(days=1), minute - 24 * 60
    return datetime(
        day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone
    )


def days_from(day: date, *, count: int) -> Iterator[date]:
    """So many dates, beginning with this one."""
    return (day + timedelta(days=number) for number in range(count))


@lru_cache(maxsize=512)
def holidays_of(country: str, subdivision: str, year: int) -> dict[date, str]:
    """The public holidays of a year by date; none where they are not known."""
    import holidays

    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year
        )
    except NotImplementedError:
        return {}
    return dict(found.items()) | _further(country, subdivision, year)


def _further(country: str, subdivision: str, year: int) -> dict[date, str]:
    """Legal holidays that the package leaves out: Pennsylvania's (44 P.S. 11)."""
    import holidays

    if (country, subdivision) != ("US", "PA"):
        return {}
    neighbours = holidays.country_holidays("US", subdiv="CT", years=year)
    first = date(year, 11, 1)
    monday = first + timedelta(days=-first.weekday() % 7)
    return {
        **dict.fromkeys(neighbours.get_named("Good Friday"), "Good Friday"),
        date(year, 6, 14): "Flag Day",
        monday + timedelta(days=1): "Election Day",
    }


def holiday(day: date, country: str, subdivision: str = "") -> str:
    """The name of the holiday that a day is; "" when it is none."""
    if not country:
        return ""
    return holidays_of(country, subdivision, day.year).get(day, "")
