"""Missed calls that come at once. PostgreSQL only: SQLite hides races."""

import uuid

import pytest
from django.db import connection
from pytest_django import Settings

from leads import clock
from leads.models import Consent, Lead, Task
from messaging.calls import MissedCall
from messaging.missed_calls import record_missed_call
from messaging.models import Message
from messaging.tests.talk import DANA, OURS, FakeCarrier, mode, text_in
from messaging.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _postgresql_only(settings: Settings) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")
    settings.TRANSPORTS = {"sms": ["messaging.tests.talk.FakeCarrier"]}
    FakeCarrier.reset()
    mode("draft")


def call_in(external_id: str = "") -> None:
    record_missed_call(
        fact=MissedCall(
            provider="fake",
            external_id=external_id or f"CA{uuid.uuid4().hex}",
            from_address=DANA,
            to_address=OURS,
            received_at=clock.now(),
        )
    )


def texts() -> int:
    return Message.objects.filter(direction="outbound").count()


def test_thirty_tellings_of_one_call_are_one_call_and_one_text() -> None:
    at_once(30, [lambda: call_in("CA7")] * 30)
    assert Message.objects.filter(kind="call").count() == 1
    assert (texts(), Lead.objects.count(), Consent.objects.count()) == (1, 1, 1)
    assert Task.objects.filter(kind="call").count() == 1


def test_thirty_calls_of_one_number_get_one_text_and_one_request() -> None:
    at_once(30, [call_in] * 30)
    assert Message.objects.filter(kind="call").count() == 30
    assert (texts(), Lead.objects.count()) == (1, 1)
    assert Task.objects.open().filter(kind="call").count() == 1


def test_a_stop_between_calls_ends_the_texts() -> None:
    text_in("hello")
    at_once(21, [call_in] * 10 + [lambda: text_in("STOP")] + [call_in] * 10)
    call_in()
    waiting = Message.objects.filter(
        direction="outbound", state__in=["queued", "held", "draft"]
    )
    assert not waiting.exists()
    assert Message.objects.filter(kind="call").count() == 21
