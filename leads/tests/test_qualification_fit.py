"""What a fact's words are worth: read in five languages, never guessed up."""

from datetime import UTC, datetime

import pytest

from leads import fit
from leads.models import Fact

SAID = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


def fact(field: str, value: str, quote: str = "") -> Fact:
    return Fact(field=field, value=value, quote=quote, source="lead", occurred_at=SAID)


def earned(field: str, value: str, quote: str = "") -> set[str]:
    return set(fit.derive([fact(field, value, quote)], []))


@pytest.mark.parametrize(
    "value",
    [
        "next month", "ASAP", "in 6 weeks", "within 3 months", "2026-12", "Q1: 2027-Q1",
        "2026-12-10/2026-12-31", "January", "in two weeks", "el próximo mes",
        "en 2 semanas", "cuanto antes", "le mois prochain", "dans trois mois",
        "dès que possible", "nächsten Monat", "in zwei Wochen", "sofort", "im Januar",
        "no mês que vem", "em 30 dias", "o quanto antes", "this quarter",
        "December 2026", "Q1 2027", "early 2027", "week of 7 December 2026",
        "25 November 2026 to 6 January 2027", "3 de janeiro de 2027", "2026",
    ],
)  # fmt: skip
def test_within_three_months_is_soon(value: str) -> None:
    assert earned("timeline", value) == {"timeline_soon"}


@pytest.mark.parametrize(
    "value",
    [
        "next year", "no rush", "in 6 months", "2027-06", "2027-Q3", "June", "in a year",
        "el año que viene", "l'année prochaine", "l’année prochaine", "nächstes Jahr",
        "in sechs Monaten", "ano que vem", "whenever Saturn allows", "2026-99", "2027",
        "June 2027", "Q3 2027", "summer 2027", "15 April 2027",
    ],
)  # fmt: skip
def test_later_or_unclear_is_worth_the_smaller_line(value: str) -> None:
    assert earned("timeline", value) == {"timeline_later"}


def test_words_that_the_value_left_out_are_read_in_the_quote() -> None:
    assert earned("timeline", "start", "we start next week") == {"timeline_soon"}


@pytest.mark.parametrize(
    "value", ["40 seats", "a dozen vans", "vierzig Plätze", "cincuenta sillas"]
)
def test_a_need_with_an_amount_is_worth_more(value: str) -> None:
    assert earned("need", value) == {"need_quantity"}


def test_a_need_without_an_amount_is_worth_less() -> None:
    assert earned("need", "a CRM", "we need a CRM") == {"need"}


def test_an_amount_said_apart_counts_once_with_the_need() -> None:
    lines = fit.derive([fact("need", "a CRM"), fact("quantity", "40")], [])
    assert set(lines) == {"need_quantity"}


@pytest.mark.parametrize("value", ["20000 USD", "20k", "flexible", "no more than 5k"])
def test_a_named_budget_earns_the_line(value: str) -> None:
    assert earned("budget", value) == {"budget"}


def test_no_timeline_earns_nothing() -> None:
    assert earned("timeline", "no timeline yet", "no idea when") == set()


@pytest.mark.parametrize(
    "value", ["none", "No budget", "kein Budget", "sin presupuesto", "none yet", "0"]
)
def test_no_budget_earns_nothing(value: str) -> None:
    assert earned("budget", value) == set()


@pytest.mark.parametrize(
    "value",
    [
        "I decide alone",
        "decides alone",
        "founder",
        "ich entscheide",
        "yo decido",
        "je décide",
        "sou eu",
    ],
)
def test_who_decides_alone_earns_the_line(value: str) -> None:
    assert earned("authority", value) == {"authority"}


@pytest.mark.parametrize(
    "value",
    [
        "my boss and I decide",
        "not alone",
        "der Vorstand",
        "CEO approval",
        "unclear",
        "decision maker: our CEO",
        "needs approval of my boss",
        "does not decide",
    ],
)
def test_who_decides_with_others_does_not(value: str) -> None:
    assert earned("authority", value) == set()


@pytest.mark.parametrize(
    ("mails", "key"),
    [
        (["a@gmail.com"], "free_mail"),
        (["a@GMX.de"], "free_mail"),
        (["a@acme.example"], "company_mail"),
        (["a@gmail.com", "a@acme.example"], "company_mail"),
    ],
)
def test_the_domain_tells_a_company_mail_from_a_free_one(
    mails: list[str], key: str
) -> None:
    assert set(fit.derive([], [(mail, SAID) for mail in mails])) == {key}
