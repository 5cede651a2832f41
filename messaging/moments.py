"""Moments that a person chooses: in an hour, tomorrow morning, Monday, another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from leads import clock
from messaging import words

LONGEST = timedelta(days=366)
MORNING = 8  # o'clock
# Before this hour a morning is still to come today.
EARLY = 7


class BadMoment(ValueError):
    """A time that cannot be meant; the words say why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One moment that is offered: what it is called, when it is, and where."""

    label: str
    at: datetime
    words: str


def check(at: datetime) -> datetime:
    """Return a moment to come, in UTC. Raises BadMoment for any other."""
    now = clock.now()
    if at <= now:
        raise BadMoment("That time has passed")
    if at > now + LONGEST:
        raise BadMoment("That is more than a year away")
    return at.astimezone(UTC)


def parse(text: str, *, zone: ZoneInfo, shift: timedelta = timedelta()) -> datetime:
    """Read "2026-03-03T08:00" as that time in `zone`, or a time that names its own.

    `shift` is how far a simulated lead's clock is ahead of ours.
    """
    try:
        read = datetime.fromisoformat(text.strip())
        if read.tzinfo is not None:
            return check(read)
        return check(read.replace(tzinfo=zone).astimezone(UTC) - shift)
    except OverflowError:
        raise BadMoment("That is no time") from None
    except BadMoment:
        raise
    except ValueError:
        raise BadMoment("Choose a day and a time") from None


def mornings(local: datetime, *, hour: int = MORNING) -> Iterator[tuple[str, datetime]]:
    """Today's if it is still to come, tomorrow's, and the next Monday's, at `hour`."""
    if local.hour < min(EARLY, hour):
        yield f"Today {hour}:00", _at(local, hour, days=0)
    yield f"Tomorrow {hour}:00", _at(local, hour, days=1)
    to_monday = 7 - local.weekday()
    if to_monday > 1:
        yield f"Monday {hour}:00", _at(local, hour, days=to_monday)


def _at(local: datetime, hour: int, *, days: int) -> datetime:
    day = local.date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=local.tzinfo)


def here(at: datetime) -> str:
    """The moment on the clock of our pages: "08:00", "08:00 Tue", "08:00 3 Mar"."""
    return words.time_of(at)


def there(at: datetime, *, zone: ZoneInfo, name: str, shift: timedelta) -> str:
    """The moment on the lead's clock, and on ours where that shows another time."""
    theirs = words.time_of(at + shift, zone)
    ours = words.beside(theirs, here(at))
    return f"{theirs} for {name} · {ours} here" if ours else theirs


def our_zone() -> ZoneInfo:
    """The zone in which our pages show times."""
    return ZoneInfo(str(timezone.get_current_timezone()))
