"""The one stream of events, and its deliveries to subscribers."""

import uuid
from typing import ClassVar

from django.db import models

from leads.models.lead import Lead
from leads.models.work import Work
from leads.prepared_rows import PreparedModel


class Event(PreparedModel):
    """Something that happened, `noun.past_verb`. Append-only.

    The payload holds ids and numbers, never names, addresses or text.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(max_length=60, db_index=True)
    version = models.PositiveSmallIntegerField(default=1)
    occurred_at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    origin = models.CharField(max_length=40, blank=True)
    payload = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["lead", "-occurred_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"


class Delivery(Work):
    """One event on its way to one subscriber. One lead's go in order."""

    MAX_ATTEMPTS: ClassVar[int] = 8

    class State(models.TextChoices):
        READY = "ready", "waiting"
        WORKING = "working", "working"
        DONE = "done", "done"
        DEAD = "dead", "gave up"

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="deliveries"
    )
    subscriber = models.CharField(max_length=80)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["state", "due_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "subscriber"], name="one_delivery_per_subscriber"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.subscriber}: {self.state}"
