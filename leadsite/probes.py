"""Questions to the database, Redis and the disk that can never hang their asker.

Each runs in a thread of its own with a time limit. While one hangs no second is
started, so that a black hole costs one thread, however often somebody asks.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from leadsite import heartbeat
from leadsite.heartbeat import Seen

T_co = TypeVar("T_co", covariant=True)
DEADLINE: Final = 1.5  # seconds; the whole of /health/ready/ stays below 2
KEPT: Final = 1.0


class NoAnswer(Exception):
    """The question was not answered in time."""


class Probe(Generic[T_co]):
    """One question; its answer is kept for `kept` seconds."""

    def __init__(
        self, name: str, ask: Callable[[], T_co], *, kept: float = KEPT
    ) -> None:
        self._name = name
        self._ask = ask
        self._kept = kept
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._answer: T_co | None = None
        self._error: Exception | None = None
        self._at = float("-inf")

    def start(self) -> None:
        """Ask, unless the last answer is fresh or still awaited."""
        with self._lock:
            fresh = time.monotonic() - self._at < self._kept
            if fresh or (self._running and self._running.is_alive()):
                return
            self._running = threading.Thread(
                target=self._run, name=f"probe-{self._name}", daemon=True
            )
            self._running.start()

    def result(self, *, until: float) -> T_co:
        """Wait (monotonic `until`) and return the answer or raise its exception.

        Raises NoAnswer when there is none in time.
        """
        running = self._running
        if running is not None:
            running.join(max(0.0, until - time.monotonic()))
            if running.is_alive():
                raise NoAnswer("no answer in time")
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]  # set by `_run`

    def forget(self) -> None:
        """Ask anew next time (between tests)."""
        with self._lock:
            self._at, self._running = float("-inf"), None

    def _run(self) -> None:
        answer, error = None, None
        try:
            answer = self._ask()
        except Exception as caught:  # handed to whoever waits
            error = caught
        self._answer, self._error = answer, error
        self._at = time.monotonic()


@dataclass(frozen=True)
class DatabaseFacts:
    """What one look at the database told; `parts` is empty before migration."""

    milliseconds: int
    clock_behind: float  # seconds that the database's clock is behind ours
    pending: list[str]
    parts: list[Seen]


@dataclass(frozen=True)
class RedisFacts:
    """What Redis says of itself; None where it does not tell us."""

    milliseconds: int
    version: str | None
    eviction: str | None
    memory_limit: int | None


@dataclass(frozen=True)
class DiskFacts:
    """Room where DATA_DIR is; `writable` was tried."""

    free: int
    writable: bool


def ask_database() -> DatabaseFacts:
    """One connection, four statements."""
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        took = round((time.monotonic() - began) * 1000)
        pending = pending_migrations()
        parts = [] if any(p.startswith("leads.") for p in pending) else heartbeat.seen()
        return DatabaseFacts(took, _clock_behind(), pending, parts)
    finally:
        connection.close()


def pending_migrations() -> list[str]:
    """Migrations of this code that the database has not had, by name."""
    had = set(MigrationRecorder(connection).applied_migrations())
    return sorted(f"{app}.{name}" for app, name in _known_migrations() - had)


@cache
def _known_migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).disk_migrations)


def _clock_behind() -> float:
    if connection.vendor == "sqlite":
        return 0.0  # its clock is this machine's
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (theirs,) = cursor.fetchone()
    found: datetime = theirs
    return (timezone.now() - found).total_seconds()


def ask_redis() -> RedisFacts | None:
    """None when no Redis is set."""
    if not settings.REDIS_URL:
        return None
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1.2, socket_connect_timeout=1.2
    )
    began = time.monotonic()
    try:
        client.ping()
        took = round((time.monotonic() - began) * 1000)
        try:
            told = cast(dict[str, Any], client.info())
        except redis.exceptions.NoPermissionError:
            told = {}
    finally:
        client.close()
    return RedisFacts(
        took,
        told.get("redis_version"),
        told.get("maxmemory_policy"),
        told.get("maxmemory"),
    )


def ask_disk() -> DiskFacts:
    """Write and remove a small file where everything is kept."""
    folder = settings.DATA_DIR
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as file:
            file.write(b"x")
            file.flush()
        writable = True
    except OSError:
        writable = False
    return DiskFacts(shutil.disk_usage(folder).free, writable)


database = Probe("database", ask_database)
broker = Probe("redis", ask_redis)
disk = Probe("disk", ask_disk)


def forget_all() -> None:
    """Ask everything anew (between tests)."""
    for probe in (database, broker, disk):
        probe.forget()
