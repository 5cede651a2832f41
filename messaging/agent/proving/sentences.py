"""A reply cut into sentences, and a sentence into the parts that stand for themselves."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from messaging.agent.proving.words import Reading, book_of, read

Span = tuple[int, int]

_STOP = re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s|$|[A-Z\u00bf\u00a1])|\n+")
_ABBREVIATED = re.compile(
    r"(?:(?<![^\W_])(?:[^\W\d_]|mr|mrs|ms|dr|st|ave|no|nr|tel|approx|ca|incl|inkl|zzgl"
    r"|z\.\s?b|d\.\s?h|u\.\s?a|e\.g|i\.e|etc|vs|sr|sra|srta|av|av\u00ba|p\u00e1g|min|max"
    r"|mo|mi|di|fr|sa|so|str|bzw|usw|mme|art|vol|p\.\s?ej|[ap]\.\s?m))\.$",
    re.IGNORECASE,
)
_RANGES = ("and", "to", "or", "y", "o", "a", "et", "ou", "und", "oder", "bis", "e")
_PART = re.compile(r"[,;:\u2013\u2014()]+(?=\s|$)|\s-+\s|\s\(|\)")


def sentences(body: str) -> Iterator[Span]:
    """Where each sentence begins and ends, without the blanks around it."""
    start = 0
    for found in _STOP.finditer(body):
        if _goes_on(body, found, start):
            continue
        yield from _trimmed(body, start, found.end())
        start = found.end()
    yield from _trimmed(body, start, len(body))


def _goes_on(body: str, stop: re.Match[str], start: int) -> bool:
    """Whether a full stop ends no sentence: "z. B.", "9 a.m. to", "example.Com"."""
    if stop.group() != ".":
        glued = body[stop.end() : stop.end() + 1].strip()
        return bool(glued) and stop.group()[0] != "\n" and not glued.isupper()
    rest = body[stop.end() :]
    if rest[:1].strip() and not (rest[:1] in "\u00bf\u00a1" or _new_word(body, stop)):
        return True
    if not _ABBREVIATED.search(body[start : stop.end()]):
        return False
    following = rest.lstrip(" ")[:1]
    return following.islower() or following.isdigit()


def _new_word(body: str, stop: re.Match[str]) -> bool:
    """Whether a blank is missing, as in "Thanks.We ship": no address, no initials."""
    before = re.search(r"[^\W\d_]{3,}$", body[: stop.start()])
    after = re.match(r"[A-Z\u00c0-\u00dc][a-z\u00df-\u00ff']*\s", body[stop.end() :])
    return bool(before and after)


def _trimmed(body: str, start: int, end: int) -> Iterator[Span]:
    piece = body[start:end]
    inner = piece.strip()
    if inner and any(sign.isalnum() for sign in inner):
        begin = start + piece.index(inner)
        yield begin, begin + len(inner)


@lru_cache(maxsize=512)
def parts(sentence: str, language: str) -> tuple[Reading, ...]:
    """The parts of a sentence, each with something of its own to say.

    Cut at commas and words such as "and"; a part that has no words of its own ("at
    $20") stays with the one before.
    """
    whole = read(sentence, language)
    text = whole.text
    cuts = [0, *_cuts(whole), len(text)]
    found: list[Span] = []
    for start, end in pairwise(cuts):
        has_word = any(start <= term.start < end for term in whole.terms)
        if found and not (has_word and _says(whole, found[-1])):
            found[-1] = (found[-1][0], end)
        elif text[start:end].strip():
            found.append((start, end))
    return tuple(whole.piece(start, end) for start, end in found)


def _says(whole: Reading, span: Span) -> bool:
    """Whether a part has words of its own, or is a plain yes or no."""
    start, end = span
    if any(start <= term.start < end for term in whole.terms):
        return True
    return not any(start <= item.start < end for item in whole.items)


@lru_cache(maxsize=2048)
def clauses(sentence: str, language: str) -> tuple[Reading, ...]:
    """A source's sentence cut as finely as it goes."""
    return clauses_of(read(sentence, language))


def clauses_of(whole: Reading) -> tuple[Reading, ...]:
    """What was read cut as finely as it goes."""
    cuts = [0, *_cuts(whole), len(whole.text)]
    pieces = (whole.piece(start, end) for start, end in pairwise(cuts))
    return tuple(piece for piece in pieces if piece.text)


def _cuts(whole: Reading) -> list[int]:
    book = book_of(whole.language)
    inside = [(item.start, item.end) for item in whole.items]
    ends = [item.end for item in whole.items[:-1]]
    # "between 5 and 7 days" is one thing.
    inside += [
        (end, item.start + 1)
        for end, item in zip(ends, whole.items[1:], strict=False)
        if whole.text[end : item.start].strip() in _RANGES
    ]
    places = {found.end() for found in _PART.finditer(whole.text)}
    for name in ("joiners", "apart"):
        places |= {m.start() for m in book.pattern(name).finditer(whole.text)}
    return sorted(
        at
        for at in places
        if 0 < at < len(whole.text) and not any(a < at < b for a, b in inside)
    )
