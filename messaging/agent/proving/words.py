"""Words as the check of claims reads them: stems, meanings, and what changes a meaning.

The lists are data: small_talk_<language>.toml for what says nothing about us,
concepts.toml for words of one meaning.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from messaging.agent.guarding.numbers import DATA, number_words
from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.text import Folded, fold
from messaging.agent.guarding.values import Item, keys_of_items, plain, read_items
from messaging.agent.phrases import LANGUAGES, Phrases, phrases
from messaging.agent.stemming import STEMMERS, stem_of

_WORD = re.compile(r"[^\W_]+")
QUALIFIERS = ("negation", "universal", "hedge", "more", "less")
_LONG_ENOUGH = 5  # letters of a word that may be a part of a German compound


@dataclass(frozen=True, slots=True)
class Term:
    """A word that states something. `keys` are what it may be found by in a source:
    its stem, and "=name" for a meaning shared by languages. `start` is its place in
    the folded text.
    """

    word: str
    keys: frozenset[str]
    start: int


@lru_cache(maxsize=8192)
def stem(word: str, language: str) -> str:
    """The stem of a folded word, by the English rules in a language without any."""
    known = language if language in STEMMERS else "en"
    return stem_of(word, known) if len(word) > 2 else word


@lru_cache(maxsize=1)
def _concepts() -> dict[tuple[str, str], frozenset[str]]:
    with (DATA / "concepts.toml").open("rb") as file:
        data = tomllib.load(file)
    found: dict[tuple[str, str], set[str]] = {}
    for name, languages in data.items():
        for code, listed in languages.items():
            for word in listed.split():
                found.setdefault((code, stem(word, code)), set()).add(f"={name}")
    return {key: frozenset(names) for key, names in found.items()}


@lru_cache(maxsize=8192)
def keys_of_word(word: str, language: str) -> frozenset[str]:
    """What a word of a language may be found by."""
    root = stem(word, language)
    keys = {root, word} | _concepts().get((language, root), frozenset())
    value = number_words().get(word)
    if value is not None and value > 1:
        keys.add(f"#{value:g}")
    return frozenset(keys)


class Book:
    """What one language's words do, from its file."""

    def __init__(self, code: str) -> None:
        self.code = code
        path = DATA / f"small_talk_{code}.toml"
        self._data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        self.function = self._words("function")
        self.glue = frozenset(stem(word, code) for word in self._words("glue"))
        self.verbs = self._words("verbs")
        self.interrogative = self._words("interrogative")
        self.question = frozenset(stem(one, code) for one in self._words("question"))
        self._patterns: dict[str, re.Pattern[str]] = {}

    def _words(self, name: str) -> frozenset[str]:
        return frozenset(str(self._data[name]).split())

    @cached_property
    def talk(self) -> frozenset[str]:
        """Stems of small talk: the listed words and those of the built-in model."""
        book = phrases(self.code)
        said = (w for text in templates(book) for w in _WORD.findall(fold(text).text))
        words = {*self._words("words"), *said} - self.function
        return frozenset(stem(word, self.code) for word in words)

    def pattern(self, name: str) -> re.Pattern[str]:
        """A list of patterns as one, at the edges of words."""
        if name not in self._patterns:
            found = self._data[name]
            body = found if isinstance(found, str) else "|".join(found)
            shape = rf"(?<![a-z0-9])(?:{body})(?![a-z0-9])"
            if name == "negation":
                shape = shape.replace("|n't|", "|(?<=[a-z])n't|")
                shape = rf"{shape}|(?<=[a-z])n't(?![a-z])"
            self._patterns[name] = re.compile(shape)
        return self._patterns[name]

    def has(self, name: str, text: str) -> bool:
        """Whether a list occurs in a folded text."""
        return self.pattern(name).search(text) is not None


@lru_cache(maxsize=8)
def book_of(language: str) -> Book:
    """A language's words, English ones for a language without a file."""
    code = language.partition("-")[0].lower()
    return Book(code if code in LANGUAGES else "en")


_NO_SENTENCES = (
    "greeting_words",
    "facts",
    "may_ask",
    "when_lead",
    "bye",
    "later",
    "quote",
    "in_language",
    "wants",
)


def templates(book: Phrases) -> tuple[str, ...]:
    """Every sentence of the built-in model, with its slots."""
    found: list[str] = []
    for key, value in book.data.items():
        if key in _NO_SENTENCES or isinstance(value, str):
            continue
        groups: Iterable[Any] = [value] if isinstance(value, list) else value.values()
        found += [str(one) for group in groups for one in group]
    return tuple(found)


@dataclass(frozen=True)
class Reading:
    """A piece of text as it is compared: `terms` without everyday words and without
    what `items` (figures, dates, addresses) say.
    """

    raw: str
    folded: Folded
    language: str
    terms: tuple[Term, ...]
    items: tuple[Item, ...]

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text

    def has(self, name: str) -> bool:
        """Whether a list of its language occurs in it."""
        return book_of(self.language).has(name, self.text)

    @cached_property
    def known(self) -> frozenset[Key]:
        """The meanings of its items, with what follows from them."""
        return keys_of_items(self.items)

    def piece(self, start: int, end: int) -> "Reading":
        """A part of it, by the places in the folded text; read once only."""
        text = self.folded.text
        while start < end and text[start] == " ":
            start += 1
        while start < end and text[end - 1] == " ":
            end -= 1
        folded = Folded(self.raw, text[start:end], self.folded.at[start:end])
        terms = (t for t in self.terms if start <= t.start < end)
        items = (i for i in self.items if start <= i.start and i.end <= end)
        return Reading(
            folded.words(0, end - start),
            folded,
            self.language,
            tuple(replace(t, start=t.start - start) for t in terms),
            tuple(replace(i, start=i.start - start, end=i.end - start) for i in items),
        )

    @cached_property
    def keys(self) -> frozenset[str]:
        """All that its terms may be found by, small counts included."""
        found = {key for term in self.terms for key in term.keys}
        numbers = (key[1] for i in self.items for key in i.keys if key[0] in ("n", "d"))
        found |= {f"#{value:g}" for value in numbers if isinstance(value, float)}
        return frozenset(found)


@lru_cache(maxsize=4096)
def read(raw: str, language: str) -> Reading:
    """Read a piece of text; kept, as sources are read again and again."""
    folded = plain(raw)
    items = read_items(raw)
    book = book_of(language)
    code = language.partition("-")[0].lower()
    aside = [(item.start, item.end) for item in items]
    for name in QUALIFIERS:  # they are compared as what they do, not as words
        aside += (found.span() for found in book.pattern(name).finditer(folded.text))
    terms = [
        Term(found.group(), keys_of_word(found.group(), code), found.start())
        for found in _WORD.finditer(folded.text)
        if found.group() not in book.function and not _within(found, aside)
    ]
    return Reading(raw, folded, code, tuple(terms), items)


@lru_cache(maxsize=1024)
def word_keys(raw: str, language: str) -> frozenset[str]:
    """What the words of a text may be found by; quicker than reading it."""
    book = book_of(language)
    code = language.partition("-")[0].lower()
    words = set(_WORD.findall(fold(raw).text)) - book.function
    return frozenset(key for word in words for key in keys_of_word(word, code))


def _within(found: re.Match[str], spans: Iterable[tuple[int, int]]) -> bool:
    return any(a <= found.start() and found.end() <= b for a, b in spans)


def supported(term: Term, keys: frozenset[str], language: str) -> bool:
    """Whether a source's keys hold a term, in German also within a compound."""
    if not term.keys.isdisjoint(keys):
        return True
    if language != "de" or len(term.word) < _LONG_ENOUGH:
        return False
    return any(_is_part(term.word, key) for key in keys)


def _is_part(word: str, key: str) -> bool:
    short, long = sorted((word, key), key=len)
    root = stem(short, "de")
    if len(root) < _LONG_ENOUGH or not root.isalpha():
        return False
    # "Gebühr" in "Einrichtungsgebühr": a part of the source's longer word only.
    return long == key and (long.startswith(root) or root in long[3:])
