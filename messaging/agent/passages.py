"""What a published passage says, word for word, and an offer's price in words."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache

from messaging.agent.guarding.numbers import DATA
from messaging.agent.model import Passage
from messaging.agent.phrases import phrases
from messaging.agent.understanding.money import decimals_of

ARTICLE, OFFER = "article.", "offer."
# Groups of thousands and the decimal sign, as a language writes them.
_SIGNS = {
    "en": (",", "."),
    "de": (".", ","),
    "es": (".", ","),
    "pt": (".", ","),
    "fr": (" ", ","),
}
_BLANK_BEFORE_PERCENT = ("de", "es", "fr")
_JOINED = re.compile(r"\s*(?:/|,|\b(?:and|y|et|und|e|per|por|par|pro)\b)\s*", re.I)


def is_offer(passage: Passage) -> bool:
    """Whether it is something with a price, and no article."""
    return passage.source.startswith(OFFER)


def words_of(passage: Passage) -> str:
    """All the words that a quote of this passage may be taken from.

    An article is its question and its answer; an offer is a line each for its name,
    description, price, discount limit and conditions, as far as it has them.
    """
    lines = [passage.title, passage.text]
    if is_offer(passage):
        lines += [price_line(passage), discount_line(passage)]
        lines.append(f"Conditions: {passage.conditions}" if passage.conditions else "")
    return "\n".join(line.strip() for line in lines if line.strip())


def price_line(passage: Passage) -> str:
    """An offer's price as "Price: 29.00 USD per seat and month", "" for none."""
    if passage.price is None:
        return ""
    places = decimals_of(passage.currency)
    figure = f"{passage.price / 10**places:.{places}f}"
    price = f"Price: {figure} {passage.currency}"
    return f"{price} per {passage.unit}" if passage.unit else price


def discount_line(passage: Passage) -> str:
    """An offer's limit as "Discount: at most 10 %", "" where none may be promised."""
    limit = passage.discount_limit
    return f"Discount: at most {limit} %" if limit else ""


def money_in(minor: int, currency: str, language: str) -> str:
    """An amount as people of a language write it: 1,200 USD, 1.200 EUR, 29,50 EUR."""
    group, point = _SIGNS.get(language, _SIGNS["en"])
    whole, part = divmod(minor, 10 ** decimals_of(currency))
    figure = f"{whole:,}".replace(",", group)
    if part:
        figure += f"{point}{part:0{decimals_of(currency)}d}"
    return f"{figure} {currency}"


def percent_in(value: float, language: str) -> str:
    """A percentage as people of a language write it: 10%, 12,5 %."""
    point = _SIGNS.get(language, _SIGNS["en"])[1]
    figure = f"{value:g}".replace(".", point)
    return f"{figure} %" if language in _BLANK_BEFORE_PERCENT else f"{figure}%"


def unit_in(unit: str, *, written: str, language: str) -> str:
    """What a price is for, in another language; as it is written where a word of it
    is not known.
    """
    words = [word for word in _JOINED.split(unit.strip()) if word]
    told = [_units(written).get(word.casefold(), "") for word in words]
    named = [_unit_data()[key].get(language, "") if key else "" for key in told]
    if not named or not all(named):
        return unit.strip()
    joiner = phrases(language).variants("and", "")[0]
    return f" {joiner} ".join(named)


@lru_cache(maxsize=1)
def _unit_data() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((DATA / "offer_units.toml").read_text("utf-8"))


@lru_cache(maxsize=8)
def _units(language: str) -> Mapping[str, str]:
    """The name of a unit by its word in a language."""
    data = _unit_data().items()
    return {words[language].casefold(): key for key, words in data if language in words}
