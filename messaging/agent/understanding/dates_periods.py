"""Weeks, months, quarters, seasons, years and their parts, from their words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from messaging.agent.understanding.dates_calendar import (
    ONE_DAY,
    Days,
    Scope,
    add_months,
    unit_range,
    week_start,
)
from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import Tokens

K = KINDS
MONTHS = K["MONTH"] + K["WEAK_MONTH"]
WHICH = K["THIS"] + K["NEXT"] + K["LAST"]
ORDS = K["ORD"] + K["ORDINAL"]
UNITS = K["UNIT"] + K["THE_DAY"]
Builder = Callable[[Scope, Tokens, int, int], Days | None]


def year_in(tokens: Tokens, first: int, end: int) -> int:
    """The year written there, or 0."""
    index = tokens.find(K["YEAR"], first, end)
    return tokens.number(index) if index >= 0 else 0


def raw_text(tokens: Tokens, index: int) -> str:
    """The token as it stands in the folded text."""
    return tokens.text[tokens.starts[index] : tokens.ends[index]]


def offset_of(tokens: Tokens, first: int, end: int) -> tuple[int, bool]:
    """Which neighbour is meant (0 this, 1 next, -1 last); and nearest, not next."""
    index = tokens.find(WHICH, first, end)
    if index < 0 or tokens.kinds[index] == K["THIS"]:
        return 0, False
    if tokens.kinds[index] == K["LAST"]:
        return -1, False
    return 1, tokens.number(index) == 0


def unit_of(tokens: Tokens, index: int) -> str:
    """The unit's name; a day where it is not said."""
    value = tokens.values[index] if index >= 0 else "day"
    return value if isinstance(value, str) else "day"


def _period(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    index = tokens.find(UNITS, first, end)
    step, nearest = offset_of(tokens, first, end)
    unit = unit_of(tokens, index)
    found = unit_range(scope, unit, step)
    which = tokens.find(WHICH, first, end)
    if not found or (unit == "day" and step != 1):
        return None
    if which < 0 and unit != "weekend":
        return None
    if unit == "weekend" and nearest and scope.today.weekday() < 5:
        found = unit_range(scope, unit, 0) or found
    return Days(first, end, *found)


def _month(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    month = tokens.number(tokens.find(MONTHS, first, end))
    year = year_in(tokens, first, end)
    step = offset_of(tokens, first, end)[0]
    past = step < 0 or tokens.kinds[max(first - 1, 0)] == K["SINCE"]
    if not year:
        year = scope.today.year + (month < scope.today.month)
        if past:
            year -= 1 if month >= scope.today.month else year - scope.today.year
    low = date(year, month, 1)
    return Days(first, end, low, add_months(low, 1), "month")


def _season(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    begin, stop = tokens.figures(tokens.find(K["SEASON"], first, end))
    year = year_in(tokens, first, end) or scope.today.year
    low = add_months(date(year, 1, 1), begin - 1)
    high = add_months(date(year, 1, 1), stop - 1)
    if not year_in(tokens, first, end) and high <= scope.today:
        low, high = add_months(low, 12), add_months(high, 12)
    return Days(first, end, low, high, "season")


def _quarter(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    index = tokens.find(K["QUARTER"] + ORDS, first, end)
    number = tokens.number(index)
    if tokens.kinds[index] != K["QUARTER"]:
        unit = unit_of(tokens, tokens.find(UNITS, first, end))
        if unit != "quarter":
            return None
    if not 1 <= number <= 4:
        return None
    year = year_in(tokens, first, end) or scope.today.year
    low = date(year, number * 3 - 2, 1)
    if not year_in(tokens, first, end) and add_months(low, 3) <= scope.today:
        low = add_months(low, 12)
    return Days(first, end, low, add_months(low, 3), "quarter")


def _year(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    low = date(year_in(tokens, first, end), 1, 1)
    return Days(first, end, low, add_months(low, 12), "year")


def _whole(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    """The period a phrase such as "end of …" is a part of."""
    if tokens.find(MONTHS, first, end) >= 0:
        return _month(scope, tokens, first, end)
    if tokens.find(K["QUARTER"], first, end) >= 0:
        return _quarter(scope, tokens, first, end)
    if tokens.find(UNITS, first, end) >= 0:
        unit = unit_of(tokens, tokens.find(UNITS, first, end))
        found = unit_range(scope, unit, offset_of(tokens, first, end)[0])
        return Days(first, end, *found) if found and unit != "day" else None
    if year_in(tokens, first, end):
        return _year(scope, tokens, first, end)
    return None


def _part(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    index = tokens.find(K["PART"], first, end)
    which = tokens.number(index)
    raw = raw_text(tokens, index)
    if which == 3:
        unit = {"m": "month", "y": "year", "w": "week"}[raw[-1]]
        found = unit_range(scope, unit, 0)
        whole = found and Days(first, end, *found)
        which = 2
    else:
        whole = _whole(scope, tokens, first, end)
    if not whole:
        return None
    if whole.grain == "year":
        low = add_months(whole.low, (0, 4, 9)[which])
        return Days(first, end, low, add_months(low, (3, 4, 3)[which]), "part of year")
    third = (whole.high - whole.low) / 3
    low = whole.low + timedelta(days=(third * which).days)
    high = whole.high if which == 2 else whole.low + third * (which + 1)
    if whole.grain == "week" and which == 2:
        low = whole.low + timedelta(days=3)
    return Days(first, end, low, high, f"part of {whole.grain}")


def _nth_week(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    """Read "The first week of July": calendar weeks that begin in the month."""
    unit_at = tokens.find(UNITS, first, end)
    month = _whole(scope, tokens, unit_at + 1, end)
    if unit_of(tokens, unit_at) != "week" or not month or month.grain != "month":
        return None
    number_at = tokens.find(ORDS + K["LAST"], first, unit_at)
    if tokens.kinds[number_at] == K["LAST"]:
        low = week_start(month.high - ONE_DAY)
    else:
        low = week_start(month.low + timedelta(days=3))
        low += timedelta(weeks=tokens.number(number_at) - 1)
    inside = low < month.high and low + timedelta(weeks=1) > month.low
    return Days(first, end, low, low + timedelta(weeks=1), "week") if inside else None


def _weekend(scope: Scope, tokens: Tokens, first: int, end: int) -> Days | None:
    if unit_of(tokens, end - 1) != "weekend":
        return None
    return _period(scope, tokens, first, end)


PERIOD_BUILDERS: dict[str, Builder] = {
    "period": _period,
    "weekend": _weekend,
    "month": _month,
    "season": _season,
    "quarter": _quarter,
    "year": _year,
    "part": _part,
    "nth_week": _nth_week,
}
