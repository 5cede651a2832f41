"""A Twilio on loopback that remembers what it accepted, and fails by script.

It counts accepts by our own message id, which its StatusCallback address
carries, lists what it took on, and reports on it with signed callbacks.
"""

import json
import re
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC00000000000000000000000000000001"
OURS = "+15017122661"
PUBLIC = "https://crm.example.com"
_CALLBACK = re.compile(r"/hooks/twilio/status/([0-9a-f-]{36})/$")


@dataclass
class Call:
    """One request to send, as it was heard. Times are of the real clock."""

    message: str  # our public id, "" when no callback was asked for
    to: str
    sender: str
    body: str
    callback: str
    heard_at: float
    sid: str = ""
    accepted_at: float | None = None
    status: str = "queued"


@dataclass
class Exchange:
    """What a script works with: the call, and the way to answer it."""

    carrier: "Carrier"
    call: Call
    handler: BaseHTTPRequestHandler

    def accept(self) -> None:
        """Take the message on: from now on it is on its way to the lead."""
        call = self.call
        with self.carrier.lock:
            call.sid = call.sid or f"SM{uuid.uuid4().hex}"
            call.accepted_at = time.time()
            self.carrier.accepted.append(call)

    def answer(
        self,
        status: int,
        body: bytes,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def confirm(self) -> None:
        """The answer of an accepted call: 201 and the message."""
        self.answer(201, json.dumps(resource(self.call)).encode())

    def refuse(self, status: int, code: int, words: str = "no") -> None:
        body = {"code": code, "message": words, "status": status}
        self.answer(status, json.dumps(body).encode())


Script = Callable[[Exchange], None]


def resource(call: Call) -> dict[str, object]:
    """A Message as Twilio's API gives it."""
    made = datetime.fromtimestamp(call.accepted_at or call.heard_at, UTC)
    return {
        "sid": call.sid,
        "account_sid": ACCOUNT,
        "status": call.status,
        "direction": "outbound-api",
        "to": call.to,
        "from": call.sender,
        "body": call.body,
        "date_created": format_datetime(made),
        "date_updated": format_datetime(made),
        "date_sent": None,
        "error_code": None,
        "error_message": None,
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "messaging_service_sid": None,
        "api_version": "2010-04-01",
        "subresource_uris": {},
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{call.sid}.json",
    }


def take(exchange: Exchange) -> None:
    """The ordinary script: accept and say so."""
    exchange.accept()
    exchange.confirm()


@dataclass
class Carrier:
    """`script` answers every send; `listing` may fail the list."""

    server: ThreadingHTTPServer
    script: Script = take
    listing: Script | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    calls: list[Call] = field(default_factory=list)
    accepted: list[Call] = field(default_factory=list)
    lists: list[tuple[float, str]] = field(default_factory=list)  # when, To
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def accepts(self) -> Counter[str]:
        """How often each of our messages was accepted."""
        with self.lock:
            return Counter(call.message for call in self.accepted)

    def forget(self) -> None:
        """As on the first day; what is held is let go."""
        self.released.set()
        with self.lock:
            self.calls, self.accepted, self.lists = [], [], []
        self.script, self.listing = take, None
        self.released = threading.Event()

    def hear(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        if len(raw) < length:  # its sender died in the middle: nobody takes half a text
            handler.close_connection = True
            return
        asked = parse_qs(raw.decode())
        first = {name: values[0] for name, values in asked.items()}
        callback = first.get("StatusCallback", "")
        found = _CALLBACK.search(callback)
        call = Call(
            message=found.group(1) if found else "",
            to=first.get("To", ""),
            sender=first.get("From", ""),
            body=first.get("Body", ""),
            callback=callback,
            heard_at=time.time(),
        )
        with self.lock:
            self.calls.append(call)
        self.script(Exchange(self, call, handler))

    def list(self, handler: BaseHTTPRequestHandler) -> None:
        """GET Messages.json with To, From, PageSize and Page; newest first."""
        parts = urlsplit(handler.path)
        asked = {name: v[0] for name, v in parse_qs(parts.query).items()}
        with self.lock:
            self.lists.append((time.time(), asked.get("To", "")))
            rows = [
                resource(call)
                for call in reversed(self.accepted)
                if asked.get("To", call.to) == call.to
                and asked.get("From", call.sender) == call.sender
            ]
        exchange = Exchange(self, Call("", "", "", "", "", time.time()), handler)
        if self.listing is not None:
            self.listing(exchange)
            return
        size, page = int(asked.get("PageSize", 50)), int(asked.get("Page", 0))
        shown = rows[page * size : (page + 1) * size]
        following = {**asked, "Page": str(page + 1)}
        more = (
            f"{parts.path}?{urlencode(following)}"
            if rows[(page + 1) * size :]
            else None
        )
        body = {"messages": shown, "page": page, "page_size": size}
        body["next_page_uri"] = more  # type: ignore[assignment]
        exchange.answer(200, json.dumps(body).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    carrier: Carrier

    def do_POST(self) -> None:
        with suppress(OSError):
            self.carrier.hear(self)

    def do_GET(self) -> None:
        with suppress(OSError):
            self.carrier.list(self)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that was killed is part of the plan."""


@contextmanager
def carrying() -> Iterator[Carrier]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    carrier = Carrier(server)
    handler.carrier = carrier
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield carrier
    finally:
        carrier.released.set()
        server.shutdown()
        server.server_close()


# --- scripts -----------------------------------------------------------------


def after(accepting: bool, fault: Script) -> Script:
    """`fault`, after the message was taken on, or instead."""

    def run(exchange: Exchange) -> None:
        if accepting:
            exchange.accept()
        fault(exchange)

    return run


def server_error(status: int = 500) -> Script:
    return lambda exchange: exchange.refuse(status, 20500, "oops")


def hang(seconds: float) -> Script:
    """Say nothing for so long, then close."""

    def run(exchange: Exchange) -> None:
        exchange.carrier.released.wait(seconds)
        exchange.handler.close_connection = True

    return run


def reset(exchange: Exchange) -> None:
    sock = exchange.handler.connection
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.handler.close_connection = True
    sock.close()


def drip(exchange: Exchange) -> None:
    """A byte every 100 ms: no single read waits long, the whole never ends."""
    exchange.handler.send_response(201)
    exchange.handler.send_header("Content-Type", "application/json")
    exchange.handler.send_header("Content-Length", "1000")
    exchange.handler.end_headers()
    for _ in range(400):
        exchange.handler.wfile.write(b" ")
        exchange.handler.wfile.flush()
        if exchange.carrier.released.wait(0.1):
            break
    exchange.handler.close_connection = True


def html(status: int) -> Script:
    page = b"<html><body>We will be right back</body></html>"
    return lambda exchange: exchange.answer(status, page, "text/html")


def too_many(retry_after: str, status: int = 429) -> Script:
    headers = {"Retry-After": retry_after}
    body = json.dumps({"code": 20429, "message": "slow down"}).encode()
    return lambda exchange: exchange.answer(status, body, headers=headers)


def refused(status: int, code: int) -> Script:
    return lambda exchange: exchange.refuse(status, code)


# --- what it sends us --------------------------------------------------------


def signed(path: str, fields: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers of a webhook as Twilio signs it."""
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, fields)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }
    return path, urlencode(fields).encode(), headers


def text_from(
    sender: str, body: str, *, sid: str = ""
) -> tuple[str, bytes, dict[str, str]]:
    fields = {
        "MessageSid": sid or f"SM{uuid.uuid4().hex}",
        "AccountSid": ACCOUNT,
        "From": sender,
        "To": OURS,
        "Body": body,
        "NumMedia": "0",
    }
    return signed("/hooks/twilio/sms/", fields)


def report_on(call: Call, status: str) -> tuple[str, bytes, dict[str, str]]:
    """A callback on one of our messages."""
    fields = {
        "MessageSid": call.sid,
        "MessageStatus": status,
        "AccountSid": ACCOUNT,
        "To": call.to,
        "From": call.sender,
    }
    return signed(call.callback.removeprefix(PUBLIC), fields)
