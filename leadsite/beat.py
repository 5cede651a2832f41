"""What beat rings and when: rows of django-celery-beat, shown under *Schedule*.

The house's own entry is put there at the start and rings on while the database is
away; what people add, pause or change in the admin holds within some seconds.
"""

import logging
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from celery.beat import ScheduleEntry
from celery.schedules import schedule as every
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

log = logging.getLogger(__name__)

SWEEP: Final = "sweep"
TASK: Final = "leadsite.sweep"
LOOK_SECONDS: Final = 5.0  # how often it is asked whether somebody changed the rows
AWAY: Final = (DatabaseError, InterfaceError)


class HouseScheduler(DatabaseScheduler):  # type: ignore[misc]
    """The database's schedule, and the sweep alone until the database can be read."""

    def setup_schedule(self) -> None:
        """Read the rows, once the sweep's is there; nothing fails without a database."""
        self._written = False
        self._looked = 0.0
        self._schedule: dict[str, Any] = {}
        self._alone = {SWEEP: self._sweep_in_memory()}
        self._write()

    @property
    def schedule(self) -> dict[str, Any]:
        """The entries by name; the last ones known while the database is away."""
        if not self._written and not self._write_again():
            return self._alone
        try:
            return dict(super().schedule)
        except AWAY as error:
            log.warning("the schedule is not read: %s", error)
            return self._schedule or self._alone

    def schedule_changed(self) -> bool:
        """Whether somebody changed a row; asked every few seconds at most."""
        if monotonic() - self._looked < LOOK_SECONDS:
            return False
        self._looked = monotonic()
        return bool(super().schedule_changed())

    def _write_again(self) -> bool:
        if monotonic() - self._tried < LOOK_SECONDS:
            return False
        return self._write()

    def _write(self) -> bool:
        self._tried = monotonic()
        try:
            write_sweep()
        except AWAY as error:
            log.warning("the schedule is not read, the sweep goes on: %s", error)
            return False
        self._written = True
        self._initial_read = True
        return True

    def _sweep_in_memory(self) -> ScheduleEntry:
        seconds = settings.SWEEP_SECONDS
        return ScheduleEntry(
            name=SWEEP,
            task=TASK,
            schedule=every(timedelta(seconds=seconds), app=self.app),
            options={"expires": expires_after(seconds)},
            app=self.app,
        )


def expires_after(seconds: float) -> int:
    """Seconds after which a sweep that waited says nothing new."""
    return max(round(seconds * 2), 5)


def write_sweep() -> PeriodicTask:
    """Put the sweep into the schedule, as often as `SWEEP_SECONDS` says.

    One that people paused stays paused.
    """
    seconds = settings.SWEEP_SECONDS
    whole = seconds == int(seconds)
    wanted = {
        "every": int(seconds) if whole else int(seconds * 1_000_000),
        "period": IntervalSchedule.SECONDS if whole else IntervalSchedule.MICROSECONDS,
    }
    # Nothing keeps such rows unique: people and other beats may have made more.
    rows = IntervalSchedule.objects
    known = rows.filter(**wanted).order_by("pk").first()
    interval = known or rows.create(**wanted)
    row, _ = PeriodicTask.objects.update_or_create(
        name=SWEEP,
        defaults={
            "task": TASK,
            "interval": interval,
            "expire_seconds": expires_after(seconds),
            "description": "Rings for all work that is due: answers, messages, "
            "follow-ups, jobs. Paused, each worker looks for it by itself after 20 s.",
        },
    )
    return row


__all__ = ["HouseScheduler", "write_sweep"]
