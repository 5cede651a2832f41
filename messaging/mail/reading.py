"""A mail read: from its bytes, or from fields that a provider took it apart into.

Neither raises for what is wrong with a mail, only where nothing is in it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, message_from_string
from email.message import Message
from pathlib import Path
from typing import IO, Final

from messaging.mail import heads
from messaging.mail.bodies import Body, choose_text, clean_html, read_body
from messaging.mail.facts import Machine, ReadMail, UnreadableMail
from messaging.mail.files import Keeper
from messaging.mail.forwards import forwarded_from
from messaging.mail.machines import recognise
from messaging.mail.taking import Part, take_apart
from messaging.mail.texts import clean, one_line
from messaging.mail.trimming import trim_reply

log = logging.getLogger(__name__)

MAX_SUBJECT: Final = 500
MAX_DEFECTS: Final = 20
# Of a report: what machines say to each other, which comes as files of a form.
_REPORTS: Final = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
    }
)
_MAX_REPORT: Final = 200_000


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form, spooled in the mail's folder. `content_id` has no brackets."""

    name: str
    content_type: str
    path: str
    content_id: str = ""


def read_raw(
    source: IO[bytes],
    *,
    folder: str,
    received_at: datetime,
    content_type: str = "",
    envelope_to: Sequence[str] = (),
) -> ReadMail:
    """What the parser's child calls by default: the body is a mail's MIME source."""
    return read_mail(
        source, folder=folder, received_at=received_at, envelope_to=envelope_to
    )


def read_mail(
    source: IO[bytes],
    *,
    folder: str,
    received_at: datetime,
    envelope_to: Sequence[str] = (),
) -> ReadMail:
    """Read a mail's MIME source; its files are spooled to `folder`.

    `source` can seek. Raises UnreadableMail when nothing is in it, and OSError when
    `folder` cannot be written.
    """
    message, defects = take_apart(source)
    keeper = Keeper(folder)
    body = read_body(message, keeper)
    sender = heads.sender_of(message)
    subject = heads.words_of(heads.raw_value(message, "subject"))
    return _finish(
        _Parts(message, body, keeper, sender, subject, [*defects, *body.defects]),
        received_at=received_at,
        recipients=heads.recipients_of(message, envelope_to),
    )


def read_fields(
    fields: Mapping[str, str],
    *,
    files: Sequence[FormFile],
    folder: str,
    received_at: datetime,
    envelope_to: Sequence[str] = (),
) -> ReadMail:
    """Read a mail that a provider took apart: decoded `headers` (the whole block),
    `from`, `to`, `cc`, `subject`, `text` and `html`, any of which may be missing.

    Of `files`, refused ones are removed. Raises as `read_mail` does.
    """
    message = message_from_string(fields.get("headers", "").lstrip() + "\n\n", Part)
    for name in ("from", "to", "cc", "subject"):
        if name in fields and not heads.raw_value(message, name).strip():
            del message[name]
            message[name] = " ".join(fields[name].splitlines())
    keeper = Keeper(folder)
    html = clean_html(fields.get("html", ""))
    text = choose_text(clean(fields.get("text", "")), html)
    body = Body(text=text, html=html)
    _take_files(files, message, keeper, body)
    subject = fields.get("subject") or heads.words_of(
        heads.raw_value(message, "subject")
    )
    sender = heads.sender_of(message)
    return _finish(
        _Parts(message, body, keeper, sender, subject, body.defects),
        received_at=received_at,
        recipients=heads.recipients_of(message, envelope_to),
    )


def _take_files(
    files: Iterable[FormFile], message: Message, keeper: Keeper, body: Body
) -> None:
    """Keep the files; those that are a report become parts of `message` again."""
    said = Part()
    said["Content-Type"] = "text/plain; charset=utf-8"
    said.set_payload(body.text.encode().decode("ascii", "surrogateescape"))
    parts: list[Message | str] = [said]
    for file in files:
        kind = file.content_type.partition(";")[0].strip().lower()
        if kind not in _REPORTS and kind != "message/rfc822":
            keeper.keep_spooled(file.name, kind, file.path, content_id=file.content_id)
            continue
        data = Path(file.path).read_bytes()[:_MAX_REPORT]
        head = f"Content-Type: {kind}\n\n".encode()
        parts.append(message_from_bytes(head + data, Part))
        if kind in _REPORTS:
            Path(file.path).unlink()
            continue
        body.attached.append(message_from_bytes(data, Part))
        keeper.keep_spooled(file.name or "mail.eml", kind, file.path)
    keeper.mark_inline(body.html)
    body.text = body.text or choose_text(clean(keeper.text), keeper.html)
    message.set_payload(parts if len(parts) > 1 else said.get_payload())


@dataclass(slots=True)
class _Parts:
    message: Message
    body: Body
    keeper: Keeper
    sender: heads.Address
    subject: str
    defects: list[str]


def _finish(
    parts: _Parts, *, received_at: datetime, recipients: tuple[str, ...]
) -> ReadMail:
    message, body, keeper = parts.message, parts.body, parts.keeper
    subject = one_line(parts.subject, MAX_SUBJECT)
    ids = heads.ids_of(message, "message-id")
    mail = ReadMail(
        message_id=ids[0] if ids else "",
        in_reply_to=heads.ids_of(message, "in-reply-to"),
        references=heads.ids_of(message, "references"),
        sender=parts.sender.address,
        sender_name=parts.sender.name,
        reply_to=_reply_to(message),
        recipients=recipients,
        subject=subject,
        sent_at=heads.date_of(message),
        text=body.text,
        reply=_reply(body, subject, parts.defects),
        html=body.html,
        files=tuple(keeper.files),
        machine=_machine(parts, subject, received_at),
        forwarded_from=forwarded_from(body.text, subject, body.attached),
        headers=heads.named_headers(message),
    )
    if not (mail.sender or mail.text.strip() or mail.html or mail.files or ids):
        raise UnreadableMail("it has no sender, no words and no files")
    return replace(mail, defects=_all_defects(mail, parts.defects, keeper))


def _all_defects(
    mail: ReadMail, found: Sequence[str], keeper: Keeper
) -> tuple[str, ...]:
    defects = [*found, *keeper.defects]
    if not mail.sender:
        defects.append("it does not say who sent it")
    if not mail.message_id:
        defects.append("it has no Message-ID")
    if keeper.left:
        defects.append(f"{keeper.left} more files are not listed")
    return tuple(dict.fromkeys(defects))[:MAX_DEFECTS]


def _reply_to(message: Message) -> str:
    for value in heads.raw_values(message, "reply-to"):
        for address in heads.addresses(value):
            return address.address
    return ""


def _reply(body: Body, subject: str, defects: list[str]) -> str:
    """What was written now; all of the text where trimming leaves nothing or fails."""
    try:
        trimmed = trim_reply(body.text, html=body.html, subject=subject)
    except Exception:  # a mail must come in, whatever its text does to our rules
        log.exception("a mail's quoted history could not be trimmed")
        defects.append("its quoted history could not be told from the answer")
        return body.text
    return trimmed.reply if trimmed.reply.strip() else body.text


def _machine(parts: _Parts, subject: str, received_at: datetime) -> Machine | None:
    try:
        return recognise(
            parts.message,
            sender=parts.sender.address,
            subject=subject,
            text=parts.body.text,
            received_at=received_at,
        )
    except Exception:  # as above
        log.exception("a mail could not be judged")
        parts.defects.append("whether a machine wrote it could not be told")
        return None
