"""A lead is understood and answered in its own language, also when it changes it."""

from zoneinfo import ZoneInfo

import pytest

from messaging.agent.builtin import BuiltinModel
from messaging.agent.claims import check_claims
from messaging.agent.guard import with_disclosure
from messaging.agent.model import Goal, Passage, Said, Situation
from messaging.agent.phrases import phrases
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.dates import read_when
from messaging.agent.understanding.intents import read_intent
from messaging.agent.understanding.language import detect_language
from messaging.tests.agent_knowledge import article, offer
from messaging.tests.agent_situations import (
    LANGUAGES,
    NOW,
    answer,
    findings,
    open_questions,
    situation,
    talk,
)
from messaging.tests.language_talk import COMPANIES, SAID, TALK

LINES = [
    pytest.param(language, *line, id=f"{language}: {line[0][:30]}")
    for language in LANGUAGES
    for line in TALK[language]
]


def knowledge(language: str, rests: str) -> tuple[Passage, ...]:
    if rests == "offer":
        return (offer("Desk", unit="month", price=29_000, currency="EUR"),)
    said = SAID[language].get(rests)
    return (article(*said, language=language),) if said else ()


def heard(text: str, language: str, *known: Passage, **changes: object) -> Situation:
    """A text as a real turn understands it."""
    read = read_intent(text, language=language)
    when = read_when(text, now=NOW, tz=ZoneInfo("Europe/Berlin"), language=language)
    told = {"intent": str(read.intent), "topics": read.topics, "when": tuple(when)}
    company = COMPANIES[language]
    return situation(
        text,
        language=language,
        knowledge=known,
        **{"company": company, **told, **changes},
    )


@pytest.mark.parametrize(("language", "text", "intent", "rests"), LINES)
def test_a_lead_is_understood_and_answered_in_its_language(
    language: str, text: str, intent: str, rests: str
) -> None:
    assert detect_language(text, fallback="?") == language
    known = knowledge(language, rests)
    at = heard(text, language, *known)
    assert at.intent == intent
    plan = plan_turn(at)
    assert plan.speaks
    assert plan.draft_reason == ""
    made = BuiltinModel().write(at, plan)
    assert detect_language(made.body, fallback="?") == language
    if rests:
        assert plan.goal is Goal.ANSWER
        source = known[0].source if known else f"profile.{rests}"
        assert source in made.sources
    assert findings(made.body, at) == ()
    checked = check_claims(made.body, claims=made.claims, situation=at)
    assert [one.words for one in checked if one.kind == "held"] == []


def test_there_are_a_dozen_lines_for_each_language() -> None:
    for language in LANGUAGES:
        assert len({text for text, _, _ in TALK[language]}) >= 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_price_of_an_offer_is_told_in_each_language(language: str) -> None:
    text = next(text for text, _, rests in TALK[language] if rests == "offer")
    at = heard(text, language, *knowledge(language, "offer"))
    _, body = answer(at)
    unit = {"en": "per month", "es": "por mes", "fr": "par mois"}
    unit |= {"de": "pro Monat", "pt": "por mês"}
    assert f"290 EUR {unit[language]}" in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nothing_answers_is_refused_in_its_language(language: str) -> None:
    text = next(text for text, _, rests in TALK[language] if rests == "dogs")
    at = heard(text, language)
    plan, body = answer(at)
    assert plan.goal is Goal.REFER
    assert plan.draft_reason
    assert detect_language(body, fallback="?") == language
    assert findings(body, at) == ()


BURSTS = [
    "Hello, I saw your ad\n¿Cuánto cuesta una mesa al mes?\nGracias de antemano",
    "Bonjour, j'ai vu votre annonce\nhow much is a desk per month? we are a small team",
    "Hi!\nWas kostet ein Schreibtisch im Monat? Wir sind ein kleines Team",
    "Oi, tudo bem? Vi o anúncio de vocês\nQuanto custa uma mesa por mês?\nthanks",
]


@pytest.mark.parametrize("burst", BURSTS)
def test_a_burst_in_two_languages_gets_an_answer_in_one(burst: str) -> None:
    language = detect_language(burst, fallback="?")
    assert language in LANGUAGES
    at = heard(burst, language, *knowledge(language, "offer"))
    plan = plan_turn(at)
    assert (plan.goal, plan.draft_reason) == (Goal.ANSWER, "")
    made = BuiltinModel().write(at, plan)
    assert detect_language(made.body, fallback="?") == language
    assert "290 EUR" in made.body


def test_a_conversation_goes_on_in_the_language_it_was_changed_to() -> None:
    history: tuple[Said, ...] = ()
    for language in ("en", "de", "fr", "pt", "es", "en"):
        text = next(text for text, _, rests in TALK[language] if rests == "parking")
        at = heard(text, language, *knowledge(language, "parking"), history=history)
        plan = plan_turn(at)
        assert plan.goal is Goal.ANSWER
        body = with_disclosure(BuiltinModel().write(at, plan).body, situation=at)
        assert detect_language(body, fallback="?") == language
        assert SAID[language]["parking"][1].split(".")[0] in body
        history += (Said("lead", text, NOW), Said("us", body, NOW))


def test_what_was_asked_twice_in_one_language_is_not_asked_in_the_next() -> None:
    first, second = phrases("en").again("budget")
    asked = talk("hi", f"us: {first}", "hm", f"us: {second}")
    only = open_questions("de", "authority", "need", "timeline")
    at = heard("Klingt gut", "de", history=asked, missing=only)
    assert plan_turn(at).goal is Goal.OFFER_CALL


@pytest.mark.parametrize("language", LANGUAGES)
def test_thanks_are_not_answered_again_in_another_language(language: str) -> None:
    closed = phrases("en").variants("youre_welcome", "friendly")[0]
    text = next(text for text, intent, _ in TALK[language] if intent == "thanks")
    at = heard(text, language, history=talk("thanks", f"us: {closed}"))
    assert plan_turn(at).goal is Goal.SILENT
