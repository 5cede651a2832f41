"""Twilio on the loopback: an account, a number, messages in both directions."""

import json
import socket
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.tests.http_loopback import Loopback, Script, answer
from integrations.tests.webhook_requests import ACCOUNT, BASE, TOKEN

NUMBER = "+15017122661"
DANA = "+14155550123"
Query = dict[str, list[str]]


def sid(kind: str = "SM") -> str:
    return f"{kind}{uuid.uuid4().hex}"


class Twilio:
    """Answers as the REST API does. `page_size` is the most rows of one page,
    `instead` a script that answers in its place, `asked` every path and query.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.media: dict[str, list[str]] = {}
        self.account: dict[str, Any] = {
            "sid": ACCOUNT,
            "friendly_name": "Alder Desks",
            "status": "active",
            "type": "Full",
        }
        self.number: dict[str, Any] | None = {
            "sid": sid("PN"),
            "phone_number": NUMBER,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "sms_url": f"{BASE}/hooks/twilio/sms/",
            "sms_method": "POST",
            "sms_application_sid": "",
        }
        self.service: dict[str, Any] | None = None
        self.apps: dict[str, dict[str, Any]] = {}
        self.page_size = 1_000
        self.instead: Script | None = None
        self.instead_of: dict[str, Script] = {}
        self.asked: list[tuple[str, Query]] = []
        self.taken: list[dict[str, Any]] = []
        self.after: Script | None = None

    # --- what the tests put in ----------------------------------------------

    def text_in(self, body: str = "Hello", **more: Any) -> dict[str, Any]:
        """A lead's text that Twilio took in."""
        row = self._row(direction="inbound", status="received", body=body)
        return self._add({**row, "from": DANA, "to": NUMBER, **more})

    def text_out(self, body: str, **more: Any) -> dict[str, Any]:
        """A text of ours that Twilio accepted."""
        row = self._row(direction="outbound-api", status="delivered", body=body)
        return self._add({**row, "from": NUMBER, "to": DANA, **more})

    def _add(self, row: dict[str, Any]) -> dict[str, Any]:
        at = row.pop("at", None) or timezone.now() - timedelta(minutes=2)
        row["date_created"] = row["date_sent"] = format_datetime(at.astimezone(UTC))
        self.messages.append(row)
        return row

    def _row(self, **fields: Any) -> dict[str, Any]:
        return {
            "sid": sid(),
            "account_sid": ACCOUNT,
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "messaging_service_sid": None,
            **fields,
        }

    # --- what it answers -----------------------------------------------------

    def __call__(self, sock: socket.socket, heard: bytes) -> None:
        if self.instead is not None:
            return self.instead(sock, heard)
        head, _, body = heard.decode().partition("\r\n\r\n")
        method, target, _ = head.split(" ", 2)
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.asked.append((parts.path, query))
        for fragment, script in self.instead_of.items():
            if fragment in parts.path:
                return script(sock, heard)
        if method == "POST":
            return self._take(sock, heard, parse_qs(body))
        status, data = self._answer(parts.path, query)
        return say(sock, status, data)

    def _take(self, sock: socket.socket, heard: bytes, form: Query) -> None:
        fields = {k: v[0] for k, v in form.items()}
        more = {"to": fields["To"], "status": "queued", "at": timezone.now()}
        row = self.text_out(fields.get("Body", ""), **more)
        self.taken.append({**fields, "sid": row["sid"]})
        if self.after is not None:
            return self.after(sock, heard)
        return say(sock, 201, row)

    def _answer(self, path: str, query: Query) -> tuple[int, dict[str, Any]]:
        account = f"/2010-04-01/Accounts/{ACCOUNT}"
        if path == f"{account}.json":
            return 200, self.account
        if path == f"{account}/Messages.json":
            return 200, self._page(path, query)
        if path.startswith(f"{account}/Messages/") and path.endswith("/Media.json"):
            return self._media(path.split("/")[-2])
        if path == f"{account}/IncomingPhoneNumbers.json":
            return 200, {"incoming_phone_numbers": self._numbers(query), "page": 0}
        if path.startswith(f"{account}/Applications/"):
            return 200, self.apps[path.split("/")[-1].removesuffix(".json")]
        if path.startswith("/v1/Services/") and self.service is not None:
            return 200, self.service
        words = {"code": 20404, "message": "not found", "status": 404}
        return 404, words

    def _numbers(self, query: Query) -> list[dict[str, Any]]:
        if self.number is None:
            return []
        asked = query.get("PhoneNumber", [self.number["phone_number"]])[0]
        return [self.number] if asked == self.number["phone_number"] else []

    def _media(self, message: str) -> tuple[int, dict[str, Any]]:
        if message not in self.media:
            return 404, {"code": 20404, "message": "gone", "status": 404}
        rows = [
            {"sid": f"ME{number:032x}", "content_type": kind, "account_sid": ACCOUNT}
            for number, kind in enumerate(self.media[message])
        ]
        return 200, {"media_list": rows, "page": 0}

    def _page(self, path: str, query: Query) -> dict[str, Any]:
        rows = [row for row in self.messages if _fits(row, query)]
        rows.sort(key=lambda row: parsed(row["date_sent"]), reverse=True)
        size = min(int(query.get("PageSize", ["50"])[0]), self.page_size)
        number = int(query.get("Page", ["0"])[0])
        start = number * size
        pairs = [f"{k}={v[0]}" for k, v in query.items() if k != "Page"]
        text = "&".join([*pairs, f"Page={number + 1}"]).replace("+", "%2B")
        more = len(rows) > start + size
        return {
            "messages": rows[start : start + size],
            "page": number,
            "page_size": size,
            "uri": path,
            "next_page_uri": f"{path}?{text}" if more else None,
        }


def _fits(row: dict[str, Any], query: Query) -> bool:
    sent = parsed(row["date_sent"])
    after, before = query.get("DateSent>"), query.get("DateSent<")
    return (
        query.get("To", [row["to"]])[0] == row["to"]
        and query.get("From", [row["from"]])[0] == row["from"]
        and (not after or sent >= _second(after[0]))
        and (not before or sent <= _second(before[0]))
    )


def parsed(text: str) -> datetime:
    return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S %z")


def _second(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(microsecond=0)


def say(sock: socket.socket, status: int, data: Any) -> None:
    kind = {"Content-Type": "application/json"}
    answer(status, json.dumps(data).encode(), kind)(sock, b"")


def vendor_error(status: int, code: int, headers: Any = None) -> Script:
    words = {"code": code, "message": f"no to {TOKEN}", "status": status}
    return answer(status, json.dumps(words).encode(), headers)


@pytest.fixture
def twilio(serve: Callable[[Script], Loopback], twilio_settings: Settings) -> Twilio:
    """A Twilio that the installation is set up for."""
    twilio = Twilio()
    twilio_settings.TWILIO_BASE_URL = serve(twilio).url.rstrip("/")
    return twilio
