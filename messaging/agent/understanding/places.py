"""The time zone of a place where a lead says it is: "we're based in Denver".

Texts go by this clock, so a wrong zone is worse than none. Only plain statements are
read, of places that lie in one zone; visits, plans, questions and noes are not, nor is
a name that a town elsewhere shares, unless the lead's address is of that country.
Phrases and places are in ``data/places.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from messaging.agent.cues import gives_orders
from messaging.agent.understanding.facts_text import FactReading
from messaging.agent.understanding.intents import is_out_of_office
from messaging.agent.understanding.textfold import DATA, fold, language_and_region

FIELD = "time_zone"
_LONGEST = 1000
_END = re.compile(r"[.!?\n](?=\s|$)|\n")
_AFTER = re.compile(r",? ?([a-z]+(?: [a-z]+)?)")
SURE = 0.9


@dataclass(frozen=True)
class _Places:
    phrases: Mapping[str, re.Pattern[str]]
    unless: Mapping[str, re.Pattern[str]]
    zones: Mapping[str, str]
    shared: frozenset[str]
    states: Mapping[str, str]


def read_zone(
    text: str, *, language: str, near: frozenset[str], states: Mapping[str, str]
) -> FactReading | None:
    """The zone that a lead states, with its words; None when none is plain.

    ``near`` are the zones of the countries that its number or mail address is of;
    ``states`` say which states a zone of the United States covers ("CO WY").
    """
    tag = language_and_region(language)[0]
    known, folded = _places(), fold(text[:_LONGEST])
    phrase = known.phrases.get(tag)
    for found in phrase.finditer(folded) if phrase is not None else ():
        name = found["place"]
        zone = known.zones[name]
        if name in known.shared and zone not in near:
            continue
        if not _is_of_state(known, zone, folded[found.end() :], states):
            continue
        if _is_plain(known.unless[tag], folded, found.start(), found.end()):
            if gives_orders(text) or is_out_of_office(text, language=language):
                return None
            quote = text[found.start() : found.end()]
            return FactReading(FIELD, zone, quote, SURE)
    return None


def _is_plain(unless: re.Pattern[str], folded: str, start: int, end: int) -> bool:
    """Whether the sentence only states it: it asks, denies and limits nothing."""
    begins = max((one.end() for one in _END.finditer(folded, 0, start)), default=0)
    stop = _END.search(folded, end)
    ends = stop.start() if stop else len(folded)
    if stop is not None and stop.group() == "?":
        return False
    return unless.search(folded, begins, ends) is None


def _is_of_state(
    known: _Places, zone: str, after: str, states: Mapping[str, str]
) -> bool:
    """Whether a state that follows ("Paris, TX") is one of the zone's."""
    found = _AFTER.match(after)
    if found is None:
        return True
    words = found[1]
    code = known.states.get(words) or known.states.get(words.partition(" ")[0])
    if code is None or (len(words.partition(" ")[0]) == 2 and after[:1] != ","):
        return True  # "Berlin in", "Denver me": words, not a state
    return code in states.get(zone, "").split()


@cache
def _places() -> _Places:
    read = tomllib.loads((DATA / "places.toml").read_text("utf-8"))
    zones = {
        fold(name): zone
        for zone, names in read["zones"].items()
        for name in names.split("|")
    }
    # The longer names first: "New York City" before "New York".
    names = "|".join(re.escape(n) for n in sorted(zones, key=len, reverse=True))
    return _Places(
        phrases={
            tag: re.compile(rf"(?<![\w'])(?:{body}) (?P<place>{names})(?![\w'-])")
            for tag, body in read["phrases"].items()
        },
        unless={
            tag: re.compile(rf"(?<![\w'])(?:{body})(?![\w'])")
            for tag, body in read["unless"].items()
        },
        zones=zones,
        shared=frozenset(fold(name) for name in read["shared"]["names"].split("|")),
        states=_states(read["states"]["names"]),
    )


def _states(names: str) -> dict[str, str]:
    found = {}
    for one in names.split("|"):
        name, _, code = one.rpartition(" ")
        found[fold(name)] = found[fold(code)] = code
    return found
