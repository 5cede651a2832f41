"""What beat rings is in the database and shown in the admin."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from leadsite.beat import LOOK_SECONDS, HouseScheduler
from leadsite.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beat closes its old connection; a test's transaction lives on it."""
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", str)


def scheduler() -> HouseScheduler:
    return HouseScheduler(app=app, max_interval=1)


def rung(plan: HouseScheduler, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that some passes ring, without a broker."""
    tasks: list[str] = []
    monkeypatch.setattr(
        plan, "apply_async", lambda entry, **rest: tasks.append(entry.task)
    )
    for _ in range(3):
        plan.tick()
    return tasks


def long_ago(plan: HouseScheduler) -> None:
    for entry in plan.schedule.values():
        entry.last_run_at = entry.last_run_at.replace(year=2020)


def test_the_sweep_is_a_row_that_says_when_it_last_ran(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = scheduler()
    long_ago(plan)
    assert rung(plan, monkeypatch) == ["leadsite.sweep"]
    plan.sync()
    row = PeriodicTask.objects.get(name="sweep")
    assert (row.total_run_count, row.interval.every) == (1, 1)
    assert row.last_run_at is not None and row.last_run_at.year > 2020


@pytest.mark.parametrize(
    ("seconds", "stored"), [(1.0, (1, "seconds")), (0.25, (250_000, "microseconds"))]
)
def test_the_environment_says_how_often(
    settings: Any, seconds: float, stored: tuple[int, str]
) -> None:
    settings.SWEEP_SECONDS = seconds
    scheduler()
    row = PeriodicTask.objects.get(name="sweep")
    assert (row.interval.every, row.interval.period) == stored
    assert row.expire_seconds == 5


def test_a_second_start_makes_no_second_row_and_leaves_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scheduler()
    PeriodicTask.objects.filter(name="sweep").update(enabled=False)
    plan = scheduler()
    assert PeriodicTask.objects.filter(name="sweep").count() == 1
    assert rung(plan, monkeypatch) == []


def test_two_intervals_alike_do_no_harm() -> None:
    for _ in range(2):
        IntervalSchedule.objects.create(every=1, period="seconds")
    scheduler()
    assert PeriodicTask.objects.get(name="sweep").interval.every == 1


def test_the_sweep_rings_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr("leadsite.beat.write_sweep", away)
        plan = scheduler()
        long_ago(plan)
        assert rung(plan, broken) == ["leadsite.sweep"]
    # It comes back: the row is written, and the next pass goes by it.
    plan._tried -= LOOK_SECONDS
    assert plan.schedule["sweep"].task == "leadsite.sweep"
    assert PeriodicTask.objects.filter(name="sweep").exists()
    monkeypatch.setattr(DatabaseScheduler, "all_as_schedule", away)
    plan._initial_read = True
    assert list(plan.schedule) == ["sweep"]


def test_the_schedule_is_in_the_admin(admin_client: Client) -> None:
    scheduler()
    page = admin_client.get(reverse("admin:django_celery_beat_periodictask_changelist"))
    assert b"sweep" in page.content
    assert b"Schedule" in page.content
