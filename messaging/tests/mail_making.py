"""Mails for tests: bytes in, what was read out."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from messaging.mail.facts import ReadMail
from messaging.mail.reading import read_mail

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def raw(
    body: bytes | str = b"hello",
    *,
    headers: str = "From: Jane Doe <jane@x.org>\nMessage-ID: <1@x.org>\nSubject: Hi\n",
    more: str = "",
) -> bytes:
    said = body.encode() if isinstance(body, str) else body
    return headers.encode("utf-8", "surrogateescape") + more.encode() + b"\n" + said


def multipart(*parts: str, kind: str = "mixed") -> dict[str, str]:
    """Arguments of `raw`: each part begins with its headers."""
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return {
        "body": body,
        "more": f'MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="b"\n',
    }


def read(data: bytes, folder: Path, **more: Any) -> ReadMail:
    return read_mail(io.BytesIO(data), folder=str(folder), received_at=NOW, **more)
