"""Caps of a number and of follow-ups hold when many send at once. PostgreSQL only."""

import uuid

import pytest
from django.db import connection

from leads import clock, policy, usage
from leads.models import Counter
from messaging.models import Conversation, Message
from messaging.queueing import queue_message
from messaging.sending import deliver
from messaging.tests.talk import FakeCarrier, mode, sent
from messaging.tests.test_races import at_once, lead_who_wrote

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
SENDS, THREADS, CAP = 500, 16, 20


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


def queued(conversation: Conversation, **more: object) -> int:
    fields = {"author": "builtin", "automatic": True, **more}
    return queue_message(
        conversation=conversation, kind="sms", body=f"hi {uuid.uuid4()}", **fields
    ).pk


def send_all(ids: list[int]) -> None:
    at_once(THREADS, [lambda pk=pk: deliver(message_id=pk) for pk in ids])


def test_the_channels_cap_lets_exactly_twenty_of_everybodys_through(
    carrier: type[FakeCarrier],
) -> None:
    channel = mode("auto")
    channel.cap_day = CAP
    channel.save()
    policy.change(actor="system", cap_lead_hour=1000, cap_lead_day=1000)
    talks = [lead_who_wrote(number) for number in range(25)]
    ids = [
        queued(talks[count % 25], author=author, automatic=author != "person")
        for count, author in enumerate(["builtin", "person"] * (SENDS // 2))
    ]
    send_all(ids)
    assert len(sent()) == CAP
    key = f"channel:{channel.pk}"
    counted = Counter.objects.get(key=key, period=usage.day_of(clock.now()))
    assert counted.used == CAP
    held = Message.objects.filter(state="held")
    assert held.count() == SENDS - CAP
    reasons = held.values_list("reason", flat=True)
    assert all("is the cap of" in reason for reason in reasons)


def test_the_cap_of_follow_ups_lets_exactly_twenty_to_one_lead_through(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(
        actor="system",
        cap_lead_hour=1000,
        cap_lead_day=1000,
        cap_conversation=30_000,
        cap_follow_day=CAP,
    )
    conversation = lead_who_wrote()
    ids = [queued(conversation, follow_up=True) for _ in range(SENDS)]
    send_all(ids)
    assert len(sent()) == CAP
    key = f"follow:lead:{conversation.lead_id}"
    counted = Counter.objects.get(key=key, period=usage.day_of(clock.now()))
    assert counted.used == CAP
    # Whoever came too late gave back what it had taken of the other caps.
    automatic = Counter.objects.filter(key=f"automatic:lead:{conversation.lead_id}")
    assert {row.used for row in automatic} == {CAP}
