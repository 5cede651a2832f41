"""How we know whether a prompt or a model is good enough to speak."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models import Work
from messaging.models.turn import Turn


class PromptRecord(models.Model):
    """What a model was told for one turn, to the letter; lead text is masked in it."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="prompts")
    version = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    instructions = models.TextField()
    input = models.TextField()
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"prompt of turn {self.turn_id}"


class EvaluationCase(models.Model):
    """A situation that was frozen, without names and addresses, and what a good
    answer to it must and must not do.
    """

    class Kind(models.TextChoices):
        FLAGGED = "flagged", "flagged answer"
        SCRIPTED = "scripted", "scripted lead"
        RED_TEAM = "red_team", "red team"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Names a case that comes with the product; "" for one of this installation.
    key = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=160)
    # `messaging.evaluating.freezing` writes and reads it.
    situation = models.JSONField()
    # {"leaves": bool, "goal": …, "must": [words], "must_not": [words], …}
    expectations = models.JSONField(default=dict)
    flagged_body = models.TextField(blank=True)
    why = models.CharField(max_length=300, blank=True)
    turn = models.ForeignKey(
        Turn, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind", "-created_at")

    def __str__(self) -> str:
        return self.title


class EvaluationRun(Work):
    """One replay of the cases with one prompt and one model. Work, since it calls
    out for every case.
    """

    READY: ClassVar[str] = "waiting"
    WORKING: ClassVar[str] = "working"
    DEAD: ClassVar[str] = "dead"
    MAX_ATTEMPTS: ClassVar[int] = 3

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        WORKING = "working", "running"
        DONE = "done", "done"
        DEAD = "dead", "gave up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt_version = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    # What the results are read beside: the release that speaks now.
    baseline = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cases = models.PositiveIntegerField(default=0)
    passed = models.PositiveIntegerField(default=0)
    # [{"case", "passed", "body", "held", "failures": [words], "micro", "ms"}]
    results = models.JSONField(default=list)
    started_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"{self.model} with {self.prompt_version}: {self.passed}/{self.cases}"


class Release(models.Model):
    """A prompt and a model that was let speak. The newest one speaks."""

    prompt_version = models.CharField(max_length=40)
    model = models.CharField(max_length=80, blank=True)
    run = models.ForeignKey(
        EvaluationRun, null=True, blank=True, on_delete=models.SET_NULL
    )
    # Set when this release only brings an earlier one back.
    returns_to = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL
    )
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-published_at", "-pk")

    def __str__(self) -> str:
        return f"{self.prompt_version} {self.model}".strip()
