"""Requests as webhooks come in: built, signed, and handed to the ASGI app."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from integrations.intake import Intake

TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC" + "0" * 31 + "1"
BASE = "https://crm.example.com"
FORM = "application/x-www-form-urlencoded"
MESSAGE = "7d0a1e0e-8d5c-4f0e-9a53-0d3b2f6b8a11"
SMS = "/hooks/twilio/sms/"
STATUS = f"/hooks/twilio/status/{MESSAGE}/"
FIXTURES = Path(__file__).parent / "fixtures" / "twilio"

Params = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Answered:
    """What the caller heard."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Call:
    """One request; `url` is what its sender calls, `chunks` how the body comes."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    scheme: str = "http"
    client: str = "203.0.113.9"
    chunks: int = 1

    def with_headers(self, **headers: str) -> "Call":
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


def recorded(name: str) -> dict[str, str]:
    """The parameters of a recorded event."""
    data: dict[str, str] = json.loads((FIXTURES / f"{name}.json").read_text())
    return data


def encode(params: Params) -> bytes:
    return urlencode(params, doseq=True).encode()


def sign(url: str, params: Params, token: str = TOKEN) -> str:
    """The signature, by the vendor's own library."""
    listed = _Listed(params)
    return str(RequestValidator(token).compute_signature(url, listed))


class _Listed(dict[str, Any]):
    """What the vendor's library takes for repeated parameters."""

    def getlist(self, name: str) -> list[str]:
        value = self[name]
        return value if isinstance(value, list) else [value]


def signed(
    path: str, params: Params, *, base: str = BASE, token: str = TOKEN, **given: Any
) -> Call:
    """A request as Twilio signs it for `base`."""
    headers = {
        "host": urlsplit(base).netloc,
        "content-type": FORM,
        "x-twilio-signature": sign(f"{base}{path}", params, token),
        **given.pop("headers", {}),
    }
    return Call(path=path, body=encode(params), headers=headers, **given)


def scope_of(call: Call) -> dict[str, Any]:
    path, _, query = call.path.partition("?")
    headers = {"content-length": str(len(call.body)), **call.headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": call.scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": (call.client, 40000),
        "server": ("127.0.0.1", 8000),
    }


async def acall(app: Any, call: Call) -> Answered:
    size = -(-len(call.body) // call.chunks) or 1
    parts = [call.body[i : i + size] for i in range(0, len(call.body), size)] or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await app(scope_of(call), receive, send)
    if not sent:
        return Answered(0, {}, b"")
    headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    body = b"".join(event.get("body", b"") for event in sent[1:])
    return Answered(sent[0]["status"], headers, body)


def post(app: Any, call: Call) -> Answered:
    return asyncio.run(acall(app, call))


def post_all(app: Any, calls: Iterable[Call]) -> list[Answered]:
    """All at once."""

    async def together() -> list[Answered]:
        return list(await asyncio.gather(*(acall(app, call) for call in calls)))

    return asyncio.run(together())


async def nothing_here(scope: Any, receive: Any, send: Any) -> None:
    """Django's place in tests of the door: reads the body, says its length."""
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        size += len(event.get("body", b""))
        more = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def twilio_settings(settings: Settings) -> Settings:
    """An installation with Twilio set up at https://crm.example.com."""
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_PHONE_NUMBER = "+15017122661"
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_BASE_URL = ""
    settings.PUBLIC_BASE_URL = BASE
    settings.TRUSTED_PROXIES = []
    return settings


@pytest.fixture
def app(transactional_db: None, twilio_settings: Settings) -> Iterator[Intake]:
    """The door in front of an application that only counts bytes."""
    from integrations import journal

    journal.quarantine_has_room()
    intake = Intake(nothing_here)
    yield intake
    intake.close()
