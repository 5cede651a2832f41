"""Two installations write to each other by mail: they end it, not the leads."""

import json
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from integrations.tests.sendgrid_requests import MULTIPART, TOKEN, multipart
from integrations.tests.smtp_loopback import (
    PASSWORD,
    Post,
    make_certificate,
    start_server,
)
from leadsite.tests.processes import Installation, post, wait_for

ONE, TWO = "hello@one.example", "hello@two.example"
HOOK = f"/hooks/sendgrid/inbound/{TOKEN}/"
# What a gateway on the way may lose: then only behaviour gives a machine away.
MARKS = ("auto-submitted", "x-auto-response-suppress", "x-leadsite", "precedence")
LISTED = ("list-unsubscribe", "list-unsubscribe-post", "list-id")
# All of it in one process, which takes a while to start.
READY = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("policy", "new_channel_mode=auto", "burst_email_seconds=1")
call_command("opt_outs", "none", channel=["email"], name="A test")
from messaging.models import Profile
facts = {"name": "Alder Desks", "sells": "standing desks for offices"}
Profile.objects.update_or_create(pk=1, defaults=facts)
"""
WAIT = 60.0
SILENCE = 8.0

pytestmark = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ,
    reason="the two have databases of their own: once is enough",
)


@dataclass
class Road(Post):
    """Takes each side's mail and posts it to the other's door, as a service does."""

    loses: tuple[str, ...] = ()
    doors: dict[str, str] = field(default_factory=dict)
    carried: Counter[str] = field(default_factory=Counter)
    last: float = 0.0

    def __post_init__(self) -> None:
        super().__init__()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail: EmailMessage = message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[assignment]
        for name in self.loses:
            del mail[name]
        self.carried[envelope.mail_from] += 1
        self.last = time.monotonic()
        to = envelope.rcpt_tos[0]
        raw = mail.as_bytes()
        threading.Thread(
            target=self.bring, args=(envelope.mail_from, to, raw), daemon=True
        ).start()
        return "250 2.0.0 OK"

    def bring(self, sender: str, to: str, raw: bytes) -> None:
        envelope = json.dumps({"to": [to], "from": sender})
        body = multipart({"email": raw, "to": to, "from": sender, "envelope": envelope})
        status, _ = post(self.doors[to], HOOK, body, {"content-type": MULTIPART})
        assert status == 200

    def sign_in(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("two"))


@pytest.fixture
def pair(
    tmp_path: Path, certificate: Path
) -> Iterator[tuple[Road, dict[str, Installation]]]:
    road = Road()
    server = start_server(road, certificate)
    sides = {}
    with ExitStack() as stack:
        stack.callback(server.stop)
        for address in (ONE, TWO):
            folder = tmp_path / address
            folder.mkdir()
            side = Installation(
                folder,
                GMAIL_ADDRESS=address,
                GMAIL_APP_PASSWORD=PASSWORD,
                GMAIL_SMTP_HOST="127.0.0.1",
                GMAIL_SMTP_PORT=str(server.port),
                SENDGRID_INBOUND_TOKEN=TOKEN,
                SSL_CERT_FILE=str(certificate),
            )
            side.manage("shell", "-c", READY)
            road.doors[address] = stack.enter_context(side.up())
            sides[address] = side
        yield road, sides


def test_each_side_says_three_things_at_most_and_then_asks_a_person(
    pair: tuple[Road, dict[str, Installation]],
) -> None:
    road, sides = pair
    write(road, "Hello, what do you sell? We look for a partner.")
    assert (road.carried[ONE], road.carried[TWO]) == (1, 0)
    # The same over a gateway that loses every mark.
    road.loses = (*MARKS, *LISTED)
    road.carried.clear()
    write(road, "Good day, we would like to know more about your desks.")
    assert road.carried[ONE] >= 1
    assert max(road.carried.values()) <= 3, road.carried
    told = [json.loads(s.manage("show", a, "--json")) for s, a in others(sides)]
    reasons = [task["reason"] for lead in told for task in lead["tasks"]]
    assert any("machine" in reason for reason in reasons), told


def write(road: Road, words: str) -> None:
    """Somebody in the second house writes to the first; until all are silent."""
    mail = EmailMessage()
    mail["From"], mail["To"] = TWO, ONE
    mail["Subject"], mail["Message-ID"] = "Desks", f"<{uuid.uuid4()}@two.example>"
    mail.set_content(f"{words}\n")
    road.bring(TWO, ONE, mail.as_bytes())
    wait_for(lambda: road.carried[ONE], seconds=WAIT)
    wait_for(lambda: time.monotonic() - road.last > SILENCE, seconds=WAIT * 3)


def others(sides: dict[str, Installation]) -> list[tuple[Installation, str]]:
    """Each installation with the address of the other, which is its lead."""
    return [(sides[ONE], TWO), (sides[TWO], ONE)]
