"""Articles and offers state facts, each of its own subject, offers up to a limit."""

from dataclasses import replace

import pytest

from messaging.agent.guard import Finding, allowed_for, inspect
from messaging.agent.model import Passage
from messaging.tests.agent_situations import situation

TEAM = Passage(
    "offer.1",
    "Team plan",
    "Includes email support.",
    "en",
    price=1200,
    currency="USD",
    unit="seat and month",
    discount_limit=10,
)
PRO = Passage(
    "offer.2",
    "Pro plan",
    "Includes phone support.",
    "en",
    price=2000,
    currency="USD",
    unit="seat and month",
)
RETURNS = Passage(
    "article.1",
    "Can I return a desk?",
    "Yes, within 30 days, see https://northwind.example/returns or call"
    " +1 415 555 0177. Refunds are guaranteed until March 31.",
    "en",
)
AT = situation("How much?", knowledge=(TEAM, PRO, RETURNS))


def found(body: str, *known: Passage) -> tuple[Finding, ...]:
    at = replace(AT, knowledge=known) if known else AT
    return inspect(body, allowed=allowed_for(at))


@pytest.mark.parametrize(
    "body",
    [
        "The Team plan is $12 per seat and month.",
        "With the Team plan you get 10% off.",
        "5 % discount on the Team plan.",
        "The Team plan first: it's $12 per seat and month.",
        "You can return it within 30 days.",
        "Refunds are guaranteed until March 31.",
        "See https://northwind.example/returns.",
        "Call +1 415 555 0177.",
    ],
)
def test_what_a_passage_states_may_leave(body: str) -> None:
    assert found(body) == ()


@pytest.mark.parametrize(
    "body",
    [
        "The Pro plan is $12 per seat and month.",
        "The Team plan is $20 per seat and month.",
        "It's $12 per seat and month.",
        "With the Pro plan you get 10% off.",
        "You can return it within 90 days.",
        "Delivery is guaranteed.",
        "See https://northwind.example/refunds.",
    ],
)
def test_a_passage_says_nothing_of_another_subject(body: str) -> None:
    assert found(body)


def test_the_only_offer_needs_no_name() -> None:
    assert found("It's $12 per seat and month, and 10% off.", TEAM) == ()


def test_a_discount_over_the_limit_names_the_limit_and_the_offer() -> None:
    reasons = {one.reason for one in found("20 % off the Team plan.")}
    assert "'20 % off' is over the limit of 10 % for Team plan" in reasons


def test_a_discount_in_no_offer_says_so() -> None:
    reasons = {one.reason for one in found("You get 10 % off.", RETURNS)}
    assert "'10 % off' is in no offer" in reasons


def test_an_offer_without_a_discount_says_so() -> None:
    reasons = {one.reason for one in found("10% off the Pro plan.")}
    assert "'10% off' is in no offer: Pro plan allows no discount" in reasons


def test_the_leads_own_percentage_is_no_discount() -> None:
    at = replace(AT, message="Can I get 50% off the Team plan?")
    body = "Sure, 50% off the Team plan."
    assert inspect(body, allowed=allowed_for(at))
