"""What the door answers, and what it keeps."""

import threading
import time
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from pytest_django import Settings

from integrations import intake, journal
from integrations.base import MEGABYTE, Body
from integrations.intake import Intake
from integrations.models import DeliveryChunk, WebhookDelivery
from integrations.tests.webhook_requests import (
    BASE,
    FORM,
    MESSAGE,
    SMS,
    STATUS,
    Call,
    app,
    post,
    post_all,
    recorded,
    sign,
    signed,
    twilio_settings,
)
from leads import jobs

__all__ = ["app", "twilio_settings"]  # fixtures


def test_a_genuine_text_is_durable_before_the_answer_and_rings(
    app: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(jobs, "ring", lambda name, pk: rung.append((name, pk)))
    params = recorded("sms_text")
    heard = post(app, signed(SMS, params))
    assert heard.status == 200
    assert heard.headers["content-type"].startswith("text/xml")
    assert b"<Response></Response>" in heard.body
    row = WebhookDelivery.objects.get()
    assert (row.state, row.provider, row.route) == ("received", "twilio", "twilio/sms/")
    assert row.external_id == params["MessageSid"]
    assert row.url == f"{BASE}{SMS}"
    assert journal.body_of(row) == signed(SMS, params).body
    assert row.digest == Body(journal.body_of(row)).digest
    assert rung == [("integrations.process_delivery", row.pk)]


def test_a_copy_is_answered_200_and_does_nothing(app: Intake) -> None:
    call = signed(SMS, recorded("sms_text"))
    before = journal.counts["copies"]
    assert [post(app, call).status for _ in range(5)] == [200] * 5
    assert WebhookDelivery.objects.count() == 1
    assert journal.counts["copies"] == before + 4


def test_fifty_copies_at_once_become_one_row(app: Intake) -> None:
    call = signed(SMS, recorded("sms_text"))
    heard = post_all(app, [call] * 50)
    assert {one.status for one in heard} == {200}
    assert WebhookDelivery.objects.count() == 1


def test_each_state_of_a_message_is_a_report_of_its_own(app: Intake) -> None:
    for name in ("status_sent", "status_delivered", "status_sent"):
        assert post(app, signed(STATUS, recorded(name))).status == 200
    sid = recorded("status_sent")["MessageSid"]
    ids = set(WebhookDelivery.objects.values_list("external_id", flat=True))
    assert ids == {f"{sid}:sent:", f"{sid}:delivered:"}


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/",
        "/hooks/twilio/",
        "/hooks/twilio/sms",
        "/hooks/twilio/voice",
        "/hooks/twilio/status/",
        "/hooks/twilio/status/42/",
        f"/hooks/twilio/status/{MESSAGE}",
        f"/hooks/twilio/status/{MESSAGE}/more/",
        "/hooks/sendgrid/inbound/",
        "/hooks/../admin/",
    ],
)
def test_an_unknown_or_legacy_route_is_404_even_when_signed(
    app: Intake, path: str
) -> None:
    assert post(app, signed(path, recorded("sms_text"))).status == 404
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_taken(app: Intake, method: str) -> None:
    heard = post(app, Call(SMS, method=method))
    assert (heard.status, heard.headers["allow"]) == (405, "POST")
    assert not WebhookDelivery.objects.exists()


def test_a_refused_request_is_quarantined_with_its_reason(app: Intake) -> None:
    call = signed(SMS, recorded("sms_text")).with_headers(x_twilio_signature="wrong")
    assert post(app, call).status == 403
    row = WebhookDelivery.objects.get()
    assert (row.state, row.reason) == ("quarantined", "its signature is not right")
    assert row.headers["remote-address"] == "203.0.113.9"
    assert post(app, call).status == 403
    assert WebhookDelivery.objects.count() == 1, "the same forgery is kept once"


def test_without_a_token_everything_is_refused(app: Intake, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    call = signed(SMS, recorded("sms_text"))
    blank = call.with_headers(x_twilio_signature=sign(f"{BASE}{SMS}", {}, ""))
    assert {post(app, call).status, post(app, blank).status} == {403}
    reasons = set(WebhookDelivery.objects.values_list("reason", flat=True))
    assert reasons == {"Twilio is not set up"}


def test_a_quarantine_row_holds_64_kilobytes(app: Intake) -> None:
    call = signed(SMS, {"Body": "x" * 200_000}).with_headers(x_twilio_signature="no")
    assert post(app, call).status == 403
    row = WebhookDelivery.objects.get()
    assert len(row.body) == 65_536
    assert row.size == len(call.body)


def test_a_full_quarantine_only_counts(
    app: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "QUARANTINE_ROWS", 3)
    before = journal.counts["refused"], journal.counts["refused_not_kept"]
    calls = [Call(SMS, b"n=%d" % n, {"content-type": FORM}) for n in range(6)]
    assert {post(app, call).status for call in calls} == {403}
    assert WebhookDelivery.objects.count() == 3
    assert journal.counts["refused"] == before[0] + 6
    assert journal.counts["refused_not_kept"] == before[1] + 3


def test_503_while_the_database_is_away_and_200_afterwards(app: Intake) -> None:
    call = signed(SMS, recorded("sms_text"))
    with mock.patch.object(journal, "_insert", side_effect=OperationalError("gone")):
        heard = post(app, call)
    assert (heard.status, heard.headers["retry-after"]) == (503, "30")
    assert not WebhookDelivery.objects.exists()
    assert post(app, call).status == 200
    assert WebhookDelivery.objects.count() == 1


def test_a_cut_connection_is_replaced_without_the_sender_noticing(app: Intake) -> None:
    calls = [
        signed(SMS, {**recorded("sms_text"), "MessageSid": f"SM{n:032x}"})
        for n in (1, 2)
    ]
    assert post(app, calls[0]).status == 200
    insert, failures = journal._insert, [OperationalError("server closed")]

    def once_broken(values: Any) -> int | None:
        if failures:
            raise failures.pop()
        return insert(values)

    with mock.patch.object(journal, "_insert", once_broken):
        # Four threads may answer; only one that kept its connection tries again.
        statuses = {post(app, calls[1]).status for _ in range(2)}
    assert 200 in statuses
    assert WebhookDelivery.objects.count() == 2


def test_a_forgery_is_refused_while_the_database_is_away(app: Intake) -> None:
    with mock.patch.object(
        journal, "_insert_refused", side_effect=OperationalError("gone")
    ):
        assert post(app, Call(SMS, b"Body=x", {"content-type": FORM})).status == 403


def test_our_own_failure_is_never_the_senders_fault(app: Intake) -> None:
    with mock.patch.object(journal, "_insert", side_effect=ZeroDivisionError):
        assert post(app, signed(SMS, recorded("sms_text"))).status == 503


def test_a_database_that_hangs_is_not_waited_for(
    app: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "JOURNAL_SECONDS", 0.2)
    released = threading.Event()
    insert = journal._insert

    def slow(values: Any) -> int | None:
        released.wait(5)
        return insert(values)

    with mock.patch.object(journal, "_insert", slow):
        assert post(app, signed(SMS, recorded("sms_text"))).status == 503
        released.set()
        deadline = time.monotonic() + 5
        while not WebhookDelivery.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
    assert WebhookDelivery.objects.count() == 1, "what was written late is kept"


def test_a_body_over_one_megabyte_is_413_for_twilio(app: Intake) -> None:
    big = signed(SMS, {**recorded("sms_text"), "Body": "x" * MEGABYTE})
    assert post(app, big).status == 413
    unannounced = Call(SMS, big.body, {**big.headers, "content-length": "0"}, chunks=9)
    assert post(app, unannounced).status == 413
    assert not WebhookDelivery.objects.exists()


def test_a_large_body_a_provider_allows_is_kept_in_chunks(
    app: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.providers.twilio import TwilioWebhook

    monkeypatch.setattr(TwilioWebhook, "max_body", 31 * MEGABYTE)
    call = signed(SMS, {**recorded("sms_text"), "Body": "x" * (2 * MEGABYTE + 5)})
    assert post(app, call).status == 200
    assert post(app, call).status == 200, "a copy"
    row = WebhookDelivery.objects.get()
    assert DeliveryChunk.objects.filter(delivery=row).count() == 3
    assert bytes(row.body) == b""
    assert journal.body_of(row) == call.body


def test_a_client_that_leaves_early_leaves_nothing(app: Intake) -> None:
    import asyncio

    from integrations.tests.webhook_requests import scope_of

    events = [{"type": "http.request", "body": b"Body=", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return events.pop(0) if events else {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        sent.append(event)

    asyncio.run(app(scope_of(signed(SMS, {})), receive, send))
    assert sent == []
    assert not WebhookDelivery.objects.exists()


def test_every_other_request_has_a_limit_too(app: Intake, settings: Settings) -> None:
    settings.MAX_REQUEST_BODY = 1_000
    fits = Call("/admin/", b"x" * 1_000)
    assert (post(app, fits).status, post(app, fits).body) == (200, b"1000")
    assert post(app, Call("/admin/", b"x" * 1_001)).status == 413
    unannounced = Call("/nowhere/", b"x" * 3_000, {"content-length": "0"}, chunks=10)
    heard = post(app, unannounced)
    assert (heard.status, heard.headers["connection"]) == (413, "close")
