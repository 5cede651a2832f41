"""Every page by axe, in light and dark and on a phone; none calls elsewhere."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from leads import policy
from leadsite.tests.browsing import (
    LOOKS,
    Desk,
    Watch,
    dana_is_answered,
    open_office,
    thread,
    violations,
)
from messaging.simulator.playing import Saying, play
from messaging.tests.inbox_world import rep
from messaging.tests.talk import text_in

pytestmark = pytest.mark.browser
HOT = "Hi, we need about 40 seats next month, budget is 20k"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    return open_office(settings)


def pages(user: User) -> list[str]:
    """The pages of the main job, with something on each."""
    talk = dana_is_answered(HOT)
    played = play(user=user, saying=Saying("sms", (HOT,)))
    return [
        reverse("admin:index"),
        reverse("inbox"),
        thread(talk),
        reverse("lead_page", args=[talk.lead.public_id]),
        reverse("review"),
        reverse("admin:leads_lead_changelist"),
        reverse("simulator_talk", args=[played.public_id]),
        reverse("profile"),
        reverse("policy"),
    ]


def fits(page: Page) -> bool:
    """Say whether nothing makes the page scroll sideways."""
    width = "document.documentElement.scrollWidth <= innerWidth"
    return bool(page.evaluate(width))


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_on_any_page(
    office: Any, desk: Desk, look: dict[str, Any]
) -> None:
    chief = rep("cleo", office.team, role="admin")
    paths = pages(chief)
    page = desk(chief, paths[0], live=False, **look)
    found: dict[str, list[str]] = {}
    for path in paths:
        page.goto(path)
        dark = page.evaluate("document.documentElement.classList.contains('dark')")
        assert dark == look.get("dark", False)
        assert fits(page), f"{path} scrolls sideways"
        if wrong := violations(page):
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_on_the_way_in(
    site: str, browser: Browser, look: dict[str, Any]
) -> None:
    context = browser.new_context(
        base_url=site,
        viewport={"width": look.get("width", 1440), "height": 900},
        color_scheme="dark" if look.get("dark") else "light",
    )
    page = context.new_page()
    watch = Watch(page, urlsplit(site).netloc)
    page.goto("/admin/inbox/")
    assert "/accounts/login/" in page.url
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert violations(page) == []
    assert fits(page)
    assert (watch.elsewhere, watch.errors) == ([], [])
    context.close()


def test_axe_finds_nothing_serious_in_the_drawers_and_dialogs(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered(HOT)
    page = desk(office.ana, thread(talk))
    page.keyboard.press("i")
    expect(page.locator("#ib-why")).to_contain_text("Why this message")
    assert violations(page) == []
    page.keyboard.press("Escape")
    for name in ("+ Lead", "New message", "Log call"):
        page.get_by_role("button", name=name).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#ls-keys")).to_be_visible()
    assert violations(page) == []


def test_on_a_phone_a_thread_is_opened_answered_and_left(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered(HOT)
    page = desk(office.ana, width=390)
    expect(page.locator("#ib-thread")).to_have_count(0)
    page.locator(f"#row-{talk.public_id} a").click()
    expect(page.locator("#ib-list")).to_be_hidden()
    send = page.get_by_role("button", name="Send", exact=True)
    expect(send).to_be_in_viewport()
    expect(page.get_by_role("button", name="Approve")).to_be_in_viewport()
    page.get_by_role("button", name="Lead: score, facts, consent").click()
    expect(page.locator("#ib-panel")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#ib-panel")).to_be_hidden()
    page.get_by_role("link", name="Back to the list").click()
    expect(page.locator("#ib-list")).to_be_visible()
    assert fits(page)


@pytest.mark.parametrize("width", [1024, 1280, 1440])
def test_the_head_of_a_thread_keeps_to_its_pane(
    site: str, settings: Any, desk: Desk, width: int
) -> None:
    office = open_office(settings, ai="auto")
    policy.change(actor="system", burst_sms_seconds=600)
    talk = text_in("we need 40 standing desks").conversation
    page = desk(office.ana, thread(talk), width=width)
    expect(page.locator(".ib-holder")).to_contain_text("9:5")
    pane = page.locator(".ib-head").bounding_box()
    assert pane is not None
    for part in page.locator(".ib-head button:visible, .ib-head select").all():
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= pane["x"]
        assert box["x"] + box["width"] <= pane["x"] + pane["width"]
