"""Which words that we know a misspelt or a joined word may stand for."""

from collections.abc import Iterable

from messaging.agent.retrieval.words import similarity, word_trigrams

SHORTEST = 4
"""Shorter words are taken as they are written."""

ALIKE = 0.3
"""From this similarity of trigrams on a word is looked at; pg_trgm's own limit."""

MISSPELT, JOINED = 0.6, 0.5
"""What a match by another spelling, and by a part of a joined word, counts."""

_MOST = 4
_LONG_PART = 5
_SURE_LENGTH, _LONG = 6, 9


def alike(word: str, known: Iterable[str]) -> dict[str, float]:
    """The words of `known` that `word` may stand for, the likeliest four at most,
    and what a match by each counts, between 0 and 1.
    """
    if len(word) < SHORTEST or word.isdigit():
        return {}
    mine = word_trigrams(word)
    found = []
    for other in known:
        share = similarity(mine, word_trigrams(other))
        counts = _counts(word, other) if share >= ALIKE and other != word else 0.0
        if counts:
            found.append((-share, other, counts))
    return {other: counts for _, other, counts in sorted(found)[:_MOST]}


def _counts(word: str, other: str) -> float:
    if len(other) < SHORTEST or other.isdigit():
        return 0.0
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) >= _LONG_PART and longer.startswith(shorter):
        return JOINED
    if len(shorter) >= _LONG_PART and longer.endswith(shorter):
        return JOINED
    # Whoever mistypes a word seldom mistypes its first letter; and one letter more or
    # less makes another word of a short one (send, spend).
    if word[0] != other[0]:
        return 0.0
    if len(shorter) < _SURE_LENGTH:
        slip = sorted(word) == sorted(other) or _undoubled(word) == _undoubled(other)
        return MISSPELT if slip and distance(word, other, most=1) <= 1 else 0.0
    most = 1 if len(shorter) < _LONG else 2
    return MISSPELT if distance(word, other, most=most) <= most else 0.0


def _undoubled(word: str) -> str:
    return "".join(a for a, b in zip(word, word[1:] + " ", strict=True) if a != b)


def distance(one: str, other: str, *, most: int) -> int:
    """How many letters are wrong, left out, too many, or changed with their
    neighbour; `most + 1` as soon as there are more than that.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            swapped = (
                i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against
            )
            if swapped:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
