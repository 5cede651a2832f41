"""Large mail over the wire: heard in pieces, and never whole in memory."""

import http.client
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pytest_django import Settings

from integrations import journal
from integrations.base import MEGABYTE
from integrations.models import WebhookDelivery
from integrations.tests.sendgrid_requests import (
    INBOUND,
    multipart,
    parsed,
    raw_mail,
    sendgrid_settings,
    sign,
    signed_mail,
)
from integrations.tests.test_intake_server import port
from integrations.tests.webhook_requests import Call, app, twilio_settings

__all__ = ["app", "port", "sendgrid_settings", "twilio_settings"]  # fixtures


def ask(port: int, call: Call) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", call.path, call.body, call.headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture
def large() -> Call:
    mail = raw_mail(29 * MEGABYTE)
    return signed_mail(multipart({"email": mail, "envelope": parsed()["envelope"]}))


def test_a_mail_of_29_megabytes_costs_the_server_few_of_memory(
    port: int, sendgrid_settings: Settings, large: Call
) -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert ask(port, large) == 200
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 12 * MEGABYTE
    row = WebhookDelivery.objects.get()
    assert row.size == len(large.body)
    assert all(len(piece) <= MEGABYTE for piece in journal.pieces_of(row))
    assert b"".join(journal.pieces_of(row)) == large.body


def test_a_forged_mail_of_29_megabytes_is_refused_as_cheaply(
    port: int, sendgrid_settings: Settings, large: Call
) -> None:
    forged = replace(large, headers={**large.headers, **sign(b"something else")})
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        assert ask(port, forged) == 403
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 12 * MEGABYTE


def test_the_sender_of_more_than_31_megabytes_hears_413_not_a_reset(
    port: int, sendgrid_settings: Settings
) -> None:
    files = [("attachment1", "a.bin", "x/y", b"x" * (31 * MEGABYTE))]
    assert ask(port, signed_mail(multipart(parsed(), files))) == 413
    assert ask(port, Call(INBOUND, b"x" * (40 * MEGABYTE), sign(b""))) == 413
    assert not WebhookDelivery.objects.exists()


def test_small_and_large_mail_at_once_are_all_kept(
    port: int, sendgrid_settings: Settings, large: Call
) -> None:
    small = [signed_mail(multipart(parsed(text=f"No. {n}"))) for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda call: ask(port, call), [large, *small, large]))
    assert statuses == [200] * 22
    assert WebhookDelivery.objects.count() == 21
