"""Conversations, their messages and attachments."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models import ContactPoint, Lead, Mode, Work
from leads.prepared_rows import PreparedModel
from messaging.models.channel import Channel
from messaging.models.querysets import ConversationQuerySet, MessageQuerySet


class Conversation(PreparedModel):
    """Everything said with one lead, over all channels.

    Without a lead only while a person must choose among several leads that
    share `contact_point`. `turn` is kept by `messaging.conversations.refresh`.
    """

    class Turn(models.TextChoices):
        NEEDS_YOU = "needs_you", "Needs you"
        AI = "ai", "AI"
        WAITING = "waiting", "Waiting on lead"
        PERSON = "person", "Has it"
        PARKED = "parked", "Parked"
        OPTED_OUT = "opted_out", "Opted out"
        DONE = "done", "Done"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.OneToOneField(
        Lead,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="conversation",
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="conversations",
    )
    # "" inherits from the channel.
    mode = models.CharField(max_length=8, choices=Mode, blank=True)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="held_conversations",
    )
    held_since = models.DateTimeField(null=True, blank=True)
    # Automatic messages rest until a person decides; says why.
    paused_reason = models.CharField(max_length=200, blank=True)
    turn = models.CharField(max_length=10, choices=Turn, default=Turn.WAITING)
    turn_reason = models.CharField(max_length=200, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    parked_until = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    unread = models.BooleanField(default=False)
    last_message = models.ForeignKey(
        "messaging.Message",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    last_at = models.DateTimeField(default=timezone.now)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    automatic_in_a_row = models.PositiveSmallIntegerField(default=0)
    # Seconds that the simulated lead's own clock is ahead of business time.
    clock_shift = models.IntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["turn", "-last_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lead__isnull=False)
                | models.Q(contact_point__isnull=False),
                name="conversation_with_someone",
            ),
            models.UniqueConstraint(
                fields=["contact_point"],
                condition=models.Q(lead=None),
                name="one_unclear_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"with {self.lead or self.contact_point}"


class Message(Work):
    """One message in or out, one note, or one logged call.

    Outbound rows are the queue of what is to be sent: `state` only moves
    through `leads.claims`, and every move says its `reason`.
    """

    READY: ClassVar[str] = "queued"
    WORKING: ClassVar[str] = "claimed"
    DEAD: ClassVar[str] = "failed"

    class Direction(models.TextChoices):
        INBOUND = "inbound", "In"
        OUTBOUND = "outbound", "Out"
        NOTE = "note", "Note"

    class Kind(models.TextChoices):
        SMS = "sms", "text"
        EMAIL = "email", "email"
        NOTE = "note", "note"
        CALL = "call", "call"

    class Author(models.TextChoices):
        LEAD = "lead", "Lead"
        PERSON = "person", "Person"
        AI = "ai", "AI"
        BUILTIN = "builtin", "Built-in"
        SYSTEM = "system", "System"

    class State(models.TextChoices):
        RECEIVED = "received", "received"
        WRITTEN = "written", "written"  # notes and calls
        DRAFT = "draft", "draft"
        QUEUED = "queued", "queued"
        HELD = "held", "held"
        CLAIMED = "claimed", "sending"
        SENT = "sent", "sent"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"
        UNKNOWN = "unknown", "not known yet, checking"
        CANCELLED = "cancelled", "not sent"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    direction = models.CharField(max_length=8, choices=Direction)
    kind = models.CharField(max_length=8, choices=Kind)
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whom it is from (inbound) or goes to (outbound).
    contact_point = models.ForeignKey(
        ContactPoint, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    author = models.CharField(max_length=8, choices=Author)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    subject = models.CharField(max_length=500, blank=True)
    body = models.TextField(blank=True)
    # What the model proposed, when a person changed it before sending.
    proposed_body = models.TextField(blank=True)
    reason = models.CharField(max_length=300, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    effect_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    answers = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="answered_by",
    )
    resend_of = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="resent_as",
    )
    turn = models.ForeignKey(
        "messaging.Turn",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
    )
    automatic = models.BooleanField(default=False)
    # A step of a sequence: nobody has asked for it just now.
    follow_up = models.BooleanField(default=False, db_default=False)
    simulated = models.BooleanField(default=False)
    # A person confirmed "was it sent?"; or the carrier's own count.
    segments = models.PositiveSmallIntegerField(default=0)
    cost_micro = models.BigIntegerField(null=True, blank=True)
    # [{"name", "ok", "words"}] as the gate decided in the claiming transaction.
    checks = models.JSONField(default=list, blank=True)
    # {"minutes", "outcome"} of a logged call; {"media": …} of a picture.
    details = models.JSONField(default=dict, blank=True)
    occurred_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["occurred_at", "pk"]
        indexes = [
            models.Index(fields=["conversation", "occurred_at"]),
            models.Index(fields=["state", "due_at"]),
            models.Index(fields=["provider", "external_id"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "external_id", "contact_point"],
                condition=models.Q(direction="inbound") & ~models.Q(external_id=""),
                name="one_inbound_message",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.direction} {self.state}"

    @classmethod
    def ready_states(cls) -> tuple[str, ...]:
        """Queued ones, and held ones whose time has come."""
        return (cls.State.QUEUED, cls.State.HELD)


class Attachment(models.Model):
    """A picture or file of a message, kept in private storage."""

    class State(models.TextChoices):
        WAITING = "waiting", "being fetched"
        STORED = "stored", "stored"
        REFUSED = "refused", "refused"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="attachments"
    )
    position = models.PositiveSmallIntegerField(default=0)
    source_url = models.URLField(max_length=1000, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=300, blank=True)
    # What the HTML of a mail calls it; an inline picture is shown inside its mail.
    content_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    inline = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "position"], name="one_attachment_per_place"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.content_type
