"""Dates and times in a lead's message, in the lead's own time zone.

``read_when`` gives every day, time or period that the text proposes, in the order
of the text. What the text rules out ("not Monday", "Tuesday doesn't work") is left
out. Deterministic; words come from ``data/<language>_when.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from messaging.agent.understanding.dates_calendar import (
    ONE_DAY,
    Days,
    Scope,
    shift_by,
    week_start,
)
from messaging.agent.understanding.dates_clock import Clock, build_clock
from messaging.agent.understanding.dates_compose import Found, compose
from messaging.agent.understanding.dates_grammar import shapes_in
from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import (
    Lexicon,
    Tokens,
    load_lexicon,
    tokenise,
)
from messaging.agent.understanding.dates_resolve import build_days
from messaging.agent.understanding.textfold import fold, language_and_region, mask

K = KINDS
_DATED = K["RELDAY"]  # what a recognised date looks like to the time shapes
_UNITS = K["UNIT"] + K["THE_DAY"]
_UNITS_OF = K["UNIT"] + K["OF"]
_COUNTS = "".join(K[name] for name in ("SMALL", "TEEN", "NUMBER", "ONE"))
_FROM = K["RANGE_FROM"] + K["AFTER"] + K["BEFORE"]
_MONTH_FIRST_REGIONS = ("US", "PH")
_MONTH_FIRST_ZONES = ("America/", "US/", "UTC", "Etc/", "Pacific/Honolulu", "GMT")
_LONGEST = 3000  # proposals stand early; the rest of a long mail is quotes


@dataclass(frozen=True)
class When:
    """``start`` to ``end`` (exclusive), aware; ``text`` verbatim from the message.

    ``grain`` is how exact the words were: minute, hour, part_of_day, day, week,
    weekend, month, quarter, season, year, or "part of month" and the like.
    """

    start: datetime
    end: datetime
    text: str
    grain: str


def _month_first(lexicon: Lexicon, region: str, tz: ZoneInfo) -> bool:
    if lexicon.settings["order"] != "mdy":
        return False
    if region:
        return region in _MONTH_FIRST_REGIONS
    return not tz.key or tz.key.startswith(_MONTH_FIRST_ZONES)


def _find_days(scope: Scope, tokens: Tokens) -> list[Found]:
    found: list[Found] = []
    for shape, first, end in shapes_in(tokens, "date"):
        if shape == "nothing":
            _overwrite(tokens, first, end, K["UNKNOWN"])
            continue
        days = build_days(scope, tokens, shape, first, end)
        if days:
            _move_by_words_before(tokens, days)
            found.append(Found(days.first, days.end, days=days))
    for item in found:
        _overwrite(tokens, item.first, item.end, _DATED)
    return found


def _move_by_words_before(tokens: Tokens, days: Days) -> None:
    """Read "Two weeks from Friday", "3 days after March 5"."""
    if tokens.kinds[: days.first].endswith(_UNITS_OF):
        if tokens.values[days.first - 2] == "week" and not days.moment:
            days.low = week_start(days.low)
            days.high = days.low + timedelta(weeks=1)
            days.first, days.grain = days.first - 2, "week"
        return
    unit_at, link_at = days.first - 2, days.first - 1
    if unit_at < 1 or days.moment or tokens.kinds[unit_at] not in _UNITS:
        return
    count_at, link = unit_at - 1, tokens.kinds[link_at]
    if tokens.kinds[count_at] not in _COUNTS or link not in _FROM:
        return
    count = tokens.number(count_at) * (-1 if link == K["BEFORE"] else 1)
    if abs(count) <= 100:
        shift_by(days, str(tokens.values[unit_at]), count)
        days.first = count_at


def _overwrite(tokens: Tokens, first: int, end: int, letter: str) -> None:
    kinds = tokens.kinds
    tokens.kinds = kinds[:first] + letter * (end - first) + kinds[end:]


def _find_clocks(tokens: Tokens, pm_until: int) -> list[Found]:
    found: list[Found] = []
    for shape, first, end in shapes_in(tokens, "time"):
        if shape == "nothing":
            continue
        clock = build_clock(tokens, shape, first, end, pm_until)
        if clock:
            found.append(Found(clock.first, clock.end, clock=clock))
    return found


def _local(day: date, minutes: int, tz: ZoneInfo) -> datetime:
    """Wall-clock minutes of a day; a time the clocks skip moves past the gap."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
    return wall.replace(tzinfo=tz).astimezone(UTC).astimezone(tz)


def _to_when(scope: Scope, item: Found, text: str, tz: ZoneInfo) -> When | None:
    days, clock = item.days, item.clock
    if days and days.moment and days.moment_end:
        start, end = days.moment.astimezone(tz), days.moment_end.astimezone(tz)
        return When(start, end, text, days.grain)
    if clock:
        day = days.low if days else _day_for(scope, clock, tz)
        start = _local(day, clock.low, tz)
        return When(start, max(_local(day, clock.high, tz), start), text, clock.grain)
    if not days:
        return None
    start, end = _local(days.low, 0, tz), _local(days.high, 0, tz)
    return When(start, end, text, days.grain)


def _day_for(scope: Scope, clock: Clock, tz: ZoneInfo) -> date:
    """A time without a day is the next such time."""
    whole_part = clock.grain == "part_of_day"
    end = clock.low if whole_part else max(clock.high, clock.low + 1)
    passed = _local(scope.today, end, tz) <= scope.now
    return scope.today + ONE_DAY * (passed and not clock.today)


@lru_cache(maxsize=8)
def read_when(
    text: str, *, now: datetime, tz: ZoneInfo, language: str
) -> tuple[When, ...]:
    """Days, times and periods proposed in ``text``, as seen at ``now`` in ``tz``.

    ``language`` is a tag such as ``en`` or ``en-GB``; the region (or else the time
    zone) decides whether 3/4 is March 4 or 3 April.
    """
    language, region = language_and_region(language)
    lexicon = load_lexicon(language)
    tokens = tokenise(lexicon, mask(fold(text[:_LONGEST])))
    scope = Scope(
        now.astimezone(tz),
        _month_first(lexicon, region, tz),
        bool(lexicon.settings["bare_day"]),
    )
    items = _find_days(scope, tokens)
    items += _find_clocks(tokens, int(lexicon.settings["pm_until"]))
    items.sort(key=lambda item: item.first)
    items = compose(scope, tokens, items)
    whens = []
    for item in items:
        words = text[tokens.starts[item.first] : tokens.ends[item.end - 1]]
        when = _to_when(scope, item, words, tz)
        if when:
            whens.append(when)
    return tuple(whens)
