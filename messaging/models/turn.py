"""One answer of the AI, from the end of a burst to the gate."""

import uuid
from typing import ClassVar

from django.db import models

from leads.models import Work
from messaging.models.conversation import Conversation, Message


class Turn(Work):
    """An AI answer, due when its burst ends; unique per last inbound message."""

    READY: ClassVar[str] = "waiting"
    WORKING: ClassVar[str] = "working"
    DEAD: ClassVar[str] = "dead"
    MAX_ATTEMPTS: ClassVar[int] = 3

    class State(models.TextChoices):
        WAITING = "waiting", "waiting for more"
        WORKING = "working", "answering"
        DONE = "done", "done"
        SUPERSEDED = "superseded", "the lead wrote again"
        DEAD = "dead", "gave up"

    class Outcome(models.TextChoices):
        SENT = "sent", "sent"
        DRAFTED = "drafted", "drafted"
        HANDED_OFF = "handed_off", "handed to a person"
        LEFT = "left", "left to a person"
        SILENT = "silent", "nothing to say"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="turns"
    )
    last_inbound = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="answering_turn"
    )
    # [{"name", "ms", "detail", "ok"}] in the order they happened.
    stages = models.JSONField(default=list)
    intent = models.CharField(max_length=24, blank=True)
    language = models.CharField(max_length=8, blank=True)
    goal = models.CharField(max_length=40, blank=True)
    # {"intent", "opt_out", "language", "when", "topics", "confidence"}
    understood = models.JSONField(default=dict)
    sources = models.JSONField(default=list)
    # Of the reply: [{"words", "kind", "source", "title", "quote"}], see `agent.claims`.
    claims = models.JSONField(default=list)
    # How surely it may be said, 0 to 1, and from what; see `messaging.confidence`.
    sureness = models.JSONField(default=dict)
    model = models.CharField(max_length=80, blank=True)
    prompt_version = models.CharField(max_length=40, blank=True)
    # {"input", "cached", "output", "micro"}; micro null when unknown.
    usage = models.JSONField(default=dict)
    latency_ms = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    outcome_reason = models.CharField(max_length=300, blank=True)
    instruction = models.CharField(max_length=300, blank=True)
    # How often a person asked for another draft; a retry stays in its round.
    round = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return f"turn {self.pk} {self.state}"
