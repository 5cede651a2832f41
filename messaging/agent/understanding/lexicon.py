"""Words and patterns of each language, read from data/<language>.toml.

Patterns in the data files are regular expressions over folded words (see
`normalise.Words.joined`) in which one blank stands between two words and

- `<name>` stands for a class of words listed under `[classes]`;
- `<begin>` and `<end>` stand for the begin and end of a clause, with polite words
  (`[fillers]`) allowed in between, `<start>` for the begin without them, `<last>` for
  the end of the whole text with them;
- `<any2>` stands for up to two words of any kind, never across a clause.

Accents may be written or left out: patterns are folded like texts are.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from messaging.agent.understanding.normalise import Words, fold, fold_pattern

LANGUAGES = ("en", "es", "fr", "de", "pt", "it", "nl", "zh", "ar")
_DATA = Path(__file__).with_name("data")
_REFERENCE = re.compile(r"<([a-z_]+?)(\d?)>")
_NEVER = re.compile(r"(?!)")


class Lexicon:
    """One language's data; patterns are compiled when they are first asked for."""

    def __init__(self, code: str, data: dict[str, Any]) -> None:
        self.code = code
        self._data = data
        self._classes: dict[str, str] = data.get("classes", {})
        self._lists: dict[str, tuple[str, ...]] = {}
        self._compiled: dict[str, re.Pattern[str]] = {}
        self.fillers = frozenset(fold(word) for word in data.get("fillers", ()))
        self._slang = {fold(k): fold(v) for k, v in data.get("slang", {}).items()}
        self._keywords = tuple(fold(word) for word in data.get("keywords", ()))
        self._right = frozenset(fold(word) for word in data.get("not_typos", ()))
        self._right |= frozenset(self._keywords)
        # The same few hundred words make up most of what people write.
        self._spelled = lru_cache(maxsize=2048)(self._spell)

    def words(self, section: str, name: str) -> tuple[str, ...]:
        """A plain list of the data file, folded; empty when it is not there."""
        key = f"{section}.{name}"
        if key not in self._lists:
            listed = self._data.get(section, {}).get(name, ())
            self._lists[key] = tuple(spaced(item) for item in listed)
        return self._lists[key]

    def names(self, section: str) -> tuple[str, ...]:
        """Names of the lists in a section."""
        return tuple(self._data.get(section, {}))

    def joined(self, words: Words) -> str:
        """The words in one string, with this language's short forms spelled out."""
        return words.joined(self._spelled)

    def pattern(self, section: str, name: str) -> re.Pattern[str]:
        """All patterns of a list as one; it never matches when there are none."""
        key = f"{section}.{name}"
        if key not in self._compiled:
            self._compiled[key] = self._compile(self._data.get(section, {}).get(name))
        return self._compiled[key]

    @cached_property
    def separated(self) -> bool:
        """Whether the script puts blanks between words."""
        return bool(self._data.get("separated", True))

    def _spell(self, word: str) -> str:
        plain = self._slang.get(word)
        if plain is None:
            return self._corrected(word) if len(word) > 4 else word
        return plain

    def _corrected(self, word: str) -> str:
        if word in self._right:
            return word
        for keyword in self._keywords:
            # A slip in the second letter is believed in the longest words only.
            same = 1 if len(keyword) > 10 else 2
            if word[:same] == keyword[:same] and is_typo_of(word, keyword):
                return keyword
        return word

    def _compile(self, patterns: Iterable[str] | None) -> re.Pattern[str]:
        body = "|".join(self._expanded(p.rstrip()) for p in patterns or ())
        if not body:
            return _NEVER
        return re.compile(f" (?:{body})(?= )" if self.separated else f"(?:{body})")

    def _expanded(self, pattern: str) -> str:
        return fold_pattern(_REFERENCE.sub(self._reference, pattern))

    def _reference(self, match: re.Match[str]) -> str:
        name, count = match.groups()
        if name == "any" and count:
            return f"(?: [^ .?,]+){{0,{count}}}"
        if name == "begin":
            return f"(?:(?<=^ )|(?<=[.?,] ))(?:(?:{self._polite})(?: ,)? ){{0,4}}"
        if name == "start":
            return r"(?:(?<=^ )|(?<=[.?,] ))"
        if name in ("end", "last"):
            closed = "(?: $| [.?,])" if name == "end" else " $"
            return f"(?=(?:(?: ,)? (?:{self._polite})){{0,4}}{closed})"
        return f"(?:{self._expanded(self._classes[name])})"

    @cached_property
    def _polite(self) -> str:
        return "|".join(sorted(self.fillers, key=len, reverse=True)) or "(?!)"


def spaced(phrase: str) -> str:
    """A phrase of a data file in the form `Words.joined` gives texts."""
    return " ".join(fold(part) for part in phrase.split())


@lru_cache(maxsize=16)
def lexicon(code: str) -> Lexicon:
    """The data of a language; KeyError for one that has no file."""
    if code not in LANGUAGES:
        raise KeyError(f"No words are kept for the language {code!r}.")
    with (_DATA / f"{code}.toml").open("rb") as file:
        return Lexicon(code, tomllib.load(file))


def lexicons() -> tuple[Lexicon, ...]:
    """All languages, in a fixed order."""
    return tuple(lexicon(code) for code in LANGUAGES)


def is_typo_of(word: str, keyword: str) -> bool:
    """One slip (two in words of eleven letters or more) away from a longer word."""
    allowed = 2 if len(keyword) > 10 else 1
    return abs(len(word) - len(keyword)) <= allowed and (
        distance(word, keyword) <= allowed
    )


def distance(one: str, other: str) -> int:
    """Edits between two words; two swapped neighbours count as one edit."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
