"""From a recognised shape to the days it names, seen from the lead's today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from messaging.agent.understanding.dates_calendar import (
    ONE_DAY,
    Days,
    Scope,
    add_months,
    safe_date,
    shifted,
    unit_range,
    week_start,
    weekday_in,
)
from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import Tokens
from messaging.agent.understanding.dates_periods import (
    MONTHS,
    ORDS,
    PERIOD_BUILDERS,
    UNITS,
    WHICH,
    Builder,
    offset_of,
    raw_text,
    unit_of,
    year_in,
)

K = KINDS
_WEEKDAYS = K["WEEKDAY"] + K["WEAK_WEEKDAY"]
_FIGURES = K["SMALL"] + K["TEEN"] + K["TWENTIES"]
_DAYS = _FIGURES + ORDS
_COUNTS = _FIGURES + K["SIXTY"] + K["BIG"] + K["NUMBER"] + K["TENS"] + K["ONE"]
_LEADING = "".join(
    K[name] for name in ("ON", "BY", "AT", "TILL", "SINCE", "OR", "AND", "FOLLOW")
)
_LEADING += K["AFTER"] + K["BEFORE"] + K["RANGE_TO"]


def _single(first: int, end: int, day: date | None) -> Days | None:
    return Days(first, end, day, day + ONE_DAY, "day") if day else None


def _coming(scope: Scope, month: int, day: int) -> date | None:
    """The next time this day of the year comes, today included."""
    for year in range(scope.today.year, scope.today.year + 5):
        found = safe_date(year, month, day)
        if found and found >= scope.today:
            return found
    return None


def _full_year(year: int) -> int:
    return year if year > 99 else 2000 + year


def _iso(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    year, month, day = tokens.figures(first)
    return _single(first, end, safe_date(year, month, day))


def _moment(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    raw = str(tokens.values[first]).upper().replace(" ", "T", 1)
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=scope.now.tzinfo)
    stop = moment + timedelta(minutes=1)
    day = moment.date()
    return Days(first, end, day, day + ONE_DAY, "minute", "", moment, stop)


def _numeric(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    letters = K["NUMDATE"] + K["SLASH"] + K["DOTTED"]
    index = tokens.find(letters, first, end)
    one, two, *year = tokens.figures(index)
    if (one, two) == (24, 7):
        return None
    dotted = tokens.kinds[index] == K["DOTTED"] or "." in raw_text(tokens, index)
    month_first = scope.month_first and not dotted
    month, day = (one, two) if month_first else (two, one)
    if month > 12 >= day:
        month, day = day, month
    if year:
        found = safe_date(_full_year(year[0]), month, day)
    else:
        found = _coming(scope, month, day)
    return _single(index, end, found)


def _day_month(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    month_at = tokens.find(MONTHS, first, end)
    day_at = tokens.find(_DAYS + K["TENS"], first, end)
    month, day = tokens.number(month_at), tokens.number(day_at)
    year = year_in(tokens, first, end)
    found = safe_date(year, month, day) if year else _coming(scope, month, day)
    return _single(first, end, found)


def _days(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    month = tokens.number(tokens.find(MONTHS, first, end))
    one = tokens.find(_DAYS, first, end)
    two = tokens.find(_DAYS, one + 1, end)
    year = year_in(tokens, first, end)
    stop = (
        safe_date(year, month, tokens.number(two))
        if year
        else _coming(scope, month, tokens.number(two))
    )
    start = stop and safe_date(stop.year, month, tokens.number(one))
    if not start or not stop or start >= stop:
        return None
    return Days(first, end, start, stop + ONE_DAY, "day")


def _day_period(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    day_at = tokens.find(_DAYS, first, end)
    unit_at = tokens.find(UNITS, first, end)
    while unit_at >= 0 and unit_of(tokens, unit_at) == "day":
        unit_at = tokens.find(UNITS, unit_at + 1, end)
    if unit_at < 0 or unit_of(tokens, unit_at) != "month":
        return None
    low = unit_range(scope, "month", offset_of(tokens, first, end)[0])
    day = tokens.number(day_at)
    return low and _single(first, end, safe_date(low[0].year, low[0].month, day))


def _weekday(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    index = tokens.find(_WEEKDAYS, first, end)
    weekday = tokens.number(index)
    which = tokens.find(WHICH, first, end)
    step, nearest = offset_of(tokens, first, end)
    day = weekday_in(scope, weekday, step, nearest)
    if which >= 0 and step == 0 and weekday == scope.today.weekday():
        day = scope.today
    return _single(first, end, day)


def _weekday_period(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    weekday = tokens.number(tokens.find(_WEEKDAYS, first, end))
    unit = unit_of(tokens, tokens.find(UNITS, first, end))
    if unit == "week":
        step = offset_of(tokens, first, end)[0]
        day = week_start(scope.today) + timedelta(weeks=step, days=weekday)
        return _single(first, end, day)
    stop = tokens.find(_WEEKDAYS, first, end) + 1
    return _weekday(scope, tokens, stop - 1, stop) if unit != "week" else None


def _weekday_day(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    weekday_at = tokens.find(_WEEKDAYS, first, end)
    day_at = tokens.find(_DAYS, weekday_at + 1, end)
    weekday, day = tokens.number(weekday_at), tokens.number(day_at)
    sure = tokens.kinds[day_at] in ORDS
    for step in range(6):
        month = add_months(scope.today.replace(day=1), step)
        found = safe_date(month.year, month.month, day)
        if found and found >= scope.today and found.weekday() == weekday:
            return _single(first, end, found)
    if sure:
        return _single(first, end, _next_day(scope, day))
    return _weekday(scope, tokens, first, weekday_at + 1)


def _next_day(scope: Scope, day: int) -> date | None:
    for step in range(4):
        month = add_months(scope.today.replace(day=1), step)
        found = safe_date(month.year, month.month, day)
        if found and found >= scope.today:
            return found
    return None


def _ord_day(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    day = tokens.number(tokens.find(_DAYS, first, end))
    return _single(first, end, _next_day(scope, day))


def _bare_day(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    return _ord_day(scope, tokens, first, end) if scope.bare_day else None


def _relday(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    day = scope.today + timedelta(days=tokens.number(first))
    return _single(first, end, day)


def _holiday(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    month, day = tokens.figures(tokens.find(K["HOLIDAY"], first, end))
    year = year_in(tokens, first, end)
    found = safe_date(year, month, day) if year else _coming(scope, month, day)
    return _single(first, end, found)


def _count(tokens: Tokens, first: int, end: int) -> int:
    index = tokens.find(_COUNTS, first, end)
    return tokens.number(index) if index >= 0 else 1


def _offset(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    unit = unit_of(tokens, tokens.find(UNITS, first, end))
    count = _count(tokens, first, end)
    stated = tokens.find(_COUNTS + K["WITHIN"], first, end) >= 0
    if stated == (unit == "halfhour"):
        return None
    if unit == "halfhour":
        unit, count = "minute", 30
    if tokens.find(K["AGO"] + K["AGO_BEFORE"], first, end) >= 0:
        count = -count
    if abs(count) > {"minute": 600, "hour": 200, "year": 20}.get(unit, 366):
        return None
    ranged = tokens.find(K["WITHIN"] + K["NEXT"], first, end) >= 0
    if unit in ("minute", "hour"):
        return _soon(scope, first, end, unit, count, ranged)
    target, grain = shifted(scope.today, unit, count)
    if ranged:
        return Days(first, end, scope.today, target + ONE_DAY, grain)
    return Days(first, end, target, target + ONE_DAY, grain)


def _soon(
    scope: Scope, first: int, end: int, unit: str, count: int, ranged: bool
) -> Days:
    """Hours and minutes are real time, so they are counted in UTC."""
    now = scope.now.astimezone(UTC)
    delta = timedelta(**{unit + "s": count})
    zone = scope.now.tzinfo
    start = (now if ranged else now + delta).astimezone(zone)
    stop = (now + delta + timedelta(minutes=1)).astimezone(zone)
    day = start.date()
    return Days(first, end, day, day + ONE_DAY, unit, "", start, stop)


BUILDERS: dict[str, Builder] = {
    **PERIOD_BUILDERS,
    "iso": _iso,
    "moment": _moment,
    "numeric": _numeric,
    "days": _days,
    "day_month": _day_month,
    "day_period": _day_period,
    "weekday_period": _weekday_period,
    "weekday_day": _weekday_day,
    "weekday": _weekday,
    "relday": _relday,
    "ord_day": _ord_day,
    "bare_day": _bare_day,
    "holiday": _holiday,
    "offset": _offset,
}


def build_days(
    scope: Scope, tokens: Tokens, shape: str, first: int, end: int
) -> Days | None:
    """The days of a shape, or None where they do not exist (30 February)."""
    while first < end - 1 and tokens.kinds[first] in _LEADING:
        first += 1
    found = BUILDERS[shape](scope, tokens, first, end)
    if found:
        found.shape = shape
    return found
