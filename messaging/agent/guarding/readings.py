"""Patterns of times, dates, phones and hours, and what a match of them means."""

import re
from collections.abc import Callable

from messaging.agent.guarding.numbers import Number, read_digits, read_words

Key = tuple[str | int | float, ...]
"""A meaning: a head ("p", "m", "t", …) and what identifies it."""

Made = tuple[str, set[Key]]
Maker = Callable[[re.Match[str]], Made | None]

PHONE = re.compile(r"(?<![\w.,:])(?:\+|00)? ?\(?\d(?:[ ().\-/]{0,3}\d){6,16}(?![\w:])")
NO_PHONE = re.compile(
    r"\d{1,3}(?:[ .,']\d{3})+$|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
)
ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
DATE = re.compile(
    r"(?<![\d/.])(?:(\d{1,2})([./-])(\d{1,2})\2\d{2,4}(?!\d)"
    r"|(\d{1,2})\.(\d{1,2})\.(?![\d%]))"
)
SHORT_DATE = re.compile(
    r"(?=\d)(?<![\d/.])(?:(?<=on )|(?<=by )|(?<=until )|(?<=am )|(?<=bis )|(?<=le )|(?<=el )"
    r"|(?<=dia ))(\d{1,2})([/.])(\d{1,2})(?![\d/])"
)
CLOCK = re.compile(
    r"(?<![\d.,:])(\d{1,2})(?:(?:[:h](\d{2})(?::\d\d)?|\.(\d{2})(?= ?(?:uhr|h|[ap]\.?m)))"
    r" ?(a\.? ?m\b\.?|p\.? ?m\b\.?|uhr|h)?|()() ?(a\.? ?m\b\.?|p\.? ?m\b\.?|uhr|h"
    r"|o'?clock|heures?|horas?|en punto|pile|sharp)(?![a-z]))"
)
SPELLED_CLOCK = re.compile(
    r"(?P<n>\x01+) ?(?P<h>a\.? ?m\b|p\.? ?m\b|uhr|o'?clock|heures?|horas|sharp)(?![a-z])"
    r"|(?<![a-z])(?P<part>half past|half|quarter past|quarter to|halb|viertel nach|viertel vor|at"
    r"|a las|um"
    r"|as) (?P<b>\x01+)(?= ?(?:$|[.,;!?\n]|uhr|on |tomorrow|sharp|en punto|y media|de la "
    r"|da |in the |et demie))"
)
HOUR = re.compile(
    r"(?<![a-z])(?:at|@|um|gegen|ab|a las?|as|vers|around|about|by|before|after|until"
    r"|till?|bis|from|von|de|das|desde|between|zwischen|entre|nach|vor|to|open) "
    r"(\d{1,2})(?![\d%]|[.,:]\d| ?(?:[a-z]?%|[$€£k]))"
)
HOURS = re.compile(
    r"(?<![\d:.,])(\d{1,2}) ?(?:-|to|bis|until|til|a|as|ate) ?(\d{1,2})"
    r"(?![\d%k]|[.,]\d| ?(?:%|[$€£]|k\b))"
)
ALWAYS = re.compile(r"(?<!\d)24 ?[/x-] ?7(?!\d)")
ORDINAL = re.compile("\x01+(?:st|nd|rd|th)(?![a-z])")
NOON = re.compile(
    r"(?<![a-z])(?:(?P<noon>noon|midday|mediodia|midi|meio[- ]dia)"
    r"|(?P<midnight>midnight|medianoche|minuit|mitternacht|meia[- ]noite))(?![a-z])"
)
BUDGET = re.compile(r"budget|presupuesto|orcamento|spend|ausgeben|gastar|depens|invest")
TOKENS = re.compile(
    r"(?<![a-z0-9])(?:b2b|b2c|3d|2d|h2o|co2|mp3|mp4|2fa|mfa2|o365|web3|1:1)(?![a-z0-9])"
)
ENUMERATED = re.compile(r"(?:(?<=\n)|^)\(?\d[.)] (?=\D)")
_CURRENCIES = {
    "$": r"\$|usd|dol|bucks|us\$", "eur": r"€|eur", "gbp": r"£|gbp|pound|quid|sterl|libra",
    "inr": r"₹|inr|rupee", "chf": r"chf|frank|rappen", "brl": r"r\$|brl|real|reais",
}  # fmt: skip
_PER_HUNDRED = re.compile(
    r"(?<![a-z])(?:per|pour|por) ?c[ei]e?ntos?(?![a-z])|(?<![a-z])(?:per|pour|por) ?cents?(?![a-z])"
)


def shape(text: str) -> tuple[str, list[Number]]:
    """The text with every number as a run of U+0001 signs, and those numbers."""
    numbers = list(read_digits(text))
    taken = [(one.start, one.end) for one in numbers]
    taken += [found.span() for found in _PER_HUNDRED.finditer(text)]
    for number in read_words(text):
        if not any(a < number.end and number.start < b for a, b in taken):
            numbers.append(number)
    shape = text
    for one in numbers:
        run = "\x01" * (one.end - one.start)
        shape = shape[: one.start] + run + shape[one.end :]
    return shape, sorted(numbers, key=lambda one: one.start)


def named(found: re.Match[str]) -> Key:
    """The meaning of a day, month or relative day that a pattern found."""
    name, _, rest = str(found.lastgroup).partition("_")
    if name == "rel":
        return ("rel", rest)
    return ("wd" if name in ("wd", "ws", "wt") else name, int(rest))


def weekdays(found: re.Match[str]) -> set[Key]:
    """All days from the first to the last of a range."""
    names = [name for name, value in found.groupdict().items() if value]
    first = next(int(name[2:]) for name in names if name[0] == "f")
    last = next(int(name[2:]) for name in names if name[0] == "l")
    return {("wd", (first + i) % 7) for i in range((last - first) % 7 + 1)}


def days(found: re.Match[str], *groups: int) -> set[Key]:
    """The days that two figures may name, whichever of them is the month."""
    a, b = (int(found[group]) for group in groups if found[group] is not None)
    pairs = {(a, b), (b, a)}
    return {("md", m, d) for m, d in pairs if 1 <= m <= 12 and 1 <= d <= 31}


PARTS = {
    "half past": 30,
    "half": 30,
    "quarter past": 15,
    "quarter to": -15,
    "halb": -30,
    "viertel nach": 15,
    "viertel vor": -15,
}


def shifted(keys: set[Key], part: str | None) -> set[Key]:
    """Times moved by words such as "half past"."""
    move = PARTS.get(part or "", 0)
    return {(key[0], (int(key[1]) + move) % 1440) for key in keys}


def hours(hour: int, minute: int = 0, half: str = "") -> set[Key]:
    """The minutes of the day that an hour may mean; without am or pm, both."""
    if hour > 24 or minute > 59:
        return set()
    if half[:1] in ("a", "p"):
        hour = hour % 12 + (12 if half[0] == "p" else 0)
        return {("t", hour * 60 + minute)}
    both = {hour % 24, hour + 12} if 1 <= hour <= 12 else {hour % 24}
    return {("t", h * 60 + minute) for h in both}


def clock_time(found: re.Match[str]) -> Made:
    """The meaning of a time of day; h may be a span of hours, too."""
    minute = int(found[2] or found[3] or 0)
    half = (found[4] or found[7] or "").replace("en", "")
    keys = hours(int(found[1]), minute, half if half[:1] in ("a", "p") else "")
    if half[:1] == "h":
        keys.add(("d", float(found[1]), "hour"))
    return "time", keys


def currency(sign: str) -> str:
    """One name for the ways to write a currency."""
    for name, pattern in _CURRENCIES.items():
        if re.match(pattern, sign):
            return name
    return sign
