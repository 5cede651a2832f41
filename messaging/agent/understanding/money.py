"""Amounts of money in a lead's message, in integer minor units.

Words (scales, currencies, numbers) come from ``data/<language>_facts.toml``;
currency codes and their minor units are ISO 4217.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from messaging.agent.understanding.money_words import (
    MoneyWords,
    currency_of,
    money_words,
)
from messaging.agent.understanding.textfold import (
    fold,
    language_and_region,
    mask,
)

_DOLLARS = frozenset(
    ["USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP"]
)
_NO_MINOR = frozenset(
    ["JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG", "LAK"]
)
_THREE_DIGITS = frozenset(["KWD", "BHD", "OMR", "JOD", "TND"])
_LIMIT = Decimal(10) ** 15


@dataclass(frozen=True)
class Money:
    """``minor`` in minor units of ``currency`` (ISO 4217; cents where it is empty).

    ``currency`` is the caller's default where the text states none; ``text`` is a
    verbatim substring of the message.
    """

    minor: int
    currency: str
    text: str


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount and where it stands in the text; ``stated``: with a currency."""

    value: Decimal
    currency: str
    start: int
    end: int
    scale: Decimal
    stated: bool


def parse_number(figure: str) -> Decimal:
    """Read "1,200.50", "1.200,50", "1 200" and "1.5": the last mark may be decimal."""
    figure = figure.replace(" ", "").replace("'", "")
    marks = [char for char in figure if char in ".,"]
    if not marks:
        return Decimal(figure)
    head, _, tail = figure.rpartition(marks[-1])
    grouped = len(tail) == 3 and (len(set(marks)) == 1) and head.lstrip("0") != ""
    if grouped or marks.count(marks[-1]) > 1:
        return Decimal(re.sub("[.,]", "", figure))
    return Decimal(re.sub("[.,]", "", head) + "." + tail)


def _spoken_value(text: str, numbers: dict[str, int]) -> Decimal:
    """Read "Thirteen thousand five hundred" as 13500."""
    if text in numbers:
        return Decimal(numbers[text])
    total, current = 0, 0
    for word in re.split(r"[ -]", text):
        value = numbers.get(word)
        if value is None:
            continue
        if value >= 1000:
            total, current = total + max(current, 1) * value, 0
        elif value == 100:
            current = max(current, 1) * 100
        else:
            current += value
    return Decimal(total + current)


def _amount(words: MoneyWords, folded: str, found: re.Match[str]) -> Amount | None:
    groups = found.groupdict()
    scale_word = next((groups[f"s{n}"] for n in range(1, 6) if groups[f"s{n}"]), None)
    scale = words.scales[scale_word] if scale_word else Decimal(1)
    raw = groups["before"] or groups["bword"] or groups["after"] or groups["sword"]
    currency = currency_of(words, raw)
    if groups["spoken"]:
        value = _spoken_value(groups["spoken"], words.numbers)
        if not currency and (value * scale < 1000 or found.group().isalpha()):
            return None
    else:
        value = parse_number(groups["n1"] or groups["n2"] or groups["n3"])
    value *= scale
    if groups["cents"]:
        value += Decimal(groups["cents"]) / 100
    if raw in ("cent", "cents", "pence", "centimes", "centavos", "centimos"):
        value /= 100
    start, end = found.span()
    if value > _LIMIT or folded[start:end] == "401k":
        return None
    return Amount(value, currency, start, end, scale, bool(currency))


def _low_end(words: MoneyWords, folded: str, high: Amount) -> Amount | None:
    """Read "10-15k", "between 10 and 15 thousand": the first figure of a range."""
    window = max(high.start - 24, 0)
    found = words.link.search(folded[window : high.start])
    if not found:
        return None
    start = window + found.start("low")
    value = parse_number(found["low"]) * high.scale
    head = folded[max(start - 30, 0) : window + found.end("low")]
    if found["link"] in words.loose_scales and not words.between.search(head):
        return None
    if value >= high.value:
        return None
    end = window + found.end("low")
    return replace(high, value=value, start=start, end=end)


def scan(
    text: str, *, language: str, default_currency: str = "", loose: bool = False
) -> Iterator[Amount]:
    """Amounts in the order of the text; ``loose`` also takes "5m" as five million."""
    language, _ = language_and_region(language)
    words = money_words(language)
    folded = mask(fold(text))
    last_end = 0
    amounts: list[Amount] = []
    for found in words.amount.finditer(folded):
        amount = _amount(words, folded, found)
        if not amount or not _is_money(words, folded, found, amount, loose):
            continue
        low = _low_end(words, folded, amount)
        if low and low.start >= last_end:
            amounts.append(low)
        last_end = amount.end
        amounts.append(amount)
    for amount in _agree(words, folded, amounts):
        yield _settle(amount, default_currency)


def _agree(words: MoneyWords, folded: str, amounts: list[Amount]) -> list[Amount]:
    """Ends of a range share scale and currency; "3 dollars 50 cents" is one."""
    agreed: list[Amount] = []
    for amount in amounts:
        last = agreed[-1] if agreed else None
        gap = folded[last.end : amount.start] if last else "?"
        if last and words.joint.fullmatch(gap):
            if last.scale == 1 < amount.scale and last.value < amount.value:
                last = replace(last, value=last.value * amount.scale)
            if not last.stated or not amount.stated:
                currency = last.currency or amount.currency
                last = replace(last, currency=currency)
                amount = replace(amount, currency=currency)
            agreed[-1] = last
        elif last and words.plus.fullmatch(gap) and amount.value < 1 <= last.value:
            agreed[-1] = replace(last, value=last.value + amount.value, end=amount.end)
            continue
        agreed.append(amount)
    return agreed


def _is_money(
    words: MoneyWords, folded: str, found: re.Match[str], amount: Amount, loose: bool
) -> bool:
    if amount.stated:
        return True
    if words.not_money.match(folded, amount.end):
        return False
    return loose or found["s4"] not in words.loose_scales


def _settle(amount: Amount, default_currency: str) -> Amount:
    if amount.currency == "$":
        dollars = default_currency if default_currency in _DOLLARS else "USD"
        return replace(amount, currency=dollars)
    return replace(amount, currency=amount.currency or default_currency)


def minor_units(value: Decimal, currency: str) -> int:
    """The amount in the currency's smallest unit, rounded half up."""
    scaled = value * 10 ** decimals_of(currency)
    return int(scaled.to_integral_value(rounding="ROUND_HALF_UP"))


def decimals_of(currency: str) -> int:
    """How many decimals a currency has (ISO 4217), two where it is not known."""
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE_DIGITS else 2


def read_money(
    text: str, *, language: str, default_currency: str = ""
) -> tuple[Money, ...]:
    """Every amount of money the text names, in its order."""
    found = scan(text, language=language, default_currency=default_currency)
    return tuple(
        Money(
            minor_units(amount.value, amount.currency),
            amount.currency,
            text[amount.start : amount.end],
        )
        for amount in found
    )
