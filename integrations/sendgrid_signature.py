"""SendGrid's proof: ECDSA over the time stamp's header and the raw body.

The body is hashed piece by piece as it lies in its spool, since `sendgrid`'s own
verifier wants it whole and as text. For all that it can judge the two agree.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

logger = logging.getLogger("integrations.sendgrid")

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
WINDOW_SECONDS: Final = 300
_LONGEST_SIGNATURE: Final = 200
_SECONDS = re.compile(r"[0-9]{1,12}")
_PEM_LINE = re.compile(r"-----[A-Z ]+-----")

Headers = Mapping[str, str]


def listed(value: str) -> list[str]:
    """The parts of a comma list that a setting holds."""
    return [part.strip() for part in value.split(",") if part.strip()]


def is_recent(headers: Headers, *, arrived_at: float) -> bool:
    """Whether the time stamp lies within five minutes of `arrived_at`, either way."""
    stamp = headers.get(TIMESTAMP, "")
    if not _SECONDS.fullmatch(stamp):
        return False
    return abs(int(stamp) - arrived_at) <= WINDOW_SECONDS


def is_signed(headers: Headers, body: Iterable[bytes], *, keys: Iterable[str]) -> bool:
    """Whether one of the public `keys` (base64 of DER, or PEM) proves this request,
    whenever it was made. Never raises.
    """
    signature = _decode(headers.get(SIGNATURE, ""))
    stamp = headers.get(TIMESTAMP, "")
    if not signature or not stamp:
        return False
    digest = hashlib.sha256(stamp.encode("utf-8", "replace"))
    for piece in body:
        digest.update(piece)
    known = filter(None, map(_load, keys))
    return any(_proves(key, signature, digest.digest()) for key in known)


def _decode(claimed: str) -> bytes:
    # Python's decoder would let some padding pass that is too long.
    if len(claimed) > _LONGEST_SIGNATURE or len(claimed) % 4:
        return b""
    try:
        return base64.b64decode(claimed.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError, ValueError):
        return b""


def _proves(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=16)
def _load(text: str) -> ec.EllipticCurvePublicKey | None:
    """The key as SendGrid shows it; None, said once in the log, when it is none."""
    plain = "".join(_PEM_LINE.sub("", text.replace("\\n", "\n")).split())
    try:
        key = load_der_public_key(base64.b64decode(plain, validate=True))
    except (binascii.Error, UnsupportedAlgorithm, ValueError, TypeError):
        key = None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    logger.error("a public key of SendGrid's in the settings cannot be read")
    return None


# --- the secret in the path --------------------------------------------------


def is_token(claimed: str, *, tokens: Iterable[str]) -> bool:
    """Whether `claimed` is one of `tokens`; how long it takes says nothing."""
    right = False
    for token in tokens:
        right |= hmac.compare_digest(_utf8(claimed), _utf8(token))
    return right


def fingerprint(token: str, *, key: str) -> str:
    """What is kept of a token, so that it can be compared and not be read."""
    return hmac.new(_utf8(key), _utf8(token), hashlib.sha256).hexdigest()[:32]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
