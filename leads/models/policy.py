"""Run-time settings of the installation: one audited row, read per claim."""

from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from leads.models.team import Mode


class Fallback(models.TextChoices):
    """Who answers when the language model does not."""

    BUILTIN = "builtin", "Built-in model"
    PERSON = "person", "A person"


class Policy(models.Model):
    """What the machine may do here. One row; see `leads.policy`."""

    mode = models.CharField("AI mode", max_length=8, choices=Mode, default=Mode.AUTO)
    new_channel_mode = models.CharField(
        "AI mode of new channels",
        max_length=8,
        choices=Mode,
        default=Mode.DRAFT,
        help_text="What the AI may do on a number or mailbox that is new here.",
    )
    sending = models.BooleanField(
        "sending on", default=True, help_text="Off is the kill switch: nothing leaves."
    )
    burst_sms_seconds = models.PositiveSmallIntegerField(default=20)
    burst_email_seconds = models.PositiveSmallIntegerField(default=60)
    burst_simulator_seconds = models.PositiveSmallIntegerField(default=3)
    cap_lead_hour = models.PositiveSmallIntegerField(
        default=6, help_text="Automatic messages to one lead in an hour."
    )
    cap_lead_day = models.PositiveSmallIntegerField(default=20)
    cap_conversation = models.PositiveSmallIntegerField(
        default=30, help_text="Automatic messages in a row without a person."
    )
    cap_installation_day = models.PositiveIntegerField(default=2_000)
    budget_day_micro = models.BigIntegerField(
        default=50_000_000, help_text="Automatic spending in a day, in millionths."
    )
    cap_follow_day = models.PositiveSmallIntegerField(
        default=2, db_default=2, help_text="Follow-ups to one lead in a day."
    )
    quiet_from = models.TimeField(default=time(20, 0))
    quiet_until = models.TimeField(default=time(9, 0))
    quiet_hours = models.BooleanField(default=True)
    # Mail keeps them too; follow-ups by mail always do.
    quiet_email = models.BooleanField(default=False, db_default=False)
    # A reply may go at night to who wrote so many minutes ago; 0 is never.
    night_reply_minutes = models.PositiveSmallIntegerField(
        default=10, db_default=10, validators=[MaxValueValidator(120)]
    )
    night_reply_sms = models.BooleanField(default=True, db_default=True)
    night_reply_email = models.BooleanField(default=True, db_default=True)
    # Since when the opt-outs of the old system are known; see `OptOutList`.
    opt_outs_sms_at = models.DateTimeField(null=True, blank=True, editable=False)
    opt_outs_email_at = models.DateTimeField(null=True, blank=True, editable=False)
    max_segments = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    undo_seconds = models.PositiveSmallIntegerField(default=5)
    sla_minutes = models.PositiveSmallIntegerField(default=15)
    sms_segment_micro = models.PositiveIntegerField(
        default=8_300, help_text="Price of one text segment, in millionths."
    )
    model_fallback = models.CharField(
        max_length=8, choices=Fallback, default=Fallback.BUILTIN
    )
    # Why the AI only drafts until a person resumes it; see `leads.halting`.
    ai_halted_reason = models.CharField(max_length=300, blank=True)
    # Caps of the language model in a day, set aside before each call.
    ai_tokens_lead_day = models.PositiveIntegerField(default=200_000)
    ai_micro_lead_day = models.PositiveBigIntegerField(default=500_000)
    ai_tokens_day = models.PositiveBigIntegerField(default=10_000_000)
    ai_micro_day = models.PositiveBigIntegerField(default=20_000_000)
    # How sure an answer must be, in percent: to be sent, and to be drafted at all.
    sure_to_send = models.PositiveSmallIntegerField(
        default=45, validators=[MaxValueValidator(100)]
    )
    sure_to_draft = models.PositiveSmallIntegerField(
        default=15, validators=[MaxValueValidator(100)]
    )
    updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_by = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "policy"

    def __str__(self) -> str:
        return "Policy"

    def clean(self) -> None:
        """What may be sent must be worth a draft as well."""
        if self.sure_to_draft > self.sure_to_send:
            words = "No more than it takes to be sent."
            raise ValidationError({"sure_to_draft": words})

    @property
    def mode_now(self) -> str:
        """The AI's mode, at most draft while it is halted."""
        halted = self.ai_halted_reason and self.mode == Mode.AUTO
        return Mode.DRAFT.value if halted else self.mode

    def values(self) -> dict[str, Any]:
        """The editable settings by name."""
        return {
            field.name: getattr(self, field.name)
            for field in self._meta.concrete_fields
            if field.editable and not field.primary_key
        }
