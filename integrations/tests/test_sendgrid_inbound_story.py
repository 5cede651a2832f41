"""From SendGrid's request to the lead's message, with every part as it is."""

import base64
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections
from pytest_django import Settings

from integrations import webhooks
from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.preview import preview_of
from integrations.tests.sendgrid_requests import (
    multipart,
    parsed,
    raw_mail,
    sendgrid_settings,
    signed_mail,
)
from integrations.tests.webhook_requests import Call, app, post, twilio_settings
from leads import clock
from leads.models import Lead
from messaging.models import Attachment, Message

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures

State = WebhookDelivery.State


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")


def process_all() -> list[WebhookDelivery]:
    for row in WebhookDelivery.objects.filter(state=State.RECEIVED):
        webhooks.process(delivery_id=row.pk)
    return list(WebhookDelivery.objects.order_by("pk"))


def test_a_mail_with_a_cp850_subject_becomes_the_right_message(
    app: Intake, sendgrid_settings: Settings
) -> None:
    charsets = {"subject": "cp850", "text": "windows-1252", "from": "iso-8859-1"}
    fields = parsed(
        headers="Message-ID: <c@example.net>",
        charsets=json.dumps(charsets),
        subject="Como usted pidió".encode("cp850"),
        text="Wie viel kosten 40 Plätze – „grob“?".encode("cp1252"),
        **{"from": "Opérateur <op@example.net>".encode("latin-1")},
    )
    assert post(app, signed_mail(multipart(fields))).status == 200
    (row,) = process_all()
    assert (row.state, row.last_error) == (State.DONE, "")
    message = Message.objects.get()
    assert (message.provider, message.kind) == ("sendgrid", "email")
    assert message.subject == "Como usted pidió"
    assert message.body == "Wie viel kosten 40 Plätze – „grob“?"
    assert message.contact_point is not None
    assert message.contact_point.value == "op@example.net"
    assert message.mail.header_id == "c@example.net"


def test_a_raw_mail_becomes_a_message_with_its_file(
    app: Intake, sendgrid_settings: Settings
) -> None:
    fields = {"email": raw_mail(2_000_000), "envelope": parsed()["envelope"]}
    assert post(app, signed_mail(multipart(fields))).status == 200
    (row,) = process_all()
    assert (row.state, row.last_error) == (State.DONE, "")
    assert Message.objects.get().body == "Here it is."
    file = Attachment.objects.get()
    assert file.name == "plan.bin"
    assert file.size > 1_000_000


def test_a_mail_that_sendgrid_brings_again_is_one_message(
    app: Intake, sendgrid_settings: Settings
) -> None:
    for boundary in ("xYzZY", "another", "third"):
        body = multipart(parsed(), boundary=boundary)
        kind = f"multipart/form-data; boundary={boundary}"
        call = signed_mail(body).with_headers(content_type=kind)
        assert post(app, call).status == 200
    rows = process_all()
    assert [row.state for row in rows] == [State.DONE] * 3
    assert Message.objects.count() == 1
    assert Lead.objects.count() == 1


def poison() -> Iterator[bytes]:
    """Genuine requests that no fact can be made of."""
    yield multipart({"SPF": "pass"})
    yield multipart({"email": b""})
    yield b"no form at all"
    yield multipart({f"f{n}": "x" for n in range(600)})


def test_poison_among_good_mail_is_set_aside_and_harms_nobody(
    app: Intake, sendgrid_settings: Settings, admin_user: User
) -> None:
    bad = [body + f"\r\n{n}".encode() for n in range(2) for body in poison()]
    good = [
        multipart(
            parsed(
                headers=f"Message-ID: <{n}@example.net>",
                text=f"No. {n}",
                **{"from": f"lead{n}@example.net"},
            )
        )
        for n in range(20)
    ]
    bodies = bad + good
    random.Random(6).shuffle(bodies)
    for body in bodies:
        assert post(app, signed_mail(body)).status == 200
    rows = process_all()
    ended = [row.state for row in rows]
    dead = [row for row in rows if row.state == State.DEAD]
    assert len(dead) == len(bad)
    assert all(row.last_error for row in dead)
    assert ended.count(State.DONE) == len(good)
    assert Message.objects.count() == len(good)
    for row in dead:
        webhooks.replay(delivery=row, user=admin_user)
    assert [row.state for row in process_all()] == ended
    assert Message.objects.count() == len(good)


@pytest.mark.race
def test_copies_read_at_once_are_one_message(
    app: Intake, sendgrid_settings: Settings
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")
    for n in range(8):
        body = multipart(parsed(), boundary=f"b{n}")
        call = signed_mail(body).with_headers(
            content_type=f"multipart/form-data; boundary=b{n}"
        )
        assert post(app, call).status == 200

    def run(pk: int) -> None:
        try:
            webhooks.process(delivery_id=pk)
        finally:
            connections.close_all()

    ids = list(WebhookDelivery.objects.values_list("pk", flat=True))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, ids))
    WebhookDelivery.objects.filter(state=State.RECEIVED).update(due_at=clock.now())
    process_all()
    states = set(WebhookDelivery.objects.values_list("state", flat=True))
    assert states == {State.DONE}
    assert Message.objects.count() == 1


def test_an_operator_sees_the_beginning_of_a_large_mail(
    app: Intake, sendgrid_settings: Settings
) -> None:
    call = signed_mail(multipart({"email": raw_mail(2_000_000)}))
    assert post(app, call).status == 200
    row = WebhookDelivery.objects.get()
    shown = preview_of(row)
    assert "Subject: The plan" in shown.text
    assert "ana@" not in shown.text
    assert shown.shortened
    row.chunks.all().delete()
    assert preview_of(row).text == ""


def test_every_recorded_request_becomes_a_message(
    app: Intake, sendgrid_settings: Settings, shared: Path
) -> None:
    data = json.loads((shared / "vendor" / "webhook-vectors.json").read_text())
    vectors = data["sendgrid"]["inbound_parse"]
    for vector in vectors:
        if "body_base64" in vector:
            body = base64.b64decode(vector["body_base64"])
        else:
            body = multipart(vector["fields"])
        call: Call = signed_mail(body)
        assert post(app, call).status == 200
    assert {row.state for row in process_all()} == {State.DONE}
    subjects = set(Message.objects.values_list("subject", flat=True))
    assert subjects == {
        "Inbound Parse Test Raw Data",
        "Test subject",
        "Testing non-raw",
    }
