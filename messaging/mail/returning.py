"""The day on which somebody who is away returns, from their out-of-office note."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from messaging.agent.understanding.dates import When, read_when
from messaging.agent.understanding.language import detect_language
from messaging.mail.languages import RETURN_LANGUAGES, plain, read_data

_LOOKED_AT = 3000
_NEAR = 60  # days: between two readings of 12/05, only one this near counts
_UNDATED = 270  # days: a day without a year that is further is one that has passed
_YEAR = 366
_REACH = 70  # characters between a sign and its day, the day included
_GAP = 28
_SENTENCE = re.compile(r"(?<=[^\d\W][.!?])\s|(?<=\d{4}[.!?])\s|[!?;]\s")
_NUMERIC = re.compile(
    r"(?<![\d./-])(\d{1,2})([./-])\s?(\d{1,2})(?:\2\s?((?:20)?\d{2})(?!\d))?(?![\d/])"
)
_TIME = re.compile(
    r"(?:\b(?:at|um|à|a las|às|from) |@ ?)?\b\d{1,2}"
    r"(?::\d{2}(?: ?[ap]\.?m\b\.?| ?uhr\b)?| ?[ap]\.?m\b\.?| ?uhr\b| ?h(?:\d{2})?\b)",
    re.IGNORECASE,
)
_STATED_YEAR = re.compile(r"(?<!\d)20\d{2}(?!\d)")
_DAYS = ("day", "week", "month", "part of month", "weekend")


def read_return(
    text: str, *, received_at: datetime, language: str = ""
) -> datetime | None:
    """The start, in UTC, of the day of return; None rather than a guess.

    After "until the 6th" in a language in which that day is away, and after "through
    Friday", it is the next day from Monday to Friday. Never a day that has begun, at
    most a year ahead.
    """
    said = text[:_LOOKED_AT]
    today = received_at.astimezone(UTC).date()
    tag = language or detect_language(said)
    spoken = tag.partition("-")[0]
    for one in dict.fromkeys((spoken, *RETURN_LANGUAGES)):
        if one not in RETURN_LANGUAGES:
            continue
        day = _read(said, today, tag if one == spoken else one, one)
        if day:
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return None


def _read(said: str, today: date, tag: str, language: str) -> date | None:
    sentences = [plain(one) for one in _SENTENCE.split(" ".join(said.split()))]
    for kind in ("back", "through", "until"):
        for sentence in sentences:
            for words in _after_signs(sentence[:600], language, kind):
                day = _first_day(words, today, tag, inclusive=kind == "through")
                if day:
                    return day
    return None


def _after_signs(sentence: str, language: str, kind: str) -> Iterator[str]:
    for sign in _signs(language, kind):
        for found in sign.finditer(sentence):
            yield sentence[found.end() : found.end() + _REACH]
    if kind == "back":
        for before, behind in _signs_around(language):
            for found in before.finditer(sentence):
                words = sentence[found.end() : found.end() + _REACH]
                ends = behind.search(words)
                if ends:
                    yield words[: ends.start()]


@cache
def _signs(language: str, kind: str) -> tuple[re.Pattern[str], ...]:
    patterns = read_data(language)["returns"][kind]
    return tuple(
        re.compile(rf"(?<!\w)(?:{one})(?!\w)", re.IGNORECASE) for one in patterns
    )


@cache
def _signs_around(language: str) -> tuple[tuple[re.Pattern[str], ...], ...]:
    pairs = read_data(language)["returns"].get("back_around", ())
    return tuple(tuple(re.compile(one, re.I) for one in pair) for pair in pairs)


# --- days ---------------------------------------------------------------------


def _first_day(words: str, today: date, tag: str, *, inclusive: bool) -> date | None:
    numeric = _NUMERIC.search(words[: _GAP + 12])
    if numeric and not re.search(r"[^\W\d]{3}", words[: numeric.start()][_GAP:]):
        day = _from_figures(numeric, today, tag)
        return _checked(_after(day) if day and inclusive else day, today)
    words = _TIME.sub(" ", words)
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    found = read_when(words, now=now, tz=ZoneInfo("UTC"), language=tag)
    when = found[0] if found else None
    if not when or when.grain not in _DAYS or words.find(when.text) > _GAP:
        return None
    stated = _STATED_YEAR.search(when.text) is not None
    return _checked(_day_of(when, inclusive), today, _YEAR if stated else _UNDATED)


def _day_of(when: When, inclusive: bool) -> date:
    last = when.end.date() - timedelta(days=1)
    return _after(last) if inclusive else when.start.date()


def _after(day: date) -> date:
    """The next working day after this one."""
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def _checked(day: date | None, today: date, furthest: int = _YEAR) -> date | None:
    if day and today < day <= today + timedelta(days=furthest):
        return day
    return None


def _from_figures(found: re.Match[str], today: date, tag: str) -> date | None:
    """12/05, 12.5., 12-05-2026; where both orders are days, the later that is near."""
    first, mark, second, year = found.groups()
    orders = _orders(tag, mark)
    if max(int(first), int(second)) > 12:
        orders = ("dm", "md") if len(orders) == 2 else orders
    elif len(orders) == 2 and int(first) != int(second):
        made = (_make(first, second, order, year, today) for order in orders)
        near = today + timedelta(days=_NEAR)
        return max((day for day in made if day and today < day <= near), default=None)
    made = (_make(first, second, order, year, today) for order in orders)
    return next((day for day in made if day), None)


def _orders(tag: str, mark: str) -> tuple[str, ...]:
    language, _, region = tag.partition("-")
    if language != "en" or mark == ".":
        return ("dm",)
    if region:
        return ("md",) if region.upper() in ("US", "PH") else ("dm",)
    return ("md", "dm")


def _make(
    first: str, second: str, order: str, year: str | None, today: date
) -> date | None:
    day, month = (first, second) if order == "dm" else (second, first)
    stated = int(year) + 2000 * (len(year) == 2) if year else None
    for candidate in (stated,) if stated else (today.year, today.year + 1):
        try:
            made = date(candidate, int(month), int(day))
        except ValueError:
            continue
        if stated or today < made <= today + timedelta(days=_UNDATED):
            return made
    return None
