"""What things cost, and the counters that caps are held by."""

from django.db import models
from django.utils import timezone

from leads.models.lead import Lead


class UsageRecord(models.Model):
    """One use of a service. `micro` is millionths of `currency`, None for a price
    that is not known.
    """

    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.SET_NULL, related_name="usage"
    )
    service = models.CharField(max_length=40)
    what = models.CharField(max_length=80)
    quantity = models.BigIntegerField(default=0)
    # Tokens: {"input", "cached", "output"}, and "estimated" while nobody said.
    details = models.JSONField(default=dict, blank=True)
    micro = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    effect_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["service", "-occurred_at"])]

    def __str__(self) -> str:
        return f"{self.service} {self.what} ×{self.quantity}"


class Counter(models.Model):
    """How much of a cap is used in one period.

    Taken with `filter(used__lte=limit - n).update(used=F("used") + n)`;
    counting rows instead lets a race through the cap.
    """

    key = models.CharField(max_length=120)
    period = models.CharField(max_length=24)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "period"], name="one_counter")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.period}: {self.used}"
