"""A breaker per service and account: trouble at a vendor stays small.

After THRESHOLD outages in a row (no connection, no answer, 5xx; never a 4xx) calls
are refused at once, but for one probe every PROBE_SECONDS; the first success closes
it. The state lives in this process. Where Django's cache is shared (Redis), the
processes open, probe and close together; without the cache each goes on alone.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone

from integrations.http_guard import run_bounded

logger = logging.getLogger("integrations.http")

THRESHOLD: Final = 5
PROBE_SECONDS: Final = 10.0
# A vendor's Retry-After puts the next probe off, but not beyond this.
LONGEST_PROBE_SECONDS: Final = 50.0

_LOOK_SECONDS: Final = 2.0  # how stale another process's state may be here
_CACHE_WAIT: Final = 0.5  # a black-holed cache must not hold a call up
_CACHE_REST: Final = 30.0
_KEPT_SECONDS: Final = 600

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """For the services page. `state` is closed, open, or half_open (the next call is
    the probe); `failures` in a row; times are aware, of the real clock.
    """

    state: str
    failures: int = 0
    opened_at: datetime | None = None
    retry_at: datetime | None = None
    last_error: str = ""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open: bool = False
    next_probe: float = 0.0
    opened_at: float = 0.0  # wall clock, comparable between processes
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What processes tell each other: opened or closed, when (wall clock)."""

    open: bool
    at: float
    next_probe: float = 0.0
    last_error: str = ""


class Board(Protocol):
    """Where processes leave their marks."""

    def read(self, key: Key) -> Mark | None:
        """The last mark left for the key."""
        ...

    def write(self, key: Key, mark: Mark) -> None:
        """Leave a mark."""
        ...

    def take_probe(self, key: Key, seconds: float) -> bool:
        """Whether the asker may probe; for `seconds` nobody else may."""
        ...


@dataclass(slots=True)
class CacheBoard:
    """The marks in Django's default cache, when it is shared between processes.

    Every access is bounded in time; after a failure the cache rests for 30 s and the
    process decides alone.
    """

    clock: Callable[[], float] = time.monotonic
    _seen: dict[Key, tuple[float, Mark | None]] = field(default_factory=dict)
    _resting_until: float = 0.0

    def read(self, key: Key) -> Mark | None:
        """The last mark, at most 2 s old; None when there is none."""
        now = self.clock()
        seen = self._seen.get(key)
        if seen is not None and now - seen[0] < _LOOK_SECONDS:
            return seen[1]
        raw = self._ask("get", _name(key))
        mark = Mark(**raw) if isinstance(raw, dict) else None
        self._seen[key] = (now, mark)
        return mark

    def write(self, key: Key, mark: Mark) -> None:
        """Leave a mark for ten minutes."""
        self._seen[key] = (self.clock(), mark)
        value = {
            "open": mark.open,
            "at": mark.at,
            "next_probe": mark.next_probe,
            "last_error": mark.last_error,
        }
        self._ask("set", _name(key), value, timeout=_KEPT_SECONDS)

    def take_probe(self, key: Key, seconds: float) -> bool:
        """Whether this process may probe now; the token lasts `seconds`."""
        token = f"{_name(key)}:probe"
        for _ in range(2):  # the other's token may end just between the questions
            if self._ask("add", token, 1, timeout=max(1, round(seconds))):
                return True
            if self._ask("get", token) is not None:
                return False
        return True  # neither taken nor free: the cache is away and hides it

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        shared = caches["default"]
        now = self.clock()
        if isinstance(shared, LocMemCache | DummyCache) or now < self._resting_until:
            return None
        try:
            ask = getattr(shared, method)
            return run_bounded(lambda: ask(*args, **kwargs), _CACHE_WAIT)
        except Exception as error:  # any trouble with the cache: go on alone
            self._resting_until = now + _CACHE_REST
            logger.warning("breakers are not shared: cache %s", type(error).__name__)
            return None


def _name(key: Key) -> str:
    # An account may be a name with characters a cache key cannot hold.
    return "breaker:" + hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]


class Breakers:
    """All circuits of one process, behind one lock."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        board: Board | None = None,
    ) -> None:
        self.clock = clock
        self.wall = wall
        self.board: Board = board if board is not None else CacheBoard()
        self._lock = threading.Lock()
        self._circuits: dict[Key, _Circuit] = {}

    def admit(self, service: str, account: str) -> float | None:
        """None: go ahead. Else the seconds until the next probe may go."""
        key = (service, account)
        mark = self.board.read(key)
        with self._lock:
            circuit = self._circuit(key, mark)
            if not circuit.open:
                return None
            wait = circuit.next_probe - self.clock()
            if wait > 0:
                return wait
            circuit.next_probe = self.clock() + PROBE_SECONDS
        if self.board.take_probe(key, PROBE_SECONDS):
            return None
        with self._lock:  # another process probes; ask again soon
            circuit.next_probe = self.clock() + PROBE_SECONDS / 4
        return PROBE_SECONDS / 4

    def succeeded(self, service: str, account: str) -> None:
        """The service answered: start counting anew, close if open."""
        key = (service, account)
        with self._lock:
            was = self._circuits.pop(key, None)
        if was is not None and was.open:
            logger.info("breaker closed: %s answers again", service)
            self.board.write(key, Mark(open=False, at=self.wall()))

    def failed(
        self, service: str, account: str, words: str, *, wait: float | None = None
    ) -> None:
        """The service was out; `wait` is its own Retry-After in seconds."""
        key = (service, account)
        pause = max(PROBE_SECONDS, min(wait or 0.0, LONGEST_PROBE_SECONDS))
        with self._lock:
            circuit = self._circuit(key, None)
            circuit.failures += 1
            circuit.last_error = words
            if circuit.open:
                if wait:
                    circuit.next_probe = max(
                        circuit.next_probe, self.clock() + min(wait, pause)
                    )
                return
            if circuit.failures < THRESHOLD:
                return
            circuit.open = True
            circuit.opened_at = self.wall()
            circuit.next_probe = self.clock() + pause
        logger.warning("breaker open: %s does not answer (%s)", service, words)
        at = circuit.opened_at
        self.board.write(key, Mark(True, at, at + pause, words))
        self.board.take_probe(key, PROBE_SECONDS)

    def state(self, service: str, account: str) -> BreakerState:
        """What the services page shows; changes nothing."""
        key = (service, account)
        mark = self.board.read(key)
        with self._lock:
            circuit = self._circuit(key, mark)
            if not circuit.open:
                return BreakerState(
                    "closed", circuit.failures, last_error=circuit.last_error
                )
            wait = circuit.next_probe - self.clock()
            tz = timezone.get_default_timezone()
            return BreakerState(
                state="open" if wait > 0 else "half_open",
                failures=circuit.failures,
                opened_at=datetime.fromtimestamp(circuit.opened_at, tz),
                retry_at=timezone.now() + timedelta(seconds=max(0.0, wait)),
                last_error=circuit.last_error,
            )

    def reset(self) -> None:
        """Forget everything in this process."""
        with self._lock:
            self._circuits.clear()
        if isinstance(self.board, CacheBoard):
            self.board = CacheBoard()

    def _circuit(self, key: Key, mark: Mark | None) -> _Circuit:
        """The key's circuit, brought up to another process's later mark."""
        circuit = self._circuits.setdefault(key, _Circuit())
        if mark is None:
            return circuit
        if mark.open and not circuit.open and mark.at > circuit.opened_at:
            circuit.open = True
            circuit.failures = max(circuit.failures, THRESHOLD)
            circuit.opened_at = mark.at
            circuit.last_error = mark.last_error
            circuit.next_probe = self.clock() + mark.next_probe - self.wall()
        elif circuit.open and not mark.open and mark.at > circuit.opened_at:
            circuit = self._circuits[key] = _Circuit()
        return circuit


breakers = Breakers()


def breaker_state(service: str, account: str = "") -> BreakerState:
    """How the service's breaker stands, for the services page."""
    return breakers.state(service, account)


def reset_breakers() -> None:
    """Forget all breakers of this process; for tests."""
    breakers.reset()


def _start_anew_after_fork() -> None:
    # A lock held at the fork would never be released in the child.
    breakers._lock = threading.Lock()
    breakers.reset()


os.register_at_fork(after_in_child=_start_anew_after_fork)
