"""`manage.py evaluate`: what it prints, and its exit code."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from leadsite.checks import published_prompts
from messaging.evaluating import cases, sealing
from messaging.models import EvaluationRun
from messaging.tests import evaluation_world as world
from messaging.tests.evaluation_world import BAD, BETTER, GOOD, MODEL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: Any, settings: Settings) -> Iterator[Path]:
    settings.LANGUAGE_MODELS = [world.PATH, "messaging.agent.builtin.BuiltinModel"]
    monkeypatch.setattr(cases, "ensure_product_cases", lambda: 0)
    world.Scribe.reset()
    yield world.own_prompts(tmp_path, monkeypatch)
    world.Scribe.reset()


def evaluate(*words: str, code: int = 0) -> str:
    out = StringIO()
    try:
        call_command("evaluate", *words, stdout=out, stderr=StringIO())
        ended = 0
    except SystemExit as end:
        ended = int(str(end.code))
    assert ended == code
    return out.getvalue()


def test_a_worse_prompt_ends_with_1_and_says_what_is_worse() -> None:
    world.red_team("asks for 90 %", must_not=["90"])
    world.scripted("says thanks", must=["thanks"])
    text = evaluate("--prompt", BAD, code=1)
    assert "red team        0/1 pass (0 %), before 1" in text
    assert "worse   asks for 90 %" in text
    assert f"- {world.PLAIN}" in text
    assert f"+ {world.SPOILT}" in text
    assert f"{BAD} {MODEL}: worse than {GOOD} {MODEL}" in text


def test_json_holds_every_case_and_the_verdict() -> None:
    case = world.scripted("pleasure", must=["pleasure"])
    said = json.loads(evaluate("--prompt", BETTER, "--model", "writer-2", "--json"))
    assert said["results"][0]["case"] == str(case.public_id)
    assert (said["passes"], said["passed_before"], said["cases"]) == (1, 0, 1)
    assert (said["worse"], said["rate"]) == (False, 1.0)
    assert (said["prompt"], said["model"]) == (BETTER, "writer-2")
    assert said["beside"] == {"prompt": GOOD, "model": MODEL}
    assert said["results"][0]["body_before"] == world.PLAIN


def test_without_options_what_speaks_is_replayed_and_held_against_its_last_run() -> (
    None
):
    world.scripted("thanks", must=["thanks"])
    assert "no worse than nothing yet" in evaluate()
    assert f"no worse than {GOOD} {MODEL}" in evaluate()
    assert EvaluationRun.objects.count() == 2


def test_one_kind_of_cases_is_enough_when_named() -> None:
    world.scripted("thanks", must=["thanks"])
    world.red_team("asks for 90 %", must_not=["90"])
    text = evaluate("--cases", "red_team")
    assert "scripted" not in text
    assert "all             1/1 pass" in text


def test_the_built_in_model_can_be_replayed_too() -> None:
    world.scripted("anything")
    assert "builtin" in evaluate("--model", "builtin")
    assert world.Scribe.calls


def test_what_cannot_be_run_says_why() -> None:
    with pytest.raises(CommandError, match="no case"):
        evaluate()
    world.scripted("thanks")
    with pytest.raises(CommandError, match="no prompt file reply-99"):
        evaluate("--prompt", "reply-99")


def test_a_prompt_is_sealed_once_and_a_changed_one_fails_the_checks(
    prompts: Path,
) -> None:
    text = (prompts / f"{GOOD}.toml").read_text("utf-8")
    (prompts / "reply-20.toml").write_text(text, "utf-8")
    assert "sealed" in evaluate("--seal", "reply-20")
    assert sealing.why_unsealed("reply-20") == ""
    assert published_prompts() == []
    (prompts / "reply-20.toml").write_text(text + "# more", "utf-8")
    with pytest.raises(CommandError, match="was changed"):
        evaluate("--seal", "reply-20")
    assert [found.id for found in published_prompts()] == ["leadsite.E004"]
