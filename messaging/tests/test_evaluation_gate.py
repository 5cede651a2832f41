"""A prompt or a model speaks only after a run that is no worse; one click takes it back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from leads.models import Event
from leads.work import run_due
from messaging.agent.model import Speaking
from messaging.evaluating import cases, releases, running, sealing
from messaging.evaluating.releases import NotPublished
from messaging.models import EvaluationCase, EvaluationRun, Release, Turn
from messaging.tests import evaluation_world as world
from messaging.tests.conftest import carrier
from messaging.tests.evaluation_world import BAD, BETTER, GOOD, MODEL
from messaging.tests.talk import FakeCarrier, later, mode, sent, text_in

__all__ = ["carrier"]  # fixture
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: Any, settings: Settings) -> Iterator[Path]:
    settings.LANGUAGE_MODELS = [world.PATH, "messaging.agent.builtin.BuiltinModel"]
    world.Scribe.reset()
    yield world.own_prompts(tmp_path, monkeypatch)
    world.Scribe.reset()


@pytest.fixture
def mia() -> User:
    return User.objects.create_user("mia", is_staff=True)


@pytest.fixture
def two() -> list[EvaluationCase]:
    return [
        world.scripted("says thanks", leaves=True, must=["thanks"]),
        world.red_team("asks for 90 %", must_not=["90"]),
    ]


def ran(prompt: str, **more: Any) -> EvaluationRun:
    run = running.start(prompt_version=prompt, model=MODEL, **more)
    run_due()
    run.refresh_from_db()
    return run


def publish(run: EvaluationRun, user: User | None = None) -> Release:
    return releases.publish(
        prompt_version=run.prompt_version, model=run.model, run=run, user=user
    )


def test_a_worse_prompt_is_refused_and_the_refusal_names_the_cases(
    two: list[EvaluationCase], mia: User
) -> None:
    run = ran(BAD)
    assert (run.state, run.passed, run.cases) == ("done", 0, 2)
    assert run.baseline is not None
    assert (run.baseline.prompt_version, run.baseline.passed) == (GOOD, 2)
    with pytest.raises(NotPublished, match="“asks for 90 %”") as refusal:
        publish(run, mia)
    assert refusal.value.cases == (two[1],)
    assert not Release.objects.exists()
    assert releases.current() == Speaking()


def test_fewer_passes_are_refused_even_when_the_red_team_holds(mia: User) -> None:
    world.scripted("no pleasure, please", must_not=["pleasure"])
    world.scripted("thanks", must=["thanks"])
    run = ran(BETTER)
    with pytest.raises(NotPublished, match="passes 1 cases, what speaks now 2: “no pl"):
        publish(run, mia)


def test_a_red_team_case_that_falls_is_not_made_up_for(mia: User) -> None:
    world.red_team("no pleasure, please", must_not=["pleasure"])
    for number in range(3):
        world.scripted(f"pleasure {number}", must=["pleasure"])
    run = ran(BETTER)
    assert run.baseline is not None
    assert (run.passed, run.baseline.passed) == (3, 1)
    with pytest.raises(NotPublished, match="red-team"):
        publish(run, mia)


def answers_in_turn(number: int) -> tuple[str, str]:
    """A new lead writes; the prompt that its answer was written by, and the answer."""
    before = len(sent())
    text_in("Hello, we need 40 desks", sender=f"+1415555{1000 + number}")
    later(seconds=30)
    assert len(sent()) == before + 1
    return Turn.objects.latest("pk").prompt_version, sent()[-1]


def test_a_better_one_passes_and_speaks_from_the_next_message_on(
    two: list[EvaluationCase], mia: User, carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    world.scripted("pleasure", must=["pleasure"])
    assert answers_in_turn(1)[0] == GOOD
    release = publish(ran(BETTER), mia)
    assert (release.prompt_version, release.model) == (BETTER, MODEL)
    version, words = answers_in_turn(2)
    assert (version, "pleasure" in words) == (BETTER, True)


def test_one_click_back_holds_from_the_next_message_on(
    two: list[EvaluationCase], mia: User, carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    publish(ran(BETTER), mia)
    assert answers_in_turn(1)[0] == BETTER
    back = releases.roll_back(user=mia)
    assert back.returns_to is not None
    assert back.returns_to.prompt_version == GOOD
    version, words = answers_in_turn(2)
    assert (version, "pleasure" in words) == (GOOD, False)
    kinds = Event.objects.filter(kind__startswith="release", actor=f"user:{mia.pk}")
    assert list(kinds.order_by("pk").values_list("kind", flat=True)) == [
        "release.published",
        "release.rolled_back",
    ]


def test_going_back_again_goes_further_back_and_then_no_further(mia: User) -> None:
    world.red_team("no 90 %", must_not=["90"])
    publish(ran(BETTER), mia)
    publish(ran("reply-1"), mia)
    went = [releases.roll_back(user=mia).prompt_version for _ in range(2)]
    assert went == [BETTER, GOOD]
    with pytest.raises(NotPublished, match="nothing to go back to"):
        releases.roll_back(user=mia)
    publish(ran(BETTER), mia)
    assert releases.roll_back(user=mia).prompt_version == GOOD


def test_what_speaks_is_read_without_a_query_a_turn(mia: User) -> None:
    world.red_team("no 90 %", must_not=["90"])
    publish(ran(BETTER), mia)
    assert releases.current() == Speaking(BETTER, MODEL)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(50):
            releases.current()
    assert len(queries) == 0


def test_another_process_follows_within_the_refresh(
    mia: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.red_team("no 90 %", must_not=["90"])
    publish(ran(BETTER), mia)
    assert releases.current().prompt_version == BETTER
    # As another process writes it: no signal reaches this one.
    Release.objects.bulk_create([Release(prompt_version=GOOD, model=MODEL)])
    assert releases.current().prompt_version == BETTER
    from leads import kept

    now = kept.time.monotonic()
    monkeypatch.setattr(kept.time, "monotonic", lambda: now + kept.SECONDS)
    assert releases.current().prompt_version == GOOD


def test_a_run_that_does_not_cover_all_cases_as_they_are_is_refused(mia: User) -> None:
    case = world.red_team("no 90 %", must_not=["90"])
    run = ran(BETTER)
    cases.change_expectations(case=case, expectations={"must_not": ["90", "free"]})
    with pytest.raises(NotPublished, match="does not cover “no 90 %”"):
        publish(run, mia)
    run = ran(BETTER)
    new = world.scripted("a new one")
    with pytest.raises(NotPublished, match="does not cover “a new one”"):
        publish(run, mia)
    cases.switch(case=new, active=False)
    assert publish(run, mia).run == run


def test_without_a_run_of_what_speaks_nothing_is_published(mia: User) -> None:
    world.red_team("no 90 %", must_not=["90"])
    run = ran(BETTER)
    EvaluationRun.objects.exclude(pk=run.pk).delete()
    with pytest.raises(NotPublished, match="nothing to compare with"):
        publish(run, mia)


def test_only_sealed_prompt_files_that_are_there_can_be_named(
    prompts: Path, mia: User
) -> None:
    world.red_team("no 90 %", must_not=["90"])
    with pytest.raises(running.NotStarted, match="no prompt file reply-99"):
        running.start(prompt_version="reply-99", model=MODEL)
    (prompts / "reply-14.toml").write_text(
        (prompts / f"{BETTER}.toml").read_text("utf-8"), "utf-8"
    )
    draft = ran("reply-14")
    with pytest.raises(NotPublished, match="reply-14 is not sealed yet"):
        publish(draft, mia)
    sealing.seal("reply-14")
    assert publish(draft, mia).prompt_version == "reply-14"
    with pytest.raises(NotPublished, match="another prompt or another model"):
        releases.publish(prompt_version=BETTER, model=MODEL, run=draft, user=mia)
    offline = running.start(prompt_version="", model="builtin")
    run_due()
    offline.refresh_from_db()
    with pytest.raises(NotPublished, match="no prompt that could be published"):
        publish(offline, mia)


def test_a_run_that_is_not_done_is_refused(mia: User) -> None:
    world.red_team("no 90 %", must_not=["90"])
    run = running.start(prompt_version=BETTER, model=MODEL)
    with pytest.raises(NotPublished, match="not done yet"):
        publish(run, mia)


def test_a_prompt_file_that_is_gone_leaves_the_product_s_own_speaking(
    prompts: Path, mia: User
) -> None:
    world.red_team("no 90 %", must_not=["90"])
    publish(ran(BETTER), mia)
    (prompts / f"{BETTER}.toml").unlink()
    releases.current.forget()
    assert releases.current() == Speaking("", MODEL)


def test_a_sealed_prompt_that_was_changed_is_found(prompts: Path) -> None:
    assert sealing.broken() == []
    with (prompts / f"{GOOD}.toml").open("a", encoding="utf-8") as file:
        file.write("# one word more\n")
    assert sealing.broken() == [
        f"{GOOD}.toml was changed after it was published: write a new version"
    ]
    with pytest.raises(ValueError, match="was changed"):
        sealing.seal(GOOD)
    (prompts / f"{GOOD}.toml").unlink()
    assert sealing.broken() == [f"{GOOD}.toml is gone"]
