"""The journal of webhooks, and what outside services last said."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from leads.models import Work


class WebhookDelivery(Work):
    """One request from outside, kept before anything is made of it.

    Unique per provider and external id; a copy is answered 200 and does
    nothing. The raw body is purged 30 days after it was done.
    """

    READY: ClassVar[str] = "received"
    WORKING: ClassVar[str] = "working"
    DEAD: ClassVar[str] = "dead"

    class State(models.TextChoices):
        RECEIVED = "received", "waiting"
        WORKING = "working", "being read"
        DONE = "done", "done"
        DEAD = "dead", "gave up"
        QUARANTINED = "quarantined", "refused: not proven genuine"
        DISCARDED = "discarded", "discarded"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(max_length=40)
    route = models.CharField(max_length=120)
    external_id = models.CharField(max_length=200)
    method = models.CharField(max_length=8, default="POST")
    url = models.TextField()
    headers = models.JSONField(default=dict)
    content_type = models.CharField(max_length=200, blank=True)
    body = models.BinaryField(default=b"")
    size = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    # Why it was refused, and the URL that would have verified.
    reason = models.CharField(max_length=300, blank=True)
    verifying_url = models.TextField(blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["provider", "-received_at"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"], name="one_webhook_delivery"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.route} {self.state}"


class DeliveryChunk(models.Model):
    """One megabyte of a body that is too large for the journal row."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="chunks"
    )
    position = models.PositiveSmallIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "position"], name="one_chunk_per_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.position}"
