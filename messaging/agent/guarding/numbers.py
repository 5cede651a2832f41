"""Numbers in digits and in words (en, es, fr, de, pt), as the values they may mean."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Number:
    """A number at a span of the folded text; `values` holds every sensible reading.

    `scaled` tells that it carried a word or letter such as k or million.
    """

    start: int
    end: int
    values: frozenset[float]
    spelled: bool = False
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    words: dict[str, float]
    scales: dict[str, float]
    joiners: frozenset[str]


@lru_cache(maxsize=1)
def _table() -> _Table:
    with (DATA / "guard_numbers.toml").open("rb") as file:
        data = tomllib.load(file)
    words = {word: float(n) for word, n in data["words"].items()}
    scales = {word: float(n) for word, n in data["scales"].items()}
    return _Table(words, scales, frozenset(data["joiners"]))


def number_words() -> Mapping[str, float]:
    """The folded number words of all languages and what they count."""
    return _table().words


_DIGITS = re.compile(
    r"(?<![\d])(?:\d{1,3}(?:[ .,'\u2019]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)(?!\d)"
)
_GROUPED = re.compile(r"\d{1,3}(?:[ .,']\d{3})+(?:[.,]\d{1,2})?$")
_SCALE = re.compile(
    r"(?=[^ -]| k| ?-?[a-z]{2})[ -]?(k|mio|mn|m|bn|b|tsd|grand|hundred|hunderts?|thousand|tausend|mille|mil"
    r"|milhoes|milhao|millones|millon|millions?|millionen|billions?|lakhs?|lacs?|crores?"
    r"|mrd|milliarden?|cents?(?= (?:euros?|dollars?)))(?![a-z])"
)
_RANGE = re.compile(r" ?(?:-|to|bis|a|ate|et|y|und|and|or|e) ?\d+(?:[.,]\d+)?")
_WORD = re.compile(r"[a-z]+")
_GERMAN = re.compile(
    r"(?:ein|eins|zwei|zwo|drei|vier|funf|fuenf|sechs|sieben|acht|neun|zehn|elf|zwolf"
    r"|zwoelf|sech|sieb|und|zwanzig|dreissig|vierzig|funfzig|fuenfzig|sechzig|siebzig"
    r"|achtzig|neunzig|hundert|tausend)+$"
)
_GERMAN_STARTS = frozenset(
    ("ei", "zw", "dr", "vi", "fu", "se", "si", "ac", "ne", "ze", "el", "hu", "ta")
)


def read_digits(text: str) -> Iterator[Number]:
    """Numbers written in digits, a scale word or letter included."""
    for found in _DIGITS.finditer(text):
        values = readings(found.group())
        scale = _SCALE.match(text, found.end())
        if scale is None:
            values |= _as_range(text, found.end(), values)
            yield Number(found.start(), found.end(), values)
            continue
        factor = _table().scales[scale.group(1)]
        scaled = frozenset(value * factor for value in values)
        yield Number(found.start(), scale.end(), scaled, scaled=True)


def _as_range(text: str, end: int, values: frozenset[float]) -> frozenset[float]:
    """In "10-15k" the first number means thousands, too."""
    other = _RANGE.match(text, end)
    scale = _SCALE.match(text, other.end()) if other else None
    factor = _table().scales[scale.group(1)] if scale else 1.0
    return frozenset(value * factor for value in values)


def readings(digits: str) -> frozenset[float]:
    """20.000 is twenty thousand, 2.5 two and a half, 1.234,56 what it says."""
    if not _GROUPED.match(digits):
        return frozenset({float(digits.replace(",", "."))})
    cents = re.search(r"[.,](\d{1,2})$", digits)
    whole = digits[: cents.start()] if cents else digits
    value = float(re.sub(r"\D", "", whole))
    return frozenset({value + (float("0." + cents.group(1)) if cents else 0.0)})


def read_words(text: str) -> Iterator[Number]:
    """Numbers written in words; a lone "one" or "a" is no number."""
    run: list[tuple[int, int, str]] = []
    for found in _WORD.finditer(text):
        word = found.group()
        gap = text[run[-1][1] : found.start()] if run else ""
        if run and gap not in (" ", "-", " - "):
            yield from _close(run)
            run = []
        if _is_number_word(word) or (run and word in _table().joiners):
            run.append((*found.span(), word))
        elif run:
            yield from _close(run)
            run = []
    yield from _close(run)


def _is_number_word(word: str) -> bool:
    if word in _table().words:
        return True
    return len(word) > 5 and word[:2] in _GERMAN_STARTS and bool(_GERMAN.match(word))


def _close(run: list[tuple[int, int, str]]) -> Iterator[Number]:
    while run and run[-1][2] in _table().joiners:
        run = run[:-1]
    if not run:
        return
    words = [word for _, _, word in run if word not in _table().joiners]
    value = _value(words)
    if value == 1:
        return
    scaled = any(_table().words.get(word, 0) >= 100 for word in words)
    span = (run[0][0], run[-1][1])
    yield Number(*span, frozenset({value}), spelled=True, scaled=scaled)


def _value(words: list[str]) -> float:
    total = current = 0.0
    for word in words:
        number = _word_value(word)
        if number in (100, 1000, 1_000_000) and word in _table().scales:
            current = (current or 1.0) * number
            if number >= 1000:
                total, current = total + current, 0.0
        elif word == "vingts" or (word == "vingt" and current == 4):
            current = 80.0
        else:
            current += number
    return total + current


def _word_value(word: str) -> float:
    known = _table().words.get(word)
    return known if known is not None else _german(word)


def _german(word: str) -> float:
    for name, factor in (("tausend", 1000.0), ("hundert", 100.0)):
        head, found, tail = word.partition(name)
        if found:
            rest = tail.removeprefix("und")
            return (_german(head) if head else 1.0) * factor + (
                _german(rest) if rest else 0.0
            )
    units, found, tens = word.partition("und")
    if found and units and tens:
        return _german(units) + _german(tens)
    return _table().words.get(word, 0.0)
