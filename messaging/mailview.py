"""How a mail looks on the screens: what stands beside the words that it brought.

`messaging.timeline` puts a face on every bubble of a mail; the page of the whole mail
reads the rest (`detail_of`). Nothing here asks the database for a mail that its reader
has loaded (`MessageQuerySet.for_thread`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from leads import clock
from messaging.mail.facts import MachineKind
from messaging.models import Attachment, Mail, Message

MOST_SHOWN: Final = 3
_MAIL: Final = Message.Kind.EMAIL
# Answers and forwards by the habits of the mail programs of many languages.
_PREFIX = re.compile(
    r"^\s*(?:re|aw|antw|antwort|sv|vs|rv|res|réf|odp|fw|fwd|wg|tr|rif)"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*:\s*",
    re.IGNORECASE,
)
# What wrote it, in words, with the mark and the tone of its chip.
_MACHINES: Final[dict[str, tuple[str, str, str]]] = {
    MachineKind.AUTO_REPLY: ("Automatic reply", "smart_toy", "done"),
    MachineKind.OUT_OF_OFFICE: ("Out of office", "beach_access", "amber"),
    MachineKind.BOUNCE: ("Bounced", "error", "red"),
    MachineKind.COMPLAINT: ("Reported as spam", "report", "red"),
    MachineKind.LIST: ("Mailing list", "campaign", "done"),
    MachineKind.RECEIPT: ("Read receipt", "mark_email_read", "done"),
}
_UNKNOWN: Final = ("Written by a machine", "smart_toy", "done")


@dataclass(frozen=True, slots=True)
class MachineChip:
    """That a machine wrote it: words, icon and tone of the chip, and how we know."""

    words: str
    icon: str
    tone: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class MailFace:
    """What a bubble shows of a mail besides its words.

    `to` are at most three recipients, `more` how many others there are, `everyone`
    names them all. `broken` says in words what could not be read, "" when all could.
    `has_original` and `has_html` say what there is to open.
    """

    sender: str = ""
    to: tuple[str, ...] = ()
    more: int = 0
    everyone: str = ""
    machine: MachineChip | None = None
    broken: str = ""
    has_original: bool = False
    has_html: bool = False


@dataclass(frozen=True, slots=True)
class MailDetail:
    """The whole mail for a person who looks: its text, its people, its headers."""

    face: MailFace
    text: str
    lines: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    files: tuple[Attachment, ...]


def face_of(message: Message) -> MailFace | None:
    """Return what a bubble shows of the message's mail; None when it is no mail."""
    if message.kind != _MAIL:
        return None
    mail: Mail | None = getattr(message, "mail", None)
    if mail is None:
        return None
    people = tuple(dict.fromkeys(str(one) for one in mail.recipients if one))
    return MailFace(
        sender=_sender(message, mail),
        to=people[:MOST_SHOWN],
        more=len(people[MOST_SHOWN:]),
        everyone=", ".join(people),
        machine=machine_of(mail),
        broken="; ".join(str(one) for one in mail.defects if one),
        has_original=_has(message, mail, "original"),
        has_html=_has(message, mail, "html"),
    )


def _has(message: Message, mail: Mail, field: str) -> bool:
    """By the reader's own column where there is one: the text may be megabytes."""
    known = getattr(message, f"mail_has_{field}", None)
    return bool(getattr(mail, field)) if known is None else bool(known)


def _sender(message: Message, mail: Mail) -> str:
    if message.direction == Message.Direction.INBOUND:
        point = message.contact_point
        return point.value if point else mail.sender_name
    return message.channel.address if message.channel else ""


def machine_of(mail: Mail) -> MachineChip | None:
    """Return the chip of a mail that a machine wrote; None when a person did."""
    if not mail.machine:
        return None
    said, icon, tone = _MACHINES.get(mail.machine, _UNKNOWN)
    if mail.machine == MachineKind.OUT_OF_OFFICE and mail.returns_at is not None:
        said = f"{said} until {day_words(mail.returns_at)}"
    return MachineChip(said, icon, tone, mail.machine_words)


def day_words(moment: datetime) -> str:
    """Return the day of a moment at a day's start in UTC: "3 Mar", "3 Mar 2027"."""
    day = moment.astimezone(UTC)
    year = "" if day.year == clock.now().year else f" {day.year}"
    return f"{day.day} {day:%b}{year}"


def bare_subject(subject: str) -> str:
    """Return what a subject says without "Re:", "AW:", "Fwd:" and the like."""
    bare, found = subject, 1
    while found:
        bare, found = _PREFIX.subn("", bare)
    return " ".join(bare.split()).casefold()


def changed_subjects(messages: Iterable[Message]) -> list[str]:
    """Return for each message the subject to show: "" when the mail before it, in
    this order, had the same one, answers and forwards aside.
    """
    shown, last = [], ""
    for message in messages:
        if message.kind != _MAIL or not message.subject:
            shown.append("")
            continue
        bare = bare_subject(message.subject)
        shown.append("" if bare == last else message.subject)
        last = bare
    return shown


def detail_of(message: Message) -> MailDetail:
    """Return all that the page of one mail shows. It has a `mail`."""
    mail = message.mail
    face = face_of(message) or MailFace()
    headers = tuple(_pairs(mail.headers))
    return MailDetail(
        face=face,
        text=mail.original or message.body,
        lines=tuple(_lines(face, mail, dict(_lower(headers)))),
        headers=headers,
        files=tuple(message.attachments.all()),
    )


def _lines(
    face: MailFace, mail: Mail, headers: dict[str, str]
) -> Iterable[tuple[str, str]]:
    name = f"{mail.sender_name} <{face.sender}>" if mail.sender_name else face.sender
    yield "From", name
    # The headers know who was only copied; without them all stand together.
    named = [(key, headers.get(key.lower(), "")) for key in ("To", "Cc", "Reply-To")]
    if not named[0][1]:
        named[0] = ("To", face.everyone)
    yield from ((key, words) for key, words in named if words)


def _lower(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name.lower(), value) for name, value in pairs)


def _pairs(rows: object) -> Iterable[tuple[str, str]]:
    """Headers as they were kept: [[name, value], …]; what is not so is left out."""
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, (list, tuple)) and len(row) == 2:
            yield str(row[0]), str(row[1])
