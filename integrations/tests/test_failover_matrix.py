"""SendGrid fails in every way, twenty times each; Gmail stands beside it, for real.

Accepted by both roads: never. What may have been taken is never sent again; what
definitely was not arrives by Gmail, once, with the same Message-ID.
"""

import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from pytest_django import Settings

from integrations import http
from integrations.tests.http_loopback import (
    Script,
    answer,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.sendgrid_loopback import SendGrid, sendgrid, vendor_error
from integrations.tests.smtp_loopback import (
    Post,
    certificate,
    gmail,
    post,
    trusted,
)
from leads import clock, policy
from leads.capture import capture_lead
from leads.models import Task
from leads.seeding import ensure_ground
from leads.work import run_due
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.models import Message
from messaging.queueing import queue_message
from messaging.sending import deliver

__all__ = [
    "certificate",
    "fresh_door",
    "gmail",
    "post",
    "sendgrid",
    "serve",
    "trusted",
]  # fixtures

pytestmark = pytest.mark.django_db
# Twenty of each kind where it counts; SQLite shows that each kind ends as it should.
TIMES = 20 if "TEST_DATABASE_URL" in os.environ else 3


class World:
    """Both roads, and a kind of fault."""

    def __init__(
        self, sendgrid: SendGrid, post: Post, settings: Settings, patch: Any
    ) -> None:
        self.sendgrid, self.post = sendgrid, post
        self.settings, self.patch = settings, patch
        self.ends = ExitStack()

    def instead(self, script: Script) -> None:
        self.sendgrid.instead = script

    def after(self, script: Script) -> None:
        self.sendgrid.after = script

    def closed_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            target = f"127.0.0.1:{closed.getsockname()[1]}"
        self.settings.SENDGRID_BASE_URL = f"http://{target}"
        allowed = self.settings.OUTBOUND_ALLOW
        self.settings.OUTBOUND_ALLOW = [*allowed, target]

    def no_name(self) -> None:
        look_up = socket.getaddrinfo

        def nobody(host: str, *given: Any, **more: Any) -> Any:
            if host == "api.sendgrid.com":
                raise socket.gaierror(-2, "Name or service not known")
            return look_up(host, *given, **more)

        self.settings.SENDGRID_BASE_URL = ""
        self.patch.setattr(socket, "getaddrinfo", nobody)

    def broken_tls(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=speak_no_tls, args=(listener,), daemon=True).start()
        self.ends.callback(listener.close)
        target = f"127.0.0.1:{listener.getsockname()[1]}"
        self.settings.SENDGRID_BASE_URL = f"https://{target}"
        self.settings.OUTBOUND_ALLOW = [*self.settings.OUTBOUND_ALLOW, target]

    def open_breaker(self) -> None:
        from integrations import sendgrid_api
        from integrations.http_breaker import breakers

        for _ in range(5):
            breakers.failed("sendgrid", sendgrid_api.account(), "down")


def speak_no_tls(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            sock, _ = listener.accept()
            with sock:
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                sock.recv(4096)


def html_502(sock: socket.socket, heard: bytes) -> None:
    answer(502, b"<html>Bad gateway</html>")(sock, heard)


Setter = Callable[[World], None]
NO: dict[str, Setter] = {
    "401": lambda w: w.instead(vendor_error(401, "authorization required")),
    "403": lambda w: w.instead(vendor_error(403, "access forbidden")),
    "403 sender": lambda w: w.instead(
        vendor_error(403, "The from address does not match a verified Sender Identity")
    ),
    "429 for an hour": lambda w: w.instead(
        vendor_error(429, "too many requests", {"Retry-After": "3600"})
    ),
    "503 for an hour": lambda w: w.instead(
        vendor_error(503, "busy", {"Retry-After": "3600"})
    ),
    "404": lambda w: w.instead(vendor_error(404, "not found")),
    "connection refused": World.closed_port,
    "no such name": World.no_name,
    "TLS failure": World.broken_tls,
    "breaker open": World.open_breaker,
}
UNKNOWN: dict[str, Setter] = {
    "500": lambda w: w.instead(vendor_error(500, "internal server error")),
    "502 before accept": lambda w: w.instead(html_502),
    "500 after accept": lambda w: w.after(vendor_error(500, "internal server error")),
    "502 after accept": lambda w: w.after(html_502),
    "202 without an id": lambda w: w.after(answer(202, b"")),
    "hang before accept": lambda w: w.instead(hang),
    "hang after accept": lambda w: w.after(hang),
    "reset before accept": lambda w: w.instead(reset),
    "reset after accept": lambda w: w.after(reset),
}
ABOUT_IT: dict[str, Setter] = {
    "400 content": lambda w: w.instead(vendor_error(400, "The content is required.")),
    "413": lambda w: w.instead(vendor_error(413, "content too large")),
}


@pytest.fixture
def world(
    sendgrid: SendGrid,
    gmail: Callable[..., Controller],
    post: Post,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    gmail()
    ensure_ground()
    policy.change(actor="system", quiet_hours=False)
    world = World(sendgrid, post, settings, monkeypatch)
    yield world
    world.ends.close()


def queued(number: int) -> Message:
    captured = capture_lead(
        actor="system",
        name="Dana",
        email=f"dana{number}@example.net",
        consent_basis="inbound",
    )
    with transaction.atomic():
        conversation = lock_conversation(conversation_of(captured.lead).pk)
        message = queue_message(
            conversation=conversation,
            kind="email",
            body=f"Hello Dana {number}",
            subject="Desks",
            author="person",
        )
        refresh(conversation)
    return message


def run(world: World, fault: Setter, *, times: int = TIMES) -> list[Message]:
    """Send `times` under the fault, and then let three hours pass."""
    fault(world)
    opens_breaker = fault is World.open_breaker
    for number in range(times):
        # Else the fifth failure would make all others "breaker open", and an open
        # one would be probed after ten seconds.
        http.reset_breakers()
        if opens_breaker:
            world.open_breaker()
        deliver(message_id=queued(number).pk)
    for minutes in (1, 5, 20, 180):
        http.reset_breakers()
        if opens_breaker:
            world.open_breaker()
        with clock.shifted(timedelta(minutes=minutes)):
            run_due()
    return list(Message.objects.filter(direction="outbound").order_by("pk"))


def accepted(world: World) -> tuple[Counter[str], Counter[str]]:
    """How often each Message-ID was taken by SendGrid, and by Gmail."""
    first = Counter(mail["headers"]["Message-ID"] for mail in world.sendgrid.mails)
    return first, Counter(_id(mail) for mail in world.post.mails)


def _id(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip()


@pytest.mark.parametrize("kind", NO)
def test_a_definite_no_arrives_by_gmail_exactly_once(world: World, kind: str) -> None:
    rows = run(world, NO[kind])
    assert [(row.state, row.provider) for row in rows] == [("sent", "gmail")] * TIMES
    by_sendgrid, by_gmail = accepted(world)
    assert not by_sendgrid & by_gmail
    assert by_gmail == Counter({f"<{row.external_id}>": 1 for row in rows})
    assert len(by_gmail) == TIMES
    tried = [row.details["roads"] for row in rows]
    assert all(len(roads) == 1 and roads[0]["then"] == "gmail" for roads in tried)
    asked = [head for head in world.sendgrid.heads if head.startswith("POST")]
    assert len(asked) in (0, TIMES), "SendGrid is asked once a mail, if at all"


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_may_have_been_taken_is_never_sent_again(world: World, kind: str) -> None:
    if kind.startswith("hang"):
        world.patch.setattr("messaging.sending.DEADLINE", 0.8)
    rows = run(world, UNKNOWN[kind])
    assert [row.state for row in rows] == ["unknown"] * TIMES
    by_sendgrid, by_gmail = accepted(world)
    assert not by_gmail
    assert set(by_sendgrid.values()) <= {1}
    assert len(world.sendgrid.asked) == TIMES
    assert Task.objects.filter(kind="sent_check").count() == TIMES


@pytest.mark.parametrize("kind", ABOUT_IT)
def test_what_is_wrong_with_the_mail_goes_nowhere(world: World, kind: str) -> None:
    rows = run(world, ABOUT_IT[kind])
    assert [row.state for row in rows] == ["failed"] * TIMES
    assert accepted(world) == (Counter(), Counter())
    assert len(world.sendgrid.asked) == TIMES


def test_a_short_429_waits_and_leaves_by_sendgrid(world: World) -> None:
    busy = vendor_error(429, "too many requests", {"Retry-After": "7"})
    calls: list[int] = []

    def once_each(sock: socket.socket, heard: bytes) -> None:
        calls.append(1)
        if len(calls) > TIMES:
            world.sendgrid.instead = None
            world.sendgrid(sock, heard)
        else:
            busy(sock, heard)

    rows = run(world, lambda w: w.instead(once_each))
    by_sendgrid, by_gmail = accepted(world)
    assert [(row.state, row.provider) for row in rows] == [("sent", "sendgrid")] * TIMES
    assert set(by_sendgrid.values()) == {1} and len(by_sendgrid) == TIMES
    assert not by_gmail


@pytest.mark.parametrize(("how", "deadline"), [("hang", 3.0), ("reset", 10.0)])
def test_what_gmail_may_have_taken_is_never_sent_again(
    world: World, how: str, deadline: float
) -> None:
    world.patch.setattr("messaging.sending.DEADLINE", deadline)
    world.post.at["END"] = how
    rows = run(world, NO["401"], times=4)
    assert [row.state for row in rows] == ["unknown"] * 4
    by_sendgrid, by_gmail = accepted(world)
    assert not by_sendgrid
    assert set(by_gmail.values()) == {1} and len(by_gmail) == 4


def test_a_hanging_sendgrid_leaves_the_other_road_open(world: World) -> None:
    """Five unknown ends open the breaker; every mail after them goes by Gmail."""
    world.patch.setattr("messaging.sending.DEADLINE", 0.8)
    world.instead(hang)
    for number in range(5):
        deliver(message_id=queued(number).pk)
    world.patch.setattr("messaging.sending.DEADLINE", 10.0)
    for number in range(5, 5 + TIMES):
        deliver(message_id=queued(number).pk)
    rows = Message.objects.filter(direction="outbound").order_by("pk")
    states = [row.state for row in rows]
    assert states == ["unknown"] * 5 + ["sent"] * TIMES
    by_sendgrid, by_gmail = accepted(world)
    assert not by_sendgrid & by_gmail
    assert len(by_gmail) == TIMES
