"""A journal row's request as a person may look at it: without secrets, with
addresses shortened.
"""

import re
from dataclasses import dataclass
from typing import Final

from integrations import journal
from integrations.http_redact import redact, redact_headers
from integrations.models import WebhookDelivery
from integrations.twilio_form import FORM, BadForm, read_form
from messaging.text import clean

_SHOWN: Final = 4_096
_VALUE: Final = 500
_PHONE = re.compile(r"\+?[(\d][\d ().-]{5,}\d")
_MAIL = re.compile(r"[\w.+-]+(@[\w-]+\.[\w.-]+)")
# Ids of vendors are long and full of digits, and no address.
_ID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


@dataclass(frozen=True)
class Preview:
    """`fields` of a form, else `text`; `headers` and `url` are redacted too."""

    url: str
    headers: list[tuple[str, str]]
    fields: list[tuple[str, str]]
    text: str
    shortened: bool


def preview_of(delivery: WebhookDelivery) -> Preview:
    """What the page of `delivery` shows of its request."""
    body = _beginning(delivery)[: _SHOWN * 4]
    fields = _fields(delivery.content_type, body)
    text = "" if fields else mask(clean(body.decode("utf-8", "replace"))[:_SHOWN])
    headers = redact_headers(delivery.headers)
    return Preview(
        url=redact(delivery.url),
        headers=sorted((name, value) for name, value in headers.items()),
        fields=fields,
        text=text,
        shortened=delivery.size > (len(body) if fields else _SHOWN),
    )


def _beginning(delivery: WebhookDelivery) -> bytes:
    if delivery.purged_at is not None:
        return b""
    try:
        return next(journal.pieces_of(delivery))
    except LookupError:
        return b""  # it lost its first part: the row's last error says so


def mask(text: str) -> str:
    """`text` without secrets; of a phone number the last four digits, of a mail
    address the host.
    """
    text = redact(text)
    return _MAIL.sub(r"…\1", _PHONE.sub(_shorten, text))


def _shorten(found: re.Match[str]) -> str:
    start, end = found.span()
    around = found.string[max(0, start - 40) : end + 40]
    if any(found[0] in known for known in _ID.findall(around)):
        return found[0]
    digits = re.sub(r"\D", "", found[0])
    return f"…{digits[-4:]}"


def _fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    if not content_type.lower().startswith(FORM):
        return []
    try:
        form = read_form(body, content_type)
    except BadForm:
        return []
    names = dict.fromkeys(name.decode("utf-8", "replace") for name, _ in form.pairs)
    return [
        (clean(name)[:80], mask(clean(value))[:_VALUE])
        for name in names
        for value in form.all(name)
    ]
