"""Mail in a real browser: read, opened, its files saved, its pictures when asked."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from leads import policy
from leadsite.tests.browsing import (
    LOOKS,
    SOON,
    Desk,
    bubble,
    dana_is_answered,
    open_office,
    stayed,
    stays,
    thread,
    violations,
)
from leadsite.tests.elsewhere import Elsewhere, elsewhere
from messaging import live
from messaging.tests.mail_world import file_of, mail, picture_of, refused_file

pytestmark = pytest.mark.browser
QUOTED = "Tuesday suits us.\n\nOn Mon, Ana wrote:\n> Does Tuesday suit you?"
GOOD = (
    '<h2>Our plan</h2><p>Tuesday <b>suits</b> us. <img src="cid:plan@x" alt="Plan"></p>'
)


@pytest.fixture
def office(site: str, settings: Any, tmp_path: Path) -> SimpleNamespace:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    found = open_office(settings)
    found.talk = dana_is_answered("hello there")
    return found


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Elsewhere]:
    """An honest server of pictures, over TLS."""
    with elsewhere(tmp_path) as found:
        yield found


# --- reading a good one ------------------------------------------------------


def test_the_original_opens_and_closes_by_the_keyboard(office: Any, desk: Desk) -> None:
    mail(office.talk, "Tuesday suits us.", original=QUOTED, subject="Tuesday")
    page = desk(office.ana, thread(office.talk))
    said = bubble(page, "Tuesday suits us.")
    expect(said).not_to_contain_text("Does Tuesday suit you?")
    link = said.get_by_role("link", name="Show original")
    link.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog", name="Tuesday")
    expect(box).to_contain_text("> Does Tuesday suit you?")
    expect(box.get_by_role("region", name="The whole text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(link).to_be_focused()


def test_an_open_mail_stays_while_the_thread_goes_on(office: Any, desk: Desk) -> None:
    first = mail(office.talk, "Tuesday suits us.", original=QUOTED, subject="Tuesday")
    page = desk(office.ana, thread(office.talk))
    stays(page)
    page.get_by_role("link", name="Show original").click()
    box = page.get_by_role("dialog", name="Tuesday")
    expect(box).to_be_visible()
    mail(office.talk, "One more thing.", subject="Re: Tuesday")
    live.ring(conversation=first.conversation, what="message")
    expect(bubble(page, "One more thing.")).to_be_attached(timeout=SOON)
    expect(box).to_contain_text("Does Tuesday suit you?")
    assert stayed(page)


def test_a_mail_is_shown_as_it_was_sent_with_its_own_pictures(
    site: str, office: Any, desk: Desk
) -> None:
    row = mail(office.talk, "Tuesday suits us.", html=GOOD, original=QUOTED)
    picture_of(row, "plan@x")
    page = desk(office.ana, thread(office.talk))
    page.get_by_role("link", name="Show as mail").click()
    frame = page.frame_locator("iframe.mv-frame")
    expect(frame.get_by_role("heading", name="Our plan")).to_be_visible()
    picture = frame.get_by_role("img", name="Plan")
    assert picture.evaluate("(one) => one.complete && one.naturalWidth") == 1
    # Without an origin there is neither a session nor a way to the page around it.
    inner = next(one for one in page.frames if one.url.endswith("/mail/"))
    assert inner.evaluate("() => self.origin") == "null"
    page.get_by_role("dialog").get_by_role("link", name="Text", exact=True).click()
    expect(page.locator("#mv .mv-text")).to_contain_text("Does Tuesday suit you?")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.locator("#mv")).to_be_hidden()


def test_pictures_from_the_internet_are_loaded_only_after_the_click(
    site: str, office: Any, browser: Browser, pictures: Elsewhere
) -> None:
    html = (
        f'<p>News</p><img src="{pictures.url}/pixel.png" alt="Far">'
        f'<a href="{pictures.url}/offer">Offer</a>'
    )
    mail(office.talk, "News", html=html)
    page = trusting(browser, site, office.ana)
    page.goto(thread(office.talk))
    page.get_by_role("link", name="Show as mail").click()
    frame = page.frame_locator("iframe.mv-frame")
    expect(frame.get_by_text("News")).to_be_visible()
    assert pictures.paths == []
    assert pictures.connections == 0
    page.get_by_role("link", name="Show pictures from the internet").click()
    expect(page.get_by_text("are loaded, this once")).to_be_visible()
    picture = frame.get_by_role("img", name="Far")
    expect(picture).to_have_js_property("naturalWidth", 1)
    assert pictures.paths == ["/pixel.png"]
    asked = pictures.headers[0]
    assert "referer" not in asked and "cookie" not in asked
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Offer").click()
    expect(opened.value.get_by_role("heading", name="Elsewhere")).to_be_visible()
    assert opened.value.evaluate("() => window.opener") is None
    assert "referer" not in pictures.headers[pictures.paths.index("/offer")]
    page.context.close()


def trusting(browser: Browser, site: str, user: Any) -> Page:
    """A page of a browser that takes our certificate of elsewhere."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(base_url=site, ignore_https_errors=True)
    cookie = client.cookies["sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": site}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def test_a_file_of_a_mail_is_saved_and_a_picture_is_shown(
    office: Any, desk: Desk
) -> None:
    row = mail(office.talk, "The plan is attached.", original=QUOTED)
    file_of(row, "floor plan.pdf", b"%PDF-1.4 forty seats")
    picture_of(row, name="room.png")
    refused_file(row, "setup.exe")
    page = desk(office.ana, thread(office.talk))
    said = bubble(page, "The plan is attached.")
    expect(said).to_contain_text("not kept: programs are never kept")
    with page.expect_download() as saved:
        said.get_by_role("link", name="floor plan.pdf").click()
    assert saved.value.suggested_filename == "floor plan.pdf"
    assert Path(saved.value.path()).read_bytes() == b"%PDF-1.4 forty seats"
    picture = said.get_by_role("img", name="Picture: room.png")
    assert picture.evaluate("(one) => one.naturalWidth") == 1
    page.goto(reverse("lead_page", args=[office.talk.lead.public_id]) + "?tab=files")
    with page.expect_download() as again:
        page.get_by_role("link", name="floor plan.pdf").click()
    assert again.value.suggested_filename == "floor plan.pdf"


def test_the_same_links_work_on_the_leads_page(office: Any, desk: Desk) -> None:
    mail(office.talk, "Tuesday suits us.", original=QUOTED, subject="Tuesday")
    there = reverse("lead_page", args=[office.talk.lead.public_id])
    page = desk(office.ana, there)
    page.get_by_role("link", name="Show original").click()
    expect(page.get_by_role("dialog", name="Tuesday")).to_contain_text("Does Tuesday")


# --- how it looks ------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_where_mail_is_read(
    office: Any, desk: Desk, look: dict[str, Any]
) -> None:
    policy.change(actor="system", undo_seconds=0)
    full_talk(office)
    page = desk(office.ana, thread(office.talk), **look)
    found = {"thread": violations(page)}
    page.get_by_role("link", name="Show original").first.click()
    expect(page.locator("#mv .mv-text")).to_be_visible()
    found["text"] = violations(page)
    page.get_by_role("link", name="As mail", exact=True).click()
    expect(page.locator("#mv iframe")).to_be_visible()
    found["frame"] = violations(page)
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(width)
    page.goto(reverse("lead_page", args=[office.talk.lead.public_id]) + "?tab=files")
    found["files"] = violations(page)
    assert page.evaluate(width)
    assert {name: one for name, one in found.items() if one} == {}


def full_talk(office: Any) -> None:
    """A talk with one of everything that a mail can show."""
    headers = [["To", "hello@example.com"], ["Cc", "Ben Ito <ben@acme.example>"]]
    first = mail(
        office.talk,
        "Tuesday suits us. The plan of the third floor is attached.",
        subject="Desks for the third floor",
        original=QUOTED,
        html=GOOD + '<img src="https://news.example/pixel.png" alt="">',
        recipients=["hello@example.com", "ben@acme.example"],
        sender_name="Dana Reyes",
        headers=headers,
        defects=["one part had no end"],
        minutes_ago=9,
    )
    picture_of(first, "plan@x")
    picture_of(first, name="room.png")
    file_of(first, "plan of the third floor, as measured in spring.pdf")
    refused_file(first)
    mail(
        office.talk,
        "Thank you, we will look at it today.",
        author="person",
        subject="Re: Desks for the third floor",
        html="<p>Thank you</p>",
        message={"user": office.ana},
        minutes_ago=8,
    )
    mail(
        office.talk,
        "I am away.",
        subject="Out of office: Re: Desks",
        original="I am away.",
        machine="out_of_office",
        machine_words="it says Auto-Submitted: auto-replied",
        minutes_ago=7,
    )
