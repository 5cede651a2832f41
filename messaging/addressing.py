"""Signed addresses and links of our mail: who answers which conversation, who leaves.

Both are proofs: whoever holds one may do what it is for, and nobody can make one.
Keys are derived from SECRET_KEY; SECRET_KEY_FALLBACKS still verify, since a mail is
answered, and left, years after it was written.
"""

import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from leads.models import ContactPoint
from messaging.models import Conversation, Message

REPLY_SALT = "messaging.addressing.reply"
PREFERENCE_SALT = "messaging.addressing.preference"
MARK_SALT = "messaging.addressing.mark"
# RFC 5321, 4.5.3.1.1: octets before the @.
LOCAL_PART = 64
ID_BYTES = 16
# 112 bits; with the id they are 48 letters of base32, which knows no case.
PROOF_BYTES = 14
# The key of the address, its channel, the key of the mail; then mark and proof.
_IDS = Struct(">QBQ")
CHANNELS = ("sms", "email")
MARK_BYTES = 3
LINK_PROOF_BYTES = 13
_LINK = re.compile(r"[A-Za-z0-9_-]{44}")
_REPLY = re.compile(r"reply\+([a-z2-7]{48})@[^@\s]+", re.ASCII)


class BadToken(ValueError):
    """A link that is not ours, or not for this address."""


@dataclass(frozen=True, slots=True)
class PreferenceToken:
    """What a preference link says: keys of rows, and a mark of the address.

    `message` is the key of the mail that carried the link, None for another.
    """

    point: int
    channel: str
    message: int | None
    mark: bytes


def reply_address(conversation: Conversation) -> str:
    """The address that brings an answer into this conversation.

    "" without SENDGRID_INBOUND_DOMAIN: then nobody could deliver to it.
    """
    domain = str(settings.SENDGRID_INBOUND_DOMAIN).strip().lower()
    if not domain:
        return ""
    raw = conversation.public_id.bytes
    proof = _proof(REPLY_SALT, raw, settings.SECRET_KEY, PROOF_BYTES)
    token = b32encode(raw + proof).decode().lower()
    return f"reply+{token}@{domain}"


def conversation_of_address(address: str) -> UUID | None:
    """The public id of the conversation that a bare address was made for.

    None for any other address. The proof counts, not the domain, which may have
    changed since; case does not count, since mail servers fold it.
    """
    found = _REPLY.fullmatch(address.strip().lower()[:320])
    if found is None:
        return None
    raw = b32decode(found[1].upper())
    known, given = raw[:ID_BYTES], raw[ID_BYTES:]
    return UUID(bytes=known) if _proves(REPLY_SALT, known, given) else None


def _proves(salt: str, raw: bytes, given: bytes) -> bool:
    """Whether `given` is the proof of `raw` by any of our keys, in constant time."""
    proofs = [_proof(salt, raw, key, len(given)) for key in _keys()]
    return any(constant_time_compare(proof, given) for proof in proofs)


def _proof(salt: str, raw: bytes, key: str, size: int) -> bytes:
    digest = salted_hmac(salt, raw, secret=key, algorithm="sha256").digest()
    return digest[:size]


def _keys() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def preference_token(
    point: ContactPoint, channel: str, message: Message | None = None
) -> str:
    """The token of the link by which an address sets what it wants to get.

    44 letters, so that a line of a mail holds the link. They carry keys of rows only,
    and never run out: an unsubscribe link must work for years.
    """
    carrier = message.pk if message is not None else None
    mark = _proof(MARK_SALT, _named(point), settings.SECRET_KEY, MARK_BYTES)
    raw = _IDS.pack(point.pk, CHANNELS.index(channel), carrier or 0) + mark
    proof = _proof(PREFERENCE_SALT, raw, settings.SECRET_KEY, LINK_PROOF_BYTES)
    return urlsafe_b64encode(raw + proof).decode()


def read_preference_token(token: str) -> PreferenceToken:
    """Read a token. Raises BadToken when it is not one of ours.

    Whether it is for an address, `is_for` says.
    """
    if not _LINK.fullmatch(token):
        raise BadToken("this link is not one of ours")
    whole = urlsafe_b64decode(token)
    raw, given = whole[:-LINK_PROOF_BYTES], whole[-LINK_PROOF_BYTES:]
    if not _proves(PREFERENCE_SALT, raw, given):
        raise BadToken("this link is not one of ours")
    point, channel, message = _IDS.unpack(raw[: _IDS.size])
    mark = raw[_IDS.size :]
    return PreferenceToken(point, CHANNELS[channel], message or None, mark)


def is_for(token: PreferenceToken, point: ContactPoint) -> bool:
    """Whether a token was made for this address.

    Its key alone does not say so: a database restored from a backup gives the keys
    of what was lost to others.
    """
    return token.point == point.pk and _proves(MARK_SALT, _named(point), token.mark)


def _named(point: ContactPoint) -> bytes:
    return f"{point.kind}:{point.value}:{point.simulated}".encode()
