"""A worker that hears no sweep looks for work itself, and else keeps quiet."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from leads.models import Job, ProcessBeat
from leadsite.standby import MISSED, Standby, sweep_is_missed

LONG = MISSED + timedelta(seconds=5)


def beat(*, started: timedelta, swept: timedelta | None) -> ProcessBeat:
    row = ProcessBeat.objects.create(kind="worker", host="here", pid=1)
    ProcessBeat.objects.filter(pk=row.pk).update(
        started_at=Now() - started, swept_at=Now() - swept if swept else None
    )
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("started", "swept", "missed"),
    [
        (timedelta(seconds=3), None, False),  # it has just begun
        (LONG, None, True),
        (LONG, timedelta(seconds=2), False),
        (LONG, LONG, True),
    ],
)
def test_a_sweep_is_missed_when_none_came_for_a_while(
    started: timedelta, swept: timedelta | None, missed: bool
) -> None:
    beat(started=started, swept=swept)
    assert sweep_is_missed() is missed


@pytest.mark.django_db(transaction=True)
def test_what_is_due_is_done_only_while_sweeps_are_missed() -> None:
    row = beat(started=LONG, swept=timedelta(seconds=1))
    job = Job.objects.create(name="tests.unknown", state="ready")
    standby = Standby()
    assert standby.look() == 0
    job.refresh_from_db()
    assert job.attempts == 0
    ProcessBeat.objects.filter(pk=row.pk).update(swept_at=Now() - LONG)
    assert standby.look() >= 1
    job.refresh_from_db()
    assert job.attempts == 1
    assert "tests.unknown" in job.last_error


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_ends_begins_nothing_more() -> None:
    beat(started=LONG, swept=None)
    job = Job.objects.create(name="tests.unknown", state="ready")
    standby = Standby()
    standby.stop()
    standby.look()
    job.refresh_from_db()
    assert job.attempts == 0
