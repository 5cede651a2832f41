"""Which fit lines a lead's facts and addresses earn. Pure functions.

What a value says ("next month", "40 seats", "I decide") is read with the word
lists of `data/reading.json`, in five languages. What cannot be read earns the
smaller line, never the bigger one.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from leads.models import Fact

DATA = Path(__file__).parent / "data"
SOON = timedelta(days=92)
KEYS = frozenset(
    {
        "budget",
        "need_quantity",
        "need",
        "timeline_soon",
        "timeline_later",
        "authority",
        "company_mail",
        "free_mail",
    }
)
MIDDLE_OF_YEAR = 7
_ISO = re.compile(r"\b(20\d\d)-(?:q([1-4])|(\d\d)(?:-(\d\d))?)")
_QUARTER = re.compile(r"\bq([1-4]) (20\d\d)\b")
_YEAR = re.compile(r"\b(20\d\d)\b")


@dataclass(frozen=True)
class Evidence:
    """Why a derived line stands: words, the message or fact that holds them."""

    key: str
    quote: str
    message: UUID | None
    at: datetime
    fact_id: int | None = None
    by_person: bool = False


def derive(
    facts: Iterable[Fact], mails: Iterable[tuple[str, datetime]]
) -> dict[str, Evidence]:
    """Return the derived lines by key: `facts` are the current ones.

    `mails` are the lead's own mail addresses and since when they are known.
    """
    found = [_of_fact(fact) for fact in facts]
    mail = _of_mails(list(mails))
    lines: dict[str, Evidence] = {}
    for line in [*found, mail]:
        if line is not None:
            lines.setdefault(line.key, line)
    if "need_quantity" in lines:
        lines.pop("need", None)
    return lines


def _of_fact(fact: Fact) -> Evidence | None:
    reader = _READERS.get(fact.field)
    key = reader(fact) if reader else ""
    if not key:
        return None
    return Evidence(
        key=key,
        quote=fact.quote or fact.value,
        message=fact.message,
        at=fact.occurred_at,
        fact_id=fact.pk,
        by_person=fact.source == Fact.Source.PERSON,
    )


def _of_mails(mails: list[tuple[str, datetime]]) -> Evidence | None:
    own = [(mail, at) for mail, at in mails if not is_free_mail(mail)]
    key = "company_mail" if own else "free_mail"
    for mail, at in own or mails:
        return Evidence(key=key, quote=mail, message=None, at=at)
    return None


def is_free_mail(address: str) -> bool:
    """Say whether a mail address is of a provider that serves everybody."""
    return address.rpartition("@")[2].lower() in _free_domains()


def _budget(fact: Fact) -> str:
    if _names_amount(fact.value):
        return "budget"
    return "" if _has(fact.value, "no_value") else "budget"


def _need(fact: Fact) -> str:
    if _plain(fact.value) in _words("no_value"):
        return ""
    return "need_quantity" if _names_amount(fact.value) else "need"


def _quantity(fact: Fact) -> str:
    return "need_quantity" if _names_amount(fact.value) else ""


def _timeline(fact: Fact) -> str:
    if _plain(fact.value) in _words("no_value"):
        return ""
    said = fact.occurred_at
    for text in (fact.value, fact.quote):
        soon = is_soon(text, said=said)
        if soon is not None:
            return "timeline_soon" if soon else "timeline_later"
    return "timeline_later"


def _authority(fact: Fact) -> str:
    if ":" in fact.value:  # "decision maker: our CFO" names somebody else
        return ""
    text = f"{fact.value} {fact.quote}"
    if _has(text, "decides_with_others") or not _has(text, "decides_alone"):
        return ""
    return "authority"


_READERS = {
    "budget": _budget,
    "need": _need,
    "quantity": _quantity,
    "timeline": _timeline,
    "authority": _authority,
}


def _names_amount(text: str) -> bool:
    return any(char in "123456789" for char in text) or _has(text, "amounts")


def is_soon(text: str, *, said: datetime) -> bool | None:
    """Say whether `text` means within three months of `said`; None: unreadable.

    A date ("2026-12", "Q1 2027", "3 March 2027") goes before a span ("in 6
    weeks"), that before words ("no rush", "next month") and those before a
    month's name alone.
    """
    start = _start_of(_plain(text))
    if start is not None:
        return start - said.date() <= SOON
    days = _span_days(text)
    if days is not None:
        return days <= SOON.days
    if _has(text, "later"):
        return False
    return True if _has(text, "soon") else _month_is_soon(text, said=said)


def _start_of(text: str) -> date | None:
    """When the first date in `text` that names its year begins."""
    iso = _ISO.search(text)
    if iso is not None:
        quarter = int(iso[2]) * 3 - 2 if iso[2] else 0
        return _date(int(iso[1]), quarter or int(iso[3]), int(iso[4] or 1))
    named = _QUARTER.search(text)
    if named is not None:
        return _date(int(named[2]), int(named[1]) * 3 - 2)
    year = _YEAR.search(text)
    if year is None:
        return None
    reading = _reading()
    parts = reading["months"] | reading["year_parts"]
    return _date(int(year[1]), parts.get(_month_before(text, year), MIDDLE_OF_YEAR))


def _month_before(text: str, year: re.Match[str]) -> str:
    """The word before a year: "march" in "3 march 2027", "3 de março de 2027"."""
    words = text[: year.start()].split()
    return next((word for word in reversed(words) if word not in ("de", "of")), "")


def _date(year: int, month: int, day: int = 1) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _span_days(text: str) -> int | None:
    match = _span_pattern().search(_plain(text))
    if match is None:
        return None
    word = match["number"]
    number = int(word) if word.isdigit() else _reading()["numbers"][word]
    return int(number) * int(_reading()["units"][match["unit"]])


def _month_is_soon(text: str, *, said: datetime) -> bool | None:
    match = _pattern("months").search(_plain(text))
    if match is None:
        return None
    ahead = (int(_reading()["months"][match[0]]) - said.month) % 12
    return ahead <= SOON.days // 30


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split()).strip(" .!?")


def _has(text: str, words: str) -> bool:
    return _pattern(words).search(_plain(text)) is not None


@cache
def _reading() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "reading.json").read_text("utf-8"))
    return data


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(_plain(word) for word in _reading()[name])


@cache
def _free_domains() -> frozenset[str]:
    return frozenset(json.loads((DATA / "free_mail.json").read_text("utf-8")))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_any_of(_reading()[name])})(?!\w)")


@cache
def _span_pattern() -> re.Pattern[str]:
    data = _reading()
    number = rf"\d{{1,3}}|{_any_of(data['numbers'])}"
    unit = _any_of(data["units"])
    return re.compile(rf"(?<!\w)(?P<number>{number})[ -](?P<unit>{unit})(?!\w)")


def _any_of(words: Iterable[str]) -> str:
    longest_first = sorted(map(_plain, words), key=len, reverse=True)
    return "|".join(map(re.escape, longest_first))
