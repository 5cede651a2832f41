"""Sequences: follow-ups that are planned, and stop at the right moment."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models import Lead, Team, Work
from messaging.models.conversation import Message

LIVE_STATES = ("waiting", "working", "paused")


class Sequence(models.Model):
    """A plan of follow-ups. Without a team it is everybody's.

    What runs is its `current` version; those under way keep theirs. `rule` says who
    is enrolled by itself, {} nobody; see `messaging.sequences.rules`.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ARCHIVED = "archived", "Archived"

    class Measure(models.TextChoices):
        REPLIED = "replied", "replies"
        BOOKED = "booked", "bookings"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    goal = models.CharField(max_length=300, blank=True)
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="sequences"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    current = models.ForeignKey(
        "messaging.SequenceVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    rule = models.JSONField(default=dict, blank=True)
    # A variant is judged by this, from so many sends of each on.
    measure = models.CharField(max_length=8, choices=Measure, default=Measure.REPLIED)
    sample_floor = models.PositiveIntegerField(default=50)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SequenceVersion(models.Model):
    """The steps of a sequence as they were activated once; a draft has no `number`.

    There is at most one draft; once activated a version never changes.
    """

    sequence = models.ForeignKey(
        Sequence, on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveSmallIntegerField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["sequence", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "number"], name="one_sequence_version"
            ),
            models.UniqueConstraint(
                fields=["sequence"],
                condition=models.Q(number=None),
                name="one_sequence_draft",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.sequence}, {f'version {self.number}' if self.number else 'draft'}"
        )


class Step(models.Model):
    """One follow-up: so long after the step before, on this channel.

    `branches` are looked at first, in order: [{"intents": [...], "to": 4}] goes on
    at that position when the lead's last message was one of these; "to": 0 ends.
    Only later positions may be named.
    """

    class Kind(models.TextChoices):
        SMS = "sms", "Text"
        EMAIL = "email", "Email"

    class Unit(models.TextChoices):
        MINUTES = "minutes", "minutes"
        HOURS = "hours", "hours"
        DAYS = "days", "days"

    class Writer(models.TextChoices):
        TEMPLATE = "template", "These words"
        AI = "ai", "The AI, from a brief"

    version = models.ForeignKey(
        SequenceVersion, on_delete=models.CASCADE, related_name="steps"
    )
    position = models.PositiveSmallIntegerField()  # from 1
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.SMS)
    delay = models.PositiveIntegerField(default=1)
    unit = models.CharField(max_length=8, choices=Unit, default=Unit.DAYS)
    # Counted in the team's working hours; else by the clock.
    working_time = models.BooleanField(default=True)
    writer = models.CharField(max_length=8, choices=Writer, default=Writer.TEMPLATE)
    branches = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "position"], name="one_step_per_position"
            )
        ]

    def __str__(self) -> str:
        return f"step {self.position}, {self.get_kind_display().lower()}"


class StepVariant(models.Model):
    """One wording of a step: `body` with {{ names }}, or the `brief` for the AI."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="variants")
    label = models.CharField(max_length=2, default="A")
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    brief = models.TextField(blank=True)
    # Of 100 enrollments about this share gets it; 0 is switched off.
    weight = models.PositiveSmallIntegerField(default=1)
    won_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["step", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["step", "label"], name="one_variant_per_label"
            )
        ]

    def __str__(self) -> str:
        return f"{self.step}, {self.label}"


class Enrollment(Work):
    """One lead on the way through one version; a row of work that is due.

    `due_at` is when `next_step` may go, by business time. `reason` says in words why
    it rests or has ended.
    """

    READY: ClassVar[str] = "waiting"
    WORKING: ClassVar[str] = "working"
    DEAD: ClassVar[str] = "dead"

    class State(models.TextChoices):
        WAITING = "waiting", "under way"
        WORKING = "working", "working"
        PAUSED = "paused", "paused"
        STOPPED = "stopped", "stopped"
        DONE = "done", "finished"
        DEAD = "dead", "gave up"

    class How(models.TextChoices):
        HAND = "hand", "by hand"
        RULE = "rule", "by its rule"
        API = "api", "by the API"

    class Cause(models.TextChoices):
        REPLIED = "replied", "Replied"
        BOOKED = "booked", "Booked"
        OPTED_OUT = "opted_out", "Opted out"
        BOUNCED = "bounced", "Bounced"
        CLOSED = "closed", "Deal closed"
        TAKEN_OVER = "taken_over", "Taken over"
        NOTE = "note", "A person's note"
        BY_HAND = "by_hand", "Stopped by a person"
        NO_ADDRESS = "no_address", "No address"
        REFUSED = "refused", "May not be written to"
        ERASED = "erased", "Erased"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sequence = models.ForeignKey(
        Sequence, on_delete=models.PROTECT, related_name="enrollments"
    )
    version = models.ForeignKey(
        SequenceVersion, on_delete=models.PROTECT, related_name="enrollments"
    )
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="enrollments")
    next_step = models.ForeignKey(
        Step, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    how = models.CharField(max_length=4, choices=How, default=How.HAND)
    actor = models.CharField(max_length=80)
    # Rests until then although its step was due: away, "call me in March", snoozed.
    parked_until = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=12, choices=Cause, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["lead", "state"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "lead"],
                condition=models.Q(state__in=LIVE_STATES),
                name="one_live_enrollment",
            )
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.sequence_id}: {self.state}"


class StepRun(models.Model):
    """That a step was reached, once: what went out, or why nothing did."""

    class Outcome(models.TextChoices):
        QUEUED = "queued", "written"
        DRAFTED = "drafted", "drafted for a person"
        SKIPPED = "skipped", "skipped"
        BRANCHED = "branched", "went on elsewhere"

    enrollment = models.ForeignKey(
        Enrollment, on_delete=models.CASCADE, related_name="runs"
    )
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="runs")
    variant = models.ForeignKey(
        StepVariant,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
    )
    message = models.OneToOneField(
        Message,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="step_run",
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    ran_at = models.DateTimeField()
    # What came of it, for the judging of variants.
    replied_at = models.DateTimeField(null=True, blank=True)
    booked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["ran_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment", "step"], name="one_run_per_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.outcome}"
