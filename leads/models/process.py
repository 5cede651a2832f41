"""The signs of life of the parts that run."""

import uuid

from django.db import models
from django.db.models.functions import Now


class ProcessBeat(models.Model):
    """One part of one running process, and when it was last seen.

    All times are the database's clock, so that machines whose clocks differ
    can be compared. `swept_at` and `counts` belong to the process: its parts
    carry the same.
    """

    class Kind(models.TextChoices):
        WEB = "web", "web"
        WORKER = "worker", "worker"
        BEAT = "beat", "beat"

    process = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    host = models.CharField(max_length=80)
    pid = models.PositiveIntegerField()
    version = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    # The last sweep that this process ran.
    swept_at = models.DateTimeField(null=True, blank=True)
    # What happened in the process since its start, for /metrics.
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["kind", "started_at"]
        indexes = [models.Index(fields=["seen_at"])]
        constraints = [
            models.UniqueConstraint(fields=["process", "kind"], name="one_beat_a_part")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.pid}"
