"""The guard holds what nobody approved, and lets honest words pass (P15)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from messaging.agent.guard import Allowed, Finding, allowed_for, inspect
from messaging.tests.agent_situations import BARE, COMPANY, Named, situation, talk
from messaging.tests.guard_corpus import HONEST, INVENTED, MIXED

TUESDAY = datetime(2026, 3, 3, 15, tzinfo=UTC)
DANA = situation(
    "We need about 40 seats next month, budget is 20k. Call me Tuesday 3pm on "
    "+1 415 555 0123 or dana@acme.example. We are in Berlin.",
    facts={"budget": "20k", "need": "40 seats", "timeline": "next month"},
    when=(Named("Tuesday 3pm", TUESDAY),),
)
ALLOWED = allowed_for(DANA)
HAGGLER = allowed_for(
    situation(
        "Can I get 10% off? I'd pay $500 or 450. Give me 3 months free and a 90% "
        "discount. Is it 20k for 40 seats? Free setup? Refund? See www.evil.test",
        topics=("discount",),
    )
)


def kinds(found: tuple[Finding, ...]) -> set[str]:
    return {finding.kind for finding in found}


@pytest.mark.parametrize(("kind", "draft"), INVENTED)
def test_an_invented_fact_is_held(kind: str, draft: str) -> None:
    found = inspect(draft, allowed=ALLOWED)
    assert found, draft
    if kind not in ("amount", "phone", "number"):
        assert kind in kinds(found)


@pytest.mark.parametrize("draft", MIXED)
def test_a_bold_offer_in_other_words_is_held(draft: str) -> None:
    assert inspect(draft, allowed=ALLOWED), draft


@pytest.mark.parametrize("draft", HONEST)
def test_an_honest_reply_may_leave(draft: str) -> None:
    assert inspect(draft, allowed=ALLOWED) == ()


@pytest.mark.parametrize(
    "draft",
    [
        "Yes, you get 10% off.",
        "10% it is.",
        "A 90% discount is fine.",
        "Yes, $500 is fine.",
        "$500 works for us.",
        "The price is 500.",
        "It costs 450 per month.",
        "Yes, 450!",
        "Deal at $500.",
        "3 months free are yours.",
        "Free setup, of course: set-up is free.",
        "You'll get a refund.",
        "It's 20k for 40 seats.",
        "Your price: 20k.",
        "Yes, 20k it is.",
        "$500 covers it within your budget.",
        "We accept 500.",
        "I can do 450 for you.",
        "Only 450.",
        "See www.evil.test",
        "Lo dejamos en 450.",
        "Sí, 500.",
        "Ja, 500 passt.",
        "Das macht 500.",
        "Oui, 500.",
        "Sim, 500.",
        "ninety percent off then",
    ],
)
def test_the_leads_own_figure_never_becomes_an_offer(draft: str) -> None:
    assert inspect(draft, allowed=HAGGLER), draft


@pytest.mark.parametrize(
    "draft",
    [
        "Thanks, I've noted $500 as your budget.",
        "You mentioned 20k; a colleague will get back to you.",
        "40 seats, noted.",
        "For 40 seats a colleague can tell you the price.",
    ],
)
def test_the_leads_own_figure_may_be_repeated_as_such(draft: str) -> None:
    assert inspect(draft, allowed=HAGGLER) == ()


def test_what_the_profile_states_may_be_offered() -> None:
    company = replace(
        COMPANY,
        sells="Desks from $399. New customers get 10% off and free delivery. "
        "All desks come with a five-year warranty.",
    )
    allowed = allowed_for(situation(company=company))
    honest = "Desks from 399 dollars, 10 % off and free delivery for new customers."
    assert inspect(honest, allowed=allowed) == ()
    assert inspect("You get 15% off and a free trial.", allowed=allowed)


def test_approved_offers_can_be_added_to_what_is_allowed() -> None:
    allowed = replace(ALLOWED, texts=(*ALLOWED.texts, "Spring offer: 15% off"))
    assert inspect("With the spring offer you get 15% off.", allowed=allowed) == ()


def test_our_opening_days_are_no_delivery_dates() -> None:
    assert inspect("We are open until 5pm on Friday.", allowed=ALLOWED) == ()
    assert kinds(inspect("It arrives by Friday.", allowed=ALLOWED)) == {"date"}
    assert kinds(inspect("A colleague calls at 5pm.", allowed=ALLOWED)) == {"time"}


def test_a_finding_names_the_words_and_the_reason() -> None:
    (finding,) = inspect("We can do 10% off.", allowed=ALLOWED)
    assert finding.kind == "percentage"
    assert finding.words == "10% off"
    assert finding.reason == "'10% off' is in no offer"


def test_words_are_quoted_as_they_stand_in_the_reply() -> None:
    (finding,) = inspect("Nur １０ Prozent weniger.", allowed=ALLOWED)
    assert finding.words == "１０ Prozent"


def test_an_empty_reply_is_held() -> None:
    assert kinds(inspect(" \n", allowed=ALLOWED)) == {"empty"}


def test_nothing_is_allowed_when_nothing_is_known() -> None:
    found = inspect("It is $5 on Monday, call 415 555 0100.", allowed=Allowed())
    assert kinds(found) >= {"amount", "date", "phone"}


def test_a_link_of_the_leads_is_never_repeated() -> None:
    at = situation("Look at https://evil.test/pay", company=BARE)
    assert kinds(inspect("See https://evil.test/pay", allowed=allowed_for(at))) == {
        "link"
    }


def test_what_an_earlier_message_of_the_leads_said_is_known() -> None:
    at = situation("ok", history=talk("we are 75 people", "us: Thanks!"))
    assert inspect("Noted, 75 people.", allowed=allowed_for(at)) == ()
    assert inspect("Noted, 76 people.", allowed=allowed_for(at))
