"""What the built-in model tells of published words is what the guard and the claims
check let leave.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from messaging.agent import laying_out
from messaging.agent.builtin import BuiltinModel
from messaging.agent.claims import check_claims
from messaging.agent.disclosure import states_ai
from messaging.agent.guard import Finding, with_disclosure
from messaging.agent.model import Situation
from messaging.agent.phrases import phrases
from messaging.agent.policy import plan_turn
from messaging.tests.agent_knowledge import (
    CONTRACT,
    COSTS,
    RETURNS,
    SHIPPING,
    SHIPPING_DE,
    offer,
)
from messaging.tests.agent_situations import (
    COMPANY,
    LANGUAGES,
    TONES,
    findings,
    situation,
)
from messaging.tests.test_knowing_builtin import ASKED, CHEAPER, asked


def situations(language: str) -> Iterator[Situation]:
    """Questions with their answers, in every tone and channel."""
    terms = "paid a year ahead"
    plan = offer(discount_limit=10, conditions=terms, language=language)
    cases = [
        (ASKED[language], plan),
        (ASKED[language], offer(unit="", price=120_000)),
        (ASKED[language], COSTS),
        (CHEAPER[language], plan),
        (CHEAPER[language], offer(discount_limit=10)),
        (CHEAPER[language].replace("5", "50"), plan),
        *(("?", one) for one in (SHIPPING, RETURNS, CONTRACT, SHIPPING_DE)),
        ("?", replace(SHIPPING, language=language)),
    ]
    ways = product(cases, TONES, (("sms", 459), ("email", 2000)), (False, True))
    for (text, known), tone, (channel, most), first in ways:
        yield asked(
            text,
            known,
            language=language,
            channel=channel,
            max_chars=most,
            company=replace(COMPANY, tone=tone),
            intent="question",
            first_automatic=first,
        )


def objections(at: Situation) -> list[str]:
    """What the guard and the claims check say of the reply as it would leave."""
    made = BuiltinModel().write(at, plan_turn(at))
    body = with_disclosure(made.body, situation=at)
    checked = check_claims(body, claims=made.claims, situation=at)
    held = [f"held: {one.words}" for one in checked if one.kind == "held"]
    return [*held, *(f"{one.kind}: {one.reason}" for one in findings(body, at))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_from_knowledge_may_leave(language: str) -> None:
    found = {why for at in situations(language) for why in objections(at)}
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_answers_is_known_to_be_sourced(language: str) -> None:
    at = asked("?", SHIPPING, language=language, intent="question")
    made = BuiltinModel().write(at, plan_turn(at))
    checked = check_claims(made.body, claims=made.claims, situation=at)
    assert SHIPPING.source in {one.source for one in checked if one.kind == "sourced"}


def test_without_the_passage_the_same_words_are_held() -> None:
    at = asked("?", SHIPPING, intent="question")
    made = BuiltinModel().write(at, plan_turn(at))
    bare = situation("?", intent="question")
    checked = check_claims(made.body, claims=made.claims, situation=bare)
    assert any(one.kind == "held" for one in checked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_to_say_that_an_ai_writes_counts_as_saying_so(language: str) -> None:
    for words in phrases(language).every("say_ai"):
        assert states_ai(words.format(company="Northwind Desks")), words


def test_a_promise_that_the_lead_puts_in_our_mouth_is_not_given_back() -> None:
    text = 'Na segunda vocês escreveram: "Garantimos a entrega em 2 dias"'
    at = situation(
        text,
        language="pt",
        facts={"timeline": "2 days"},
        quotes={"timeline": "em 2 dias"},
        new_facts=("timeline",),
    )
    made = BuiltinModel().write(at, plan_turn(at))
    assert made.body
    assert "2 dias" not in made.body


def test_a_reply_of_which_all_is_refused_is_shown_and_not_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = (Finding("leak", "x", "is refused"),)
    monkeypatch.setattr(laying_out, "inspect", lambda *_, **__: refused)
    at = situation("are you a bot?", intent="question", topics=("are_you_ai",))
    assert "AI assistant" in BuiltinModel().write(at, plan_turn(at)).body
