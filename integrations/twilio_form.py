"""Twilio's requests: parameters of any encoding, and the proof over them.

The proof is the base64 HMAC of the URL and, for forms, of every parameter sorted by
name (https://www.twilio.com/docs/usage/security). It is computed over bytes, since
`twilio.request_validator` raises on what is not UTF-8, on odd ports and on JSON
bodies without `bodySHA256`; for all it can judge the two agree.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

FORM: Final = "application/x-www-form-urlencoded"
SIGNATURE: Final = "x-twilio-signature"
# Names the algorithm when a shared key signs instead of the account's token.
SIGNATURE_SETTINGS: Final = "x-twilio-webhooks-signature-settings"
MAX_PARAMETERS: Final = 1_000
_HASHES: Final[Mapping[str, Any]] = {
    "HMAC_SHA1": hashlib.sha1,
    "HMAC_SHA256": hashlib.sha256,
}
_AUTHORITY = re.compile(r"(https?://)([^/?#]*?)(?::(\d*))?((?:[/?#].*)?)", re.DOTALL)
_PORTS: Final = {"https://": "443", "http://": "80"}

Pairs = list[tuple[bytes, bytes]]


class BadForm(Exception):
    """The body is not what Twilio sends; the text says why."""


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of a request, as bytes and as text.

    `pairs` are what the proof covers. Text is UTF-8, else the declared charset,
    else Windows-1252: nothing is undecodable.
    """

    pairs: Pairs
    charset: str = ""

    def first(self, name: str) -> str:
        """The first value of a parameter, or ""."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every value of a parameter in the order sent."""
        wanted = name.encode()
        return [self._text(value) for key, value in self.pairs if key == wanted]

    def transcoded(self) -> Pairs | None:
        """The pairs as UTF-8, when another charset was declared."""
        if not self.charset:
            return None
        return [
            (self._text(key).encode("utf-8", "replace"), self._utf8(value))
            for key, value in self.pairs
        ]

    def _utf8(self, value: bytes) -> bytes:
        return self._text(value).encode("utf-8", "replace")

    def _text(self, value: bytes) -> str:
        for charset in ("utf-8", self.charset):
            try:
                return value.decode(charset or "cp1252")
            except (UnicodeError, LookupError):
                continue
        return value.decode("cp1252", "replace")


@lru_cache(maxsize=8)  # one request asks several times: proof, account, id
def read_form(body: bytes, content_type: str) -> Form:
    """The parameters of a form or of a flat JSON object. Raises BadForm."""
    media = content_type.partition(";")[0].strip().lower()
    if media in (FORM, ""):
        return Form(_pairs(body), _declared_charset(content_type))
    if media == "application/json":
        return Form(_json_pairs(body))
    raise BadForm(f"a body of type {media[:60]!r} is not Twilio's")


def _pairs(body: bytes) -> Pairs:
    parts = [part for part in body.split(b"&") if part]
    if len(parts) > MAX_PARAMETERS:
        raise BadForm(f"more than {MAX_PARAMETERS} parameters")
    split = (part.replace(b"+", b" ").partition(b"=") for part in parts)
    return [(_unquote(key), _unquote(value)) for key, _, value in split]


def _unquote(text: bytes) -> bytes:
    return unquote_to_bytes(text) if b"%" in text else text


def _declared_charset(content_type: str) -> str:
    found = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    charset = found[1].lower() if found else ""
    return "" if charset in ("utf-8", "utf8") else charset


def _json_pairs(body: bytes) -> Pairs:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadForm("the JSON body cannot be read") from None
    if not isinstance(data, dict):
        return []
    words = {key: value for key, value in data.items() if isinstance(value, str | int)}
    return [(_encode(key), _encode(str(value))) for key, value in words.items()]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


# --- the proof ---------------------------------------------------------------


def is_signed(
    url: str, headers: Mapping[str, str], body: bytes, *, tokens: Iterable[str]
) -> bool:
    """Whether one of `tokens` signed this request to `url`. Never raises."""
    claimed = headers.get(SIGNATURE, "").strip().encode("utf-8", "replace")
    hash_function = _HASHES.get(_algorithm(headers))
    if not claimed or hash_function is None:
        return False
    messages = list(_messages(url, headers.get("content-type", ""), body))
    right = False
    for token in tokens:
        for message in messages:
            mac = hmac.new(token.encode(), message, hash_function)
            mine = base64.b64encode(mac.digest())
            # No early exit: how long it takes says nothing of which one was right.
            right |= hmac.compare_digest(mine, claimed)
    return right


def _algorithm(headers: Mapping[str, str]) -> str:
    for part in headers.get(SIGNATURE_SETTINGS, "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _messages(url: str, content_type: str, body: bytes) -> Iterator[bytes]:
    """Everything that Twilio may have signed for this request."""
    try:
        form = read_form(body, content_type)
    except BadForm:
        return
    variants = [variant.encode("utf-8", "replace") for variant in url_variants(url)]
    if content_type.lower().startswith("application/json"):
        if _body_hash_is_right(url, body):
            yield from variants
        return
    for pairs in (form.pairs, form.transcoded()):
        if pairs is not None:
            # Values of one name are de-duplicated and sorted, as Twilio does.
            signed = b"".join(key + value for key, value in sorted(set(pairs)))
            yield from (variant + signed for variant in variants)


def _body_hash_is_right(url: str, body: bytes) -> bool:
    try:
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    except ValueError:
        return False
    digest = hashlib.sha256(body).hexdigest()
    return hmac.compare_digest(digest.encode(), claimed.encode("utf-8", "replace"))


def url_variants(url: str) -> tuple[str, ...]:
    """`url` without a port and with one: Twilio is not consistent about it."""
    found = _AUTHORITY.fullmatch(url)
    if found is None:
        return (url,)
    scheme, host, port, rest = found[1], found[2], found[3], found[4]
    return (
        f"{scheme}{host}{rest}",
        f"{scheme}{host}:{port or _PORTS[scheme]}{rest}",
    )
