"""AI proof in a browser: its numbers open their rows, in light, dark, on a phone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from leads import clock
from leads.models import Event
from leads.tests.factories import LeadFactory
from leadsite.tests.browsing import LOOKS, Desk, open_office, violations
from messaging.tests.deciding import answered, decided, history
from messaging.tests.inbox_world import rep

pytestmark = pytest.mark.browser
PROOF = "/admin/proof/"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    there = open_office(settings)
    there.mia = rep("mia", there.team, role="manager")
    return there


def much_is_decided(office: Any) -> None:
    """Drafts of two kinds, what auto would have sent, and what came of it."""
    sam = LeadFactory(team=office.team, name="Sam Ito")
    dana = LeadFactory(team=office.team, name="Dana Reyes")
    history(lead=sam, as_written=9, would=True, by=office.ana)
    why = "“10 % off” is in no offer"
    history(lead=sam, topics=("price",), edited=1, discarded=4, would=False, why=why)
    decided("edited", lead=dana, would=True, by=office.ana)
    answered(lead=dana, intent="other", version="reply-3")
    at = clock.now()
    Event.objects.create(lead=dana, kind="lead.qualified", actor="lead", occurred_at=at)


def is_sound(page: Page) -> bool:
    """Axe finds nothing serious, and nothing makes the page scroll sideways."""
    assert violations(page) == []
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("look", LOOKS)
def test_the_proof_is_read_in_every_look_and_opens_its_rows(
    office: Any, desk: Desk, look: dict[str, Any]
) -> None:
    much_is_decided(office)
    page = desk(office.mia, PROOF, live=False, **look)
    changed = page.locator(".pf-changed .pf-draft")
    expect(changed).to_have_count(1)
    expect(changed.locator("ins")).to_have_text("39")
    assert is_sound(page)
    row = page.locator("tr").filter(has_text="Price questions")
    row.get_by_role("link", name="4", exact=True).click()
    expect(page.locator(".pf-draft")).to_have_count(4)
    expect(page.locator(".pf-draft").first).to_contain_text(
        "Auto would have asked you as well"
    )
    assert is_sound(page)
    page.go_back()
    row = page.locator("tr").filter(has_text="reply-3")
    row.get_by_role("link", name="1", exact=True).last.click()
    expect(page.locator(".pf-list .ls-row")).to_contain_text("Dana Reyes")
