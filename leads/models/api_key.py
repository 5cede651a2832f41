"""Keys with which a program speaks for a person."""

from django.conf import settings
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey


class ApiKey(AbstractAPIKey):  # type: ignore[misc]
    """A key of a person: it may and sees what that person may and sees.

    Only its hash is kept; the key itself is shown once.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):  # type: ignore[misc]
        verbose_name = "API key"
        verbose_name_plural = "API keys"
