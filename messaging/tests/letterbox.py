"""A lead who writes mail, a mailbox of ours, and our mail as MIME."""

import uuid
from datetime import timedelta
from email import policy as mail_policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from types import SimpleNamespace
from typing import Any

from django.db import transaction

from leads import clock, consent
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
    StageFactory,
    TeamFactory,
    UserFactory,
)
from messaging.conversations import lock_conversation
from messaging.models import Channel, Conversation, Mail, Message, Profile
from messaging.queueing import queue_message
from messaging.sending import as_outgoing

BASE = "https://leads.acme.example"
INBOUND = "reply.acme.example"
DANA = "dana@reyes.example"


def company(**fields: Any) -> Profile:
    """The profile with its name and address."""
    profile = Profile.to_edit()
    profile.name = "Acme Desks"
    profile.postal_address = "1 Main Street, Springfield, IL 62701"
    for name, value in fields.items():
        setattr(profile, name, value)
    profile.save()
    return profile


def letterbox(*, language: str = "en", **channel: Any) -> SimpleNamespace:
    """Dana, who may be written to by mail, and the talk with her."""
    team = TeamFactory()
    StageFactory()
    lead = LeadFactory(team=team, name="Dana Reyes", language=language)
    point = ContactPointFactory(kind="email", value=DANA)
    LeadContactFactory(lead=lead, contact_point=point)
    agree(point)
    values = {"team": team, "mode": "auto", **channel}
    mailbox = Channel.objects.create(
        kind="email", address="sales@acme.example", **values
    )
    talk = Conversation.objects.create(lead=lead, last_at=clock.now())
    user = UserFactory(username=f"ana{uuid.uuid4().hex[:6]}", first_name="Ana")
    return SimpleNamespace(
        team=team, lead=lead, point=point, channel=mailbox, talk=talk, user=user
    )


def agree(point: Any) -> None:
    consent.record_consent(
        contact_point=point,
        channel="email",
        given=True,
        basis="inbound",
        actor="lead",
        at=clock.now(),
    )


def came(
    box: SimpleNamespace,
    *,
    header_id: str = "q1@reyes.example",
    subject: str = "Standing desks",
    body: str = "Do you have standing desks?",
    references: tuple[str, ...] = (),
    in_reply_to: str = "",
    minutes_ago: float = 5,
) -> Message:
    """A mail of Dana's, as it is stored."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    message = Message.objects.create(
        conversation=box.talk,
        direction="inbound",
        kind="email",
        channel=box.channel,
        contact_point=box.point,
        author="lead",
        subject=subject,
        body=body,
        state="received",
        occurred_at=at,
        created_at=at,
    )
    Mail.objects.create(
        message=message,
        header_id=header_id,
        references=list(references),
        in_reply_to=in_reply_to,
    )
    return message


def write(
    box: SimpleNamespace,
    body: str = "Hello Dana,\n\nyes, we have.",
    *,
    author: str = "ai",
    **columns: Any,
) -> Message:
    """A mail of ours, queued."""
    columns.setdefault("automatic", author != "person")
    user = box.user if author == "person" else None
    with transaction.atomic():
        message = queue_message(
            conversation=lock_conversation(box.talk.pk),
            kind="email",
            body=body,
            author=author,
            user=user,
            channel=box.channel,
            **columns,
        )
    return Message.objects.select_related(
        "channel", "contact_point", "conversation__lead"
    ).get(pk=message.pk)


def as_mime(message: Message) -> bytes:
    """The mail as a road out builds it: what `email` refuses, it refuses here."""
    out = as_outgoing(message)
    assert out.mail is not None
    # Long lines: the library's way to break a long link is to encode it.
    mail = EmailMessage(policy=mail_policy.SMTP.clone(max_line_length=998))
    mail["From"] = Address(out.mail.from_name, addr_spec=out.from_address)
    mail["To"] = out.to_address
    mail["Subject"] = out.subject
    mail["Date"] = clock.now()
    mail["Message-ID"] = f"<{out.mail.message_id}>"
    if out.mail.reply_to:
        mail["Reply-To"] = out.mail.reply_to
    if out.mail.in_reply_to:
        mail["In-Reply-To"] = f"<{out.mail.in_reply_to}>"
    if out.mail.references:
        mail["References"] = " ".join(f"<{one}>" for one in out.mail.references)
    for name, value in out.mail.headers:
        mail[name] = value
    mail.set_content(out.body)
    mail.add_alternative(out.mail.html, subtype="html")
    return mail.as_bytes()


def read(message: Message) -> EmailMessage:
    """Our mail as the lead's program reads it."""
    parser = BytesParser(policy=mail_policy.default)
    return parser.parsebytes(as_mime(message).replace(b"\r\n", b"\n"))
