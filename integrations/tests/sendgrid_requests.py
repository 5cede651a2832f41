"""Requests as SendGrid makes them: events and mail, signed by a key of our own."""

import base64
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django import Settings

from integrations.sendgrid_arrived import Arrived
from integrations.sendgrid_inbound import read
from integrations.sendgrid_signature import SIGNATURE, TIMESTAMP
from integrations.tests.webhook_requests import Call

EVENTS = "/hooks/sendgrid/events/"
TOKEN = "Zk3xT9qLw7rB2nVc"
INBOUND = f"/hooks/sendgrid/inbound/{TOKEN}/"
BASE = "https://crm.example.com"
BOUNDARY = "xYzZY"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as SendGrid's page shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


KEY, OLD_KEY, OTHER_KEY = new_key(), new_key(), new_key()


def sign(body: bytes, *, key: ec.EllipticCurvePrivateKey = KEY, at: str = "") -> dict:
    """The two headers of a signature over `body`."""
    stamp = at or str(int(time.time()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {TIMESTAMP: stamp, SIGNATURE: base64.b64encode(signature).decode()}


def event(word: str, **fields: Any) -> dict[str, Any]:
    """One event with an id of its own."""
    return {
        "event": word,
        "email": "ana@example.net",
        "timestamp": int(time.time()) - 5,
        "sg_event_id": uuid.uuid4().hex,
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.recvd-756b745b58-kmzbl-1.0",
        **fields,
    }


def signed_events(batch: Any, **given: Any) -> Call:
    body = given.pop("body", None)
    if body is None:
        body = json.dumps(batch).encode() + b"\r\n"
    headers = {"content-type": "application/json", **sign(body, **given)}
    return Call(EVENTS, body=body, headers=headers)


def multipart(
    fields: Mapping[str, str | bytes] | Iterable[tuple[str, str | bytes]],
    files: Iterable[tuple[str, str, str, bytes]] = (),
    *,
    boundary: str = BOUNDARY,
) -> bytes:
    """A form as SendGrid writes it; `files` are (field, filename, type, bytes)."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    parts: list[bytes] = []
    for name, value in pairs:
        data = value.encode() if isinstance(value, str) else value
        head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(head.encode() + data)
    for name, filename, kind, data in files:
        head = (
            f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        parts.append(head.encode() + data)
    between = f"--{boundary}\r\n".encode()
    written = b"".join(between + part + b"\r\n" for part in parts)
    return written + f"--{boundary}--\r\n".encode()


def signed_mail(body: bytes, *, path: str = INBOUND, **given: Any) -> Call:
    headers = {"content-type": MULTIPART, **sign(body, **given)}
    return Call(path, body=body, headers=headers)


def parsed(**changed: str | bytes) -> dict[str, str | bytes]:
    """The fields of a small mail that SendGrid took apart."""
    return {
        "headers": (
            "Message-ID: <1@example.net>\r\nFrom: Ana <ana@example.net>\r\n"
            "To: sales@in.example.com\r\nDate: Wed, 11 Oct 2017 18:31:04 -0700\r\n"
            "Subject: Prices"
        ),
        "from": "Ana <ana@example.net>",
        "to": "sales@in.example.com",
        "subject": "Prices",
        "text": "What do 40 seats cost?",
        "envelope": '{"to":["sales@in.example.com"],"from":"bounce@example.net"}',
        "charsets": '{"to":"UTF-8","subject":"UTF-8","from":"UTF-8","text":"UTF-8"}',
        "SPF": "pass",
        "dkim": "{@example.net : pass}",
        "spam_score": "0.1",
        "sender_ip": "192.0.2.7",
        **changed,
    }


FORM_BODY = multipart(parsed())
BATCH = [event("delivered"), event("open")]


def originals() -> Iterator[Call]:
    yield signed_events(BATCH)
    yield signed_mail(FORM_BODY)


def without(call: Call, *names: str) -> Call:
    kept = {name: value for name, value in call.headers.items() if name not in names}
    return replace(call, headers=kept)


def raw_mail(size: int = 0) -> bytes:
    """A MIME mail with an attachment of `size` bytes."""
    head = (
        b"Message-ID: <2@example.net>\r\nFrom: Ana <ana@example.net>\r\n"
        b"To: sales@in.example.com\r\nSubject: The plan\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHere it is.\r\n"
    )
    if not size:
        return head + b"--b--\r\n"
    line = base64.b64encode(b"\x00\x01leadsite" * 6) + b"\r\n"
    file = (
        b"--b\r\nContent-Type: application/octet-stream\r\n"
        b'Content-Disposition: attachment; filename="plan.bin"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + file + line * (size // len(line)) + b"--b--\r\n"


def read_now(
    body: bytes, folder: Path, *, content_type: str = MULTIPART, **given: Any
) -> Arrived:
    return read(
        BytesIO(body),
        folder=str(folder),
        received_at=given.get("received_at", NOW),
        content_type=content_type,
    )


@pytest.fixture
def sendgrid_settings(settings: Settings) -> Settings:
    """An installation with both of SendGrid's ways in set up."""
    settings.SENDGRID_INBOUND_TOKEN = TOKEN
    settings.SENDGRID_INBOUND_PUBLIC_KEY = f"{shown(KEY)}, {shown(OLD_KEY)}"
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = f"{shown(KEY)},{shown(OLD_KEY)}"
    settings.PUBLIC_BASE_URL = BASE
    settings.TRUSTED_PROXIES = []
    return settings
