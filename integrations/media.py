"""Pictures and files of inbound messages, fetched into private storage."""

import logging
import re
import tempfile
from typing import IO, Any, Final, Protocol, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string

from integrations.base import MediaRefused
from integrations.http import HttpError
from leads.models import Job
from messaging import live
from messaging.models import Attachment
from messaging.sniffing import EXTENSIONS, HEAD_BYTES, INLINE, sniff

__all__ = ["INLINE", "MediaRefused", "fetch_attachment", "open_attachment"]

log = logging.getLogger(__name__)

JOB: Final = "integrations.fetch_media"
MAX_BYTES: Final = 5_242_880
FOLDER: Final = "attachments"


class MediaFetcher(Protocol):
    """Fetches what a message of `provider` carries."""

    provider: str

    def fetch(self, url: str, file: IO[bytes], *, max_bytes: int) -> None:
        """Write it into `file`, or raise MediaRefused or HttpError."""


def run_job(job: Job) -> None:
    """The job that `messaging` starts for each attachment."""
    last = job.attempts >= job.MAX_ATTEMPTS
    fetch_attachment(attachment_id=int(job.arguments["attachment"]), last=last)


def fetch_attachment(*, attachment_id: int, last: bool = False) -> None:
    """Fetch one file, once; a refusal is written on the row with its reason.

    At most 5 MB, of a type that `sniffing` knows by its content. Raises HttpError
    when it may come later; with `last` the row then says so.
    """
    rows = Attachment.objects.select_related("message__conversation")
    attachment = rows.filter(pk=attachment_id).first()
    if attachment is None or attachment.state == Attachment.State.STORED:
        return
    try:
        with tempfile.SpooledTemporaryFile(max_size=1_048_576) as file:
            _fetch(attachment, cast(IO[bytes], file))
            _store(attachment, cast(IO[bytes], file))
    except MediaRefused as refusal:
        _refuse(attachment, str(refusal))
    except HttpError as error:
        if _is_final(error):
            return _refuse(attachment, error.words)
        if last:
            _refuse(attachment, f"could not be fetched: {error.words}")
        raise


def open_attachment(attachment: Attachment) -> "File[bytes]":
    """Open a stored file for reading. Raises FileNotFoundError when there is none.

    Whoever serves it checks who may see its conversation, and shows only the types
    in INLINE inside a page.
    """
    if attachment.state != Attachment.State.STORED or not attachment.path:
        raise FileNotFoundError(f"attachment {attachment.public_id} is not stored")
    return cast("File[bytes]", default_storage.open(attachment.path, "rb"))


def _is_final(error: HttpError) -> bool:
    return error.code in ("too_large", "guard", "request", "redirects")


def _fetch(attachment: Attachment, file: IO[bytes]) -> None:
    fetcher = _fetcher_of(attachment.message.provider)
    try:
        fetcher.fetch(attachment.source_url, file, max_bytes=MAX_BYTES)
    except HttpError as error:
        if error.code == "too_large":
            raise MediaRefused("larger than 5 MB") from None
        raise


def _fetcher_of(provider: str) -> MediaFetcher:
    for path in settings.MEDIA_FETCHERS:
        fetcher = cast(MediaFetcher, import_string(path)())
        if fetcher.provider == provider:
            return fetcher
    raise MediaRefused(f"nothing fetches files of {provider or 'this carrier'}")


def _store(attachment: Attachment, file: IO[bytes]) -> None:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    kind = sniff(file.read(HEAD_BYTES))
    if size == 0:
        raise MediaRefused("it is empty")
    if kind is None:
        said = re.sub(r"[^\w/+.-]", "", attachment.content_type)[:60]
        raise MediaRefused(f"not a kind of file that is kept ({said or 'unknown'})")
    file.seek(0)
    ending = EXTENSIONS[kind]
    # Nothing of the sender's is in the path.
    path = f"{FOLDER}/{attachment.public_id.hex[:2]}/{attachment.public_id}.{ending}"
    if default_storage.exists(path):  # an earlier try that died before its commit
        default_storage.delete(path)
    saved = default_storage.save(path, File(file))
    _settle(
        attachment,
        state=Attachment.State.STORED,
        path=saved,
        size=size,
        content_type=kind,
        name=f"{kind.partition('/')[0]}-{attachment.position + 1}.{ending}",
        reason="",
    )


def _refuse(attachment: Attachment, reason: str) -> None:
    log.warning("attachment %s is not kept: %s", attachment.public_id, reason)
    _settle(attachment, state=Attachment.State.REFUSED, reason=reason[:300])


def _settle(attachment: Attachment, **fields: Any) -> None:
    Attachment.objects.filter(pk=attachment.pk).update(**fields)
    live.ring(conversation=attachment.message.conversation, what="media")
