"""A reply never denies being an AI, and says so when asked and at first (P36)."""

from dataclasses import replace

import pytest

from messaging.agent.disclosure import asks_if_ai, disclosure_of, states_ai
from messaging.agent.guard import allowed_for, inspect, with_disclosure
from messaging.tests.agent_situations import (
    COMPANY,
    LANGUAGES,
    TONES,
    answer,
    findings,
    situation,
)
from messaging.tests.guard_corpus import AI_QUESTIONS, DENIALS


@pytest.mark.parametrize("draft", DENIALS)
def test_a_denial_is_held(draft: str) -> None:
    found = inspect(draft, allowed=allowed_for(situation()))
    assert "denial" in {finding.kind for finding in found}


@pytest.mark.parametrize("question", AI_QUESTIONS)
def test_asked_whether_it_is_an_ai_the_built_in_model_says_yes(question: str) -> None:
    at = situation(question, intent="question")
    assert asks_if_ai(question)
    _, body = answer(at)
    assert states_ai(body)
    assert findings(body, at) == ()


@pytest.mark.parametrize("question", AI_QUESTIONS)
@pytest.mark.parametrize("dodge", ["Haha, what do you think?", "I'm Sarah from sales!"])
def test_a_dodge_is_held_when_the_lead_asked(question: str, dodge: str) -> None:
    found = findings(dodge, situation(question))
    assert {finding.kind for finding in found} & {"disclosure", "denial"}


@pytest.mark.parametrize(
    "text",
    [
        "Can I talk to a human?",
        "I want to speak to a real person",
        "We need 40 seats",
        "Is this available in oak?",
        "Are you open?",
        "do you use robots in production?",
        "Is the price real?",
        "Quiero hablar con una persona",
        "Ich möchte mit einem Menschen sprechen",
        "Je voudrais parler à quelqu'un",
        "É possível amanhã?",
    ],
)
def test_other_questions_do_not_ask_for_what_we_are(text: str) -> None:
    assert not asks_if_ai(text)


@pytest.mark.parametrize(
    "text",
    [
        "Yes, I'm an AI assistant.",
        "I'm an AI, not a person.",
        "I'm not a human, I'm Acme's assistant bot.",
        "You're chatting with Northwind Desks' AI assistant.",
        "This is an automated assistant.",
        "Sí, soy una IA.",
        "No soy una persona, soy el asistente de IA.",
        "Oui, je suis une IA.",
        "Ja, ich bin eine KI.",
        "Ich bin kein Mensch, sondern eine KI.",
        "Sim, sou uma IA.",
    ],
)
def test_an_honest_statement_is_understood(text: str) -> None:
    assert states_ai(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm not an AI.",
        "Our AI product is great.",
        "I'm happy to tell you about our AI.",
        "A colleague will help.",
        "I'm Sarah and we sell AI.",
    ],
)
def test_other_mentions_of_ai_are_no_statement(text: str) -> None:
    assert not states_ai(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tone", TONES)
def test_the_first_automatic_message_says_that_an_ai_writes(
    language: str, tone: str
) -> None:
    company = replace(COMPANY, tone=tone)
    at = situation(language=language, company=company, first_automatic=True)
    _, body = answer(at)
    assert disclosure_of(at) in body
    assert states_ai(body)
    assert findings(body, at) == ()


def test_without_the_disclosure_a_first_message_is_held() -> None:
    found = findings("Hi Dana, how can I help?", situation(first_automatic=True))
    assert [finding.kind for finding in found] == ["disclosure"]


def test_the_disclosure_follows_the_greeting() -> None:
    at = situation(first_automatic=True)
    body = with_disclosure("Hi Dana, how can I help?", situation=at)
    assert body == "Hi Dana, I'm the AI assistant at Northwind Desks. how can I help?"


def test_the_disclosure_is_a_paragraph_of_its_own_in_a_mail() -> None:
    at = situation(first_automatic=True, channel="email")
    body = with_disclosure("Hi Dana,\n\nHow can I help?", situation=at)
    assert body.split("\n\n")[1] == "I'm the AI assistant at Northwind Desks."


def test_the_disclosure_is_added_once_only() -> None:
    at = situation(first_automatic=True)
    once = with_disclosure("How can I help?", situation=at)
    assert with_disclosure(once, situation=at) == once


def test_a_later_message_needs_no_disclosure() -> None:
    at = situation(first_automatic=False)
    assert with_disclosure("How can I help?", situation=at) == "How can I help?"
    assert findings("How can I help?", at) == ()


def test_the_companys_own_words_are_used() -> None:
    company = replace(COMPANY, disclosure="{company}: you are texting with our robot.")
    at = situation(first_automatic=True, company=company)
    _, body = answer(at)
    assert "Northwind Desks: you are texting with our robot." in body
    assert findings(body, at) == ()


def test_the_assistants_name_is_told() -> None:
    company = replace(COMPANY, assistant_name="Max")
    at = situation(first_automatic=True, company=company, language="de")
    assert disclosure_of(at) == (
        "Hier schreibt Max, der KI-Assistent von Northwind Desks."
    )
