"""The sweep, rung by beat, and the jobs that come back every day or interval."""

from datetime import datetime

from celery import current_app, shared_task
from django.conf import settings

from leads import clock, jobs
from leads.work import rescue_orphans, workers
from leadsite import heartbeat

# The periods whose jobs this process has started, by job name.
_started: dict[str, str] = {}


@shared_task(name="leadsite.sweep")
def sweep() -> None:
    """Ring for what no doorbell announced, and rescue orphaned rows."""
    start_recurring_jobs()
    rescue_orphans()
    for worker in workers():
        for pk in worker.due_ids(limit=100):
            current_app.tasks[worker.task].apply_async(
                args=(pk,), expires=settings.SWEEP_SECONDS * 10
            )
    heartbeat.swept()


def start_recurring_jobs() -> None:
    """Start each period's jobs once, however many beats and processes there are.

    The period is in the job's unique key: who comes second finds the row there.
    """
    now = clock.now()
    for name in settings.DAILY_JOBS:
        _start_once(name, str(now.date()))
    for name, seconds in settings.INTERVAL_JOBS.items():
        _start_once(name, _interval(now, seconds))


def _start_once(name: str, period: str) -> None:
    if _started.get(name) == period:
        return
    jobs.start_job(name=name, arguments={}, effect_key=f"{name}:{period}")
    _started[name] = period


def _interval(now: datetime, seconds: int) -> str:
    """The interval that `now` lies in, the same for every process."""
    return f"{seconds}s-{int(now.timestamp()) // seconds}"
