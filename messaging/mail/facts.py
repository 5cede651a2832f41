"""What is known of one mail once it was read: plain data that crosses a process."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class UnreadableMail(ValueError):
    """The bytes are no mail that could be kept as one; the text says why."""


class MachineKind(StrEnum):
    """What kind of machine wrote a mail. Nothing automatic ever answers one."""

    AUTO_REPLY = "auto_reply"
    OUT_OF_OFFICE = "out_of_office"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    LIST = "list"
    RECEIPT = "receipt"


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report or a complaint says of one recipient.

    `address` is in lower case, "" when it is not named. `hard` says that the address
    will never take mail. `status` is RFC 3463's code ("5.1.1"), or "". `words` say why
    in plain English; `diagnostic` are the other server's own. `message_id` is the one
    of the mail that came back, without brackets, "" when it is not named.
    """

    address: str
    hard: bool
    status: str = ""
    words: str = ""
    diagnostic: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """That a machine wrote a mail, how we know, and what it says.

    `words` name the sign in plain English. `until` is the local day, as an aware
    moment at its start in UTC, on which who is away returns; None when not said.
    """

    kind: MachineKind
    words: str
    until: datetime | None = None
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that a mail carries.

    `path` is where its bytes are spooled, "" when they are not kept: then `refused`
    says why. `content_type` is what its bytes are, not what was said of them. `name`
    is safe to show and to save under. `content_id` (without brackets) is what the HTML
    calls an inline picture.
    """

    name: str
    content_type: str
    size: int
    path: str = ""
    content_id: str = ""
    inline: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """One mail, read.

    Addresses are in lower case, ids without brackets; what a mail does not have is
    empty. `text` is all of its words (those of the HTML when it has no text), `reply`
    what its writer wrote now, without quoted history and signature, never empty when
    `text` is not. `html` is as it came: never show it unsanitised. `recipients` are
    those of To, Cc, Bcc, Delivered-To, X-Original-To and the envelope, in this order.
    `forwarded_from` is the first writer of a mail that a colleague passed on.
    `defects` are what was wrong with it, in words for an operator.
    """

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    text: str = ""
    reply: str = ""
    html: str = ""
    files: tuple[MailFile, ...] = ()
    machine: Machine | None = None
    forwarded_from: str = ""
    # Named headers as they came, for a person who looks: at most 100, 500 each.
    headers: tuple[tuple[str, str], ...] = ()
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail that a provider brought, with what the provider knows of it.

    `external_id` makes it unique at the provider: Message-ID, recipient and digest.
    `envelope_from` and `envelope_to` are SMTP's own, in lower case. The files of
    `mail` are in `folder`, which whoever made this fact removes afterwards.
    """

    provider: str
    external_id: str
    mail: ReadMail
    received_at: datetime
    envelope_from: str = ""
    envelope_to: tuple[str, ...] = ()
    folder: str = ""
    simulated: bool = False
    # What the provider says of it: {"spf", "dkim", "spam_score"} where known.
    verdicts: dict[str, str] = field(default_factory=dict)
