"""Keys with which a program speaks for a person."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from rest_framework_api_key.models import AbstractAPIKey


class ApiKey(AbstractAPIKey):
    """A key of a person: it may do and see what that person may.

    Only its hash is kept; the key itself is shown once.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"


class ApiCall(models.Model):
    """A call of the API that made something, so that the same one makes it once.

    `key` is a mark of the caller's Idempotency-Key, which may hold anything, `digest`
    one of what was asked, `made` the id of what came of it. Kept for a day.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    made = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "API call"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_api_call")
        ]

    def __str__(self) -> str:
        return f"{self.key[:8]} of {self.user_id}"
