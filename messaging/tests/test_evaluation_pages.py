"""The pages of evaluations: who may see and do what, and what they say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from leads.work import run_due
from messaging.evaluating import releases, running
from messaging.models import EvaluationCase, EvaluationRun, Release
from messaging.tests import evaluation_world as world
from messaging.tests.evaluation_world import BAD, BETTER, GOOD, MODEL
from messaging.tests.inbox_world import FRAGMENT, signed_in

pytestmark = pytest.mark.django_db
ROLES = ("read-only", "rep", "billing", "manager", "admin")
MAY = ("manager", "admin")


@pytest.fixture(autouse=True)
def prompts(tmp_path: Path, monkeypatch: Any, settings: Settings) -> Iterator[Path]:
    settings.LANGUAGE_MODELS = [world.PATH, "messaging.agent.builtin.BuiltinModel"]
    monkeypatch.setattr("messaging.evaluating.cases.ensure_product_cases", lambda: 0)
    world.Scribe.reset()
    yield world.own_prompts(tmp_path, monkeypatch)
    world.Scribe.reset()


@pytest.fixture
def cases() -> list[EvaluationCase]:
    return [
        world.scripted("says thanks", must=["thanks"]),
        world.red_team("asks for 90 %", must_not=["90"]),
    ]


def of_role(role: str) -> User:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def ran(prompt: str) -> EvaluationRun:
    run = running.start(prompt_version=prompt, model=MODEL)
    run_due()
    run.refresh_from_db()
    return run


def html(client: Client, url: str, **more: Any) -> str:
    answer = client.get(url, follow=True, **more)
    assert answer.status_code == 200
    return answer.content.decode()


def of(run: EvaluationRun, act: str = "") -> str:
    return reverse(f"evaluation_{act or 'run'}", args=[run.public_id])


def test_only_managers_and_admins_see_and_do(cases: list[EvaluationCase]) -> None:
    run, case = ran(BETTER), cases[0]
    pages = [
        reverse("evaluations"),
        reverse("evaluation_case", args=[case.public_id]),
        of(run),
    ]
    acts = [
        reverse("evaluation_start"),
        reverse("evaluation_back"),
        reverse("evaluation_replay", args=[case.public_id]),
        reverse("evaluation_expect", args=[case.public_id]),
        reverse("evaluation_switch", args=[case.public_id]),
        of(run, "publish"),
    ]
    for url in (*pages, *acts):
        assert Client().get(url).status_code in (302, 405)
    for role in ROLES:
        client = signed_in(of_role(role))
        seen = {client.get(url).status_code for url in pages}
        assert seen == ({200} if role in MAY else {403}), role
        for url in acts:
            assert client.get(url).status_code == 405
            if role not in MAY:
                assert client.post(url).status_code == 403, (role, url)
    assert EvaluationRun.objects.count() == 2
    assert not Release.objects.exists()
    case.refresh_from_db()
    assert case.active


def test_the_list_shows_flagged_first_and_can_be_narrowed(
    cases: list[EvaluationCase],
) -> None:
    EvaluationCase.objects.filter(pk=cases[1].pk).update(kind="flagged", why="too much")
    client = signed_in(of_role("manager"))
    url = reverse("evaluations")
    text = html(client, url)
    assert text.index("asks for 90 %") < text.index("says thanks")
    assert "too much" in text
    assert GOOD in text
    assert "says thanks" not in html(client, f"{url}?kind=flagged")
    assert "asks for 90 %" not in html(client, f"{url}?q=thanks")
    assert "No case with" in html(client, f"{url}?q=nothing+like+this")
    client.post(reverse("evaluation_switch", args=[cases[0].public_id]))
    assert "says thanks" not in html(client, url)
    assert "says thanks" in html(client, f"{url}?off=1")


def test_a_run_is_started_shows_its_progress_and_then_its_answers(
    cases: list[EvaluationCase],
) -> None:
    client = signed_in(of_role("manager"))
    said = {"prompt": BAD, "model": MODEL, "kind": ""}
    text = html(client, client.post(reverse("evaluation_start"), said)["Location"])
    assert "0 of 2 replayed" in text
    assert "every 2s" in text
    run = EvaluationRun.objects.get(prompt_version=BAD)
    assert run.started_by == "manager"
    run_due()
    part = html(client, of(run), **FRAGMENT)
    assert "<html" not in part
    assert "every 2s" not in part
    assert "Cannot be published" in part
    assert "asks for 90 %" in part
    assert "<ins>" in part
    assert "<del>" in part
    assert "No case is better" in html(client, of(run) + "?show=better")
    client.post(of(run, "publish"))
    assert not Release.objects.exists()


def test_publish_and_one_click_back(cases: list[EvaluationCase]) -> None:
    client = signed_in(of_role("admin"))
    run = ran(BETTER)
    assert "Publish" in html(client, of(run))
    text = html(client, client.post(of(run, "publish"))["Location"])
    assert "speaks from the next message on" in text
    assert "It speaks already" in text
    assert releases.current().prompt_version == BETTER
    text = html(client, reverse("evaluations") + "?tab=releases")
    assert f"Back to {GOOD}" in text
    text = html(client, client.post(reverse("evaluation_back"))["Location"])
    assert "speaks again" in text
    assert releases.current().prompt_version == GOOD


def test_what_cannot_be_started_says_why(cases: list[EvaluationCase]) -> None:
    client = signed_in(of_role("manager"))
    for said, words in (
        ({"prompt": "reply-99", "model": MODEL}, "There is no prompt file reply-99"),
        ({"prompt": GOOD, "model": ""}, "required"),
        ({"prompt": GOOD, "model": MODEL, "kind": "flagged"}, "There is no case"),
    ):
        answer = client.post(reverse("evaluation_start"), said, follow=True)
        assert words in answer.content.decode()
    assert not EvaluationRun.objects.exists()


def test_expectations_are_shown_and_changed(cases: list[EvaluationCase]) -> None:
    client = signed_in(of_role("manager"))
    case = cases[0]
    url = reverse("evaluation_case", args=[case.public_id])
    assert "thanks</textarea>" in html(client, url)
    said = {
        "leaves": "yes",
        "must": "thanks\r\n\r\n colleague | team ",
        "must_not": "",
        "goal": ["greet", "ask"],
    }
    client.post(reverse("evaluation_expect", args=[case.public_id]), said)
    case.refresh_from_db()
    assert case.expectations == {
        "leaves": True,
        "must": ["thanks", "colleague | team"],
        "goal": ["greet", "ask"],
    }
    text = html(client, url)
    assert 'value="yes" selected' in text
    bad = {**said, "goal": ["dance"]}
    client.post(reverse("evaluation_expect", args=[case.public_id]), bad)
    case.refresh_from_db()
    assert case.expectations["goal"] == ["greet", "ask"]


def test_one_case_is_replayed_with_what_speaks(cases: list[EvaluationCase]) -> None:
    client = signed_in(of_role("manager"))
    url = reverse("evaluation_replay", args=[cases[1].public_id])
    opened = client.post(url)["Location"]
    run_due()
    assert "asks for 90 %" in html(client, opened)
    run = EvaluationRun.objects.get()
    assert (run.cases, run.prompt_version) == (1, GOOD)
    text = html(client, reverse("evaluation_case", args=[cases[1].public_id]))
    assert "passes" in text


def test_an_old_run_is_read_as_it_was(cases: list[EvaluationCase]) -> None:
    run = ran(BAD)
    EvaluationCase.objects.filter(pk=cases[0].pk).update(expectations={})
    cases[1].delete()
    text = html(signed_in(of_role("manager")), of(run))
    assert "1 result is of cases that were changed since" in text
    assert "1 of its cases is not there any more" in text
    assert "<b>0</b> of 2 pass" in text
    assert "says thanks" in text
    assert "does not cover “says thanks”" in text


def test_words_of_leads_are_never_markup(cases: list[EvaluationCase]) -> None:
    evil = world.scripted("<script>alert(1)</script>", "<img src=x onerror=a()>")
    ran(GOOD)
    client = signed_in(of_role("manager"))
    for url in (
        reverse("evaluations"),
        reverse("evaluation_case", args=[evil.public_id]),
        of(EvaluationRun.objects.get()),
    ):
        text = html(client, url)
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_the_menu_names_the_page_for_those_who_may(cases: list[EvaluationCase]) -> None:
    link = f'href="{reverse("evaluations")}"'
    assert link in html(signed_in(of_role("manager")), reverse("admin:index"))
    assert link not in html(signed_in(of_role("rep")), reverse("admin:index"))
