"""One request of Inbound Parse as a mail, read in the parser's child process.

Needs no Django. SendGrid sends a mail either taken apart into fields, or as the MIME
source in the field `email`; beside it stands what its servers know of it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.utils import getaddresses
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from integrations.sendgrid_arrived import Arrived
from integrations.sendgrid_form import BadForm, Form, Part, read_form
from messaging.mail.facts import ReadMail, UnreadableMail
from messaging.mail.reading import FormFile, read_fields, read_mail

_PIECE: Final = 1_048_576
_VERDICT: Final = 200  # characters
_MOST_RECIPIENTS: Final = 100
# The name under which the product knows it, and SendGrid's.
_VERDICTS: Final = {
    "spf": "SPF",
    "dkim": "dkim",
    "spam_score": "spam_score",
    "sender_ip": "sender_ip",
}
# Fields of a mail that was taken apart.
_TEXTS: Final[tuple[str, ...]] = (
    "headers",
    "from",
    "to",
    "cc",
    "subject",
    "text",
    "html",
)


def read(
    source: IO[bytes], *, folder: str, received_at: datetime, content_type: str
) -> Arrived:
    """Read a request's body. Files go to `folder`. Raises UnreadableMail."""
    try:
        form = read_form(_pieces(source), content_type, folder=Path(folder))
    except BadForm as error:
        raise UnreadableMail(str(error)) from None
    sender, recipients = _envelope(form)
    mail = _mail_of(form, folder, received_at, recipients)
    return Arrived(
        mail=replace(mail, defects=(*mail.defects, *form.defects)),
        external_id=_external_id(mail, recipients),
        envelope_from=sender,
        envelope_to=recipients,
        verdicts=_verdicts(form),
    )


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def _mail_of(
    form: Form, folder: str, received_at: datetime, recipients: tuple[str, ...]
) -> ReadMail:
    raw = form.fields.get("email")
    if raw is not None:
        with _opened(raw) as source:
            return read_mail(
                source,
                folder=folder,
                received_at=received_at,
                envelope_to=recipients,
            )
    if not any(name in form.fields for name in ("headers", "from", "text", "html")):
        raise UnreadableMail(
            "the form holds no mail: neither email, nor from, nor text"
        )
    fields = {name: form.text(name) for name in _TEXTS if name in form.fields}
    return read_fields(
        fields,
        files=[_file_of(part, form) for part in form.files],
        folder=folder,
        received_at=received_at,
        envelope_to=recipients,
    )


def _opened(part: Part) -> IO[bytes]:
    return Path(part.path).open("rb") if part.path else BytesIO(part.data)


def _file_of(part: Part, form: Form) -> FormFile:
    """A file with its name, by what the form says elsewhere where it has none."""
    told = form.mapping("attachment-info").get(part.name)
    info: dict[str, Any] = told if isinstance(told, dict) else {}
    return FormFile(
        name=part.filename or _word(info, "filename") or _word(info, "name"),
        content_type=part.content_type or _word(info, "type"),
        path=part.path,
        content_id=_word(info, "content-id").strip("<>") or _content_id(part, form),
    )


def _content_id(part: Part, form: Form) -> str:
    for content_id, name in form.mapping("content-ids").items():
        if name == part.name:
            return str(content_id).strip("<>")
    return ""


def _word(info: dict[str, Any], name: str) -> str:
    value = info.get(name)
    return value[:300] if isinstance(value, str) else ""


def _envelope(form: Form) -> tuple[str, tuple[str, ...]]:
    """SMTP's sender and recipients; nothing where the form is not sure of them."""
    told = form.mapping("envelope")
    sender, recipients = told.get("from"), told.get("to")
    if isinstance(recipients, str):
        recipients = [recipients]
    listed = recipients if isinstance(recipients, list) else []
    found = [address for one in listed if (address := _address(one))]
    return _address(sender), tuple(dict.fromkeys(found))[:_MOST_RECIPIENTS]


def _address(told: Any) -> str:
    """The bare address in lower case; "" when it is none."""
    if not isinstance(told, str):
        return ""
    parsed = getaddresses([told.replace("\r", " ").replace("\n", " ")])
    address = parsed[0][1].strip().lower() if parsed else ""
    return address if "@" in address and len(address) <= 254 else ""


def _verdicts(form: Form) -> dict[str, str]:
    told = {ours: form.sure(theirs).strip() for ours, theirs in _VERDICTS.items()}
    return {name: words[:_VERDICT] for name, words in told.items() if words}


def _external_id(mail: ReadMail, recipients: tuple[str, ...]) -> str:
    """The same for every copy of a mail, however SendGrid puts it into a form."""
    told = sha256()
    for part in _marks(mail, recipients):
        data = part.encode("utf-8", "surrogatepass")
        told.update(b"%d:" % len(data) + data)
    return f"mail:{told.hexdigest()}"


def _marks(mail: ReadMail, recipients: tuple[str, ...]) -> Iterator[str]:
    yield mail.message_id
    yield ",".join(sorted(recipients or mail.recipients))
    if not mail.message_id:
        yield f"{mail.sender} {mail.sent_at} {mail.subject}"
    yield mail.text
    yield mail.html
    for file in mail.files:
        yield f"{file.name} {file.size}"
        yield _digest_of(file.path) if file.path else ""


def _digest_of(path: str) -> str:
    told = sha256()
    with Path(path).open("rb") as source:
        for piece in _pieces(source):
            told.update(piece)
    return told.hexdigest()
