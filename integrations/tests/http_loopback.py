"""A loopback server that misbehaves on purpose, one script per connection turn."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http, http_guard, http_net
from integrations.http import HttpError

Script = Callable[[socket.socket, bytes], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Loopback:
    """`requests` holds every request heard, whole; `connections` counts accepts."""

    script: Script
    listener: socket.socket
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.target}/"

    def accept_forever(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self.tls is None:
                self.answer_all(sock)
                return
            with self.tls.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            ) as secure:
                secure.do_handshake()
                self.answer_all(secure)

    def answer_all(self, sock: socket.socket) -> None:
        while heard := hear(sock):
            self.requests.append(heard)
            self.script(sock, heard)


def hear(sock: socket.socket) -> bytes:
    """One request with its body, b"" when the other side closed."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = sock.recv(65536)
        if not part:
            return b""
        heard += part
    head, _, body = heard.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve `script` on 127.0.0.1 until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Loopback(script, listener, tls)
    threading.Thread(target=server.accept_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.stopping.set()
        # A shutdown wakes the thread in accept(); close alone would not.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def answer(
    status: int = 200, body: bytes = b"ok", headers: dict[str, str] | None = None
) -> Script:
    """A script that gives one whole answer to each request."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda sock, heard: sock.sendall(whole)


def hang(sock: socket.socket, heard: bytes) -> None:
    """Take the request and say nothing until the other side gives up."""
    sock.settimeout(20)
    sock.recv(1)


def hang_in_body(sock: socket.socket, heard: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    hang(sock, heard)


def reset(sock: socket.socket, heard: bytes) -> None:
    """Close with RST."""
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    sock.close()


def reset_in_body(sock: socket.socket, heard: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
    time.sleep(0.1)
    reset(sock, heard)


def drip(sock: socket.socket, heard: bytes) -> None:
    """A byte of the body every 50 ms: no single read ever waits long."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        sock.sendall(b".")
        time.sleep(0.05)


def drip_headers(sock: socket.socket, heard: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(1000):
        sock.sendall(b".")
        time.sleep(0.05)


def answer_and_close(sock: socket.socket, heard: bytes) -> None:
    """A keep-alive answer, and then a close without a word."""
    sock.sendall(OK)
    sock.shutdown(socket.SHUT_RDWR)


def dial_instead(port: int) -> Callable[[http_guard.Address, float], socket.socket]:
    """A `dial` that reaches 127.0.0.1:port in place of the judged address."""

    def dial(address: http_guard.Address, seconds: float) -> socket.socket:
        sock = socket.socket()
        sock.connect(("127.0.0.1", port))
        return sock

    return dial


@pytest.fixture(autouse=True)
def fresh_door(settings: Settings) -> Iterator[None]:
    """No breaker and no kept connection of another test; no cache that is shared,
    whose real seconds would not agree with a test's clock."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend}}
    http.reset_breakers()
    yield
    http.reset_breakers()
    http_net.forget_transports()


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[Script], Loopback]]:
    """Start servers that the guard lets through; they end with the test."""
    settings.OUTBOUND_ALLOW = []
    with ExitStack() as running:

        def start(script: Script) -> Loopback:
            server = running.enter_context(serving(script))
            settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, server.target]
            return server

        yield start


@pytest.fixture
def canary() -> Iterator[Loopback]:
    """A server that nothing may ever reach."""
    with serving(answer(200, b"secret")) as server:
        yield server


def resolver(answers: dict[str, list[list[str]]]) -> Callable[..., list[Any]]:
    """A `getaddrinfo` whose n-th answer for a name is the n-th list (then the last)."""

    def look_up(host: str, port: int, **kwargs: Any) -> list[Any]:
        turns = answers[host]
        ips = turns.pop(0) if len(turns) > 1 else turns[0]
        rows = []
        for ip in ips:
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            rows.append((family, socket.SOCK_STREAM, 6, "", (ip, port)))
        return rows

    return look_up


def fetch(url: str, **given: Any) -> HttpError:
    """GET what must fail, and how it failed."""
    with pytest.raises(HttpError) as caught:
        http.request("GET", url, service="any", deadline=2, **given)
    return caught.value
