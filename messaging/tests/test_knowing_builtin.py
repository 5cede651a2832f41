"""The built-in model tells published words: few, to the letter, each with its source."""

from dataclasses import replace
from itertools import product

import pytest

from messaging.agent.builtin import BuiltinModel
from messaging.agent.excerpts import excerpt, sentences_of
from messaging.agent.model import Goal, Passage, Plan, Proposal, Situation
from messaging.agent.passages import money_in, percent_in, unit_in, words_of
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.intents import read_intent
from messaging.tests.agent_knowledge import (
    COSTS,
    RETURNS,
    SHIPPING,
    SHIPPING_DE,
    article,
    offer,
)
from messaging.tests.agent_situations import BARE, COMPANY, LANGUAGES, TONES, situation

ASKED = {
    "en": "How much is the team plan?",
    "es": "¿Cuánto cuesta el plan?",
    "fr": "Combien coûte l'abonnement ?",
    "de": "Was kostet der Tarif?",
    "pt": "Quanto custa o plano?",
}
CHEAPER = {
    "en": "Can I get 5% off?",
    "es": "¿Hay un descuento del 5%?",
    "fr": "Y a-t-il une remise de 5 % ?",
    "de": "Gibt es 5% Rabatt?",
    "pt": "Tem desconto de 5%?",
}


def asked(text: str, *known: Passage, **changes: object) -> Situation:
    read = read_intent(text, language=str(changes.get("language", "en")))
    told = {"intent": str(read.intent), "topics": read.topics}
    return situation(text, knowledge=known, **{**told, **changes})


def written(at: Situation) -> Proposal:
    return BuiltinModel().write(at, plan_turn(at))


def sourced(proposal: Proposal, at: Situation) -> None:
    """Every claim's words stand in the reply, its quote in its source."""
    texts = {one.source: words_of(one) for one in at.knowledge}
    for claim in proposal.claims:
        assert claim.words in proposal.body
        if claim.source in texts:
            assert claim.quote in texts[claim.source]
        elif claim.source.startswith("profile."):
            said = getattr(at.company, claim.source.removeprefix("profile."))
            assert claim.quote in said
        elif claim.source == "message":
            assert claim.quote in at.message
        else:
            assert claim.source.startswith("question.")
    told = dict.fromkeys(claim.source for claim in proposal.claims)
    assert proposal.sources == tuple(told)


def test_the_sentence_that_answers_is_told_with_its_source() -> None:
    at = asked("Do you ship to Canada?", SHIPPING)
    made = written(at)
    assert "Yes, we ship to all provinces of Canada." in made.body
    assert "vans" not in made.body
    assert made.sources == (SHIPPING.source, "question.budget")
    assert made.claims[0].quote == "Yes, we ship to all provinces of Canada."
    sourced(made, at)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tone_and_channel_keeps_to_the_letter(language: str) -> None:
    plan = offer(discount_limit=10, conditions="paid a year ahead", language=language)
    cases = [
        (ASKED[language], plan),
        (CHEAPER[language], plan),
        ("x?", replace(SHIPPING, language=language)),
        ("x?", SHIPPING),
        (f"{ASKED[language]} x?", plan),
    ]
    for (text, known), tone, channel in product(cases, TONES, ("sms", "email")):
        at = asked(
            text,
            known,
            language=language,
            channel=channel,
            company=replace(COMPANY, tone=tone),
            intent="question",
            max_chars=459 if channel == "sms" else 2000,
        )
        made = written(at)
        assert known.source in made.sources, made.body
        assert len(made.body) <= (320 if channel == "sms" else 2000)
        assert made.body.count("?") <= 1
        sourced(made, at)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Team plan: 1,200.50 EUR per seat and month."),
        ("es", "Team plan: 1.200,50 EUR por puesto y mes."),
        ("fr", "Team plan : 1 200,50 EUR par poste et mois."),
        ("de", "Team plan: 1.200,50 EUR pro Platz und Monat."),
        ("pt", "Team plan: 1.200,50 EUR por lugar e mês."),
    ],
)
def test_an_offer_is_told_in_the_leads_language(language: str, told: str) -> None:
    known = offer(price=120_050, currency="EUR")
    at = asked(ASKED[language], known, language=language)
    made = written(at)
    assert told in made.body
    assert made.claims[0].quote == "Price: 1200.50 EUR per seat and month"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "5% off"),
        ("es", "5 % de descuento en Team plan"),
        ("fr", "remise de 5 % sur Team plan"),
        ("de", "Auf Team plan sind 5 % Rabatt"),
        ("pt", "desconto de 5% em Team plan"),
    ],
)
def test_a_discount_within_the_limit_is_told(language: str, told: str) -> None:
    at = asked(CHEAPER[language], offer(discount_limit=10), language=language)
    made = written(at)
    assert plan_turn(at).goal is Goal.ANSWER
    assert told in made.body
    assert "10" not in made.body


def test_conditions_go_with_the_price_and_with_the_discount() -> None:
    known = offer(discount_limit=10, conditions="Paid a year ahead.")
    for text in (ASKED["en"], CHEAPER["en"], "Any discount on the team plan?"):
        made = written(asked(text, known))
        assert "Paid a year ahead" in made.body
        quotes = [one.quote for one in made.claims]
        assert "Conditions: Paid a year ahead" in quotes


def test_without_a_figure_the_limit_is_told() -> None:
    known = offer(discount_limit=10, conditions="paid a year ahead")
    made = written(asked("Any discount on the team plan?", known))
    assert "up to 10% off" in made.body


def test_an_exception_is_never_left_out() -> None:
    for channel, most in (("sms", 459), ("sms", 160), ("email", 2000)):
        at = asked("How can I return a desk?", RETURNS, channel=channel, max_chars=most)
        made = written(at)
        assert "within 30 days. This does not apply to desks made to measure." in (
            made.body
        )


def test_a_part_that_leans_on_the_one_before_takes_it_along() -> None:
    text = "We bring desks. They fit through any door. We also take rubbish away."
    found = excerpt(
        text,
        question="Do they fit through my door?",
        asked_in="en",
        language="en",
        most=2,
        room=200,
    )
    assert found is not None
    assert found.said == ("We bring desks.", "They fit through any door.")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("We open at 9 a.m. on Mondays. Come in.", 2),
        ("Das geht z. B. Montags. Und freitags.", 2),
        ("Ask Dr. Stone. He knows.", 2),
        ("- Desks\n- Chairs\n1. Lamps", 3),
        ("It costs 4.50 USD. See https://a.example/b.html for more.", 2),
        ("¿Qué? ¡Sí! ¿Cómo?", 3),
        ("", 0),
    ],
)
def test_sentences_are_cut_where_they_end(text: str, count: int) -> None:
    found = sentences_of(text)
    assert len(found) == count, found
    assert all(one in text for one in found)


def test_the_question_is_answered_in_its_own_language_where_it_is_written() -> None:
    english = replace(SHIPPING, title="Do you ship to Austria?", sure=0.95)
    at = asked("Liefern Sie nach Österreich?", english, SHIPPING_DE, language="de")
    made = written(at)
    assert "Ja, wir liefern auch nach Österreich." in made.body
    assert SHIPPING.source not in made.sources


def test_a_much_less_sure_one_in_the_leads_language_does_not_push_ahead() -> None:
    known = (replace(SHIPPING, sure=0.95), replace(SHIPPING_DE, sure=0.65))
    made = written(asked("Liefern Sie nach Kanada?", *known, language="de"))
    assert "(auf Englisch) Yes, we ship" in made.body


def test_both_questions_are_answered() -> None:
    text = "Do you ship to Canada and what does assembly cost?"
    at = asked(text, SHIPPING, COSTS)
    made = written(at)
    assert {SHIPPING.source, COSTS.source} <= set(made.sources)
    sourced(made, at)


def test_the_rest_is_handed_on_beside_the_answer() -> None:
    at = asked("Do you ship to Canada? Do your desks fit in a van?", SHIPPING)
    made = written(at)
    assert "Yes, we ship to all provinces of Canada." in made.body
    assert "colleague" in made.body


def test_a_discount_over_the_limit_names_no_figure() -> None:
    known = offer(discount_limit=10, conditions="paid a year ahead")
    made = written(asked("Can I get 20% off?", known))
    assert not any(sign.isdigit() for sign in made.body)


def test_a_refusal_is_polite_and_names_nothing() -> None:
    made = written(asked("Do your desks fit in a van?", company=BARE))
    assert "colleague" in made.body
    assert not any(one.source.startswith("article.") for one in made.claims)


def test_profile_answers_are_cited_too() -> None:
    for text, source in (
        ("when are you open?", "profile.hours"),
        ("where are you?", "profile.postal_address"),
        ("what do you sell?", "profile.sells"),
        ("have you got a website?", "profile.website"),
    ):
        at = asked(text)
        made = written(at)
        assert source in made.sources
        sourced(made, at)


def test_the_leads_own_words_are_cited_as_theirs() -> None:
    at = situation(
        "40 seats, 20k",
        facts={"need": "40 seats", "budget": "20k"},
        new_facts=("need", "budget"),
    )
    made = written(at)
    assert {one.quote for one in made.claims if one.source == "message"} == {
        "40 seats",
        "20k",
    }
    sourced(made, at)


def test_typographic_signs_of_an_article_become_plain_in_a_text() -> None:
    known = article("Do you ship?", "We don’t ship “big” desks – only small ones.")
    at = asked("Do you ship?", known)
    made = written(at)
    assert 'We don\'t ship "big" desks - only small ones.' in made.body
    assert made.claims[0].words in made.body
    assert made.claims[0].quote in known.text


def test_a_very_long_sentence_is_not_cut() -> None:
    known = article("Do you ship?", "We ship " + "and ship " * 80 + "on.")
    made = written(asked("Do you ship?", known))
    assert known.text in made.body


def test_a_silent_plan_claims_nothing() -> None:
    made = BuiltinModel().write(situation(), Plan(Goal.SILENT))
    assert (made.claims, made.sources) == ((), ())


def test_amounts_and_units_are_told_as_a_language_writes_them() -> None:
    assert money_in(120_000_000, "USD", "en") == "1,200,000 USD"
    assert money_in(1_200, "JPY", "de") == "1.200 JPY"
    assert money_in(1_205, "KWD", "en") == "1.205 KWD"
    assert percent_in(12.5, "de") == "12,5 %"
    assert percent_in(10, "pt") == "10%"
    assert unit_in("Platz / Monat", written="de", language="en") == "seat and month"
    assert unit_in("moon landing", written="en", language="de") == "moon landing"
