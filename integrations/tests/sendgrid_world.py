"""Leads with mail that has left, for what SendGrid tells of it afterwards."""

import json
import uuid
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from integrations import webhooks
from integrations.models import WebhookDelivery
from leads import capture, clock
from leads.models import ContactPoint, Team
from messaging.channels import ensure_channel
from messaging.conversations import conversation_of
from messaging.models import Message


def sent_mail(number: int = 0, **fields: Any) -> Message:
    """A mail of ours to ana<number>@example.net that SendGrid took."""
    point = address(number)
    lead = next(iter(capture.leads_of(point)), None) or capture.capture_writer(
        contact_point=point, team=Team.default(), source="test", simulated=False
    )
    now = clock.now()
    return Message.objects.create(
        conversation=conversation_of(lead),
        direction=Message.Direction.OUTBOUND,
        kind="email",
        channel=ensure_channel(kind="email", address="sales@in.example.com"),
        contact_point=point,
        author=Message.Author.PERSON,
        subject="Prices",
        body="40 seats cost 400.",
        state=fields.pop("state", "sent"),
        provider="sendgrid",
        external_id=fields.pop("external_id", f"Xid{number}_A"),
        occurred_at=now,
        due_at=now,
        **fields,
    )


def address(number: int = 0) -> ContactPoint:
    return ContactPoint.objects.get_or_create(
        kind="email", value=f"ana{number}@example.net", simulated=False
    )[0]


def of(message: Message, **fields: Any) -> dict[str, Any]:
    """What SendGrid's events say of which mail they are on."""
    assert message.contact_point is not None
    return {
        "email": message.contact_point.value,
        "leadsite_message": str(message.public_id),
        "sg_message_id": f"{message.external_id}.recvd-756b745b58-kmzbl-1.0",
        **fields,
    }


def row_of(batch: Iterable[Any]) -> WebhookDelivery:
    data = json.dumps(list(batch)).encode()
    return WebhookDelivery.objects.create(
        provider="sendgrid-events",
        route="sendgrid/events/",
        external_id=f"{sha256(data).hexdigest()}:{uuid.uuid4()}",
        state=WebhookDelivery.State.RECEIVED,
        body=data,
        size=len(data),
        due_at=clock.now(),
    )


def process(*batch: Any) -> WebhookDelivery:
    row = row_of(batch)
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    return row
