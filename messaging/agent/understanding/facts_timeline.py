"""When the lead wants to have or start it, put into words for sales people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from messaging.agent.understanding.dates import When
from messaging.agent.understanding.facts_text import (
    Clause,
    Found,
    Message,
    Patterns,
    Placed,
    asks_like,
    group_span,
    negated,
)

_SEASONS = {3: "spring", 6: "summer", 9: "autumn", 12: "winter"}
_YEAR_PARTS = {1: "early", 5: "mid", 10: "late"}
_FEW = 4
_CLOCKS = ("minute", "hour", "part_of_day")


def _day_words(day: datetime) -> str:
    return f"{day.day} {day:%B %Y}"


def describe(when: When, now: datetime) -> str:
    """A period in words: "December 2026", "week of 7 December 2026", "Q1 2027"."""
    start, last = when.start, when.end - timedelta(minutes=1)
    grain = when.grain
    days = (last - start).days + 1
    if grain.startswith("part of "):
        return _part_words(start, last, grain)
    if grain == "month" and days > 27 and start.day == 1:
        same = (start.year, start.month) == (last.year, last.month)
        until = "" if same else f" to {last:%B %Y}"
        return f"{start:%B %Y}{until}"
    if grain == "month" and days <= 1:
        return f"{start:%B %Y}"
    if grain == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if grain == "year" and days > 360:
        return str(start.year)
    if grain == "season":
        return f"{_SEASONS.get(start.month, 'season')} {start.year}"
    if grain == "week" and days in (1, 7):
        return f"week of {_day_words(start - timedelta(days=start.weekday()))}"
    if days > 1 and start <= now and grain in ("day", "week", "month"):
        return f"by {_day_words(last)}"
    if days > 1:
        return f"{_day_words(start)} to {_day_words(last)}"
    return _day_words(start)


def _part_words(start: datetime, last: datetime, grain: str) -> str:
    if grain == "part of year":
        return f"{_YEAR_PARTS.get(start.month, 'part of')} {start.year}"
    if grain == "part of month":
        where = {1: "early"}.get(start.day, "late" if last.day > 24 else "mid")
        return f"{where} {start:%B %Y}"
    if grain == "part of quarter":
        where = ("early", "mid", "late")[min((last.month - 1) % 3, 2)]
        return f"{where} Q{(last.month + 2) // 3} {last.year}"
    return f"{_day_words(start)} to {_day_words(last)}"


def read_timeline(message: Message, needs: list[Found]) -> Iterator[Found]:
    """When the lead wants to have or start it; the time of a call is not that."""
    find, now, asked = message.find, message.now, message.asked == "timeline"
    for placed in message.whens:
        start, when = placed.start, placed.when
        clause = next((c for c in message.parts if c.start <= start < c.end), None)
        if not clause or when.end <= now:
            continue
        clock = when.grain in _CLOCKS
        meeting = find.whole("timeline", "meeting").search(clause.text)
        context = find.whole("timeline", "context").search(clause.text)
        wanted = any(clause.start <= need.start < clause.end for need in needs)
        if wanted and not find.whole("timeline", "appointment").search(clause.text):
            meeting = None  # an office that is wanted, not one that is left
        alone = bool(message.asked) and _stands_alone(message, placed)
        if not asked and (clock or meeting or not (context or alone)):
            continue
        if asked and _is_appointment(message, clause, placed):
            continue
        if not asked and _idle_question(find, clause):
            continue
        soon = when.grain == "day" and when.start < now + timedelta(days=1)
        if soon and not (asked or wanted):
            continue
        if negated(find, clause, start - clause.start) and not asked:
            continue
        words = describe(when, now)
        yield Found(
            "timeline", words, start, placed.end, 0.9 if context or asked else 0.7
        )
        return
    yield from _timeline_words(message, asked=asked)


def _stands_alone(message: Message, placed: Placed) -> bool:
    """Whether the whole text is a month, a quarter or the like: "from March"."""
    if placed.when.grain in ("day", "weekend", *_CLOCKS):
        return False
    rest = message.folded[: placed.start] + message.folded[placed.end :]
    return "?" not in rest and len(rest.split()) <= _FEW


def _is_appointment(message: Message, clause: Clause, placed: Placed) -> bool:
    """Whether the time is that of a call or a visit, not of the start."""
    find, clock = message.find, placed.when.grain in _CLOCKS
    if clock and (clause.asks or placed.when.grain == "part_of_day"):
        return True
    if find("contact", "call").search(clause.text):
        return True
    return bool(find.whole("timeline", "appointment").search(clause.text))


def _idle_question(find: Patterns, clause: Clause) -> bool:
    """Read "Did I buy anything this month"; "can we start in May" is no such thing."""
    if not asks_like(find, clause):
        return False
    return not find.whole("common", "can").match(clause.text)


def _timeline_words(message: Message, *, asked: bool) -> Iterator[Found]:
    find, hinted = message.find, message.asked
    for clause in message.parts:
        context = find.whole("timeline", "context").search(clause.text)
        meeting = find.whole("timeline", "meeting").search(clause.text)
        vague = find.whole("timeline", "vague").search(clause.text)
        soon = find.whole("timeline", "soon").search(clause.text)
        if vague and (asked or context):
            start, end = group_span(vague, clause.start)
            value = find.word("timeline", "vague_value")
            yield Found("timeline", value, start, end, 0.7)
            return
        alone = bool(hinted) and len(clause.text.split()) <= _FEW + 1
        if soon and (asked or alone or (context and not meeting)):
            if find.whole("common", "negation").search(clause.text, 0, soon.start()):
                continue
            start, end = group_span(soon, clause.start)
            value = find.word("timeline", "soon_value")
            yield Found("timeline", value, start, end, 0.8)
            return
