"""Addresses of files that end by themselves after five minutes.

The address of a file on a page stays the same and leads, for those who may see its
conversation, to one that is signed anew. What leaks from a history, a log or a copied
address opens nothing for long.
"""

from typing import Final
from uuid import UUID

from django.core import signing
from django.urls import reverse

from messaging.models import Attachment

SECONDS: Final = 300
# A picture's signature opens no file of a page, nor the other way round.
_FILE: Final = signing.TimestampSigner(salt="messaging.file")
_PICTURE: Final = signing.TimestampSigner(salt="messaging.inline-picture")


def file_url(file: Attachment) -> str:
    """Return the signed address of a file; its reader still needs a session."""
    return f"{reverse('inbox_file', args=[file.public_id])}?s={_sign(_FILE, file)}"


def file_is_signed(file: Attachment, signature: str) -> bool:
    """Say whether a file's address is signed by us and has not ended."""
    return _unsigned(_FILE, f"{file.public_id.hex}:{signature}") == file.public_id


def picture_url(file: Attachment) -> str:
    """Return the address of a picture inside a mail, for its frame: a frame without
    an origin sends no session, so the signature alone opens it.
    """
    signed = f"{file.public_id.hex}:{_sign(_PICTURE, file)}"
    return reverse("inbox_picture", args=[signed])


def picture_named(signed: str) -> UUID | None:
    """Return the id of the picture that a signature opens; None when it does not."""
    return _unsigned(_PICTURE, signed)


def _sign(signer: signing.TimestampSigner, file: Attachment) -> str:
    return signer.sign(file.public_id.hex).partition(":")[2]


def _unsigned(signer: signing.TimestampSigner, signed: str) -> UUID | None:
    try:
        return UUID(hex=signer.unsign(signed, max_age=SECONDS))
    except (signing.BadSignature, ValueError):
        return None
