"""What an outgoing call ends with: an answer, or an error that says what is true.

The classes come from the table "What an outgoing call's end means": a call whose
request may have reached the vendor is `unknown`, never `failed`, and is not repeated
automatically.
"""

import email.utils
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

RETRY_AFTER_CAP: Final = timedelta(hours=24)


class Outcome(StrEnum):
    """How a call ended that did not plainly succeed."""

    REFUSED = "refused"  # a definite no: nothing was done, another road may be tried
    LATER = "later"  # a definite no for now: try again at `retry_at`
    PERMANENT = "permanent"  # a definite no that a repeat does not change
    UNKNOWN = "unknown"  # it may have been done: never repeat automatically


class HttpError(Exception):
    """A call without an answer.

    `words` are for people and hold no secret; `retry_at` (real clock, aware) is set
    for LATER when it is known; `code` is one of: guard, request, redirects, dns,
    connect, tls, deadline (before anything was written), timeout, reset, protocol,
    unreadable, too_large, breaker_open.
    """

    def __init__(
        self,
        outcome: Outcome,
        words: str,
        retry_at: datetime | None = None,
        code: str = "",
    ) -> None:
        super().__init__(outcome, words, retry_at, code)
        self.outcome = outcome
        self.words = words
        self.retry_at = retry_at
        self.code = code

    def __str__(self) -> str:
        return self.words


class Answer(Protocol):
    """What `classify` and `retry_after` need: a status and headers."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that ignore case."""
        ...


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status. `headers` ignore case; `body` is decoded from its
    content encoding; `url` is the last hop's, `elapsed` in seconds, all hops.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    elapsed: float

    @property
    def ok(self) -> bool:
        """A status of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, or ""."""
        return content_type(self.headers)

    @property
    def text(self) -> str:
        """The body by its declared charset, else UTF-8; never raises."""
        found = re.search(
            r"charset=[\"']?([\w.:-]+)", self.headers.get("content-type", "")
        )
        try:
            return self.body.decode(found[1] if found else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises HttpError: `unknown` after a 2xx (the vendor may
        have done it), else what the status says; code `unreadable`.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.content_type or "no type"
        raise HttpError(
            classify(self) or Outcome.UNKNOWN,
            f"answered {self.status} with {len(self.body)} bytes of {kind}"
            " that are not JSON",
            code="unreadable",
        )


@dataclass(frozen=True, slots=True)
class Download:
    """A finished download: `size` bytes were written to the caller's file. With a
    status outside 200–299 nothing was written.
    """

    status: int
    headers: Mapping[str, str]
    size: int
    url: str
    elapsed: float

    @property
    def ok(self) -> bool:
        """A status of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, or ""."""
        return content_type(self.headers)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """For calls that may safely be made twice, by the caller's own word.

    `attempts` in all; the n-th pause is random between half and the whole of
    min(cap, base · 2ⁿ⁻¹) seconds, or the vendor's Retry-After when that is longer.
    No pause reaches past the call's total deadline.
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 8.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.base < 0 or self.cap < self.base:
            raise ValueError("a RetryPolicy needs attempts >= 1 and 0 <= base <= cap")

    def pause(self, attempt: int, asked: float | None) -> float:
        """Seconds to wait after the `attempt`-th try (from 1); `asked` is the
        vendor's Retry-After in seconds.
        """
        most = min(self.cap, self.base * 2 ** (attempt - 1))
        # No secret: the jitter only keeps callers from coming back together.
        return max(random.uniform(most / 2, most), asked or 0.0)  # noqa: S311


def content_type(headers: Mapping[str, str]) -> str:
    """The media type of a Content-Type header, lower case, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def classify(response: Answer) -> Outcome | None:
    """What an HTTP status means for what was asked; None for 2xx.

    A redirect that was not followed and every 4xx but 408, 425 and 429 are a
    definite, permanent no; 429, 425 and 503 with a readable Retry-After mean later;
    408 and all other 5xx leave it unknown. Vendors' own codes come on top.
    """
    status = response.status
    if 200 <= status < 300:
        return None
    if status in (425, 429):
        return Outcome.LATER
    if status == 503 and retry_after(response, now=_NEVER) is not None:
        return Outcome.LATER
    if status == 408 or status >= 500 or status < 200:
        return Outcome.UNKNOWN
    return Outcome.PERMANENT


def retry_after(response: Answer, *, now: datetime) -> datetime | None:
    """When the vendor asks us to come back (RFC 9110, 10.2.3): seconds or a date.

    None when there is none or it is rubbish; the past is `now`; never more than 24
    hours away. `now` is aware and of the real clock.
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"-?\d{1,18}(\.\d{1,9})?", value, re.ASCII):
        wait = min(float(value), RETRY_AFTER_CAP.total_seconds())
        return now + timedelta(seconds=max(0.0, wait))
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(now, min(moment, now + RETRY_AFTER_CAP))
