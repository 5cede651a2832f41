"""The one door out: every HTTP call to anything outside goes through here.

Held for each call: one total deadline over look-up, connect, handshake, sending and
hearing; the guard on the connected address at every hop; a breaker per service and
account; no secret in a log line or in an error's words; no call inside a database
transaction. A status is an answer (`classify` says what it means); only a call that
got no answer raises, and its `outcome` says whether it may have been done.
"""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import IO, Any

import httpx2
from django.db import connections
from django.utils import timezone

from integrations import http_counts, http_observers
from integrations.http_breaker import (
    BreakerState,
    breaker_state,
    breakers,
    reset_breakers,
)
from integrations.http_exchange import (
    Auth,
    Buffer,
    Heard,
    Order,
    Sink,
    build_request,
    converse,
    monotonic_deadline,
)
from integrations.http_guard import GuardRefused, check_url
from integrations.http_redact import redact, redact_headers, safe_address
from integrations.http_types import (
    Download,
    HttpError,
    Outcome,
    Response,
    RetryPolicy,
    classify,
    retry_after,
)

__all__ = [
    "BreakerState",
    "Download",
    "GuardRefused",
    "HttpError",
    "Outcome",
    "Response",
    "RetryPolicy",
    "SdkTransport",
    "breaker_state",
    "check_url",
    "classify",
    "download",
    "redact",
    "redact_headers",
    "refuse_in_transaction",
    "request",
    "reset_breakers",
    "retry_after",
]

logger = logging.getLogger("integrations.http")
# These write whole addresses, with the keys in their queries, and headers.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Params = Mapping[str, str | int | float | bool | list[str] | None]


def request(
    method: str,
    url: str,
    *,
    service: str,
    account: str = "",
    headers: Mapping[str, str] | None = None,
    params: Params | None = None,
    data: Mapping[str, Any] | None = None,
    json: Any = None,
    content: bytes | str | None = None,
    auth: Auth = None,
    deadline: float,
    max_bytes: int = 5_000_000,
    retry: RetryPolicy | None = None,
    follow_redirects: bool = False,
) -> Response:
    """Call `url` and return its answer, whatever the status.

    `deadline` is the total in seconds, over all hops and repeats. `retry` is the
    caller's word that the call may be made twice. Raises HttpError when there is no
    answer, and RuntimeError inside a database transaction.
    """
    order = Order(
        request=build_request(
            method,
            url,
            headers=headers,
            params=params,
            data=data,
            json=json,
            content=content,
        ),
        service=service,
        account=account,
        auth=auth,
        max_bytes=max_bytes,
        follow_redirects=follow_redirects,
        repeatable=retry is not None,
    )
    return _repeat(order, until=monotonic_deadline(deadline), retry=retry)


def download(
    url: str,
    *,
    file: IO[bytes],
    service: str,
    account: str = "",
    headers: Mapping[str, str] | None = None,
    params: Params | None = None,
    auth: Auth = None,
    deadline: float,
    max_bytes: int,
    follow_redirects: bool = False,
) -> Download:
    """GET `url` into `file`, chunk by chunk, and stop over `max_bytes`.

    Nothing is written for a status outside 2xx. When it raises HttpError the file
    may hold a part: throw it away. Too large is permanent here, a file does not
    shrink; code `too_large`.
    """
    order = Order(
        request=build_request("GET", url, headers=headers, params=params),
        service=service,
        account=account,
        auth=auth,
        max_bytes=max_bytes,
        follow_redirects=follow_redirects,
        too_large=Outcome.PERMANENT,
    )
    started = time.monotonic()
    heard = _attempt(order, until=monotonic_deadline(deadline), sink=file.write)
    return Download(
        status=heard.status,
        headers=heard.headers,
        size=heard.size,
        url=heard.url,
        elapsed=time.monotonic() - started,
    )


class SdkTransport(httpx2.BaseTransport):
    """The door for vendors' SDKs that take an httpx2 client:
    `OpenAI(http_client=httpx2.Client(transport=SdkTransport(...)), max_retries=0)`.

    `deadline` is the total for each request; a shorter read timeout that the SDK
    sets on a request wins. Raises HttpError, which SDKs wrap: look at `__cause__`.
    Answers are read whole; server-sent events are not streamed.
    """

    def __init__(
        self,
        *,
        service: str,
        account: str = "",
        deadline: float,
        max_bytes: int = 5_000_000,
    ) -> None:
        self._service = service
        self._account = account
        self._deadline = deadline
        self._max_bytes = max_bytes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Make the SDK's call through the door."""
        request.read()
        asked = request.extensions.get("timeout", {}).get("read") or self._deadline
        order = Order(
            request=request,
            service=self._service,
            account=self._account,
            auth=None,
            max_bytes=self._max_bytes,
            follow_redirects=False,
        )
        until = monotonic_deadline(min(self._deadline, asked))
        answer = _repeat(order, until=until, retry=None)
        # The body is unpacked and whole: these headers no longer describe it.
        gone = {"content-encoding", "content-length", "transfer-encoding"}
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in gone}
        return httpx2.Response(answer.status, headers=headers, content=answer.body)


def refuse_in_transaction() -> None:
    """Raise RuntimeError when this thread is inside a database transaction: a
    remote that hangs would hold locks, and a roll-back would forget a real effect.

    The transactions that a TestCase (and pytest-django's `db`) wraps around a test
    do not count; Django marks them, as it does for `atomic(durable=True)`.
    """
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        if connection.in_atomic_block and any(
            not getattr(block, "_from_testcase", False) for block in blocks
        ):
            raise RuntimeError(
                "a call to an outside service inside a database transaction"
                f" (connection {connection.alias!r})"
            )


def _repeat(order: Order, *, until: float, retry: RetryPolicy | None) -> Response:
    """Attempts until one settles it, the policy is used up, or time is."""
    started = time.monotonic()
    attempt = 0
    while True:
        attempt += 1
        buffer = Buffer()
        try:
            heard = _attempt(order, until=until, sink=buffer)
        except HttpError as error:
            final = error.code in ("breaker_open", "too_large")
            if final or not _pause(retry, attempt, until, error.outcome, None):
                raise
            continue
        if not _pause(retry, attempt, until, classify(heard), _asked_wait(heard)):
            return Response(
                status=heard.status,
                headers=heard.headers,
                body=b"".join(buffer.parts),
                url=heard.url,
                elapsed=time.monotonic() - started,
            )


def _pause(
    retry: RetryPolicy | None,
    attempt: int,
    until: float,
    outcome: Outcome | None,
    asked: float | None,
) -> bool:
    """Sleep before the next attempt; False, at once, when there must be none."""
    if retry is None or attempt >= retry.attempts:
        return False
    if outcome is None or outcome is Outcome.PERMANENT:
        return False
    pause = retry.pause(attempt, asked)
    if time.monotonic() + pause >= until:
        return False
    time.sleep(pause)
    return True


def _asked_wait(answer: Heard) -> float | None:
    """The answer's Retry-After as seconds from now, or None."""
    now = timezone.now()
    moment = retry_after(answer, now=now)
    return None if moment is None else (moment - now).total_seconds()


def _attempt(order: Order, *, until: float, sink: Sink) -> Heard:
    """One call: may it go, make it, tell the breaker and the log."""
    refuse_in_transaction()
    _admit(order)
    started = time.monotonic()
    result = converse(order, deadline=until, sink=sink)
    _tell_breaker(order, result)
    seconds = time.monotonic() - started
    _log(order, result, seconds)
    http_observers.tell(order.service, result, seconds)
    if isinstance(result, HttpError):
        raise result
    return result


def _admit(order: Order) -> None:
    wait = breakers.admit(order.service, order.account)
    if wait is None:
        return
    trouble = breakers.state(order.service, order.account).last_error
    error = HttpError(
        Outcome.LATER,
        f"{order.service} is not answering, so it was not called"
        + (f" (last: {trouble})" if trouble else ""),
        retry_at=timezone.now() + timedelta(seconds=wait),
        code="breaker_open",
    )
    _log(order, error, 0.0)
    raise error


def _tell_breaker(order: Order, result: Heard | HttpError) -> None:
    who = (order.service, order.account)
    if isinstance(result, Heard):
        if result.status >= 500:
            words = f"{order.host} answered {result.status}"
            breakers.failed(*who, words, wait=_asked_wait(result))
        else:
            breakers.succeeded(*who)
    elif result.code == "too_large":
        breakers.succeeded(*who)
    elif result.outcome in (Outcome.REFUSED, Outcome.UNKNOWN):
        breakers.failed(*who, result.words)


def _log(order: Order, result: Heard | HttpError, seconds: float) -> None:
    outcome: str
    if isinstance(result, HttpError):
        status, outcome = "-", f"{result.outcome}/{result.code}"
    else:
        status, outcome = str(result.status), classify(result) or "ok"
    refused = outcome.endswith("/breaker_open")
    kind = "not_called" if refused else outcome.partition("/")[0]
    http_counts.note(order.service, kind, seconds)
    logger.info(
        "%s %s %s -> %s in %d ms (%s)",
        order.service,
        order.request.method,
        safe_address(str(order.request.url), also=order.secrets()),
        status,
        round(seconds * 1000),
        outcome,
    )
