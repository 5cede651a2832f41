"""One conversation with a service: hops, body, and what its failure means.

`converse` never raises for anything the network or the vendor does; it returns an
HttpError instead, so that no vendor exception (whose text may hold a secret) stays
attached to what the caller sees.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore2
import httpx2

from integrations.http_guard import GuardRefused, NameNotFound
from integrations.http_net import (
    CONNECT_SECONDS,
    Call,
    GuardedTransport,
    TlsFailed,
    calling,
    transport_for,
)
from integrations.http_redact import is_sensitive_header, redact
from integrations.http_types import HttpError, Outcome

MAX_REDIRECTS: Final = 5
_OWN_HEADERS: Final = {"User-Agent": "Leadsite", "Accept-Encoding": "gzip, deflate"}
# What another host may see of a request that was meant for the first one.
_HEADERS_FOR_STRANGERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "host", "user-agent"}
)

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Auth = tuple[str, str] | httpx2.Auth | None


class TooLarge(Exception):
    """The body is larger than the caller takes."""


class TooManyRedirects(Exception):
    """The service sends us round and round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to send, to whom, and how much of an answer to take.

    `repeatable` is the caller's word that the call may be made twice; GET, HEAD and
    OPTIONS always may.
    """

    request: httpx2.Request
    service: str
    account: str
    auth: Auth
    max_bytes: int
    follow_redirects: bool
    repeatable: bool = False
    too_large: Outcome = Outcome.UNKNOWN

    @property
    def host(self) -> str:
        """The host as people know it, for words and logs."""
        return self.request.url.host

    @property
    def may_repeat(self) -> bool:
        """Whether making the call twice does no harm."""
        return self.repeatable or self.request.method in _SAFE_METHODS

    def secrets(self) -> list[str]:
        """The values that must never appear in words or logs."""
        found = [v for k, v in self.request.headers.items() if is_sensitive_header(k)]
        found += [part for value in found for part in value.split()[1:]]
        if isinstance(self.auth, tuple):
            found.append(self.auth[1])
        found.append(self.request.url.password)
        return [value for value in found if value]


@dataclass(slots=True)
class Heard:
    """What came back; the body went to the sink as it arrived."""

    status: int
    headers: httpx2.Headers
    url: str
    size: int = 0


@dataclass(slots=True)
class Buffer:
    """A sink that keeps the body in memory."""

    parts: list[bytes] = field(default_factory=list)

    def __call__(self, chunk: bytes) -> object:
        """Take the next part."""
        self.parts.append(chunk)
        return None


Sink = Callable[[bytes], object]


def build_request(
    method: str, url: str, *, headers: Mapping[str, str] | None, **parts: Any
) -> httpx2.Request:
    """The request with our own defaults. Raises HttpError (permanent, `request`)
    when address, headers or body cannot make one; the text quotes none of them.
    """
    try:
        return httpx2.Request(
            method.upper(),
            url,
            headers={**_OWN_HEADERS, **(headers or {})},
            **{name: value for name, value in parts.items() if value is not None},
        )
    except (httpx2.InvalidURL, ValueError) as error:
        failure = type(error).__name__
    raise HttpError(
        Outcome.PERMANENT, f"not called: malformed request ({failure})", code="request"
    )


def converse(order: Order, *, deadline: float, sink: Sink) -> Heard | HttpError:
    """Send the order and hear the whole answer before `deadline` (monotonic).

    Only a 2xx body goes to `sink` when it is not a Buffer.
    """
    call = Call(deadline)
    with calling(call), _client(order) as client:
        try:
            response = _follow(client, order, call)
            try:
                return _hear(response, order, sink)
            finally:
                response.close()
        except _FAILURES as failure:
            return _meaning(failure, order, call)


@contextmanager
def _client(order: Order) -> Iterator[httpx2.Client]:
    """A client of the call's own: no cookie ever reaches another account's call.

    A call that must not be made twice gets a connection of its own as well: a kept
    one may die just as the request is written, and nobody could say whether it was
    heard.
    """
    kept = transport_for(order.service) if order.may_repeat else None
    transport = kept or GuardedTransport()
    try:
        yield httpx2.Client(transport=transport, trust_env=False)
    finally:
        if kept is None:
            transport.close()


def _follow(client: httpx2.Client, order: Order, call: Call) -> httpx2.Response:
    request, auth = order.request, order.auth
    request.extensions = {**request.extensions, "timeout": _timeouts(call)}
    for _ in range(MAX_REDIRECTS + 1):
        response = _send(client, order, request, auth, call)
        following = response.next_request
        if following is None or not order.follow_redirects:
            return response
        response.close()
        call.taken = call.taken or request.method not in _SAFE_METHODS
        if following.url.origin != request.url.origin:
            _estrange(request, following)
            auth = None
        request = following
    raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _timeouts(call: Call) -> dict[str, float | None]:
    connect = min(CONNECT_SECONDS, call.left())
    return {"connect": connect, "read": None, "write": None, "pool": None}


def _send(
    client: httpx2.Client,
    order: Order,
    request: httpx2.Request,
    auth: Auth,
    call: Call,
) -> httpx2.Response:
    while True:
        call.begin()
        try:
            return client.send(request, auth=auth, stream=True)
        except (httpcore2.NetworkError, httpcore2.RemoteProtocolError):
            # A kept connection that had died: each turn uses one of them up, the
            # last turn dials.
            if call.dialled or (call.written and not order.may_repeat):
                raise


def _estrange(request: httpx2.Request, following: httpx2.Request) -> None:
    """Let a redirect to another origin carry nothing that was meant for the first."""
    if request.url.scheme == "https" and following.url.scheme == "http":
        raise GuardRefused("a redirect leads from https to plain http")
    if following.method not in ("GET", "HEAD"):
        raise GuardRefused("a redirect would send the request's body to another host")
    for name in list(following.headers):
        if name.lower() not in _HEADERS_FOR_STRANGERS:
            del following.headers[name]


def _hear(response: httpx2.Response, order: Order, sink: Sink) -> Heard:
    heard = Heard(
        status=response.status_code,
        headers=response.headers,
        url=str(response.request.url),
    )
    wanted = isinstance(sink, Buffer) or 200 <= heard.status < 300
    declared = response.headers.get("content-length", "")
    has_body = response.request.method != "HEAD" and heard.status != 304
    if has_body and declared.isdigit() and int(declared) > order.max_bytes:
        raise TooLarge
    for chunk in response.iter_bytes():
        heard.size += len(chunk)
        if heard.size > order.max_bytes:
            raise TooLarge
        if wanted:
            sink(chunk)
    if not wanted:
        heard.size = 0
    return heard


_FAILURES: Final = (
    GuardRefused,
    NameNotFound,
    TooLarge,
    TooManyRedirects,
    UnicodeError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)

# First match wins: the exception, its code, and the words after the host's name.
_Meanings = tuple[tuple[type[Exception], str, str], ...]
_BEFORE_WRITING: Final[_Meanings] = (
    (NameNotFound, "dns", "could not be found: {}"),
    (TlsFailed, "tls", "did not prove who it is (TLS): {}"),
    (httpcore2.ConnectTimeout, "connect", "did not accept a connection in time"),
    (httpcore2.TimeoutException, "deadline", "was not reached in the time given"),
    (httpcore2.NetworkError, "connect", "could not be reached: {}"),
)
_AFTER_WRITING: Final[_Meanings] = (
    (httpcore2.TimeoutException, "timeout", "took the request and did not answer"),
    (httpcore2.NetworkError, "reset", "took the request and broke the connection"),
    (httpcore2.ProtocolError, "protocol", "took the request and gave no whole answer"),
    (httpx2.DecodingError, "unreadable", "answered with a body that does not unpack"),
    (Exception, "protocol", "took the request and then the call broke off"),
)


def _meaning(failure: Exception, order: Order, call: Call) -> HttpError:
    host, secrets = order.host, order.secrets()
    if isinstance(failure, TooLarge):
        words = f"{host} answered with more than {order.max_bytes:,} bytes"
        return HttpError(order.too_large, words, code="too_large")
    if isinstance(failure, GuardRefused | TooManyRedirects):
        code = "guard" if isinstance(failure, GuardRefused) else "redirects"
        outcome = Outcome.UNKNOWN if call.taken else Outcome.PERMANENT
        words = redact(f"not called: {failure}", also=secrets)
        return HttpError(outcome, words, code=code)
    if call.written or call.taken:
        code, words = _look_up(_AFTER_WRITING, failure) or ("protocol", "broke off")
        words = f"{host} {words}; it may have been done"
        return HttpError(Outcome.UNKNOWN, words, code=code)
    found = _look_up(_BEFORE_WRITING, failure)
    if found is not None:
        reason = str(failure) or type(failure).__name__
        words = redact(f"{host} {found[1].format(reason)}", also=secrets)
        return HttpError(Outcome.REFUSED, words, code=found[0])
    # The text of what is left may quote the address or a header: it stays out.
    words = f"not called: malformed request to {host or 'no host'}"
    words += f" ({type(failure).__name__})"
    return HttpError(Outcome.PERMANENT, words, code="request")


def _look_up(meanings: _Meanings, failure: Exception) -> tuple[str, str] | None:
    for kind, code, words in meanings:
        if isinstance(failure, kind):
            return code, words
    return None


def monotonic_deadline(seconds: float) -> float:
    """The instant, on the monotonic clock, `seconds` from now."""
    if not 0 < seconds <= 600:
        raise ValueError("a deadline is between 0 and 600 seconds")
    return time.monotonic() + seconds
