"""A lead leaves by the link in our mail, in a real browser, without signing in."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from leads import consent
from leads.models import Event, Suppression
from leadsite.tests.browsing import Watch, violations
from messaging.composing import write_out
from messaging.models import Message
from messaging.tests.letterbox import company, letterbox, write

pytestmark = pytest.mark.browser
LOOKS = [
    pytest.param({}, id="light"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"viewport": {"width": 390, "height": 800}}, id="phone"),
]
Reader = Callable[..., Page]


@pytest.fixture
def reader(site: str, browser: Browser) -> Iterator[Reader]:
    """Pages of a stranger, which neither call elsewhere nor complain."""
    contexts, watched = [], []

    def open_page(**look: Any) -> Page:
        context = browser.new_context(base_url=site, **look)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watched.append(Watch(page, urlsplit(site).netloc))
        return page

    yield open_page
    assert [url for watch in watched for url in watch.elsewhere] == []
    assert [error for watch in watched for error in watch.errors] == []
    for context in contexts:
        assert context.cookies() == []
        context.close()


@pytest.fixture
def box(site: str, settings: Any) -> SimpleNamespace:
    settings.PUBLIC_BASE_URL = site
    company()
    return letterbox()


def link_in(message: Message) -> str:
    found = re.search(r"http://\S+/u/\S+/", write_out(message).text)
    assert found
    return found[0]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_lead_leaves_by_the_link_and_takes_it_back(
    box: SimpleNamespace, reader: Reader
) -> None:
    message = write(box)
    page = reader(java_script_enabled=False)
    page.goto(link_in(message))
    expect(page.get_by_role("heading")).to_have_text("Mail from Acme Desks")
    page.reload()
    message.refresh_from_db()
    assert message.state == "queued"
    assert not Suppression.objects.exists()

    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("status")).to_have_text(
        "You will get no more mail from Acme Desks at d•••@reyes.example."
    )
    message.refresh_from_db()
    assert (message.state, message.reason) == ("cancelled", "the lead asked to stop")
    assert consent.is_suppressed(box.point, "email")
    page.reload()
    assert Event.objects.filter(kind="lead.opted_out").count() == 1

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading")).to_have_text("Mail from Acme Desks")
    assert consent.is_suppressed(box.point, "email") is None


def test_the_page_works_by_keyboard(box: SimpleNamespace, reader: Reader) -> None:
    page = reader()
    page.goto(link_in(write(box)))
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert Suppression.objects.filter(lifted_at=None).count() == 1


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_page_in_any_look(
    box: SimpleNamespace, reader: Reader, look: dict[str, Any]
) -> None:
    company(name="Acme Donaudampfschifffahrtsgesellschaftskapitänsbedarf " + "x" * 60)
    page = reader(**look)
    page.goto(link_in(write(box)))
    backdrop = "getComputedStyle(document.body).backgroundColor"
    dark = look.get("color_scheme") == "dark"
    assert (page.evaluate(backdrop) == "rgb(13, 20, 32)") == dark
    found = {"on": violations(page)}
    assert fits(page)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    found["off"] = violations(page)
    assert fits(page)
    assert found == {"on": [], "off": []}


@pytest.mark.parametrize("look", LOOKS)
def test_the_mail_itself_reads_well_in_any_look(
    box: SimpleNamespace, reader: Reader, look: dict[str, Any]
) -> None:
    body = "Hello Dana,\n\nsee https://acme.example/desks?size=" + "9" * 120
    page = reader(**look)
    page.goto("about:blank")
    page.set_content(write_out(write(box, body)).mail.html)
    expect(page.get_by_text("Hello Dana,")).to_be_visible()
    assert fits(page)
    assert violations(page) == []
