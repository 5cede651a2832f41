"""The files of a mail, put into private storage and written down as rows."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string

from messaging.mail.facts import InboundMail, MailFile
from messaging.models import Attachment, Message

log = logging.getLogger(__name__)

FOLDER: Final = "attachments/mail"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a mail and where it is kept; `path` is "" when it is not, and
    `refused` says why.
    """

    file: MailFile
    path: str = ""
    refused: str = ""


def keep_files(fact: InboundMail) -> list[KeptFile]:
    """Copy the files of a mail into private storage. Never inside a transaction.

    A second try of the same mail writes to the same places, so that a process that
    dies here leaves nothing behind for ever.
    """
    owner = hashlib.sha256(f"{fact.provider}\n{fact.external_id}".encode()).hexdigest()
    return [
        _keep(file, f"{FOLDER}/{owner[:2]}/{owner[2:34]}/{position}-{file.name}")
        for position, file in enumerate(fact.mail.files)
    ]


def _keep(file: MailFile, path: str) -> KeptFile:
    if not file.path:
        return KeptFile(file, refused=file.refused or "it was not kept")
    found = scan(Path(file.path))
    if found:
        log.warning("a mail's file is not kept: %s", found)
        return KeptFile(file, refused=found)
    if default_storage.exists(path):
        default_storage.delete(path)
    with Path(file.path).open("rb") as source:
        return KeptFile(file, path=default_storage.save(path, File(source)))


def scan(path: Path) -> str:
    """What the installation's own scanner finds in a file, "" when it is clean or
    none is set: `ATTACHMENT_SCANNER` names a function by its dotted path.
    """
    if not settings.ATTACHMENT_SCANNER:
        return ""
    found: str = import_string(settings.ATTACHMENT_SCANNER)(path)
    return found


def write_rows(message: Message, kept: Sequence[KeptFile]) -> None:
    """Write the rows of a message's files, in the transaction that stores it."""
    Attachment.objects.bulk_create(
        [_row(message, position, one) for position, one in enumerate(kept)]
    )


def _row(message: Message, position: int, kept: KeptFile) -> Attachment:
    file = kept.file
    state = Attachment.State.STORED if kept.path else Attachment.State.REFUSED
    return Attachment(
        message=message,
        position=position,
        content_type=file.content_type[:100],
        name=file.name[:200],
        size=file.size,
        path=kept.path,
        content_id=file.content_id[:200],
        inline=file.inline,
        state=state,
        reason=kept.refused[:300],
    )
