"""Cases: a flagged answer as it was, and the cases that come with the product."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from leads import qualification
from leads.models import Fact
from leads.work import run_due
from messaging.agent.builtin import BuiltinModel
from messaging.agent.model import Goal, Passage, Plan
from messaging.agent.prompting import CURRENT
from messaging.evaluating import cases, product, running, sealing
from messaging.evaluating.freezing import thaw, thaw_plan
from messaging.evaluating.judging import Answered, judge
from messaging.evaluating.replay import replay
from messaging.models import (
    Article,
    ArticleRevision,
    EvaluationCase,
    Message,
    Profile,
)
from messaging.tests.agent_situations import situation
from messaging.tests.conftest import carrier
from messaging.tests.talk import (
    DANA,
    FakeCarrier,
    later,
    mode,
    person,
    talk,
    text_in,
)

__all__ = ["carrier"]  # fixture
pytestmark = pytest.mark.django_db
Kind = EvaluationCase.Kind


@pytest.fixture(autouse=True)
def offline(settings: Settings) -> None:
    settings.LANGUAGE_MODELS = ["messaging.agent.builtin.BuiltinModel"]


@pytest.fixture
def answered(carrier: type[FakeCarrier]) -> Iterator[Message]:
    """Dana's second text, answered."""
    mode("auto")
    text_in("Hi, this is Dana Reyes, mail dana@reyes-interiors.com. We need 40 desks")
    later(seconds=30)
    text_in("Our budget is around $20,000, call me at (415) 555-0123")
    later(minutes=5)
    yield Message.objects.filter(author="builtin").latest("pk")


def test_a_flagged_answer_becomes_the_situation_it_was_written_in(
    answered: Message,
) -> None:
    case = cases.flag(message=answered, user=person("mia"), why="Dana asked for more")
    assert (case.kind, case.turn, case.created_by) == ("flagged", answered.turn, "mia")
    at = thaw(case.situation)
    assert [said.author for said in at.history] == ["lead", "us"]
    assert at.message.startswith("Our budget is around $20,000")
    assert at.facts["need"] == "40 desks"
    assert "20" in at.facts["budget"]
    assert "budget" in at.new_facts
    assert answered.turn is not None
    assert at.intent == answered.turn.intent
    assert str(thaw_plan(case.situation).goal) == answered.turn.goal
    assert BuiltinModel().write(at, thaw_plan(case.situation)).body == case.flagged_body


def test_nothing_of_the_lead_is_in_a_flagged_case(answered: Message) -> None:
    case = cases.flag(message=answered, user=person("mia"), why="wrong for Dana")
    kept = json.dumps([case.situation, case.why, case.title, case.flagged_body])
    for personal in ("Dana", "dana", "Reyes", "reyes", "0123", DANA):
        assert personal not in kept


def test_facts_are_those_of_then_and_what_changed_since_is_named(
    answered: Message,
) -> None:
    lead = talk().lead
    assert lead is not None
    ana = person("ana")
    qualification.set_fact(lead=lead, field="need", value="80 desks", user=ana)
    assert Fact.objects.filter(lead=lead, field="need").count() == 2
    profile = Profile.to_edit()
    later_than = answered.turn.last_inbound.occurred_at if answered.turn else None
    assert later_than is not None
    profile.updated_at = later_than.replace(year=later_than.year + 1)
    profile.save()
    case = cases.flag(message=answered, user=ana, why="")
    assert thaw(case.situation).facts["need"] == "40 desks"
    assert any("company profile was changed" in gap for gap in case.situation["gaps"])


def test_what_no_model_wrote_cannot_be_flagged(answered: Message) -> None:
    ana = person("ana")
    inbound = Message.objects.filter(direction="inbound").latest("pk")
    answered.author = Message.Author.PERSON
    for message in (inbound, answered):
        with pytest.raises(cases.NotFlaggable, match="Only what the AI wrote"):
            cases.flag(message=message, user=ana, why="")
    assert not EvaluationCase.objects.exists()


def test_flagged_again_the_case_has_the_newer_words(answered: Message) -> None:
    ana = person("ana")
    first = cases.flag(message=answered, user=ana, why="first")
    cases.switch(case=first, active=False)
    second = cases.flag(message=answered, user=ana, why="second")
    assert (second.pk, second.why, second.active) == (first.pk, "second", True)


def test_a_flagged_case_fails_as_long_as_the_same_is_answered(
    answered: Message,
) -> None:
    case = cases.flag(message=answered, user=person("mia"), why="")
    run = running.start(prompt_version="", model="builtin")
    run_due()
    run.refresh_from_db()
    assert [row["failures"] for row in run.results] == [
        ["the same words that were flagged"]
    ]
    cases.change_expectations(case=case, expectations={"leaves": True})
    again = running.start(prompt_version="", model="builtin")
    run_due()
    again.refresh_from_db()
    assert again.passed == 1


def test_what_was_published_anew_since_is_named(answered: Message) -> None:
    from messaging.evaluating.rebuilding import _knowledge_gaps

    turn = answered.turn
    assert turn is not None
    moment = turn.last_inbound.occurred_at
    article = Article.objects.create(title="Delivery?", body="10 days")
    for number, change in ((1, timedelta(days=-1)), (2, timedelta(hours=1))):
        ArticleRevision.objects.create(
            article=article,
            number=number,
            title=f"Delivery, version {number}",
            body="10 days",
            language="en",
            published_at=moment + change,
            published_by="ana",
        )
    turn.claims = [{"source": "offer.7", "title": "A desk"}]
    for name in (article.pk, article.public_id):
        passage = Passage(f"article.{name}", "Delivery?", "10 days", "en")
        at = situation(knowledge=(passage,))
        assert list(_knowledge_gaps(turn, at, moment)) == [
            "“Delivery, version 2” was published anew since; these are today's words",
            "“A desk”, which it cited, is not found today",
        ]


def test_the_prompts_that_come_with_the_product_are_sealed_and_unchanged() -> None:
    assert sealing.broken() == []
    assert sealing.why_unsealed(CURRENT) == ""


# --- the product's ---------------------------------------------------------------


def test_the_product_brings_its_cases_once_and_keeps_what_people_changed() -> None:
    assert cases.ensure_product_cases() == len(product.lines()) >= 100
    assert cases.ensure_product_cases() == 0
    rows = EvaluationCase.objects.exclude(key="")
    assert rows.filter(kind=Kind.SCRIPTED).count() >= 40
    assert rows.filter(kind=Kind.RED_TEAM).count() >= 40
    languages = {case.situation["situation"]["language"] for case in rows}
    assert languages == {"en", "es", "fr", "de", "pt"}
    case = rows.get(key="red-ignore-en")
    cases.switch(case=case, active=False)
    cases.change_expectations(case=case, expectations={"must_not": ["ninety"]})
    other = rows.get(key="red-leak-de")
    EvaluationCase.objects.filter(pk=other.pk).update(
        situation={**other.situation, "made_from": "of an older version"}
    )
    EvaluationCase.objects.create(
        key="gone", kind=Kind.SCRIPTED, title="gone", situation={}
    )
    assert cases.ensure_product_cases() == 1
    case.refresh_from_db()
    assert (case.active, case.expectations) == (False, {"must_not": ["ninety"]})
    other.refresh_from_db()
    assert other.situation["made_from"] == product.lines()["red-leak-de"].edition
    assert not EvaluationCase.objects.get(key="gone").active


def test_the_built_in_model_keeps_what_the_product_expects() -> None:
    model, failed = BuiltinModel(), {}
    for line in product.lines().values():
        case = EvaluationCase(
            kind=line.kind,
            title=line.title,
            situation=line.freeze(),
            expectations=cases.checked(line.expect),
        )
        result = replay(case, model=model)
        if result.failures:
            failed[line.key] = result.failures
    assert failed == {}


# --- expectations and their judge --------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ({"colour": True}, "no expectation “colour”"),
        ({"leaves": "yes"}, "“leaves” is not as expected"),
        ({"goal": ["dance"]}, "no goal “dance”"),
        ({"must": [" | "]}, "not empty"),
        ({"must": "thanks"}, "“must” is not as expected"),
    ],
)
def test_expectations_that_no_judge_understands_are_refused(
    expect: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        cases.checked(expect)


FINE = Answered(Plan(Goal.ASK), body="Thanks, noted. A colleague calls you back soon.")
HELD = Answered(Plan(Goal.ASK), body="It is 10% off", held="x", findings=("x",))


@pytest.mark.parametrize(
    ("answered", "expect", "failures"),
    [
        (FINE, {}, []),
        (FINE, {"leaves": True, "goal": ["ask"], "must": ["THANKS|merci"]}, []),
        (FINE, {"leaves": False}, ["leaves by itself, and should not"]),
        (FINE, {"goal": ["answer"]}, ["planned as ask, expected answer"]),
        (FINE, {"must": ["gracias"]}, ["does not say “gracias”"]),
        (FINE, {"must_not": ["nóted"]}, ["says “nóted”"]),
        (HELD, {"leaves": False}, []),
        (HELD, {"leaves": True}, ["held: x"]),
        (HELD, {}, ["held: x"]),
        (Answered(Plan(Goal.SILENT)), {"leaves": True}, ["says nothing"]),
        (Answered(Plan(Goal.SILENT)), {"leaves": False}, []),
        (Answered(Plan(Goal.ASK), error="It broke"), {}, ["It broke"]),
        (
            Answered(Plan(Goal.ASK), body="Vielen Dank, ein Kollege ruft Sie zurück."),
            {},
            ["written in “de”, not in “en”"],
        ),
        (
            Answered(Plan(Goal.ASK), body="Thanks. " * 60),
            {},
            ["480 characters, 459 at most"],
        ),
    ],
)
def test_the_judge_says_everything_that_is_wrong(
    answered: Answered, expect: dict[str, Any], failures: list[str]
) -> None:
    found = judge(answered, situation=situation(), expectations=expect)
    assert found == failures


def test_flagged_words_in_another_dress_are_the_same_words() -> None:
    expect = {"not_again": True}
    body = FINE.body.upper().replace(" ", "  ")
    for flagged, failures in ((body, 1), (body + " now", 0), ("", 0)):
        found = judge(
            FINE, situation=situation(), expectations=expect, flagged_body=flagged
        )
        assert len(found) == failures
