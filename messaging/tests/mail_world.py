"""Mails for tests: stored as the mailroom stores them, without reading any."""

from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from leads import consent
from leads.models import ContactPoint
from leads.tests.factories import ContactPointFactory, LeadContactFactory
from messaging.models import Attachment, Conversation, Mail, Message
from messaging.tests.inbox_world import channel, said

OURS = "hello@example.com"
# One transparent dot: the smallest PNG that a browser shows.
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


def address_of(talk: Conversation, value: str = "dana@acme.example") -> ContactPoint:
    """The lead's mail address, made and agreed to when it is new."""
    point = ContactPoint.objects.filter(kind="email", value=value).first()
    if point is not None:
        return point
    point = ContactPointFactory(kind="email", value=value)
    LeadContactFactory(lead=talk.lead, contact_point=point, primary=False)
    consent.record_consent(
        contact_point=point,
        channel="email",
        given=True,
        basis="inbound",
        actor="lead",
        at=talk.last_at,
    )
    return point


def mail(
    talk: Conversation,
    body: str = "Yes, Tuesday suits us.",
    *,
    subject: str = "",
    original: str = "",
    html: str = "",
    author: str = "lead",
    sender: str = "dana@acme.example",
    minutes_ago: float = 0,
    message: dict[str, Any] | None = None,
    **fields: Any,
) -> Message:
    """A mail of the lead or of us, in the talk; `fields` are those of `Mail`."""
    row = said(
        talk,
        body,
        author=author,
        minutes_ago=minutes_ago,
        kind="email",
        subject=subject,
        contact_point=address_of(talk, sender),
        channel=channel(talk.lead.team, "email"),
        **(message or {}),
    )
    values = {
        "header_id": f"{row.public_id}@acme.example",
        "recipients": [OURS] if author == "lead" else [sender],
        "original": original,
        "html": html,
        **fields,
    }
    Mail.objects.create(message=row, **values)
    return row


def file_of(
    message: Message,
    name: str = "plan.pdf",
    content: bytes = b"%PDF-1.4 a plan",
    content_type: str = "application/pdf",
    **fields: Any,
) -> Attachment:
    """A file of a message that is kept in the storage."""
    position = message.attachments.count()
    path = f"attachments/tests/{message.public_id}-{position}"
    return Attachment.objects.create(
        message=message,
        position=position,
        name=name,
        content_type=content_type,
        size=len(content),
        path=default_storage.save(path, ContentFile(content)),
        state=Attachment.State.STORED,
        **fields,
    )


def picture_of(message: Message, content_id: str = "", **fields: Any) -> Attachment:
    """A picture of a message; with a content id it stands inside its mail."""
    values = {
        "name": "logo.png",
        "content": DOT,
        "content_type": "image/png",
        "content_id": content_id,
        "inline": bool(content_id),
        **fields,
    }
    return file_of(message, **values)


def refused_file(
    message: Message,
    name: str = "setup.exe",
    reason: str = "programs are never kept",
    size: int = 12_000,
) -> Attachment:
    """A file that was not kept, and why."""
    return Attachment.objects.create(
        message=message,
        position=message.attachments.count(),
        name=name,
        size=size,
        state=Attachment.State.REFUSED,
        reason=reason,
    )
