"""Two beats and two workers for half an hour: the effects of one."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from celery import current_app
from django.db import connections
from pytest_django import Settings

from leads import clock, jobs, policy
from leads.models import Job
from leads.work import run_due
from leadsite import heartbeat, tasks
from messaging.models import Message
from messaging.tests.talk import FakeCarrier, mode, text_in

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 3, 3, 23, 45, tzinfo=UTC)  # half an hour across midnight
EVERY = 300


@pytest.fixture
def effects(settings: Settings) -> Counter[str]:
    """How often each job was run, by its name."""
    ran: Counter[str] = Counter()
    lock = threading.Lock()

    def run(job: Job) -> None:
        with lock:
            ran[str(job.effect_key)] += 1

    settings.DAILY_JOBS = ["tests.daily"]
    settings.INTERVAL_JOBS = {"tests.often": EVERY}
    for name in ("tests.daily", "tests.often"):
        jobs.register(name, run)
    return ran


def both(work: Callable[[], object]) -> None:
    """Run it in two threads at once, as two processes would."""
    together = threading.Barrier(2)
    failed: list[BaseException] = []

    def one() -> None:
        together.wait(5)
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def a_minute_at(moment: datetime) -> None:
    """Two beats ring, two workers sweep and work on all that is due."""
    # Nobody remembers what the other process has started.
    tasks._started.clear()

    def sweep() -> None:
        with clock.at(moment):
            tasks.sweep()

    def work() -> None:
        with clock.at(moment):
            run_due()

    both(sweep)
    both(work)


def test_half_an_hour_with_two_of_each_has_the_effects_of_one(
    settings: Settings, effects: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a sweep rings for, the two workers find by themselves here.
    rung: list[tuple[int, ...]] = []
    current_app.loader.import_default_modules()
    for task in list(current_app.tasks.values()):
        monkeypatch.setattr(
            task, "apply_async", lambda args=(), **how: rung.append(args)
        )
    path = "messaging.tests.talk.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    FakeCarrier.reset()
    mode("auto")
    policy.change(
        actor="system", burst_sms_seconds=0, undo_seconds=0, quiet_hours=False
    )
    # Three minutes more, as the last interval's job may be tried again.
    for minute in range(34):
        moment = NIGHT + timedelta(minutes=minute)
        if minute % 6 == 0:
            with clock.at(moment):
                text_in(
                    f"Hi, we need {20 + minute} seats", sender=f"+1415555{minute:04}"
                )
        a_minute_at(moment)
    assert {n for key, n in effects.items()} == {1}
    kinds = Counter(key.partition(":")[0] for key in effects)
    assert kinds["tests.daily"] == 2, "two days, each once"
    assert kinds["tests.often"] == 7, "23:45, 23:50 … 00:15"
    assert Job.objects.exclude(state=Job.State.DONE).count() == 0
    assert rung, "the sweep rang for what it found"
    replies = Message.objects.filter(
        direction=Message.Direction.OUTBOUND, state=Message.State.SENT
    )
    assert replies.count() == len(FakeCarrier.accepted) == 6
    answered = Counter(reply.conversation_id for reply in replies)
    assert set(answered.values()) == {1}


def test_each_process_asks_the_database_once_a_period(
    effects: Counter[str], django_assert_num_queries: object
) -> None:
    tasks._started.clear()
    with clock.at(NIGHT):
        tasks.start_recurring_jobs()
        assert Job.objects.count() == 2
        with django_assert_num_queries(0):  # type: ignore[operator]
            tasks.start_recurring_jobs()
    with clock.at(NIGHT + timedelta(minutes=5)):
        tasks.start_recurring_jobs()
    assert Job.objects.count() == 3


def test_a_clock_that_jumps_back_starts_nothing_twice(effects: Counter[str]) -> None:
    for minutes in (0, 30, 10, 0, 30):
        tasks._started.clear()
        with clock.at(NIGHT + timedelta(minutes=minutes)):
            tasks.start_recurring_jobs()
    often = Job.objects.filter(name="tests.often").count()
    assert (often, Job.objects.filter(name="tests.daily").count()) == (3, 2)


def test_a_sweep_is_told_with_the_next_sign_of_life(settings: Settings) -> None:
    settings.DAILY_JOBS, settings.INTERVAL_JOBS = [], {}
    beat = heartbeat.Heartbeat(["worker"])
    heartbeat._swept.clear()
    beat.beat()
    assert heartbeat.seen()[0].swept_ago is None
    tasks.sweep()
    beat.beat()
    (part,) = heartbeat.seen()
    assert part.swept_ago is not None and part.swept_ago < 5
