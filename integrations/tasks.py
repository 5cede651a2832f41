"""Doorbells of `integrations`: each task bears its use case's name."""

from celery import shared_task

from integrations import webhooks


@shared_task(name="integrations.process_delivery")
def process_delivery(delivery_id: int) -> None:
    """Read one journal row."""
    webhooks.process(delivery_id=delivery_id)
