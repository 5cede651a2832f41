"""Where leads stand, and what people have to do."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models.lead import Lead
from leads.models.querysets import TaskQuerySet
from leads.prepared_rows import PreparedModel


class Stage(models.Model):
    """One column of the pipeline, left to right by `position`."""

    class Kind(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OPEN)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name


class Deal(models.Model):
    """Money in sight with a lead. `amount` is in minor units of `currency`."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="deals")
    title = models.CharField(max_length=200)
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    expected_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.title


class Meeting(models.Model):
    """An appointment with a lead. `minutes` long."""

    class State(models.TextChoices):
        BOOKED = "booked", "Booked"
        HELD = "held", "Took place"
        CANCELLED = "cancelled", "Cancelled"
        NO_SHOW = "no_show", "Nobody came"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="meetings")
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=30)
    state = models.CharField(max_length=10, choices=State, default=State.BOOKED)
    note = models.CharField(max_length=300, blank=True)
    actor = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["starts_at"]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}: {self.get_state_display()}"


class Task(PreparedModel):
    """Something that a person has to do, and why."""

    class Kind(models.TextChoices):
        REPLY = "reply", "Answer the lead"
        CALL = "call", "Call the lead"
        DRAFT = "draft", "Decide on a draft"
        OPT_OUT = "opt_out", "Did the lead opt out?"
        IDENTIFY = "identify", "Who wrote?"
        SENT_CHECK = "sent_check", "Was it sent?"
        FAILED = "failed", "A message failed"
        MEETING = "meeting", "Arrange a meeting"
        OTHER = "other", "To do"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks"
    )
    team = models.ForeignKey("leads.Team", on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tasks",
    )
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.OTHER)
    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    # The public id of what the task is about (a conversation, a message).
    subject = models.UUIDField(null=True, blank=True, db_index=True)
    effect_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=80, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["done_at", "due_at"])]

    def __str__(self) -> str:
        return self.title
