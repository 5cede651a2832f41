"""A mail as both roads carry it: checked once, so that no header can be smuggled in."""

import re
from dataclasses import dataclass
from typing import Final

from messaging.transports import (
    Outcome,
    OutgoingMail,
    OutgoingMessage,
    TransportError,
)

NO_SUBJECT: Final = "(no subject)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_ADDRESS = re.compile(r"[^\s<>,;:()\x00-\x1f\x7f@]{1,64}@[^\s<>,;:()\x00-\x1f\x7f@]+")
_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322, 2.2: printable ASCII but the colon
# Each road writes these itself, or they belong to those that carry the mail on.
_RESERVED: Final = frozenset(
    {
        "bcc",
        "cc",
        "date",
        "dkim-signature",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "received",
        "references",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
    }
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one address. Addresses are ASCII (a domain by IDNA); no value holds
    a control character; `headers` are the threading ones and then the further ones.
    """

    sender: str
    sender_name: str
    recipient: str
    reply_to: str
    subject: str
    text: str
    html: str
    message_id: str
    headers: tuple[tuple[str, str], ...]


def letter_of(message: OutgoingMessage, *, sender: str) -> Letter:
    """The mail in `message`, from `sender`. Raises TransportError (permanent) when it
    cannot be one: both roads would refuse it.
    """
    mail = message.mail or OutgoingMail(message_id=_plain_id(message))
    return Letter(
        sender=address(sender, "the sender"),
        sender_name=_line(mail.from_name, "the sender's name"),
        recipient=address(message.to_address, "the recipient"),
        reply_to=address(mail.reply_to, "the address for replies")
        if mail.reply_to
        else "",
        subject=_line(message.subject, "the subject").strip() or NO_SUBJECT,
        text=_text(message.body),
        html=_text(mail.html),
        message_id=f"<{_id(mail.message_id)}>",
        headers=(*_threading(mail), *_further(mail)),
    )


def is_address(value: str) -> bool:
    """Whether it looks like a mail address, bare."""
    return _ADDRESS.fullmatch(value) is not None


def address(value: str, what: str) -> str:
    """A bare address in ASCII. Raises TransportError (permanent)."""
    if not is_address(value):
        raise _no(f"{what} is not a mail address")
    local, _, domain = value.rpartition("@")
    if not local.isascii():
        raise _no(f"{what} has letters before the @ that mail does not carry")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise _no(f"{what} has no domain that can exist") from None


def _plain_id(message: OutgoingMessage) -> str:
    domain = message.from_address.rpartition("@")[2]
    return f"{message.public_id}@{domain or 'leadsite.invalid'}"


def _threading(mail: OutgoingMail) -> list[tuple[str, str]]:
    rows = []
    if mail.in_reply_to:
        rows.append(("In-Reply-To", f"<{_id(mail.in_reply_to)}>"))
    if mail.references:
        ids = " ".join(f"<{_id(one)}>" for one in mail.references)
        rows.append(("References", ids))
    return rows


def _further(mail: OutgoingMail) -> list[tuple[str, str]]:
    for name, value in mail.headers:
        low = name.lower()
        ours = low in _RESERVED or low.startswith(("content-", "x-sg-"))
        if ours or not _NAME.fullmatch(name):
            raise _no(f"a header may not be named {name[:40]!r}")
        _line(value, f"the header {name[:40]}")
    return list(mail.headers)


def _id(value: str) -> str:
    if not value or not value.isascii() or re.search(r"[\s<>\x00-\x1f\x7f]", value):
        raise _no("a Message-ID is not one")
    return value


def _line(value: str, what: str) -> str:
    if _CONTROL.search(value):
        raise _no(f"{what} holds a line break or a control character")
    return _text(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeError:
        raise _no("it holds characters that cannot be written") from None
    return value


def _no(words: str) -> TransportError:
    return TransportError(Outcome.PERMANENT, f"not sent: {words}", code="request")
