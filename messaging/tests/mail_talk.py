"""Short words for stories by mail: a lead writes, our answer goes back, and so on."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from leads import clock, policy
from leads.seeding import ensure_ground
from messaging.channels import ensure_channel
from messaging.mail.facts import InboundMail, Machine, MachineKind, MailFile, ReadMail
from messaging.mailroom import receive_mail
from messaging.models import Channel, Mail, Message, Profile

DANA = "dana@reyes.example"
OURS = "hello@alder.example"


def mail_mode(name: str, *, ours: str = OURS) -> Channel:
    """Set what the AI may do in our mailbox."""
    ensure_ground()
    policy.change(actor="system", burst_email_seconds=20)
    Profile.objects.update_or_create(
        pk=1, defaults={"name": "Alder Desks", "sells": "standing desks for offices"}
    )
    channel = ensure_channel(kind="email", address=ours)
    channel.mode = name
    channel.save()
    return channel


def read(words: str, **more: Any) -> ReadMail:
    """A mail as the reader gives it, of Dana's unless said otherwise."""
    fields: dict[str, Any] = {
        "message_id": f"{uuid.uuid4().hex}@reyes.example",
        "sender": DANA,
        "sender_name": "Dana Reyes",
        "recipients": (OURS,),
        "subject": "Desks",
        "text": words,
        "reply": words,
    }
    return ReadMail(**{**fields, **more})


def mail_in(
    words: str,
    *,
    external_id: str = "",
    files: tuple[MailFile, ...] = (),
    envelope_to: tuple[str, ...] = (),
    envelope_from: str = "",
    simulated: bool = False,
    **more: Any,
) -> Message | None:
    """A mail comes in through the provider."""
    mail = replace(read(words, **more), files=files)
    return receive_mail(
        fact=InboundMail(
            provider="fake",
            external_id=external_id or uuid.uuid4().hex,
            mail=mail,
            received_at=clock.now(),
            envelope_to=envelope_to,
            envelope_from=envelope_from,
            simulated=simulated,
        )
    )


def machine(
    kind: MachineKind, *, until: datetime | None = None, words: str = "its headers"
) -> Machine:
    """What the reader says of a mail that a machine wrote."""
    return Machine(kind, words, until=until)


def header_of(message: Message) -> str:
    """The Message-ID of a stored mail."""
    return Mail.objects.get(message=message).header_id


def latest(direction: str = "outbound") -> Message:
    """The newest message of one direction."""
    return Message.objects.filter(direction=direction).latest("pk")
