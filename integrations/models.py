"""The journal of webhooks, and what outside services last said."""

import uuid
from typing import ClassVar

from django.conf import settings
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
    # "" came to our door; else who fetched it because it never did.
    origin = models.CharField(max_length=20, blank=True, default="", db_default="")
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


class ProcessedFact(models.Model):
    """That an event of a vendor has acted, whatever request brought it.

    Written in the transaction of what it did, kept 45 days.
    """

    provider = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id"], name="one_processed_fact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id}"


class ServiceCheck(models.Model):
    """What an outside service last answered, to a test or to a real call.

    `state` is a `services.ServiceState`, "" before the first answer. `last_failure`
    holds its words; a later success leaves it standing, with its time.
    """

    key = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=20, blank=True)
    words = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    # A person, or nobody when a real call found it out.
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    running_since = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.TextField(blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class TrialText(models.Model):
    """One text that a person sent to their own phone, to see that texts leave.

    It belongs to no lead. Of the number only the last four digits are kept.
    """

    class State(models.TextChoices):
        SENDING = "sending", "sending"
        SENT = "sent", "sent"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"
        UNKNOWN = "unknown", "not known yet"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # One press of the button; a second copy of it finds this row.
    click = models.UUIDField(unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    service = models.CharField(max_length=40)
    ending = models.CharField(max_length=4)
    state = models.CharField(max_length=12, choices=State, default=State.SENDING)
    words = models.CharField(max_length=300, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"trial text {self.state}"


class GapSweep(models.Model):
    """How far a provider's list of inbound messages was compared with the journal.

    One row per account: another account's history is none of ours. All times are the
    real clock's, as the provider's are. Of `day` (the company's) the provider lists
    `listed` messages up to `swept_until`: `arrived` came by webhook, `fetched` only by
    the sweep.
    """

    provider = models.CharField(max_length=40)
    account = models.CharField(max_length=80)
    # Nothing older is ever fetched.
    begins_at = models.DateTimeField()
    swept_until = models.DateTimeField()
    swept_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    day = models.DateField(null=True, blank=True)
    listed = models.PositiveIntegerField(default=0)
    arrived = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "account"], name="one_gap_sweep"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} until {self.swept_until:%d %b %H:%M}"
