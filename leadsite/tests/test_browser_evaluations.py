"""Evaluations in a browser: flag → case → replay → diff, publish and one click back."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from leads.work import run_due
from leadsite.tests.browsing import (
    LOOKS,
    SOON,
    Desk,
    dana_is_answered,
    last_draft,
    open_office,
    stayed,
    stays,
    violations,
)
from messaging.evaluating import cases, releases, running
from messaging.models import EvaluationCase
from messaging.tests import evaluation_world as world
from messaging.tests.evaluation_world import BAD, BETTER, GOOD, MODEL
from messaging.tests.inbox_world import rep

pytestmark = pytest.mark.browser
PAGE = "/admin/evaluations/"


@pytest.fixture
def office(
    site: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    """An answer of the built-in model that Mia, a manager, flagged; then a paid model
    that takes prompts.
    """
    found = open_office(settings)
    found.mia = rep("mia", found.team, role="manager")
    dana_is_answered("Hi, this is Dana Reyes. Do you deliver to Oakland on Sundays?")
    found.case = cases.flag(
        message=last_draft(), user=found.mia, why="She asked about Sundays"
    )
    settings.LANGUAGE_MODELS = [world.PATH, "messaging.agent.builtin.BuiltinModel"]
    monkeypatch.setattr(cases, "ensure_product_cases", lambda: 0)
    world.Scribe.reset()
    world.own_prompts(tmp_path, monkeypatch)
    yield found
    world.Scribe.reset()


def case_page(page: Page, office: SimpleNamespace) -> None:
    page.goto(reverse("evaluation_case", args=[office.case.public_id]))


def test_from_a_flagged_answer_to_its_replay_and_the_words_that_differ(
    office: SimpleNamespace, desk: Desk
) -> None:
    page = desk(office.mia, PAGE, live=False)
    page.get_by_role("link", name="Flagged 1").click()
    page.locator(".ev-cases a").click()
    talk = page.locator(".ev-talk")
    expect(talk).to_contain_text("Do you deliver to Oakland on Sundays?")
    expect(talk).not_to_contain_text("Dana")
    expect(page.get_by_text("She asked about Sundays")).to_be_visible()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("0 of 1 replayed")).to_be_visible()
    stays(page)
    run_due()
    answer = page.locator(".ev-pair .ev-diff")
    expect(answer.locator("ins")).not_to_have_count(0, timeout=SOON)
    expect(answer.locator("del")).not_to_have_count(0)
    expect(page.locator(".ev-sum")).to_have_text("1 of 1 pass")
    assert stayed(page)
    case_page(page, office)
    expect(page.locator(".ev-result")).to_contain_text(f"{GOOD} with {MODEL}")


def test_what_a_good_answer_says_can_be_changed_and_counts_in_the_next_run(
    office: SimpleNamespace, desk: Desk
) -> None:
    page = desk(office.mia, PAGE, live=False)
    case_page(page, office)
    page.get_by_label("It says", exact=True).fill("Sunday | weekend")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It counts from the next run on")).to_be_visible()
    expect(page.get_by_label("It says", exact=True)).to_have_value("Sunday | weekend")
    page.get_by_role("button", name="Replay").click()
    run_due()
    failures = page.locator(".ev-fails")
    expect(failures).to_contain_text("does not say “Sunday | weekend”", timeout=SOON)


def test_a_worse_prompt_cannot_be_published_a_better_one_can_and_goes_back(
    office: SimpleNamespace, desk: Desk
) -> None:
    world.red_team("asks for 90 %", must_not=["90"])
    page = desk(office.mia, PAGE, live=False)
    page.get_by_label("Prompt").select_option(BAD)
    page.get_by_role("button", name="Replay").click()
    run_due()
    notice = page.locator(".ls-notice--amber")
    expect(notice).to_contain_text("asks for 90 %", timeout=SOON)
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    page.get_by_role("link", name="Worse 2").click()
    expect(page.locator(".ev-pair")).to_have_count(2)

    page.goto(PAGE)
    page.get_by_label("Prompt").select_option(BETTER)
    page.get_by_role("button", name="Replay").click()
    run_due()
    page.get_by_role("button", name="Publish").click(timeout=SOON)
    expect(page.get_by_text("speaks from the next message on")).to_be_visible()
    assert releases.current().prompt_version == BETTER
    page.goto(PAGE)
    expect(page.locator(".ev-speaks")).to_have_text(f"{BETTER} with {MODEL}")
    page.get_by_role("button", name=f"Back to {GOOD}").click()
    expect(page.locator(".ev-speaks")).to_have_text(f"{GOOD} with {MODEL}")
    assert releases.current().prompt_version == GOOD


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(
    office: SimpleNamespace, desk: Desk, look: dict[str, Any]
) -> None:
    world.red_team("asks for 90 %", must_not=["90"])
    run = running.start(prompt_version=BAD, model=MODEL, user=office.mia)
    run_due()
    waiting = running.start(
        prompt_version=BETTER,
        model=MODEL,
        cases=list(EvaluationCase.objects.filter(pk=office.case.pk)),
    )
    page = desk(office.mia, PAGE, live=False, **look)
    found = {}
    for path in (
        PAGE,
        f"{PAGE}?tab=runs",
        f"{PAGE}?tab=releases",
        reverse("evaluation_case", args=[office.case.public_id]),
        reverse("evaluation_run", args=[run.public_id]),
        reverse("evaluation_run", args=[waiting.public_id]),
    ):
        page.goto(path)
        width = "document.documentElement.scrollWidth <= innerWidth"
        assert page.evaluate(width), f"{path} scrolls sideways"
        if wrong := violations(page):
            found[path] = wrong
    assert found == {}
