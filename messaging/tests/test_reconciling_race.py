"""Many processes settle unknown messages at once: each row of the list serves one."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from leads import clock
from leads.models import Event, UsageRecord
from messaging.models import Message
from messaging.receipts import record_delivery
from messaging.reconciling import reconcile
from messaging.tests.talk import FakeCarrier, mode
from messaging.tests.test_races import at_once, lead_who_wrote, queued
from messaging.transports import DeliveryUpdate, Found, OutgoingMessage

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


def unknown(*bodies: str) -> list[Message]:
    """Messages to one lead whose calls were not answered."""
    mode("auto")
    conversation = lead_who_wrote()
    rows = [queued(conversation) for _ in bodies]
    for row, body in zip(rows, bodies, strict=True):
        now = clock.now()
        Message.objects.filter(pk=row.pk).update(
            state="unknown", claimed_at=now, due_at=now, body=body
        )
        row.body = body
    return rows


class Listing(FakeCarrier):
    rows: list[Found] = []
    looks = 0

    def find(self, message: OutgoingMessage, *, since: datetime) -> list[Found]:
        Listing.looks += 1
        return [row for row in self.rows if row.body == message.body]


@pytest.fixture
def listing(settings: Any) -> type[Listing]:
    path = "messaging.tests.test_reconciling_race.Listing"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    Listing.rows, Listing.looks = [], 0
    return Listing


def found(number: int, body: str) -> Found:
    return Found(f"SM{number}", "sent", "+14155551000", body, clock.now())


def test_two_workers_never_look_one_message_up_together(
    listing: type[Listing],
) -> None:
    (message,) = unknown("hello")
    at_once(12, [lambda: reconcile(message_id=message.pk)] * 12)
    assert listing.looks == 1


def test_eight_alike_and_one_row_of_the_list_settle_one(
    listing: type[Listing],
) -> None:
    rows = unknown(*["the same words"] * 8)
    listing.rows = [found(1, "the same words")]
    at_once(8, [lambda pk=row.pk: reconcile(message_id=pk) for row in rows])
    settled = Message.objects.filter(direction="outbound", external_id="SM1")
    assert settled.count() == 1
    assert Message.objects.filter(state="unknown").count() == 7


def test_a_report_and_the_list_at_once_settle_a_message_once(
    listing: type[Listing],
) -> None:
    rows = unknown(*(f"text {number}" for number in range(20)))
    listing.rows = [found(n, f"text {n}") for n in range(20)]

    def report(row: Message, number: int) -> None:
        fact = DeliveryUpdate(
            provider="fake",
            external_id=f"SM{number}",
            message_public_id=row.public_id,
            state="delivered",
            occurred_at=clock.now(),
        )
        record_delivery(fact=fact)

    calls: list[Any] = []
    for number, row in enumerate(rows):
        calls.append(lambda row=row: reconcile(message_id=row.pk))
        calls.append(lambda row=row, number=number: report(row, number))
    at_once(16, calls)
    states = Message.objects.filter(direction="outbound").values_list(
        "state", flat=True
    )
    assert set(states) == {"delivered"}
    assert Event.objects.filter(kind="message.reconciled").count() == 20
    assert UsageRecord.objects.filter(service="fake").count() == 20
