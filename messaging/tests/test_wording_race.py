"""A model's caps hold when many turns ask at once (P17). PostgreSQL only."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from leads import claims, clock, halting, policy, usage
from leads.models import Task, UsageRecord
from leads.usage import Amount, Cap, OverCap
from messaging.agent.model import ModelError
from messaging.models import Message, Turn
from messaging.replies import answer
from messaging.tests.conftest import carrier
from messaging.tests.talk import FakeCarrier, mode, text_in
from messaging.tests.test_wording import FIRST, Writer, writer

__all__ = ["carrier", "writer"]  # fixtures

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
ACTUAL, MOST = 400, 1_000


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


def call(number: int, caps: tuple[Cap, ...], spent: list[int]) -> bool:
    most = Amount(MOST, MOST, {})
    try:
        reserved = usage.reserve(
            lead=None,
            service="test",
            what="x",
            effect_key=f"race:{number}",
            most=most,
            caps=caps,
        )
    except OverCap:
        return False
    finally:
        connections.close_all()
    spent.append(ACTUAL)
    end = number % 5
    if end == 0:
        usage.release(reserved=reserved)
        spent.pop()
    elif end < 4:
        usage.settle(reserved=reserved, actual=Amount(ACTUAL, ACTUAL, {}))
    connections.close_all()
    return True


def test_sixteen_threads_never_spend_more_than_the_cap() -> None:
    mode("auto")
    caps = (
        Cap("ai:tokens:lead:1", "tokens", 20_000, "a lead"),
        Cap("ai:micro:all", "micro", 15_000, "in all"),
    )
    spent: list[int] = []
    start = threading.Barrier(16)

    def run(worker: int) -> int:
        start.wait(timeout=10)
        return sum(call(worker * 100 + n, caps, spent) for n in range(20))

    with ThreadPoolExecutor(16) as pool:
        made = sum(pool.map(run, range(16)))
    day = usage.day_of(clock.now())
    counted = [usage.used(key=cap.key, period=day) for cap in caps]
    rows = UsageRecord.objects.filter(service="test")
    real = sum(rows.values_list("quantity", flat=True))
    assert counted == [real, real], "counters equal the rows"
    assert real <= 15_000
    assert real > 15_000 - MOST, "the cap was really reached"
    assert made >= 15
    assert policy.current().ai_micro_day > 0


def answer_all(turns: list[int]) -> None:
    """Sixteen workers, started together, share the turns."""
    start = threading.Barrier(16)

    def work(worker: int) -> None:
        start.wait(timeout=10)
        try:
            for pk in turns[worker::16]:
                answer(turn_id=pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))


def waiting(count: int) -> list[int]:
    mode("auto")
    policy.change(actor="system", burst_sms_seconds=0)
    for number in range(count):
        text_in(FIRST, sender=f"+1415555{2000 + number}")
    return list(Turn.objects.values_list("pk", flat=True))


def test_the_days_cap_holds_over_sixteen_workers(
    carrier: type[FakeCarrier],
) -> None:
    turns = waiting(48)
    policy.change(actor="system", ai_tokens_day=20_000)
    answer_all(turns)
    rows = UsageRecord.objects.filter(service="writer")
    spent = sum(rows.values_list("quantity", flat=True))
    day = usage.day_of(clock.now())
    assert usage.used(key="ai:tokens:all", period=day) == spent <= 20_000
    assert rows.count() == Writer.calls >= 4
    assert Turn.objects.filter(state="done").count() == 48, "no lead is dropped"
    replies = Message.objects.filter(direction="outbound")
    assert replies.filter(author="ai").count() == Writer.calls
    assert replies.filter(author="builtin", state="draft").count() == 48 - Writer.calls


def test_a_halt_from_many_workers_at_once_asks_one_person(
    carrier: type[FakeCarrier],
) -> None:
    turns = waiting(32)
    Writer.trouble = ModelError("permanent", "no credit", code="quota")
    answer_all(turns)
    assert policy.current().ai_halted_reason == "no credit"
    assert Task.objects.filter(title=halting.TITLE).count() == 1
    assert Message.objects.filter(direction="outbound", state="draft").count() == 32


def test_a_model_call_holds_no_transaction_and_its_lease_covers_it(
    carrier: type[FakeCarrier],
) -> None:
    (turn,) = waiting(1)
    seen: list[float] = []

    def look() -> None:
        assert not connection.in_atomic_block
        row = Turn.objects.get(pk=turn)
        assert row.lease_until is not None
        seen.append((row.lease_until - timezone.now()).total_seconds())
        assert not claims.orphans(Turn).exists()

    Writer.meanwhile = look
    answer(turn_id=turn)
    assert seen and seen[0] >= settings.OPENAI_DEADLINE + 10
