"""Channels: our numbers and mailboxes."""

from django.db import models
from django.utils import timezone

from leads.models import Mode, Team


class Channel(models.Model):
    """One number or mailbox of ours, with its team, mode and caps.

    A simulator channel never leaves the machine, whatever keys are set.
    """

    class Kind(models.TextChoices):
        SMS = "sms", "Text"
        EMAIL = "email", "Email"

    kind = models.CharField(max_length=8, choices=Kind)
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=80, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="channels")
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.DRAFT)
    sending = models.BooleanField(
        default=True, help_text="Off stops everything on this channel."
    )
    simulated = models.BooleanField(default=False)
    sender_name = models.CharField(max_length=80, blank=True)
    # Below every mail from this mailbox; empty: the company's name and address.
    signature = models.TextField(blank=True, default="", db_default="")
    # Of all messages, whoever wrote them; None is no cap.
    cap_day = models.PositiveIntegerField(null=True, blank=True)
    # Who rings this number and is not answered gets one text.
    missed_calls = models.BooleanField(default=True, db_default=True)
    missed_call_text = models.TextField(blank=True, default="", db_default="")
    # A telephone (E.164) that rings first; "" answers nobody's call.
    forward_to = models.CharField(max_length=20, blank=True, default="", db_default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "address"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "address", "simulated"], name="one_channel"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.address
