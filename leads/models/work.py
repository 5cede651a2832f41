"""Rows that are pieces of work, and the job kind that fits any app."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from leads.prepared_rows import PreparedModel


class Work(PreparedModel):
    """A piece of work that is a row before it is done.

    `attempts` is raised by the claim, so a row that kills its process is
    counted too. `lease_until` is real time: the deadline of the call in
    progress plus ten seconds.
    """

    READY: ClassVar[str] = "ready"
    WORKING: ClassVar[str] = "working"
    DEAD: ClassVar[str] = "dead"
    MAX_ATTEMPTS: ClassVar[int] = 5

    state = models.CharField(max_length=16)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim_token = models.UUIDField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def ready_states(cls) -> tuple[str, ...]:
        """States from which a due row may be claimed."""
        return (cls.READY,)


class Job(Work):
    """One import, export, erase, media fetch or back-fill."""

    class State(models.TextChoices):
        READY = "ready", "waiting"
        WORKING = "working", "working"
        DONE = "done", "done"
        DEAD = "dead", "gave up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    arguments = models.JSONField(default=dict)
    effect_key = models.CharField(max_length=120, unique=True, null=True, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"
