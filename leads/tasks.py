"""Doorbells of `leads`: fetch the row by id and call the use case."""

from celery import shared_task

from leads import jobs, outbox


@shared_task(name="leads.deliver_event")
def deliver_event(delivery_id: int) -> None:
    """Hand one event to one subscriber."""
    outbox.deliver_event(delivery_id=delivery_id)


@shared_task(name="leads.run_job")
def run_job(job_id: int) -> None:
    """Run one job."""
    jobs.run_job(job_id=job_id)
