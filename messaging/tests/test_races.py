"""What holds when many act at once. PostgreSQL only: SQLite hides races."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from leads import clock, policy, usage
from leads.models import Counter, Lead, Suppression
from messaging import holding
from messaging.conversations import conversation_of
from messaging.models import Conversation, Message, Turn
from messaging.queueing import queue_message
from messaging.replies import answer
from messaging.sending import deliver
from messaging.tests.talk import FakeCarrier, mode, person, sent, text_in

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


def at_once(threads: int, calls: list[Callable[[], object]]) -> list[object]:
    """Run calls on many threads that start together; return what they gave."""
    barrier = threading.Barrier(min(threads, len(calls)))

    def run(call: Callable[[], object]) -> object:
        try:
            if barrier.n_waiting or not barrier.broken:
                try:
                    barrier.wait(timeout=0.5)
                except threading.BrokenBarrierError:
                    barrier.abort()
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, calls))


def lead_who_wrote(number: int = 0) -> Conversation:
    message = text_in("hello", sender=f"+1415555{number + 1000:04d}")
    Turn.objects.all().delete()
    return message.conversation


def queued(conversation: Conversation, *, automatic: bool = True) -> Message:
    return queue_message(
        conversation=conversation,
        kind="sms",
        body=f"hi {uuid.uuid4()}",
        author="builtin",
        automatic=automatic,
    )


def test_fifty_copies_are_one_message_and_one_answer(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", burst_sms_seconds=0)
    at_once(50, [lambda: text_in("hello", external_id="SM1")] * 50)
    assert Message.objects.filter(direction="inbound").count() == 1
    turn = Turn.objects.get()
    at_once(20, [lambda: answer(turn_id=turn.pk)] * 20)
    reply = Message.objects.get(direction="outbound")
    at_once(20, [lambda: deliver(message_id=reply.pk)] * 20)
    assert len(sent()) == 1


def test_thirty_first_texts_of_one_number_are_one_lead(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    at_once(30, [lambda: text_in(f"hello {uuid.uuid4()}")] * 30)
    assert Lead.objects.count() == 1
    assert Conversation.objects.count() == 1
    assert Message.objects.count() == 30


def test_a_cap_of_twenty_lets_exactly_twenty_through(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(
        actor="system", cap_lead_hour=20, cap_lead_day=1000, cap_conversation=30_000
    )
    conversation = lead_who_wrote()
    ids = [queued(conversation).pk for _ in range(200)]
    at_once(16, [lambda pk=pk: deliver(message_id=pk) for pk in ids])
    assert len(sent()) == 20
    hour = usage.hour_of(clock.now())
    key = f"automatic:lead:{conversation.lead_id}"
    assert Counter.objects.get(key=key, period=hour).used == 20


def test_nothing_is_claimed_after_a_stop_is_committed(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", cap_lead_hour=1000, cap_lead_day=1000)
    rounds = 60
    pairs = []
    for number in range(rounds):
        conversation = lead_who_wrote(number)
        pairs.append((conversation, queued(conversation)))

    def race(pair: tuple[Conversation, Message], stop_first: bool) -> list[object]:
        _, message = pair
        number = message.contact_point.value
        calls = [
            lambda: text_in("STOP", sender=number),
            lambda: deliver(message_id=message.pk),
        ]
        return at_once(2, calls if stop_first else calls[::-1])

    for pair in pairs:
        race(pair, random.random() < 0.5)
    claimed_late = [
        message
        for message in Message.objects.filter(direction="outbound", state="sent")
        for stop in Suppression.objects.filter(contact_point=message.contact_point)
        if message.claimed_at > stop.since
    ]
    assert claimed_late == []
    assert Suppression.objects.count() == rounds


def test_take_over_wins_or_comes_too_late_but_never_both(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", cap_lead_hour=1000, cap_lead_day=1000)
    ana = person()
    for number in range(40):
        conversation = lead_who_wrote(number)
        message = queued(conversation)
        at_once(
            2,
            [
                lambda c=conversation: holding.take_over(conversation=c, user=ana),
                lambda m=message: deliver(message_id=m.pk),
            ],
        )
        conversation.refresh_from_db()
        message.refresh_from_db()
        assert message.state in ("sent", "cancelled")
        if message.state == "sent":
            assert message.claimed_at <= conversation.held_since


def test_the_kill_switch_stops_queued_work(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    ids = [queued(lead_who_wrote(n)).pk for n in range(60)]
    policy.change(actor="system", sending=False)
    at_once(8, [lambda pk=pk: deliver(message_id=pk) for pk in ids])
    assert sent() == []
    assert Message.objects.filter(state="held").count() == 60


def test_one_conversation_is_made_by_many_at_once(carrier: type[FakeCarrier]) -> None:
    from leads.capture import capture_lead

    mode("auto")
    lead = capture_lead(actor="user:1", phone="+14155550177").lead
    made = at_once(16, [lambda: conversation_of(lead).pk] * 16)
    assert len(set(made)) == 1
