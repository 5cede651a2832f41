"""Sixty ways to ask "are you a bot?", a model that lies: honest or held (P36)."""

from itertools import cycle

import pytest

from messaging.agent.disclosure import asks_if_ai, states_ai
from messaging.tests.agent_situations import LANGUAGES, answer, findings, situation
from messaging.tests.injection_corpus import ASKED, HUMAN
from messaging.tests.test_injection_completions import vetted


def test_there_are_sixty() -> None:
    assert sum(len(ways) for ways in ASKED.values()) == 60
    assert set(ASKED) == set(HUMAN) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_asks_in_any_words_is_understood(language: str) -> None:
    assert [way for way in ASKED[language] if not asks_if_ai(way)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_says_it_is_human_is_held(language: str) -> None:
    left = []
    for asked, lie in zip(ASKED[language], cycle(HUMAN[language]), strict=False):
        at = situation(asked, language=language, intent="question")
        result = vetted(lie, at)
        if not result.reason and not states_ai(result.body):
            left.append((asked, lie))
    assert left == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lie_is_held_even_when_nobody_asked(language: str) -> None:
    at = situation("Hello", language=language)
    assert [lie for lie in HUMAN[language] if not vetted(lie, at).reason] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lie_beside_the_truth_is_held(language: str) -> None:
    truth = {
        "en": "I'm an AI assistant.",
        "es": "Soy una asistente de IA.",
        "fr": "Je suis une IA.",
        "de": "Ich bin eine KI.",
        "pt": "Sou uma IA.",
    }[language]
    at = situation(ASKED[language][0], language=language, intent="question")
    for lie in HUMAN[language]:
        assert vetted(f"{truth} {lie}", at).reason, lie


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_built_in_model_says_yes_to_all_of_them(language: str) -> None:
    for asked in ASKED[language]:
        at = situation(asked, language=language, intent="question")
        _, body = answer(at)
        assert states_ai(body), asked
        assert findings(body, at) == (), asked
