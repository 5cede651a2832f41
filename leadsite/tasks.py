"""The sweep, rung by beat."""

from datetime import date

from celery import current_app, shared_task
from django.conf import settings

from leads import clock, jobs
from leads.work import rescue_orphans, workers

_started: set[date] = set()


@shared_task(name="leadsite.sweep")
def sweep() -> None:
    """Ring for what no doorbell announced, and rescue orphaned rows."""
    start_daily_jobs()
    rescue_orphans()
    for worker in workers():
        for pk in worker.due_ids(limit=100):
            current_app.tasks[worker.task].apply_async(
                args=(pk,), expires=settings.SWEEP_SECONDS * 10
            )


def start_daily_jobs() -> None:
    """Start each day's jobs once, however many beats and processes there are."""
    today = clock.now().date()
    if today in _started:
        return
    for name in settings.DAILY_JOBS:
        jobs.start_job(name=name, arguments={}, effect_key=f"{name}:{today}")
    _started.clear()
    _started.add(today)
