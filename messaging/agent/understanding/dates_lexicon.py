"""Words of one language, and the cutting of a text into classified tokens.

A token has a kind (one letter, so that a text becomes a string a small regular
expression can match), a value and a span in the folded text. The words come from
``data/<language>_when.toml``; numbers and punctuation are read here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from messaging.agent.understanding.dates_kinds import KINDS
from messaging.agent.understanding.textfold import DATA

Value = int | str | tuple[int, ...]


_ABBREVIATED = KINDS["MONTH"] + KINDS["WEEKDAY"] + KINDS["WEAK_WEEKDAY"]
_NAMED_VALUES = frozenset({"unit", "meridiem"})
_ATTACHED = frozenset("UAKMv")  # what may follow a figure with no blank between
_WORD = re.compile(r"[^\W\d_]+|[0-9]+|-")
_PIECES = r"""
 (?P<moment>(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}
    (?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:z\b|[+-][0-9]{2}:?[0-9]{2})?)
|(?P<iso>(?<![0-9])(?:19|20)[0-9]{2}(?P<s1>[-/.])[0-9]{1,2}(?P=s1)[0-9]{1,2}(?![0-9]))
|(?P<numdate>[0-9]{1,2}(?P<s2>[-/.])[0-9]{1,2}(?P=s2)(?:[0-9]{4}|[0-9]{2})(?![0-9]))
|(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9:])(?:[ ]?(?:uhr|hrs|h)\b)?
    |[0-9]{1,2}[ ]?(?:h(?:eures?)?|uhr)[ ]?[0-9]{2}(?:min)?(?![0-9a-z]))
|(?P<slash>[0-9]{1,2}/[0-9]{1,2}(?![0-9/]))
|(?P<dotted>[0-9]{1,2}\.[0-9]{1,2}(?:\.(?![0-9]))?(?![0-9.,]))
|(?P<opaque>¤+|[0-9]+(?:[.,'][0-9]+)+|[0-9]{5,}|[$€£¥][ ]?[0-9][0-9.,]*|%)
|(?P<ord>[0-9]{1,2}(?:st|nd|rd|th|er|re|ra|ro|eme|e|º|ª|°){ORD})
|(?P<number>[0-9]{1,4})
|(?P<quarter>[qt][1-4](?![\w]))
|(?P<meridiem>[ap]\.[ ]?m\b\.?)
|(?P<clock>o\W{0,2}clock\b)
|(?P<word>[^\W\d_]+)
|(?P<end>[.!?;\n]+)
|(?P<comma>[,()"\[\]:]+)
|(?P<dash>[-~/])
|(?P<at>@)
"""


@dataclass(slots=True)
class Tokens:
    """Parallel lists; ``kinds`` is one letter a token."""

    text: str
    kinds: str = ""
    values: list[Value] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def find(self, letters: str, start: int, end: int) -> int:
        """Index of the first token of one of these kinds, or -1."""
        for index in range(start, end):
            if self.kinds[index] in letters:
                return index
        return -1

    def number(self, index: int) -> int:
        """The value where it is one figure, else 0."""
        value = self.values[index]
        return value if isinstance(value, int) else 0

    def figures(self, index: int) -> tuple[int, ...]:
        """The value where it is several figures, such as those of 5/12."""
        value = self.values[index]
        return value if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words: first word of a phrase to its (words, kind, value)."""

    phrases: dict[str, tuple[tuple[tuple[str, ...], str, Value], ...]]
    settings: dict[str, int | str | bool]
    token: re.Pattern[str]

    def lookup(self, word: str) -> tuple[str, Value] | None:
        """Kind and value of a single word."""
        for words, kind, value in self.phrases.get(word, ()):
            if len(words) == 1:
                return kind, value
        return None


def _value(name: str, key: str) -> Value:
    if name in _NAMED_VALUES:
        return key
    parts = [int(part) for part in re.findall(r"-?[0-9]+", key)] or [0]
    if len(parts) > 1:
        return tuple(abs(part) for part in parts)
    return parts[0]


def _entries(
    tables: dict[str, dict[str, str]],
) -> Iterator[tuple[tuple[str, ...], str, Value]]:
    for name, table in tables.items():
        for key, words in table.items():
            for phrase in words.split("|"):
                parts = tuple(_WORD.findall(phrase)) or (phrase,)
                value = _value(name, key)
                tens = name == "number" and int(key) > 12
                yield parts, KINDS["TENS" if tens else name.upper()], value


@cache
def load_lexicon(language: str) -> Lexicon:
    """The words of ``en``, ``es``, ``fr``, ``de`` or ``pt``; read once."""
    path = DATA / f"{language}_when.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    settings = tables.pop("settings")
    grouped: dict[str, dict[tuple[str, ...], tuple[str, Value]]] = {}
    for words, kind, value in _entries(tables):
        grouped.setdefault(words[0], {}).setdefault(words, (kind, value))
    phrases = {
        first: tuple(
            (words, kind, value)
            for words, (kind, value) in sorted(
                group.items(), key=lambda item: -len(item[0])
            )
        )
        for first, group in grouped.items()
    }
    dotted = r"(?![\w])|[0-9]{1,2}\.(?=\s|$)" if settings["dot_ordinal"] else r"(?!\w)"
    source = _PIECES.replace("{ORD}", dotted)
    compound = str(settings.get("compound", "(?!)"))
    source = source.replace("(?P<word>", f"(?P<word>{compound}|")
    return Lexicon(phrases, settings, re.compile(source, re.VERBOSE))


def _number_kind(figure: str) -> tuple[str, Value]:
    value = int(figure)
    if len(figure) > 2:
        is_year = len(figure) == 4 and 1990 <= value <= 2099
        return (KINDS["YEAR"] if is_year else KINDS["BIG"]), value
    for limit, name in ((12, "SMALL"), (24, "TEEN"), (31, "TWENTIES"), (59, "SIXTY")):
        if value <= limit:
            return KINDS[name], value
    return KINDS["BIG"], value


def _figures(raw: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall("[0-9]+", raw))


def _time_value(raw: str) -> tuple[int, ...]:
    hour, minute = _figures(raw)[:2]
    return hour, minute, int(raw[0] == "0")


_SIMPLE = {
    "end": ("END", 0),
    "comma": ("COMMA", 0),
    "dash": ("DASH", 0),
    "at": ("AT", 0),
    "clock": ("OCLOCK", 0),
    "opaque": ("OPAQUE", 0),
}
_FIGURED = {
    "iso": "ISO",
    "numdate": "NUMDATE",
    "slash": "SLASH",
    "dotted": "DOTTED",
}


def _classify(group: str, raw: str) -> tuple[str, Value]:
    """Kind and value of a token that is not a word."""
    if group in _SIMPLE:
        name, value = _SIMPLE[group]
        return KINDS[name], value
    if group in _FIGURED:
        return KINDS[_FIGURED[group]], _figures(raw)
    if group == "moment":
        return KINDS["MOMENT"], raw
    if group == "time":
        return KINDS["TIME"], _time_value(raw)
    if group == "ord":
        return KINDS["ORD"], _figures(raw)[0]
    if group == "quarter":
        return KINDS["QUARTER"], int(raw[1])
    return KINDS["MERIDIEM"], raw[0] + "m"


def _raw_tokens(lexicon: Lexicon, text: str) -> list[tuple[str, int, int]]:
    return [
        (found.lastgroup or "", found.start(), found.end())
        for found in lexicon.token.finditer(text)
    ]


def _phrase(
    lexicon: Lexicon, text: str, raw: list[tuple[str, int, int]], index: int
) -> tuple[int, str, Value]:
    """The longest known phrase that begins at this word: length, kind, value."""
    _, start, end = raw[index]
    second = ""
    if index + 1 < len(raw):
        second = text[raw[index + 1][1] : raw[index + 1][2]]
    for words, kind, value in lexicon.phrases.get(text[start:end], ()):
        if len(words) > 1 and words[1] != second:
            continue
        stop = index + len(words)
        if stop <= len(raw) and all(
            text[raw[index + step][1] : raw[index + step][2]] == word
            for step, word in enumerate(words[2:], start=2)
        ):
            return len(words), kind, value
    return 1, KINDS["UNKNOWN"], 0


def _glued(
    lexicon: Lexicon, text: str, raw: list[tuple[str, int, int]], index: int
) -> bool:
    """Whether a figure is part of a code such as ``20k`` or ``b12``."""
    _, start, end = raw[index]
    if start and (text[start - 1].isalpha() or text[start - 1] == "_"):
        before = raw[index - 1]
        known = lexicon.lookup(text[before[1] : before[2]]) if index else None
        if known is None or known[0] not in "Mv":
            return True
    if index + 1 < len(raw) and raw[index + 1][1] == end:
        group, begin, stop = raw[index + 1]
        if group == "word":
            known = lexicon.lookup(text[begin:stop])
            return known is None or known[0] not in _ATTACHED
    return False


def _read(
    lexicon: Lexicon, text: str, raw: list[tuple[str, int, int]], index: int
) -> tuple[int, str, Value]:
    """How many raw tokens make the next token, its kind and its value."""
    group, start, end = raw[index]
    if text[start:end] in lexicon.phrases:
        known = _phrase(lexicon, text, raw, index)
        if known[1] != KINDS["UNKNOWN"]:
            return known
    if group == "word":
        return 1, KINDS["UNKNOWN"], 0
    if group != "number":
        return 1, *_classify(group, text[start:end])
    if _glued(lexicon, text, raw, index):
        takes_next = index + 1 < len(raw) and raw[index + 1][1] == end
        return 1 + takes_next, KINDS["OPAQUE"], 0
    return 1, *_number_kind(text[start:end])


def _is_abbreviation(text: str, raw: list[tuple[str, int, int]], index: int) -> bool:
    """Whether this is the dot of "Dec. 31" or "Mon. at 3"."""
    _, start, end = raw[index]
    before = raw[index - 1]
    follows = index + 1 < len(raw) and raw[index + 1][1] <= end + 1
    short = before[2] - before[1] <= 4 and before[2] == start
    return text[start:end] == "." and short and follows


def tokenise(lexicon: Lexicon, text: str) -> Tokens:
    """Tokens of a folded and masked text."""
    tokens = Tokens(text)
    raw = _raw_tokens(lexicon, text)
    kinds: list[str] = []
    index = 0
    while index < len(raw):
        if kinds and kinds[-1] in _ABBREVIATED and _is_abbreviation(text, raw, index):
            index += 1
            continue
        length, kind, value = _read(lexicon, text, raw, index)
        kinds.append(kind)
        tokens.values.append(value)
        tokens.starts.append(raw[index][1])
        tokens.ends.append(raw[index + length - 1][2])
        index += length
    tokens.kinds = "".join(kinds)
    return tokens
