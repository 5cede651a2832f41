"""Hostile mail in a real browser: no script runs, and no request leaves."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Request, expect

from leadsite.tests.browsing import (
    Desk,
    dana_is_answered,
    open_office,
    thread,
)
from leadsite.tests.elsewhere import Elsewhere, elsewhere
from leadsite.tests.hostile_mail import hostile
from messaging.models import Message
from messaging.tests.mail_world import mail, picture_of

pytestmark = pytest.mark.browser
SHOW = """(there) => new Promise((done) => {
  const frame = document.querySelector("iframe.mv-frame");
  frame.addEventListener("load", () => setTimeout(done, 10), { once: true });
  frame.src = there;
})"""


@pytest.fixture
def office(site: str, settings: Any, tmp_path: Path) -> SimpleNamespace:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    found = open_office(settings)
    found.talk = dana_is_answered("hello there")
    return found


@pytest.fixture
def tracker() -> Iterator[Elsewhere]:
    """Where hostile mails call: nobody may come."""
    with elsewhere() as found:
        yield found


def frame_of(message: Message) -> str:
    ids = [message.conversation.public_id, message.public_id]
    return reverse("inbox_mail_frame", args=ids)


class Harm:
    """What hostile HTML could do in a page: run, speak, ask elsewhere."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.host = page, urlsplit(site).netloc
        self.done: list[str] = []
        self.pictures: list[str] = []
        self.now = ""
        page.on("dialog", lambda box: (self.note("dialog"), box.dismiss()))
        page.on("console", lambda said: self._said(said.text))
        page.on("pageerror", lambda error: self.note(f"script: {error}"))
        page.context.on("request", self._asked)

    def note(self, words: str) -> None:
        self.done.append(f"{words} ← {self.now}")

    def _said(self, text: str) -> None:
        if text.strip() == "pwned":
            self.note("console")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob", "about") or parts.netloc == self.host:
            return
        if request.resource_type == "image":
            self.pictures.append(request.url)
        else:
            self.note(f"asked {request.url}")

    def look(self) -> None:
        """Ask the page, and the frame in it, whether a script left its mark. Of
        what lies deeper the console tells: a blocked document answers nobody.
        """
        inner = [one for one in self.page.frames if one.url.endswith("/mail/")]
        for frame in {self.page.main_frame, *inner}:
            if frame.evaluate("() => Boolean(window.pwned)"):
                self.note("ran")


Mails = list[tuple[Message, str]]


def in_frames(page: Page, harm: Harm, mails: Mails) -> None:
    """Show every mail in the frame of the page of one, as a reader has it."""
    for message, shape in mails:
        harm.now, address = shape, frame_of(message)
        with page.expect_response(lambda got, there=address: there in got.url) as got:
            page.evaluate(SHOW, address)
        assert got.value.status == 200
        harm.look()


def in_tabs(page: Page, harm: Harm, mails: Mails, query: str) -> None:
    """Open every mail in a tab of its own, where no frame is around it."""
    for message, shape in mails:
        harm.now = shape
        answer = page.goto(frame_of(message) + query)
        assert answer is not None and answer.status == 200
        harm.look()


def stored(away: str) -> list[str]:
    """The hostile shapes as the reader of mail leaves them: without NUL, which
    PostgreSQL cannot hold.
    """
    return [html.replace("\0", "\ufffd") for html in hostile(away)]


def hostile_mails(talk: Any, away: str) -> Mails:
    made = [(mail(talk, html=html), html) for html in stored(away)]
    picture_of(made[0][0], "logo")
    return made


def test_a_hostile_mail_in_its_frame_runs_nothing_and_asks_nobody(
    site: str, office: Any, sign_in: Any, tracker: Elsewhere
) -> None:
    mails = hostile_mails(office.talk, tracker.url)
    assert len(mails) >= 60
    page = sign_in(office.ana)
    harm = Harm(page, site)
    whole = reverse("inbox_mail", args=[office.talk.public_id, mails[0][0].public_id])
    page.goto(f"{whole}?as=html")
    in_frames(page, harm, mails)
    assert (harm.done, harm.pictures) == ([], [])
    assert (tracker.connections, tracker.paths) == (0, [])


def test_asked_for_pictures_a_hostile_mail_gets_pictures_and_nothing_else(
    site: str, office: Any, sign_in: Any, tracker: Elsewhere
) -> None:
    mails = hostile_mails(office.talk, tracker.url)
    page = sign_in(office.ana)
    harm = Harm(page, site)
    in_tabs(page, harm, mails, "?remote=1")
    assert harm.done == []
    # And none of them but over https.
    assert tracker.paths == []


def test_the_policy_alone_lets_no_script_run_and_no_request_leave(
    site: str,
    office: Any,
    sign_in: Any,
    tracker: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As if the sanitiser had let everything through, and no frame were around it.
    monkeypatch.setattr("messaging.views.mail.sanitise", lambda html, **_: html)
    mails = hostile_mails(office.talk, tracker.url)
    page = sign_in(office.ana)
    harm = Harm(page, site)
    in_tabs(page, harm, mails, "")
    # What the policy stops is told as asked for: the server knows who came.
    assert [one for one in harm.done if not one.startswith("asked")] == []
    assert tracker.paths == []


def test_the_words_of_a_hostile_mail_are_words_in_the_thread(
    office: Any, desk: Desk, tracker: Elsewhere
) -> None:
    for html in stored(tracker.url)[:12]:
        mail(office.talk, html, subject=html[:200], original=html)
    page = desk(office.ana, thread(office.talk))
    expect(page.locator("#ib-items .mv-who")).to_have_count(12)
    page.get_by_role("link", name="Show original").last.click()
    expect(page.locator("#mv .mv-text")).to_contain_text("<p>Dear team,</p>")
    assert page.evaluate("window.pwned") is None
    assert tracker.connections == 0
