"""How facts are shown: amounts with their thousands apart, all else as it is."""

import pytest

from leads.models import Fact
from leads.showing import shown, shown_value


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("20000 USD", "20,000 USD"),
        ("20000", "20,000"),
        ("1500000 EUR", "1,500,000 EUR"),
        ("500 USD", "500 USD"),
        ("12500.50 USD", "12,500.50 USD"),
        ("5000-12000 GBP", "5,000-12,000 GBP"),
        ("up to 5000 USD per month", "up to 5,000 USD per month"),
        ("at least 20000 USD", "at least 20,000 USD"),
    ],
)
def test_a_plain_amount_has_its_thousands_apart(stored: str, expected: str) -> None:
    assert shown_value("budget", stored) == expected


@pytest.mark.parametrize(
    "words", ["20,000 USD", "20k", "ask Ms 4000", "PO 20000/7", "none", "", "$20000"]
)
def test_somebodys_own_words_are_left_alone(words: str) -> None:
    assert shown_value("budget", words) == words


@pytest.mark.parametrize("field", ["phone", "quantity", "location", "timeline", "need"])
def test_other_fields_are_left_alone(field: str) -> None:
    assert shown_value(field, "20000") == "20000"


def test_a_fact_is_shown_and_no_fact_is_nothing() -> None:
    assert shown(Fact(field="budget", value="20000 USD")) == "20,000 USD"
    assert shown(None) == ""
