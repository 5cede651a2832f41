"""Honest words leave, each with the source that it rests on (P17)."""

import json
import string
from typing import Any

import pytest

from messaging.agent.claims import Sentence, check_claims
from messaging.agent.guarding.numbers import DATA
from messaging.agent.model import Claim, Passage, Situation
from messaging.agent.phrases import phrases
from messaging.agent.proving.words import templates
from messaging.tests.agent_situations import COMPANY, LANGUAGES, situation
from messaging.tests.claims_corpus import held, honest, world


def checked(body: str, *claims: Claim, **changes: Any) -> tuple[Sentence, ...]:
    at = world(changes.pop("language", "en"), changes.pop("message", "Hello"))
    return check_claims(body, claims=claims, situation=at)


def test_of_120_honest_replies_at_least_98_percent_leave() -> None:
    replies = honest()
    assert len(replies) == 120
    stopped = [body for at, body in replies if held(body, at)]
    assert len(stopped) <= 0.02 * len(replies), stopped


def test_a_sentence_names_its_source_its_title_and_its_words() -> None:
    (found,) = checked(
        "Shipping within the United States usually takes 5-7 business days."
    )
    assert (found.kind, found.source) == ("sourced", "article.1")
    assert found.title == "How long does delivery take?"
    assert found.quote.startswith("Delivery usually takes 5 to 7 business days")


def test_the_models_own_quote_is_kept_when_it_is_true() -> None:
    claim = Claim("by invoice", "article.4", "pay by invoice within  30 days")
    (found,) = checked("Companies can pay by invoice within 30 days.", claim)
    assert (found.source, found.quote) == ("article.4", claim.quote)


def test_a_source_that_a_model_named_by_its_long_name_is_found() -> None:
    claim = Claim("12 Harbor Street", "profile.postal_address", "12 Harbor Street")
    (found,) = checked("You can find us at 12 Harbor Street, Oakland.", claim)
    assert (found.source, found.quote) == ("profile.address", "12 Harbor Street")


def test_sentences_stand_where_they_say() -> None:
    body = "Hi Dana,\n\nDesks start at $399.  Anything else?\n\nBest,\nNorthwind Desks"
    for one in checked(body):
        assert body[one.start : one.end] == one.words


def test_a_mails_greeting_and_closing_are_small_talk() -> None:
    body = "Hi Dana,\n\nDesks start at $399.\n\nKind regards,\nNorthwind Desks"
    kinds = [one.kind for one in checked(body)]
    assert kinds == ["small_talk", "sourced", "small_talk", "small_talk"]


def test_the_disclosure_is_a_notice() -> None:
    at = situation("Hello", first_automatic=True)
    body = "Hi Dana, I'm the AI assistant at Northwind Desks. Desks start at $399."
    kinds = [one.kind for one in check_claims(body, situation=at)]
    assert kinds == ["small_talk", "notice", "sourced"]


def test_an_open_question_is_known_as_itself() -> None:
    (found,) = checked("How many seats do you need?")
    assert (found.kind, found.source) == ("question", "question.need")


def test_the_leads_own_words_are_theirs() -> None:
    (found,) = checked("Noted: 40 seats in Oslo.", message="We need 40 seats in Oslo")
    assert found.kind == "lead"


def test_words_of_another_language_are_found_word_for_word() -> None:
    known = (Passage("article.1", "Delivery", "We deliver to Spain and Peru.", "en"),)
    at = situation("¿Envían a España?", language="es", knowledge=known)
    (found,) = check_claims("(en inglés) We deliver to Spain and Peru.", situation=at)
    assert found.source == "article.1"


def test_meanings_are_known_across_languages() -> None:
    known = (Passage("article.1", "Payment", "We accept cards and invoices.", "en"),)
    at = situation("Wie zahle ich?", language="de", knowledge=known)
    (found,) = check_claims("Wir akzeptieren Karten und Rechnungen.", situation=at)
    assert found.source == "article.1"


FILLED = {
    "company": COMPANY.name,
    "name": "Team plan",
    "price": "12 USD per seat and month",
    "percent": "10 %",
    "terms": "For annual plans only",
    "when": "Tuesday 3pm",
    "contact": "+1 415 555 0100, hello@northwind.example.",
    "text": "Dana",
    "unit": "seat and month",
}
FACTS = {
    "en": "40 seats and a budget of 20k",
    "es": "40 puestos y un presupuesto de 20k",
    "fr": "40 postes et un budget de 20k",
    "de": "40 Plätze und ein Budget von 20k",
    "pt": "40 lugares e um orçamento de 20k",
}
VALUES = (
    COMPANY.name,
    COMPANY.sells,
    COMPANY.hours,
    COMPANY.postal_address,
    COMPANY.phone,
    COMPANY.email,
    COMPANY.website,
    COMPANY.booking_url,
)
TEAM = Passage(
    "offer.1",
    "Team plan",
    "For teams of up to 50 people.",
    "en",
    price=1200,
    currency="USD",
    unit="seat and month",
    discount_limit=10,
    conditions="For annual plans only.",
)


def filled(template: str, language: str) -> list[str]:
    """A built-in sentence with every value that may stand in it."""
    slots = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    known = {**FILLED, "facts": FACTS[language]}
    if slots == {"name"}:
        known["name"] = "Dana"
    if "value" not in slots:
        return [template.format(**known)]
    return [template.format(**known, value=value) for value in VALUES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_built_in_model_may_leave(language: str) -> None:
    said = f"{FACTS[language]}, Tuesday 3pm, we hope for a discount"
    at = situation(said, language=language, knowledge=(TEAM,))
    bodies = [
        body
        for template in templates(phrases(language))
        if not template.startswith("{price}")  # a part of a sentence
        for body in filled(template, language)
    ]
    assert len(bodies) > 150
    stopped = [body for body in bodies if any_held(body, at)]
    assert stopped == []


def any_held(body: str, at: Situation) -> bool:
    return any(one.kind == "held" for one in check_claims(body, situation=at))


def test_no_built_in_sentence_is_a_pattern_or_a_list_of_words() -> None:
    for language in LANGUAGES:
        text = (DATA / f"phrases_{language}.json").read_text("utf-8")
        wants = json.loads(text)["wants"].values()
        assert not set(wants) & set(templates(phrases(language)))
