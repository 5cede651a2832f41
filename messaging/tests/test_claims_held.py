"""What no source states does not leave (P15, P17)."""

import pytest

from messaging.agent.claims import check_claims
from messaging.agent.model import Claim, Passage
from messaging.tests.agent_situations import LANGUAGES, situation
from messaging.tests.claims_corpus import ASKING, held, planted, world


def kinds(body: str, *claims: Claim, message: str = "Hello") -> list[str]:
    at = world("en", message)
    return [one.kind for one in check_claims(body, claims=claims, situation=at)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_reply_with_a_planted_fact_leaves(language: str) -> None:
    at = world(language, ASKING[language])
    left = [body for body in planted(language) if not held(body, at)]
    assert left == []


def test_the_planted_replies_are_a_thousand_different_ones() -> None:
    replies = {body for language in LANGUAGES for body in planted(language)}
    assert len(replies) >= 1000


@pytest.mark.parametrize(
    ("source", "reply"),
    [
        ("We do not offer refunds.", "We offer refunds."),
        ("Refunds are available.", "Refunds are not available."),
        ("Plans start at $12 per seat.", "Plans cost $12 per seat."),
        ("Plans cost $12 per seat.", "Plans start at $12 per seat."),
        ("Delivery takes up to 9 days.", "Delivery takes more than 9 days."),
        ("Delivery usually takes 5 days.", "Delivery takes 5 days."),
        ("Some desks are black.", "All desks are black."),
        ("Assembly is free for orders over $900.", "Assembly is free."),
        ("Team costs $12 and Business costs $20.", "Business costs $12."),
        ("Open Mon-Fri 9-17, Sat 10-14.", "Open on Saturday 9-17."),
        ("Desks are black. Chairs are blue.", "Desks ship in blue crates."),
        ("Returns within 30 days.", "Returns within 13 days."),
    ],
)
def test_words_of_a_source_that_say_something_else_are_held(
    source: str, reply: str
) -> None:
    known = (Passage("article.1", "Good to know", source, "en"),)
    at = situation("Tell me more", knowledge=known)
    found = check_claims(reply, situation=at)
    assert [one.kind for one in found] == ["held"], found


def test_a_quote_that_is_not_in_its_source_proves_nothing() -> None:
    claim = Claim("Desks are bamboo", "article.3", "Our desks are made of bamboo")
    assert kinds("Desks are bamboo.", claim) == ["held"]


def test_a_true_quote_proves_only_what_it_says() -> None:
    quote = "Our technicians assemble every desk on site."
    claim = Claim("technicians repaint every desk", "article.3", quote)
    assert kinds("Our technicians repaint every desk on site.", claim) == ["held"]


def test_a_source_of_one_offer_proves_nothing_of_another() -> None:
    claim = Claim("Studio desk", "offer.1", "Includes email support")
    assert kinds("The Studio desk includes email support.", claim) == ["held"]


def test_two_passages_never_prove_one_sentence_together() -> None:
    body = "The Team plan includes email support and holds up to 120 kg."
    assert kinds(body) == ["held"]


def test_the_title_alone_proves_nothing() -> None:
    known = (
        Passage("article.1", "Do you offer refunds?", "All sales are final.", "en"),
    )
    at = situation("Refund?", knowledge=known)
    (found,) = check_claims("We offer refunds.", situation=at)
    assert found.kind == "held"


@pytest.mark.parametrize("body", ["Yes.", "Yes, we do.", "Absolutely!", "Sure!"])
def test_a_bare_yes_to_a_question_is_held(body: str) -> None:
    assert kinds(body, message="Do you ship to Canada?") == ["held"]


def test_a_yes_before_its_proof_may_leave() -> None:
    body = "Yes, of course. Unused desks can be returned within 30 days."
    assert kinds(body, message="Can I return it?") == ["small_talk", "sourced"]


def test_a_courtesy_to_no_question_may_leave() -> None:
    assert kinds("Sure!", message="Call me tomorrow") == ["small_talk"]


def test_the_leads_claim_about_us_is_not_confirmed() -> None:
    said = "I heard that you ship to Peru and that the desks are bamboo"
    assert kinds("Right, we ship to Peru.", message=said) == ["held"]
    assert kinds("Thanks, the desks are bamboo.", message=said) == ["held"]


def test_it_is_not_moved_to_another_offer() -> None:
    body = "The Team plan is $12 per seat per month. It has an oak top."
    assert kinds(body) == ["sourced", "held"]


def test_without_knowledge_only_the_profile_and_small_talk_are_left() -> None:
    at = situation("What does it cost?")
    body = "Thanks for asking! Desks start at $399. Chairs are leather."
    found = check_claims(body, situation=at)
    assert [one.kind for one in found] == ["small_talk", "sourced", "held"]
