"""The classes of data of `integrations`, and how each goes when its time has come."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from integrations.models import DeliveryChunk, WebhookDelivery
from leads import clock
from leads.retention import DataClass

KEY = "webhook_bodies"
_BATCH = 500
_ENDED = (WebhookDelivery.State.DONE, WebhookDelivery.State.DISCARDED)


def old_bodies(before: datetime) -> "QuerySet[WebhookDelivery]":
    """Requests that were done before and still have their body."""
    rows = WebhookDelivery.objects.filter(state__in=_ENDED)
    return rows.filter(done_at__lt=before, purged_at=None)


def empty_bodies(before: datetime) -> int:
    """Empty bodies and headers, some rows at a time; how many rows."""
    emptied = 0
    rows = old_bodies(before).order_by()
    while ids := list(rows.values_list("pk", flat=True)[:_BATCH]):
        DeliveryChunk.objects.filter(delivery__in=ids).delete()
        emptied += WebhookDelivery.objects.filter(pk__in=ids).update(
            body=b"", headers={}, purged_at=clock.now()
        )
    return emptied


CLASSES: Sequence[DataClass] = (
    DataClass(
        key=KEY,
        name="Bodies of webhooks",
        words="What vendors sent, to the letter. Refused requests go after 7 days,"
        " ids after 45 in any case.",
        default=30,
        count=lambda before: old_bodies(before).count(),
        apply=empty_bodies,
    ),
)
