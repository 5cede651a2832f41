"""The wire of the one door out: sockets that keep a total deadline.

httpx2 bounds each read; here every DNS look-up, connect, handshake, read and write
waits at most for what is left of the call's deadline, so a slow drip ends too. The
connection goes to the address the guard judged, and a pooled one is judged again
before each request that uses it.
"""

import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

import httpcore2
import httpx2

from integrations import http_guard

CONNECT_SECONDS: Final = 5.0
# Below the 5 s after which common servers close an idle connection, so that a
# request is not written into one that is just being closed.
KEEPALIVE_SECONDS: Final = 4.0
KEEPALIVE_CONNECTIONS: Final = 10


class TlsFailed(httpcore2.ConnectError):
    """The handshake failed: wrong certificate, wrong name, no common version."""


class Call:
    """The call that the current thread makes: its deadline and how far it came.

    `dialled` and `written` are about the request under way; `taken` says that an
    earlier one, which may have had an effect, was answered with a redirect.
    """

    __slots__ = ("deadline", "dialled", "taken", "written")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.dialled = False
        self.written = False
        self.taken = False

    def begin(self) -> None:
        """A request (the first, a redirect's, a repeat) starts from nothing sent."""
        self.dialled = self.written = False

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.deadline - time.monotonic())

    def wait(self, timeout: float | None, passed: type[Exception]) -> float:
        """How long the next step may take; raises `passed` when nothing is left."""
        seconds = self.left() if timeout is None else min(timeout, self.left())
        if seconds <= 0:
            raise passed("the total deadline passed")
        return seconds


_current: ContextVar[Call] = ContextVar("http_call")


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Make `call` the one that sockets of this thread obey."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


class GuardedStream(httpcore2.NetworkStream):
    """A connected socket to `address`, reached for host:port."""

    def __init__(
        self, sock: socket.socket, host: str, port: int, address: http_guard.Address
    ) -> None:
        self._sock = sock
        self._host = host
        self._port = port
        self._address = address

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to `max_bytes`; b"" when the other side closed."""
        seconds = _current.get().wait(timeout, httpcore2.ReadTimeout)
        try:
            self._sock.settimeout(seconds)
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of `buffer`; marks the call as written with the first byte sent."""
        call = _current.get()
        if not call.written:
            http_guard.check_ip(self._address.ip, self._host, self._port)
        view = memoryview(buffer)
        try:
            while view:
                self._sock.settimeout(call.wait(timeout, httpcore2.WriteTimeout))
                sent = self._sock.send(view)
                call.written = True
                view = view[sent:]
        except TimeoutError as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        """Close without waiting for the other side."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """The same connection under TLS, checked against the host's name."""
        seconds = _current.get().wait(timeout, httpcore2.ConnectTimeout)
        try:
            self._sock.settimeout(seconds)
            sock = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore2.ConnectTimeout(str(error)) from error
        except (ssl.SSLError, ValueError) as error:
            self.close()
            raise TlsFailed(str(error)) from error
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(str(error)) from error
        return GuardedStream(sock, self._host, self._port, self._address)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore2 asks: the TLS object, and whether an idle socket was
        closed by the other side (then it is readable).
        """
        if info == "ssl_object" and isinstance(self._sock, ssl.SSLSocket):
            return self._sock
        if info == "is_readable":
            return _is_readable(self._sock)
        if info == "server_addr":
            return self._address.sockaddr
        return None


def _is_readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects only to addresses that passed the guard."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Look up, judge, and try the addresses in turn within the time given."""
        call = _current.get()
        call.dialled = True
        call.wait(timeout, httpcore2.ConnectTimeout)
        until = time.monotonic() + min(timeout or CONNECT_SECONDS, call.left())
        addresses = http_guard.resolve(host, port, until - time.monotonic())
        failure: OSError = TimeoutError("no time left to connect")
        for tried, address in enumerate(addresses):
            seconds = (until - time.monotonic()) / (len(addresses) - tried)
            if seconds <= 0:
                break
            try:
                sock = dial(address, seconds)
            except OSError as error:
                failure = error
                continue
            return GuardedStream(sock, host, port, address)
        if isinstance(failure, TimeoutError):
            raise httpcore2.ConnectTimeout(str(failure)) from failure
        raise httpcore2.ConnectError(str(failure)) from failure


def dial(address: http_guard.Address, seconds: float) -> socket.socket:
    """Open a TCP connection to exactly this address. Raises OSError."""
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(seconds)
        sock.connect(address.sockaddr)
    except BaseException:
        sock.close()
        raise
    return sock


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class GuardedTransport(httpx2.BaseTransport):
    """httpx2's transport over guarded sockets; one pool of kept connections.

    Raises httpcore2's exceptions, GuardRefused and NameNotFound.
    """

    def __init__(self) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls_context(),
            max_connections=None,
            max_keepalive_connections=KEEPALIVE_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=GuardedBackend(),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge the target, then send; the body is read by the caller."""
        url = request.url
        http_guard.check_target(url.scheme, url.host, url.port)
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme,
                    host=url.raw_host,
                    port=url.port,
                    target=url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer)
        )

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names."""
    return httpx2.create_ssl_context()


_transports: dict[str, GuardedTransport] = {}
_transports_lock = threading.Lock()


def transport_for(service: str) -> GuardedTransport:
    """The service's transport; made once in each process."""
    with _transports_lock:
        if service not in _transports:
            _transports[service] = GuardedTransport()
        return _transports[service]


def forget_transports() -> None:
    """Close every kept connection (tests; a changed certificate store)."""
    with _transports_lock:
        kept = list(_transports.values())
        _transports.clear()
    for transport in kept:
        transport.close()
    tls_context.cache_clear()


def _start_anew_after_fork() -> None:
    # A forked worker must not share sockets or a held lock with its parent.
    global _transports, _transports_lock
    _transports, _transports_lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_start_anew_after_fork)
