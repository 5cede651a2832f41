"""The services page in a real browser: tests run beside each other, texts go once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import GapSweep, ServiceCheck, TrialText
from integrations.tests.http_loopback import (
    fresh_door,
    hang,
    serve,
)
from integrations.tests.twilio_loopback import Twilio, twilio, vendor_error
from integrations.tests.webhook_requests import ACCOUNT, TOKEN, twilio_settings
from leads.models import Team
from leadsite.tests.browsing import LOOKS, Desk, violations
from messaging.tests.inbox_world import rep

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

pytestmark = pytest.mark.browser
SERVICES = "/admin/services/"
OPEN_ALL = "for (const part of document.querySelectorAll('.sv-set')) part.open = true"


@pytest.fixture
def chief(site: str) -> User:
    return rep("cleo", Team.default(), role="admin")


def card(page: Page, label: str) -> Any:
    return page.locator("section", has=page.get_by_role("heading", name=label))


def fits(page: Page) -> bool:
    width = "document.documentElement.scrollWidth <= innerWidth"
    return bool(page.evaluate(width))


def test_test_all_shows_each_answer_as_it_comes(
    site: str, desk: Desk, chief: User, twilio: Twilio
) -> None:
    page = desk(chief, SERVICES, live=False)
    page.get_by_role("button", name="Test all").click()
    expect(card(page, "Database").locator(".ls-chip").first).to_have_text(
        "check_circleWorks", timeout=10_000
    )
    expect(card(page, "Twilio").locator(".sv-now")).to_contain_text(
        "The account is open", timeout=10_000
    )
    expect(page.locator("#sv-live")).to_contain_text("Works")
    assert TOKEN not in page.content()


def test_a_test_can_be_left_and_its_answer_is_kept(
    site: str, desk: Desk, chief: User, twilio: Twilio
) -> None:
    twilio.instead = vendor_error(401, 20003)
    page = desk(chief, SERVICES, live=False)
    page.get_by_role("button", name="Test Twilio").click()
    page.goto("/admin/")
    page.goto(SERVICES)
    fix = card(page, "Twilio").locator(".sv-fix")
    expect(fix).to_contain_text("auth token does not belong", timeout=10_000)
    assert ServiceCheck.objects.get(key="twilio").checked_by == chief


def test_the_keyboard_does_it_all_and_keeps_its_place(
    site: str, desk: Desk, chief: User, twilio: Twilio
) -> None:
    page = desk(chief, SERVICES, live=False)
    button = page.get_by_role("button", name="Test Database")
    button.focus()
    page.keyboard.press("Enter")
    expect(card(page, "Database").locator(".sv-now")).to_contain_text("ms")
    expect(button).to_be_focused()


def test_a_double_click_sends_one_text_and_its_state_moves(
    site: str, desk: Desk, chief: User, twilio: Twilio
) -> None:
    page = desk(chief, SERVICES, live=False)
    page.get_by_label("Text my phone", exact=True).last.fill("+1 415 555 0177")
    page.get_by_label("This is my own phone").check()
    page.get_by_role("button", name="Send one text").dblclick()
    state = card(page, "Twilio").locator(".sv-text")
    expect(state).to_contain_text("sent: the carrier took it", timeout=10_000)
    expect(state).to_contain_text(twilio.taken[0]["sid"])
    assert len(twilio.taken) == 1
    TrialText.objects.update(state="delivered")
    expect(state).to_contain_text("delivered", timeout=10_000)


def test_a_vendor_that_hangs_holds_nobody_else_up(
    site: str, desk: Desk, chief: User, twilio: Twilio
) -> None:
    twilio.instead = hang
    page = desk(chief, SERVICES, live=False)
    page.get_by_role("button", name="Test all").click()
    expect(card(page, "Database").locator(".sv-now")).to_contain_text("answers")
    expect(card(page, "Twilio").locator(".sv-now")).to_contain_text("Testing")
    expect(card(page, "Twilio").locator(".sv-now")).to_contain_text(
        "Unreachable", timeout=12_000
    )
    assert "token" not in card(page, "Twilio").locator(".sv-now").inner_text()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_in_any_state(
    site: str,
    desk: Desk,
    chief: User,
    twilio: Twilio,
    look: dict[str, Any],
) -> None:
    states = ("ok", "rejected", "unreachable", "rate_limited", "misconfigured")
    page = desk(chief, SERVICES, live=False, **look)
    found: dict[str, list[str]] = {}
    for state in states:
        ServiceCheck.objects.update_or_create(
            key="twilio",
            defaults={
                "state": state,
                "words": "What is so.",
                "fix": "" if state == "ok" else "What to do.",
                "detail": "Account “Alder Desks”",
                "last_failure": "It was refused.",
            },
        )
        page.goto(SERVICES)
        page.evaluate(OPEN_ALL)
        assert fits(page), f"{state} scrolls sideways"
        if wrong := violations(page):
            found[state] = wrong
    assert found == {}
    now = timezone.now()
    GapSweep.objects.create(
        provider="twilio",
        account=ACCOUNT,
        begins_at=now,
        swept_until=now - timedelta(hours=1),
        swept_at=now,
        failure="Twilio answered 500",
    )
    page.goto("/admin/")
    expect(page.locator("#content")).to_contain_text("Not compared with Twilio since")
    assert fits(page)
    assert violations(page) == []
