"""The words for money of one language, as patterns; currency codes are ISO 4217."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from messaging.agent.understanding.textfold import DATA

_SYMBOLS = {
    "$": "$",
    "us$": "USD",
    "us $": "USD",
    "c$": "CAD",
    "c $": "CAD",
    "ca$": "CAD",
    "a$": "AUD",
    "au$": "AUD",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "r$": "BRL",
    "mex$": "MXN",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₫": "VND",
    "₦": "NGN",
    "₱": "PHP",
    "₪": "ILS",
    "₴": "UAH",
    "₡": "CRC",
    "₭": "LAK",
    "zł": "PLN",
}
_CODES = [
    "usd",
    "eur",
    "gbp",
    "cad",
    "aud",
    "nzd",
    "chf",
    "jpy",
    "cny",
    "rmb",
    "inr",
    "brl",
    "mxn",
    "sgd",
    "hkd",
    "sek",
    "nok",
    "dkk",
    "pln",
    "czk",
    "huf",
    "ron",
    "bgn",
    "zar",
    "aed",
    "sar",
    "ils",
    "krw",
    "thb",
    "php",
    "idr",
    "myr",
    "vnd",
    "ngn",
    "kes",
    "egp",
    "clp",
    "uah",
    "twd",
    "kwd",
    "bhd",
    "qar",
]
_NUMBER = (
    r"[0-9]{1,3}(?:[.,' ][0-9]{3}(?![0-9]))+(?:[.,][0-9]{1,2}(?![0-9]))?"
    r"|[0-9]{1,12}(?:[.,][0-9]{1,4})?"
)


@dataclass(frozen=True, slots=True)
class MoneyWords:
    """Patterns and values; ``loose_scales`` need a currency beside them."""

    amount: re.Pattern[str]
    link: re.Pattern[str]
    between: re.Pattern[str]
    joint: re.Pattern[str]
    plus: re.Pattern[str]
    not_money: re.Pattern[str]
    scales: dict[str, Decimal]
    loose_scales: frozenset[str]
    currencies: dict[str, str]
    numbers: dict[str, int]


def alternatives(words: list[str]) -> str:
    """A regular expression for any of these, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word) for word in ordered)


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: key for key, words in table.items() for word in words.split("|")}


@cache
def load_facts(language: str) -> dict[str, dict[str, str]]:
    """The tables of ``data/<language>_facts.toml``; read once."""
    path = DATA / f"{language}_facts.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def money_words(language: str) -> MoneyWords:
    """The language's words for money; compiled once."""
    tables = load_facts(language)
    settings = tables["money"]
    scales = {
        word: Decimal(key) for word, key in _by_word(tables["money_scale"]).items()
    }
    numbers = {word: int(key) for word, key in _by_word(tables["number"]).items()}
    currencies = _by_word(tables["currency"])
    names = alternatives(list(currencies))
    codes = "|".join(_CODES)
    symbols = alternatives(list(_SYMBOLS))
    scale = alternatives(list(scales))
    spoken = alternatives(list(numbers))
    and_word = settings["and"]
    amount = rf"""
     (?<![\w.,])(?:(?P<before>{symbols}|(?:{codes})\$?)[ ]?|(?P<bword>{names})[ ])
        (?P<n1>{_NUMBER})(?:[ -]?(?P<s1>{scale})(?![^\W_]))?
    |(?<![\w.,/])(?P<n2>{_NUMBER})(?:[ -]?(?P<s2>{scale}))?[ -]?
        (?P<after>{symbols}|(?:(?:{codes})|{names})(?![^\W_]))
        (?:[ ](?P<s3>{scale})(?![^\W_]))?
        (?:[ ](?:{and_word})[ ](?P<cents>[0-9]{{1,2}})[ ]cents?)?
    |(?<![\w.,/])(?P<n3>{_NUMBER})[ -]?(?P<s4>{scale})(?![^\W_])
    |(?<![^\W_])(?P<spoken>(?:{spoken})(?:[ -](?:(?:{and_word})[ ])?(?:{spoken})){{0,8}})
        (?:[ -](?P<s5>{scale})(?![^\W_]))?
        (?:[ -](?P<sword>{names}|(?:{codes}))|(?![^\W_]))(?![^\W_])
    """
    link = settings["link"]
    return MoneyWords(
        re.compile(amount, re.VERBOSE),
        re.compile(
            rf"(?:^|[^\w.,])(?:[$€£]|(?:{codes}) )?(?P<low>{_NUMBER})"
            rf" ?(?P<link>-|{link}) ?$"
        ),
        re.compile(rf"\b(?:{settings['between']}) \S{{0,12}}$"),
        re.compile(rf" ?(?:-|{link}) ?"),
        re.compile(rf" (?:(?:{and_word}) )?"),
        re.compile(rf"[ -]?(?:{settings['not_money']})(?![^\W_])"),
        scales,
        frozenset(settings["loose_scale"].split("|")),
        currencies,
        numbers,
    )


def currency_of(words: MoneyWords, raw: str | None) -> str:
    """ISO code of a symbol, code or word; "$" stays open; unknown is its own code."""
    if not raw:
        return ""
    raw = raw.strip()
    raw = raw[:-1] if raw[:-1] in _CODES else raw
    if raw in _SYMBOLS:
        return _SYMBOLS[raw]
    if raw in words.currencies:
        return words.currencies[raw]
    return {"rmb": "CNY"}.get(raw, raw.upper())
