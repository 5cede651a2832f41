"""Follow-ups when many act at once. PostgreSQL only: SQLite hides races."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection, connections

from leads import clock, jobs
from leads.models import Lead
from leads.work import rescue_orphans, run_one, workers
from messaging.models import Message
from messaging.models.sequence import Enrollment, StepRun
from messaging.queueing import Refused
from messaging.sending import deliver
from messaging.sequences import publishing, running
from messaging.sequences.enrolling import enroll
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    begin,
    dana,
    mail_step,
    open_house,
    sequence,
    somebody,
)
from messaging.tests.talk import FakeCarrier, text_in

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("carrier"),
]


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


def at_once(calls: list[Callable[[], object]]) -> list[object]:
    """Run calls on threads that start together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=5)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def leads(count: int) -> list[Lead]:
    return [
        dana(phone=f"+1415555{100 + n:04d}", email=f"l{n}@example.com", name=f"Lea {n}")
        for n in range(count)
    ]


def one_beat(moment: datetime) -> list[tuple[str, int]]:
    """What a sweep rings for, as a list: a doorbell may come late or twice."""
    with clock.at(moment):
        rescue_orphans()
        return [
            (worker.kind, pk) for worker in workers() for pk in worker.due_ids(limit=50)
        ]


def one_worker(moment: datetime, rung: list[tuple[str, int]], seed: int) -> None:
    """A worker process: what was rung, in an order of its own, twice."""
    known = {worker.kind: worker for worker in workers()}
    mine = [*rung, *rung]
    random.Random(seed).shuffle(mine)
    with clock.at(moment), jobs.silence():
        for kind, pk in mine:
            run_one(known[kind], pk)


def test_two_beats_and_two_workers_over_thirty_days_do_each_step_once() -> None:
    """P33: the clock is moved by hand through thirty days, in uneven steps, with a
    beat that is dead for a while now and then.
    """
    open_house()
    steps = [{"delay": 6, "unit": "hours"}, mail_step(delay=2), *[{"delay": 4}] * 5]
    with clock.at(NOON):
        row = sequence(*steps)
        people = leads(12)
        for number, lead in enumerate(people):
            begin(row, lead, at=NOON + timedelta(minutes=number))
    moment, dice = NOON, random.Random(7)
    while moment < NOON + 30 * DAY:
        soon = Enrollment.objects.filter(state="waiting").order_by("due_at").first()
        waits = Message.objects.filter(state__in=["queued", "held"]).exists()
        if soon is None and not waits:
            break
        dead = 20 if dice.random() < 0.2 else 1  # minutes until the next beat
        late = timedelta(minutes=dead, seconds=dice.random() * 5)
        moment = max(moment, soon.due_at if soon and not waits else moment) + late
        rung = at_once([lambda m=moment: one_beat(m)] * 2)
        at_once(
            [
                lambda m=moment, n=n, r=rung: one_worker(m, [*r[0], *r[1]], n)
                for n in range(2)
            ]
        )
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"done"}
    told = [
        (r.enrollment_id, r.step.position, r.outcome) for r in StepRun.objects.all()
    ]
    assert len(told) == len(set(told)) == 12 * 7
    assert {outcome for *_, outcome in told} == {"queued"}
    went = [(m.to_address, m.body) for m in FakeCarrier.accepted if m.channel == "sms"]
    assert len(went) == len(set(went)) == 12 * 6
    assert sum(m.channel == "email" for m in FakeCarrier.accepted) == 12
    for lead in people:
        ran = list(
            StepRun.objects.filter(enrollment__lead=lead).order_by("step__position")
        )
        gaps = [b.ran_at - a.ran_at for a, b in pairwise(ran)]
        assert min(gaps) > timedelta(hours=47)  # never two at once


def test_eight_workers_run_a_due_step_once() -> None:
    open_house()
    with clock.at(NOON):
        row = begin(sequence({}, {}), dana())

    def work() -> None:
        with clock.at(NOON + DAY + timedelta(minutes=1)):
            running.run_due(row.pk)

    at_once([work] * 8)
    assert (
        StepRun.objects.count() == Message.objects.filter(follow_up=True).count() == 1
    )


def test_batches_of_four_workers_never_share_a_row() -> None:
    open_house()
    with clock.at(NOON):
        row = sequence({}, {})
        for lead in leads(40):
            begin(row, lead)

    def work() -> int:
        count = 0
        with clock.at(NOON + DAY + timedelta(minutes=1)):
            while found := running.run_some(limit=5):
                count += found
        return count

    counts = at_once([work] * 4)
    assert sum(int(str(one)) for one in counts) == 40
    assert StepRun.objects.count() == 40


def test_enrolling_at_once_is_one_enrollment() -> None:
    open_house()
    row, lead = sequence({}), dana()

    def join() -> str:
        try:
            enroll(sequence=row, lead=lead, how="api", actor="api:1")
        except Refused as error:
            return str(error)
        return "began"

    told = at_once([join] * 6)
    assert sorted(told)[:1] + sorted(set(told) - {"began"}) == [
        "began",
        "“Warm up” is already under way with Dana Reyes",
    ]
    assert told.count("began") == 1


@pytest.mark.parametrize("round_", range(12))
def test_nothing_leaves_after_a_stop_that_comes_while_a_step_runs(round_: int) -> None:
    """A STOP, the run of a step and its sending at once: what the carrier took was
    claimed before the STOP, and nothing follows.
    """
    open_house()
    with clock.at(NOON):
        row = begin(sequence({}, {}), dana())
    moment = NOON + DAY + timedelta(minutes=1)
    if round_ % 2:
        with clock.at(moment):
            running.run_due(row.pk)
    stopped: list[int] = []

    def stop() -> None:
        with clock.at(moment):
            text_in("STOP")
            stopped.append(len(FakeCarrier.accepted))

    def send() -> None:
        with clock.at(moment):
            running.run_due(row.pk)
            for pk in Message.objects.filter(follow_up=True).values_list(
                "pk", flat=True
            ):
                deliver(message_id=pk)

    at_once([stop, send, send])
    with clock.at(moment + 3 * DAY):
        running.run_batch(row.pk)
        for pk in Message.objects.filter(follow_up=True).values_list("pk", flat=True):
            deliver(message_id=pk)
    row.refresh_from_db()
    assert row.state == "stopped"
    assert len(FakeCarrier.accepted) <= 1
    left = Message.objects.filter(follow_up=True, state__in=["queued", "held", "draft"])
    assert not left.exists()
    for message in Message.objects.filter(follow_up=True, state="sent"):
        stop_at = Message.objects.get(direction="inbound").created_at
        assert message.claimed_at is not None
        assert message.claimed_at <= stop_at + timedelta(seconds=2)


def test_a_pause_that_comes_while_a_step_runs_lets_nothing_leave_after() -> None:
    open_house()
    with clock.at(NOON):
        row = sequence({})
        for lead in leads(10):
            begin(row, lead)
    moment = NOON + DAY + timedelta(minutes=1)

    def pause() -> None:
        with clock.at(moment):
            publishing.pause(sequence=row, user=somebody())

    def run() -> None:
        with clock.at(moment):
            running.run_some(limit=10)

    somebody()
    at_once([pause, run])
    before = len(FakeCarrier.accepted)
    with clock.at(moment + timedelta(minutes=1)):
        for pk in Message.objects.filter(follow_up=True).values_list("pk", flat=True):
            deliver(message_id=pk)
    assert len(FakeCarrier.accepted) == before == 0
