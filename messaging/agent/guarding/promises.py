"""Promises, discounts and deeds that only the company profile could back."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar

from messaging.agent.guarding.text import Folded
from messaging.agent.guarding.words import COMMITMENTS, find, pattern

_REASONS = {
    "guarantee": "is a promise that nobody approved",
    "free": "promises something for nothing that is in no offer",
    "discount": "is a discount that is in no offer",
    "booking": "says something is arranged that is not",
    "claim": "says something was done that was not",
}
_LONG = (
    "guarantee|moneyback|freeofcharge|freetrial|discount|kostenlos|rabattcode|descuento"
    "|desconto|garantiert|garantizado|gratuitement|gratuitamente|halfprice"
)


F = TypeVar("F")


def promises(
    folded: Folded, company: str, finding: Callable[[str, str, str], F]
) -> Iterator[F]:
    """Findings for words that promise, unless `company` states the same words."""
    masked = folded.without(pattern("neutral"))
    for kind in COMMITMENTS:
        for match in find(kind, masked):
            if not match.group().strip(" .!,") or _stated(match.group(), company):
                continue
            words = folded.words(*match.span())
            yield finding(kind, words, f"'{words[:60]}' {_REASONS[kind]}")
    hidden = _pulled_apart(masked)
    if hidden and hidden not in company.replace(" ", ""):
        yield finding("discount", hidden, f"'{hidden}' is hidden in the reply")


def _stated(words: str, company: str) -> bool:
    return words.strip(" .!,") in company


@lru_cache(maxsize=1)
def _long_words() -> re.Pattern[str]:
    return re.compile(_LONG)


def _pulled_apart(folded: Folded) -> str:
    """A promise whose letters are spread over words or signs, or ""."""
    letters = "".join(sign for sign in folded.text if sign.isalpha())
    for match in _long_words().finditer(letters):
        if match.group() not in folded.text:
            return match.group()
    return ""
