"""From a recognised shape to minutes of the day."""

from __future__ import annotations

from dataclasses import dataclass

from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.dates_lexicon import Tokens

K = KINDS
_PARTS = K["DAYPART"] + K["IN_DAYPART"] + K["TODAY_PART"]
_HOURS = K["SMALL"] + K["TEEN"] + K["NUMBER"]
_CLOCKS = _HOURS + K["TIME"] + K["DOTTED"] + K["FIXED_TIME"]
_COUNTS = _HOURS + K["TENS"] + K["TWENTIES"] + K["SIXTY"]
_BEFORE_HOUR = K["BEFORE_HOUR"] + K["WEAK_BEFORE_HOUR"]
_PREFIXES = "".join(K[name] for name in ("AT", "BY", "TILL", "ON", "RANGE_FROM"))
_JOINTS = "".join(K[name] for name in ("RANGE_TO", "TILL", "DASH", "AND", "AT"))
NOON, DAY_END = 720, 1440
Part = tuple[int, int] | None


@dataclass(slots=True)
class Clock:
    """Minutes of the day from ``low`` to ``high``; tokens first to end."""

    first: int
    end: int
    low: int
    high: int
    grain: str
    weak: bool = False
    today: bool = False
    open: bool = False


@dataclass(slots=True)
class _Reading:
    """One clock time as written: hour, minute, and whether am or pm is open."""

    hour: int
    minute: int
    open: bool
    meridiem: str = ""
    shift: int = 0
    exact: bool = True

    def minutes(self, part: Part, pm_until: int) -> int:
        hour = self.hour
        if self.meridiem and hour <= 12:
            hour = hour % 12 + (12 if self.meridiem == "pm" else 0)
        elif self.open and part:
            hour = _by_part(hour, part)
        elif self.open and 1 <= hour <= pm_until:
            hour += 12
        return hour * 60 + self.minute + self.shift


def _by_part(hour: int, part: tuple[int, int]) -> int:
    """The hour of the clock face that lies in this part of the day."""
    starts = part[0]
    if starts < NOON:
        return hour
    if hour == 12:
        return 12 if starts < 1080 - 60 else 24
    if starts >= 1200 and hour < 5:
        return hour
    return hour + 12


def _part_of(tokens: Tokens, first: int, end: int) -> Part:
    index = tokens.find(_PARTS, first, end)
    value = tokens.values[index] if index >= 0 else None
    return (value[0], value[1]) if isinstance(value, tuple) else None


def _reading(tokens: Tokens, index: int, end: int) -> _Reading | None:
    """The clock time whose hour stands at ``index``."""
    value, kind = tokens.values[index], tokens.kinds[index]
    if kind == K["FIXED_TIME"] and isinstance(value, int):
        return _Reading(value // 60, value % 60, open=False)
    if isinstance(value, tuple):
        hour, minute = value[0], value[1]
        literal = len(value) > 2 and bool(value[2])
        reading = _Reading(hour, minute, open=hour <= 12 and not literal)
    else:
        hour = tokens.number(index)
        reading = _Reading(hour, 0, open=hour <= 12, exact=False)
    if reading.hour > 24 or reading.minute > 59:
        return None
    _read_tail(tokens, index, end, reading)
    return reading


def _read_tail(tokens: Tokens, index: int, end: int, reading: _Reading) -> None:
    """Take in am, pm and "y media", up to the next clock time."""
    for place in range(index + 1, end):
        kind = tokens.kinds[place]
        if kind in _JOINTS or kind in _CLOCKS:
            return
        if kind == K["MERIDIEM"]:
            reading.meridiem = str(tokens.values[place])
        if kind == K["AFTER_HOUR"]:
            reading.shift = tokens.number(place)
            reading.exact = True


def _read_shift(tokens: Tokens, first: int, index: int, reading: _Reading) -> None:
    """Take in the "quarter to" before the hour."""
    if index > first and tokens.kinds[index - 1] in _BEFORE_HOUR:
        reading.shift, reading.exact = tokens.number(index - 1), True


def _trim(tokens: Tokens, first: int, end: int) -> int:
    while first < end - 1 and tokens.kinds[first] in _PREFIXES:
        first += 1
    return first


def _clock(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    index = tokens.find(_CLOCKS, first, end)
    reading = _reading(tokens, index, end) if index >= 0 else None
    if not reading:
        return None
    _read_shift(tokens, first, index, reading)
    return _as_clock(tokens, first, end, index, reading, pm_until)


def _as_clock(
    tokens: Tokens,
    first: int,
    end: int,
    index: int,
    reading: _Reading,
    pm_until: int,
) -> Clock | None:
    part = _part_of(tokens, first, end)
    low = reading.minutes(part, pm_until)
    plain = end - index == 1 and not reading.shift and not part
    if reading.hour > 12 and not reading.exact and plain:
        return None
    grain, size = ("minute", 1) if reading.exact else ("hour", 60)
    found = Clock(_trim(tokens, first, end), end, low, low + size, grain)
    found.open = reading.open and not reading.meridiem and not part
    found.today = tokens.find(K["TODAY_PART"], first, end) >= 0
    lead = tokens.kinds[first - 1] if first else ""
    loosely = lead == K["AT"] and tokens.number(first - 1) == 1
    found.weak = plain and loosely and not reading.exact and not reading.meridiem
    if lead == K["AFTER"] and not part:
        found.high, found.grain = max(low + 180, 1080), "part_of_day"
    elif lead == K["BEFORE"] and not part:
        found.low, found.high = min(480, low - 60), low
        found.grain = "part_of_day"
    return found


def _spoken(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    """Read "Twenty past eight", "five thirty pm"."""
    past = tokens.find(K["PAST_HOUR"], first, end)
    one = tokens.find(_COUNTS, first, end)
    hour = past + 1 if past >= 0 else one
    minute = one if past >= 0 else tokens.find(_COUNTS, one + 1, end)
    reading = _reading(tokens, hour, hour + 1)
    value = tokens.number(minute)
    if not reading or not 1 <= value <= 59 or (past < 0 and value < 10):
        return None
    reading.shift, reading.exact = value, True
    _read_tail(tokens, max(hour, minute), end, reading)
    return _as_clock(tokens, first, end, hour, reading, pm_until)


def _span(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    one = tokens.find(_CLOCKS, first, end)
    joint = tokens.find(_JOINTS, one + 1, end)
    two = tokens.find(_CLOCKS, joint + 1, end)
    begin, stop = _reading(tokens, one, joint), _reading(tokens, two, end)
    if not begin or not stop:
        return None
    part = _part_of(tokens, first, end)
    high = stop.minutes(part, pm_until)
    low = begin.minutes(part, pm_until)
    if begin.open and not begin.meridiem and not part:
        low = _before(begin, high)
    if stop.open and not stop.meridiem and high <= low:
        high += NOON
    if not 0 <= low < high <= DAY_END + 240:
        return None
    start = _trim(tokens, first, end)
    return Clock(start, end, low, high, "hour" if high - low >= 60 else "minute")


def _before(begin: _Reading, high: int) -> int:
    """The reading of an open hour that lies nearest before ``high``."""
    early = begin.hour % 12 * 60 + begin.minute
    late = early + NOON
    return late if late < high else early


def _unit_clock(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    """Read "A las 3 horas": the unit must be the hour."""
    unit_at = tokens.find(K["UNIT"], first, end)
    if tokens.values[unit_at] != "hour":
        return None
    found = _clock(tokens, first, end, pm_until)
    if found:
        found.weak = False
    return found


def _fixed(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    index = tokens.find(K["FIXED_TIME"], first, end)
    low = tokens.number(index)
    return Clock(index, end, low, low + 60, "hour")


def _daypart(tokens: Tokens, first: int, end: int, pm_until: int) -> Clock | None:
    part = _part_of(tokens, first, end)
    if not part:
        return None
    low, high = part
    low -= low % 10
    lead = tokens.kinds[max(first - 1, 0)]
    if lead == K["AFTER"]:
        low, high = high, DAY_END
    found = Clock(_trim(tokens, first, end), end, low, high, "part_of_day")
    found.today = tokens.kinds[first] in K["TODAY_PART"] + K["THIS"]
    return found


def build_clock(
    tokens: Tokens, shape: str, first: int, end: int, pm_until: int
) -> Clock | None:
    """Minutes of the day for a shape, or None where the clock has no such time."""
    build = _BUILDERS[shape]
    found = build(tokens, first, end, pm_until)
    if found and shape.startswith("weak_"):
        found.weak = True
    return found


_BUILDERS = {
    "span": _span,
    "weak_span": _span,
    "clock": _clock,
    "spoken": _spoken,
    "unit_clock": _unit_clock,
    "weak_clock": _clock,
    "fixed": _fixed,
    "today_part": _daypart,
    "daypart": _daypart,
    "weak_daypart": _daypart,
}
