"""Sentences that are false though all their words stand in a source.

A word left out ("only"), the better end of a span, a price without what it is for, a
discount without whom it is for, a right without its term: the words are the source's,
the promise is not.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache

from messaging.agent.guarding.numbers import DATA
from messaging.agent.guarding.values import Item, agrees, keys_of
from messaging.agent.guarding.words import pattern as promises_of
from messaging.agent.proving.qualifiers import bound, is_figure
from messaging.agent.proving.words import Reading, Term, book_of, supported

_MONEY = ("amount", "percentage")
_OFFERS = ("discount", "free", "guarantee")


@lru_cache(maxsize=64)
def _pattern(name: str, language: str) -> re.Pattern[str]:
    lists = _lists()[name]
    body = lists.get(language, lists["en"])
    return re.compile(rf"(?<![a-z0-9])(?:{body})(?![a-z0-9])")


@lru_cache(maxsize=1)
def _lists() -> dict[str, dict[str, str]]:
    with (DATA / "bends.toml").open("rb") as file:
        return tomllib.load(file)


def _has(name: str, reading: Reading) -> bool:
    return _pattern(name, reading.language).search(reading.text) is not None


def is_bent(part: Reading, near: Sequence[Reading], said: Reading) -> bool:
    """Whether a part of a reply promises more than the clauses it rests on.

    `near` are the clauses that speak of it, `said` is the whole sentence of the reply.
    """
    if any(_has("restrict", one) for one in near) and not _has("restrict", said):
        return True
    return (
        any(_half_a_span(item, part, near) for item in part.items)
        or any(_without_unit(item, part, near) for item in part.items)
        or _without_whom(part, near, said)
        or _without_term(part, near, said)
    )


def counts(part: Reading) -> bool:
    """Whether a part names a figure or a span of time, "one month" among them."""
    return any(_is_count(item, part) for item in part.items) or _has("single", part)


def _is_count(item: Item, reading: Reading) -> bool:
    """Whether it is a figure, and no time of the day: "9 to 18 h" are hours."""
    times = any(other.kind == "time" for other in reading.items)
    return (
        is_figure(item)
        and item.kind != "time"
        and not (times and item.kind == "number")
    )


# --- spans ----------------------------------------------------------------------


def _half_a_span(item: Item, part: Reading, near: Sequence[Reading]) -> bool:
    """Whether only one end of "7 to 10 days" is given, as if there were no other."""
    if not _is_count(item, part):
        return False
    theirs = [
        (other, clause)
        for clause in near
        for other in clause.items
        if agrees(item, other.keys)
    ]
    ends = [_end_of_span(other, clause) for other, clause in theirs]
    if not ends or not all(ends):
        return False
    mine = _end_of_span(item, part)
    upper = set(ends) == {"high"}
    return mine not in ends and not (upper and bound(item, part) == "less")


def _end_of_span(item: Item, reading: Reading) -> str:
    """Which end of a span it is, "low" or "high"; "" for none."""
    between = _pattern("span", reading.language)
    for other in reading.items:
        if other.kind != item.kind:
            continue
        first, last = sorted((item, other), key=lambda one: one.start)
        text = reading.text[first.end : last.start].strip(" $€£")
        if first is not last and text and between.fullmatch(text):
            return "low" if first is item else "high"
    return ""


# --- what a price is for, whom a discount is for ------------------------------------


def _without_unit(item: Item, part: Reading, near: Sequence[Reading]) -> bool:
    if item.kind != "amount":
        return False
    theirs = [
        _unit_after(other, clause)
        for clause in near
        for other in clause.items
        if other.kind == "amount" and agrees(item, other.keys)
    ]
    return bool(theirs) and all(theirs) and not _unit_after(item, part)


def _unit_after(item: Item, reading: Reading) -> str:
    found = re.match(
        rf" ?(?:{_pattern('per', reading.language).pattern}) ?[a-z]*",
        reading.text[item.end :],
    )
    return found.group().strip() if found else ""


def _without_whom(part: Reading, near: Sequence[Reading], said: Reading) -> bool:
    """Whether a percentage leaves out a word of the clause that it stands in: "schools
    get 15 %" is no "you get 15 %".
    """
    figures = [item for item in part.items if item.kind == "percentage"]
    if not figures:
        return False
    clauses = [
        clause
        for clause in near
        if all(agrees(item, keys_of(clause.raw)) for item in figures)
    ]
    return bool(clauses) and not any(
        all(_is_said(term, clause, said) for term in clause.terms) for clause in clauses
    )


def _is_said(term: Term, clause: Reading, said: Reading) -> bool:
    if said.language != clause.language and not any(k[0] == "=" for k in term.keys):
        return True  # a word whose meaning in another language is not known
    glue = book_of(clause.language).glue
    return supported(term, said.keys, said.language) or not term.keys.isdisjoint(glue)


def _without_term(part: Reading, near: Sequence[Reading], said: Reading) -> bool:
    """Whether a right loses its term ("within 30 days"), or what costs money is said
    to be included.
    """
    figures = [item for clause in near for item in clause.items if is_figure(item)]
    if _has("included", part) and not any(_has("included", one) for one in near):
        return any(item.kind in _MONEY for item in figures)
    if not _has("permits", part):
        return False
    known = keys_of(said.raw)
    bounded = [clause for clause in near if _has("permits", clause)]
    return bool(bounded) and all(
        any(not agrees(item, known) for item in _terms_of(clause))
        or (_has("single", clause) and not _has("single", said))
        for clause in bounded
    )


def _terms_of(clause: Reading) -> Iterator[Item]:
    """The spans of time in a clause: "30 days", "one month's notice"."""
    for item in clause.items:
        if any(key[0] == "d" for key in item.keys):
            yield item


# --- what is no small talk and no question -------------------------------------------


def settles(part: Reading) -> bool:
    """Whether small talk agrees to a figure, a date or a time."""
    if any(item.kind in _MONEY for item in part.items):
        return True
    return bool(part.items) and _has("settles", part)


def offers(part: Reading) -> bool:
    """Whether a question holds an offer: "how about 15 % off?"."""
    if any(item.kind == "percentage" for item in part.items):
        return True
    return any(promises_of(name).search(part.text) for name in _OFFERS)
