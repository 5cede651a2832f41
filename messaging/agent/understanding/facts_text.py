"""Clauses of a message and the per-language patterns that read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from messaging.agent.understanding.dates import When
from messaging.agent.understanding.money import Amount
from messaging.agent.understanding.money_words import load_facts

_SPLIT = re.compile(
    r"[.!?;](?=\s|$)[.!?\s]*|[.!?;]{2,}|[,](?=\s|$)|\n+| - | -- |[()]|\u2026"
)
_WORD = re.compile(r"[^\W_][\w'-]*|-")
_MAX_CLAUSE = 240
_NEVER = re.compile("(?!)")


@dataclass(frozen=True)
class FactReading:
    """``value`` is canonical and in English; ``quote`` is verbatim from the text."""

    field: str
    value: str
    quote: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the folded text between commas and stops."""

    start: int
    text: str
    words: frozenset[str]
    asks: bool
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """A reading and where its quote stands."""

    field: str
    value: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A time the text names and where its words stand."""

    start: int
    end: int
    when: When


class Patterns:
    """Compiled entries of one language's facts file, each on first use."""

    def __init__(self, language: str) -> None:
        self._tables = load_facts(language)
        self._compiled: dict[tuple[str, str], re.Pattern[str]] = {}
        self._cues: dict[str, frozenset[str]] = {}
        self._nouns = self._tables.get("quantity", {}).get("nouns", "(?!)")

    def __call__(self, table: str, key: str) -> re.Pattern[str]:
        """The pattern, or one that never matches where the language has none."""
        found = self._compiled.get((table, key))
        if found is None:
            source = self._tables.get(table, {}).get(key)
            found = re.compile(self._filled(table, source)) if source else _NEVER
            self._compiled[table, key] = found
        return found

    def _filled(self, table: str, source: str) -> str:
        """NOUNS and WHO stand for the longer lists of the same file."""
        source = source.replace("NOUNS", self._nouns)
        return source.replace("WHO", self._tables[table].get("who", "(?!)"))

    def word(self, table: str, key: str) -> str:
        """The entry as it is written, or an empty string."""
        return self._tables.get(table, {}).get(key, "")

    def whole(self, table: str, key: str) -> re.Pattern[str]:
        """The entry as whole words."""
        found = self._compiled.get((table, key + " whole"))
        if found is None:
            source = self._tables.get(table, {}).get(key)
            found = (
                re.compile(rf"(?<![\w'])(?:{source})(?![\w'])") if source else _NEVER
            )
            self._compiled[table, key + " whole"] = found
        return found

    def table(self, name: str) -> dict[str, str]:
        """All entries of a table."""
        return self._tables.get(name, {})

    def cued(self, table: str, clause: Clause) -> bool:
        """Whether the clause has any of the table's cue words."""
        cues = self._cues.get(table)
        if cues is None:
            cues = frozenset(self.word(table, "cue").split())
            self._cues[table] = cues
        return not cues.isdisjoint(clause.words)


@dataclass(frozen=True, slots=True)
class Message:
    """One text and all that its readers need; spans are the same in every form."""

    find: Patterns
    text: str
    folded: str
    masked: str
    parts: list[Clause]
    whens: list[Placed]
    amounts: list[Amount]
    currency: str
    language: str
    region: str
    now: datetime
    asked: str
    sells: str


@cache
def patterns(language: str) -> Patterns:
    """The language's patterns, one object a process."""
    return Patterns(language)


def _pieces(folded: str) -> Iterator[tuple[int, int, bool]]:
    start = 0
    for found in _SPLIT.finditer(folded):
        yield start, found.start(), "?" in found.group()
        start = found.end()
    yield start, len(folded), False


def clauses(folded: str) -> list[Clause]:
    """Clauses in order; one longer than 240 characters is cut."""
    result = []
    for start, end, asks in _pieces(folded):
        while start < end and folded[start] in " \"'*>":
            start += 1
        for begin in range(start, end, _MAX_CLAUSE):
            stop = min(begin + _MAX_CLAUSE, end)
            text = folded[begin:stop]
            words = frozenset(_WORD.findall(text))
            result.append(Clause(begin, text, words, asks, stop))
    return result


def group_span(found: re.Match[str], offset: int = 0) -> tuple[int, int]:
    """Span of the first filled value group (v, v2, …), else of the whole match."""
    for name in ("v", "v2", "v3", "v4"):
        if name in found.re.groupindex and found[name]:
            return found.start(name) + offset, found.end(name) + offset
    return found.start() + offset, found.end() + offset


def negated(find: Patterns, clause: Clause, at: int) -> bool:
    """Whether a "not" stands just before this place of the clause."""
    window = clause.text[max(at - 28, 0) : at]
    return bool(find.whole("common", "negation").search(window))


def trimmed(folded: str, start: int, end: int) -> tuple[int, int]:
    """The span without blanks and loose marks around it."""
    while start < end and folded[start] in " ,.;:!?'\"-*":
        start += 1
    while end > start and folded[end - 1] in " ,.;:!?'\"-*":
        end -= 1
    return start, end


def asks_like(find: Patterns, clause: Clause) -> bool:
    """Whether the clause is put as a question ("and when did I …")."""
    text, start = clause.text, 0
    for _ in range(3):
        lead = find.whole("common", "lead").match(text, start)
        if not lead:
            break
        start = lead.end()
        while start < len(text) and text[start] == " ":
            start += 1
    return bool(find.whole("common", "question").match(text, start))
