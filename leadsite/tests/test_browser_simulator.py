"""Be a lead in the simulator, watch what happens, open it in the inbox."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from leads.models import Lead
from leads.work import run_due
from leadsite.tests.browsing import SOON, Desk, bubble, open_office, thread
from messaging.models import Conversation, Message
from messaging.simulator.steps import NAMES
from messaging.tests.talk import sent

pytestmark = pytest.mark.browser
SIMULATOR = "/admin/simulator/"
HOT = "Hi, we need about 40 seats next month, budget is 20k, can someone call me?"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    return open_office(settings, ai="auto")


def say(page: Page, text: str) -> None:
    """Write as the lead, end the wait for more texts and let the work be done."""
    page.get_by_label("Write as the lead").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#sim-screen")).to_contain_text(text)
    page.get_by_role("button", name="answer now").click()
    expect(page.locator(".sim-wait")).to_be_hidden()
    run_due()


def step(page: Page, name: str) -> Any:
    return page.locator(f"#sim-step-{name}")


def test_a_text_is_understood_scored_and_answered_and_opens_in_the_inbox(
    office: Any, desk: Desk
) -> None:
    page = desk(office.ana, SIMULATOR)
    say(page, HOT)
    for name in NAMES:
        expect(step(page, name)).to_have_attribute("data-state", "done", timeout=SOON)
    lead = Lead.objects.get()
    expect(step(page, "scored")).to_contain_text(f"scored 0 → {lead.score}")
    expect(step(page, "gated")).to_contain_text("gated 7/7")
    expect(step(page, "sent")).to_contain_text("sent (simulated)")
    step(page, "qualified").locator("summary").click()
    expect(step(page, "qualified")).to_contain_text("“20k”")
    answer = Message.objects.get(direction="outbound")
    expect(page.locator("#sim-screen")).to_contain_text(answer.body)
    page.get_by_role("link", name="Open in inbox").click()
    talk = Conversation.objects.get()
    assert page.url.endswith(thread(talk))
    expect(page.locator("#ib-thread h2")).to_have_text(lead.display_name)
    expect(page.locator(".ib-head")).to_contain_text("Simulated")
    expect(bubble(page, answer.body)).to_contain_text("simulated")
    expect(page.locator("#ib-panel .ib-score b")).to_have_text(str(lead.score))
    assert sent() == []


def test_the_conversation_shows_in_a_colleagues_inbox_as_it_happens(
    office: Any, desk: Desk
) -> None:
    ben = desk(office.ben, "/admin/inbox/?tab=all")
    page = desk(office.ana, SIMULATOR)
    page.get_by_label("Write as the lead").fill(HOT)
    page.keyboard.press("Enter")
    expect(ben.locator("#ib-list")).to_contain_text("we need about 40", timeout=SOON)


def test_stop_ends_it_and_the_inbox_shows_the_red_line(office: Any, desk: Desk) -> None:
    page = desk(office.ana, SIMULATOR)
    say(page, "Hi, we need about 40 seats")
    expect(step(page, "sent")).to_have_attribute("data-state", "done", timeout=SOON)
    page.get_by_role("button", name="STOP", exact=True).click()
    expect(page.locator("#sim-screen")).to_contain_text("STOP")
    run_due()
    answered = Message.objects.filter(direction="outbound", author="builtin").count()
    page.get_by_role("link", name="Open in inbox").click()
    expect(page.locator("#ib-blocked")).to_contain_text("Opted out")
    assert answered == 1
