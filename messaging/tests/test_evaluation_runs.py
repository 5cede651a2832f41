"""Runs: results are kept one by one, and no case is asked twice where one is stored."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from leads import clock, policy, usage
from leads.models import UsageRecord
from leads.work import rescue_orphans, run_due
from messaging.agent.model import ModelError
from messaging.evaluating import comparing, running
from messaging.models import EvaluationCase, EvaluationRun
from messaging.tests import evaluation_world as world
from messaging.tests.evaluation_world import BETTER, COST, GOOD, MODEL, PLAIN

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: Any, settings: Settings) -> Iterator[Path]:
    settings.LANGUAGE_MODELS = [world.PATH, "messaging.agent.builtin.BuiltinModel"]
    world.Scribe.reset()
    yield world.own_prompts(tmp_path, monkeypatch)
    world.Scribe.reset()


@pytest.fixture
def three() -> list[EvaluationCase]:
    return [world.scripted(f"case {number}", must=["thanks"]) for number in range(3)]


def done(run: EvaluationRun) -> EvaluationRun:
    run_due()
    run.refresh_from_db()
    return run


def asked() -> int:
    return len(world.Scribe.calls)


class Killed(BaseException):
    """The process dies: nothing is written down, nothing is given back."""


def kill_at(call: int) -> None:
    def trouble() -> None:
        if asked() == call:
            raise Killed

    world.Scribe.trouble = trouble


def test_a_run_asks_every_case_and_counts_what_it_cost(
    three: list[EvaluationCase],
) -> None:
    run = done(running.start(prompt_version=GOOD, model=MODEL))
    assert (run.state, run.cases, run.passed, run.baseline) == ("done", 3, 3, None)
    assert world.bodies(run) == [PLAIN] * 3
    assert {row["micro"] for row in run.results} == {COST.micro}
    assert run.finished_at is not None
    records = UsageRecord.objects.filter(service="scribe", what=f"{MODEL}:evaluation")
    assert [(one.lead, one.micro) for one in records] == [(None, COST.micro)] * 3
    day = usage.day_of(clock.now())
    assert usage.used(key="ai:micro:all", period=day) == 3 * (COST.micro or 0)
    assert usage.used(key="ai:tokens:all", period=day) == 3 * COST.tokens


def test_a_killed_run_is_taken_up_and_pays_for_no_stored_result_again(
    three: list[EvaluationCase],
) -> None:
    run = running.start(prompt_version=GOOD, model=MODEL)
    kill_at(3)
    with pytest.raises(Killed):
        running.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, len(comparing.results_of(run))) == ("working", 2)
    EvaluationRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    world.Scribe.trouble = None
    assert rescue_orphans() == {"evaluations": 1}
    done(run)
    assert (run.state, run.passed) == ("done", 3)
    # Only the call in which the process died was made again.
    assert asked() == 4


def test_a_run_that_keeps_killing_its_process_is_buried(
    three: list[EvaluationCase],
) -> None:
    run = running.start(prompt_version=GOOD, model=MODEL)

    def trouble() -> None:
        raise Killed

    world.Scribe.trouble = trouble
    for _ in range(3):
        with pytest.raises(Killed):
            running.work(run_id=run.pk)
        EvaluationRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        rescue_orphans()
    run.refresh_from_db()
    assert run.state == "dead"
    assert asked() == 3


def test_a_run_that_was_lost_to_another_worker_writes_nothing(
    three: list[EvaluationCase],
) -> None:
    run = running.start(prompt_version=GOOD, model=MODEL)

    def stolen() -> None:
        EvaluationRun.objects.update(claim_token=None, state="waiting")

    world.Scribe.trouble = stolen
    running.work(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, comparing.results_of(run)) == ("waiting", {})


def test_a_long_run_gives_its_thread_back_and_goes_on(
    three: list[EvaluationCase], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLICE", 0.0)
    run = running.start(prompt_version=GOOD, model=MODEL)
    running.work(run_id=run.pk)
    run.refresh_from_db()
    assert run.state == "waiting"
    monkeypatch.setattr(running, "SLICE", 20.0)
    assert done(run).state == "done"
    assert asked() == 3


def test_a_failing_model_is_a_result_and_no_exception(
    three: list[EvaluationCase],
) -> None:
    errors = iter([ModelError("unknown", "It broke", code="bad_answer"), OSError("x")])
    world.Scribe.trouble = lambda: next(errors, None)
    run = done(running.start(prompt_version=GOOD, model=MODEL))
    assert (run.state, run.passed) == ("done", 1)
    assert [row["failures"] for row in run.results] == [
        ["It broke"],
        ["scribe: its adapter failed (OSError)"],
        [],
    ]


def test_over_the_day_s_cap_nothing_more_is_asked(three: list[EvaluationCase]) -> None:
    policy.change(actor="system", ai_micro_day=world.MOST.micro)
    run = done(running.start(prompt_version=GOOD, model=MODEL))
    assert (run.state, run.passed, asked()) == ("done", 1, 1)
    assert "AI budget for today is used up" in run.results[2]["failures"][0]
    assert "budget" in run.last_error


def test_without_credit_nothing_more_is_asked(three: list[EvaluationCase]) -> None:
    world.Scribe.trouble = lambda: ModelError("permanent", "No credit", code="quota")
    run = done(running.start(prompt_version=GOOD, model=MODEL))
    assert (run.state, run.passed, asked()) == ("done", 0, 1)
    assert {row["error"] for row in run.results} == {"not asked: No credit"}


def test_asked_to_wait_the_run_waits_and_goes_on(three: list[EvaluationCase]) -> None:
    soon = timezone.now() + timedelta(seconds=60)
    errors = iter([None, ModelError("later", "Please wait", retry_at=soon)])
    world.Scribe.trouble = lambda: next(errors, None)
    run = done(running.start(prompt_version=GOOD, model=MODEL))
    assert (run.state, run.last_error, asked()) == ("waiting", "Please wait", 2)
    with clock.shifted(timedelta(seconds=61)):
        done(run)
    assert (run.state, run.passed, asked()) == ("done", 3, 4)


def test_the_run_of_what_speaks_is_made_where_there_is_none_and_used_again(
    three: list[EvaluationCase],
) -> None:
    first = done(running.start(prompt_version=BETTER, model=MODEL))
    assert first.baseline is not None
    assert (first.baseline.prompt_version, first.baseline.cases) == (GOOD, 3)
    second = done(running.start(prompt_version=BETTER, model="writer-2"))
    assert second.baseline == first.baseline
    assert asked() == 9


def test_one_case_can_be_replayed_by_itself(three: list[EvaluationCase]) -> None:
    run = done(running.start(prompt_version=GOOD, model=MODEL, cases=three[1:2]))
    assert (run.cases, asked()) == (1, 1)
    assert run.results[0]["case"] == str(three[1].public_id)


def test_a_case_that_was_deleted_meanwhile_is_left_out(
    three: list[EvaluationCase],
) -> None:
    run = running.start(prompt_version=GOOD, model=MODEL)
    three[0].delete()
    assert (done(run).cases, run.passed) == (2, 2)


def test_what_cannot_be_named_is_not_started(three: list[EvaluationCase]) -> None:
    for prompt, model in ((GOOD, ""), (GOOD, "x" * 81), ("../reply-1", MODEL)):
        with pytest.raises(running.NotStarted):
            running.start(prompt_version=prompt, model=model)
    EvaluationCase.objects.update(active=False)
    with pytest.raises(running.NotStarted, match="no case"):
        running.start(prompt_version=GOOD, model=MODEL)


def test_the_answers_of_two_runs_are_laid_beside_each_other(
    three: list[EvaluationCase],
) -> None:
    run = done(running.start(prompt_version=BETTER, model=MODEL))
    pair = comparing.compare(cases=three, run=run, beside=run.baseline).pairs[0]
    added = "".join(one.text for one in pair.runs if one.kind == "added")
    assert (added.strip(), pair.moved) == ("writing, with great pleasure.", True)
    removed = "".join(one.text for one in pair.runs if one.kind == "removed")
    assert removed.strip() == "writing."
