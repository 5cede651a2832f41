"""Words for stories in a browser: who sits where, what they see, what is wrong."""

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from leads import policy
from leads.models import Lead, Team
from leads.work import run_due
from messaging.models import Conversation, Message
from messaging.tests.inbox_world import rep
from messaging.tests.talk import DANA, FakeCarrier, mode, text_in

SOON = 5_000  # milliseconds; generous, for machines that have more to do
SERIOUS = ("serious", "critical")
INBOX = "/admin/inbox/"
# How each page is looked at.
LOOKS = [
    pytest.param({}, id="light"),
    pytest.param({"dark": True}, id="dark"),
    pytest.param({"width": 390}, id="phone"),
]
# A refusal is an answer, but Chromium writes each one on its console.
REFUSED = re.compile(r"the server responded with a status of (409|422)")
# Counts the sockets that are open, so that a story begins when rings arrive, and
# takes the page's poll away: what a story sees came by the doorbell.
PREPARED = """
window.openSockets = 0;
window.WebSocket = class extends WebSocket {
  constructor(...words) {
    super(...words);
    this.addEventListener("open", () => { window.openSockets += 1; });
  }
};
const every = window.setInterval;
window.setInterval = (work, wait, ...more) =>
  wait === 10000 ? 0 : every(work, wait, ...more);
"""


class Watch:
    """What a page asked for and complained about while it was open."""

    def __init__(self, page: Page, host: str) -> None:
        self.host = host
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._said(said.type, said.text))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.elsewhere.append(url)

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and not REFUSED.search(text):
            self.errors.append(text)


Desk = Callable[..., Page]


def desks(site: str, sign_in: Callable[..., Page]) -> Iterator[Desk]:
    """Give pages that are watched: afterwards none called out or complained.

    `desk(user, path, live=True)` opens a page of its own at `path`; with
    `live` it returns once the page's socket is open. A story that breaks a
    page's connection on purpose says `quiet=False`.
    """
    watched: list[Watch] = []

    def desk(
        user: Any,
        path: str = INBOX,
        *,
        live: bool = True,
        quiet: bool = True,
        dark: bool = False,
        width: int = 1440,
    ) -> Page:
        page = sign_in(user, dark=dark, width=width)
        if quiet:
            watched.append(Watch(page, urlsplit(site).netloc))
        page.add_init_script(PREPARED)
        page.goto(path)
        if live:
            page.wait_for_function("window.openSockets > 0")
        return page

    yield desk
    assert [url for watch in watched for url in watch.elsewhere] == []
    assert [error for watch in watched for error in watch.errors] == []


def open_office(settings: Any, *, ai: str = "draft") -> SimpleNamespace:
    """Ana and Ben in one team, a number of ours, a carrier in this process."""
    path = "messaging.tests.talk.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    FakeCarrier.reset()
    mode(ai)
    policy.change(actor="system", burst_sms_seconds=0, undo_seconds=0)
    team = Team.default()
    return SimpleNamespace(team=team, ana=rep("ana", team), ben=rep("ben", team))


def dana_writes(text: str, **more: Any) -> Conversation:
    """Dana Reyes sends a text; her conversation."""
    message = text_in(text, **more)
    sender = more.get("sender", DANA)
    if sender == DANA:
        lead = Lead.objects.get(contacts__contact_point__value=DANA)
        if not lead.name:
            Lead.objects.filter(pk=lead.pk).update(name="Dana Reyes")
    return Conversation.objects.get(pk=message.conversation_id)


def dana_is_answered(text: str) -> Conversation:
    """Dana sends a text and all that follows from it is done."""
    conversation = dana_writes(text)
    run_due()
    return conversation


def thread(conversation: Conversation) -> str:
    """The path of an open conversation."""
    return reverse("inbox_thread", args=[conversation.public_id])


def row(page: Page, conversation: Conversation) -> Locator:
    """The conversation's row in the list."""
    return page.locator(f"#row-{conversation.public_id}")


def bubble(page: Page, text: str) -> Locator:
    """The message with these words in the open thread."""
    return page.locator("#ib-items article").filter(has_text=text)


def order(page: Page) -> list[str]:
    """The names in the list, from the top."""
    return page.locator("#ib-list .ib-row__name").all_inner_texts()


def stays(page: Page) -> None:
    """Mark the page, so that `stayed` tells whether it was loaded anew."""
    page.evaluate("window.mark = 1")


def stayed(page: Page) -> bool:
    """Say whether the page is still the one that was marked."""
    return bool(page.evaluate("window.mark === 1"))


def type_in(page: Page, words: str) -> Locator:
    """Type a reply key by key, as a person does, without sending it."""
    box = page.locator("#ib-body")
    box.press_sequentially(words)
    expect(box).to_have_value(words)
    return box


def score_on(page: Page) -> int:
    """The number that the lead panel shows."""
    return int(page.locator("#ib-panel .ib-score b").inner_text())


def reasons_on(page: Page) -> list[str]:
    """The lines under the score, with their points."""
    lines = page.locator("#ib-panel .ib-reasons li").all_inner_texts()
    return [" ".join(line.split()) for line in lines]


def last_draft() -> Message:
    """The newest proposal of the AI."""
    return Message.objects.drafts().latest("pk")


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical, with the element it is about."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
