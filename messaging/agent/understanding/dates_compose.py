"""Joining the days and the times of a text into what it proposes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from messaging.agent.understanding.dates_calendar import (
    ONE_DAY,
    Days,
    Scope,
    week_start,
)
from messaging.agent.understanding.dates_clock import NOON, Clock
from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import Tokens

K = KINDS
_FILL = "".join(
    K[name]
    for name in ("ON", "IN", "OF", "THE", "AT", "COMMA", "DASH", "AND", "BY", "AFTER")
)
_FILL += K["BEFORE"] + K["RANGE_FROM"] + K["ONE"]
_JOINTS = K["RANGE_TO"] + K["TILL"] + K["DASH"]
_FAR = 240  # characters between a day and a time that still belong together


@dataclass(slots=True)
class Found:
    """A day, a time, or both, over tokens first to end."""

    first: int
    end: int
    days: Days | None = None
    clock: Clock | None = None


def _gap(tokens: Tokens, one: Found, two: Found) -> str:
    return tokens.kinds[one.end : two.first]


def _touching(tokens: Tokens, one: Found, two: Found) -> bool:
    gap = _gap(tokens, one, two)
    if K["AND"] in gap and not one.days and K["ON"] not in gap:
        return False
    return len(gap) <= 4 and all(kind in _FILL for kind in gap)


def _merge_neighbours(tokens: Tokens, items: list[Found]) -> list[Found]:
    """Join a day and a time that only small words part."""
    merged: list[Found] = []
    for item in items:
        last = merged[-1] if merged else None
        if last and _touching(tokens, last, item) and _join(last, item):
            last.end = item.end
        else:
            merged.append(item)
    return merged


def _join(one: Found, two: Found) -> bool:
    """Put two into one where they complete or repeat each other."""
    if one.days and two.days:
        if one.days.moment or two.days.moment or two.clock:
            return False
        same = (one.days.low, one.days.high) == (two.days.low, two.days.high)
        inside = one.days.low <= two.days.low < two.days.high <= one.days.high
        if same or (inside and one.days.grain == "week" and not one.clock):
            one.days = two.days
            return True
        return False
    if one.clock and two.clock:
        return _narrow(one, two)
    days = one.days or two.days
    if not days or days.moment or (days.high - days.low) > ONE_DAY:
        return False
    one.days, one.clock = days, one.clock or two.clock
    if one.clock:
        one.clock.weak = False
    return True


def _narrow(one: Found, two: Found) -> bool:
    """Read "Tomorrow afternoon, 3pm": the time is the sharper of the two."""
    first, second = one.clock, two.clock
    if not first or not second:
        return False
    part, exact = (first, second) if first.grain == "part_of_day" else (second, first)
    if part.grain != "part_of_day" or exact.grain == "part_of_day":
        return False
    if exact.open and part.low <= exact.low + NOON < part.high:
        exact.low, exact.high = exact.low + NOON, exact.high + NOON
    if not part.low <= exact.low <= part.high:
        return False
    exact.weak, exact.today = False, part.today
    one.clock = exact
    return True


def _join_ranges(tokens: Tokens, items: list[Found]) -> list[Found]:
    """Read "From Monday to Wednesday", "March to May" as one period."""
    joined: list[Found] = []
    for item in items:
        last = joined[-1] if joined else None
        if last and _is_range(tokens, last, item) and last.days and item.days:
            days = last.days
            last.days = Days(last.first, item.end, days.low, item.days.high, "day")
            last.days.grain = item.days.grain
            last.end = item.end
        else:
            joined.append(item)
    return joined


def _is_range(tokens: Tokens, one: Found, two: Found) -> bool:
    if not one.days or not two.days or one.clock or two.clock:
        return False
    if one.days.moment or two.days.moment or two.days.high <= one.days.low:
        return False
    gap = _gap(tokens, one, two).strip(K["THE"] + K["ON"])
    between = tokens.kinds[max(one.first - 1, 0)] == K["RANGE_FROM"]
    return len(gap) == 1 and (gap in _JOINTS or (gap == K["AND"] and between))


def _share(tokens: Tokens, items: list[Found]) -> None:
    """Read "Tuesday or Wednesday at 3": both at 3; "tomorrow at 2 or 3": both tomorrow."""
    for one, two in pairwise(items):
        gap = _gap(tokens, one, two).strip(_FILL)
        if gap not in (K["OR"], "") or K["END"] in _gap(tokens, one, two):
            continue
        if K["OR"] not in _gap(tokens, one, two):
            continue
        if one.days and not one.clock and two.days and two.clock:
            one.clock = None if one.days.grain != "day" else two.clock
        elif one.days and one.clock and two.clock and not two.days:
            two.days = one.days


def _shift_weekdays(scope: Scope, tokens: Tokens, items: list[Found]) -> list[Found]:
    """Read "Next week, Tuesday or Wednesday": the days are next week's."""
    weeks = [item for item in items if item.days and item.days.shape == "period"]
    plain = [item for item in items if item.days and item.days.shape == "weekday"]
    near = [item for item in items if item.days and item.days.shape == "weekday_period"]
    target = (weeks or near)[:1]
    if not target or not target[0].days or not plain:
        return items
    anchor = target[0].days
    if weeks and anchor.grain != "week":
        return items
    start = week_start(anchor.low)
    if start <= scope.today:
        return items
    for item in plain:
        between = tokens.kinds[min(item.end, target[0].end) : max(item.first, 0)]
        if item.days and K["END"] not in between:
            item.days.low = start + timedelta(days=item.days.low.weekday())
            item.days.high = item.days.low + ONE_DAY
    return [item for item in items if item not in weeks[:1]]


def _attach_far(scope: Scope, tokens: Tokens, items: list[Found]) -> list[Found]:
    """A time without a day takes the message's one day, wherever it stands."""
    days = [
        item
        for item in items
        if item.days
        and not item.clock
        and item.days.grain == "day"
        and item.days.low >= scope.today
    ]
    dated = [item for item in items if item.days and item.clock]
    loose = [item for item in items if item.clock and not item.days]
    if not loose or (len(days) + len(dated)) == 0:
        return items
    for item in loose:
        owner = _nearest(item, days + dated)
        item.days = owner.days
        if owner in days and owner in items:
            if _far_text(tokens, owner, item) <= _FAR:
                first, end = min(owner.first, item.first), max(owner.end, item.end)
                item.first, item.end = first, end
            items = [other for other in items if other is not owner]
    return items


def _nearest(item: Found, owners: list[Found]) -> Found:
    before = [owner for owner in owners if owner.end <= item.first]
    return before[-1] if before else owners[0]


def _far_text(tokens: Tokens, one: Found, two: Found) -> int:
    first, end = min(one.first, two.first), max(one.end, two.end)
    return tokens.ends[end - 1] - tokens.starts[first]


def _rejected(tokens: Tokens, item: Found) -> bool:
    """Read "Not Monday", "busy on the 3rd", "Tuesday doesn't work"."""
    before = tokens.kinds[: item.first].rstrip(K["ON"] + K["THE"] + K["IN"] + K["AT"])
    if before.endswith(K["REJECT_BEFORE"]):
        return True
    if before.endswith(K["REJECT_AFTER"]) and tokens.number(len(before) - 1) == 1:
        return True
    after = tokens.kinds[item.end : item.end + 4]
    index = after.find(K["REJECT_AFTER"])
    return index >= 0 and all(kind in K["FOLLOW"] + K["AT"] for kind in after[:index])


def compose(scope: Scope, tokens: Tokens, items: list[Found]) -> list[Found]:
    """What the days and times mean together, without what the text rules out."""
    items = _join_ranges(tokens, items)
    items = _merge_neighbours(tokens, items)
    items = [item for item in items if not _rejected(tokens, item)]
    _share(tokens, items)
    items = [
        item for item in items if item.days or (item.clock and not item.clock.weak)
    ]
    items = _shift_weekdays(scope, tokens, items)
    return _attach_far(scope, tokens, items)
