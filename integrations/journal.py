"""The journal's statements: one durable row for a request, before anything else.

Written as plain SQL over Django's connection, for SQLite and PostgreSQL alike; the
columns come from the model. Runs in the intake's own threads, which keep their
connection: unlike a request's thread they are found again.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Field

from integrations.base import MEGABYTE, Body
from integrations.models import DeliveryChunk, WebhookDelivery

T = TypeVar("T")
logger = logging.getLogger("integrations.intake")

QUARANTINE_ROWS: Final = 1_000
QUARANTINE_BYTES: Final = 65_536
QUARANTINE_DAYS: Final = timedelta(days=7)
_KEEP_SECONDS: Final = 60.0  # a kept connection is renewed after this
_FULL_SECONDS: Final = 10.0  # how long a full quarantine is believed full

_AWAY: Final = (OperationalError, InterfaceError)

# What happened at the door since this process started, for /metrics and the admin.
counts: Counter[str] = Counter()


class JournalAway(Exception):
    """The database did not take the row; the sender must come again."""


def store(rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Write proven requests, all in one statement; for each its id, or None when it
    is a copy. Raises JournalAway.
    """
    return _durably(lambda: _insert(rows))


def store_large(values: Mapping[str, Any], body: Body) -> int | None:
    """Write a request whose body becomes 1 MB chunks, in one transaction; its id, or
    None when it is a copy. Raises JournalAway.
    """
    return _durably(lambda: _insert_with_chunks(values, body))


def quarantine(values: Mapping[str, Any], body: Body) -> bool:
    """Keep a refused request while there is room; False when it is only counted.

    Raises JournalAway.
    """
    counts["refused"] += 1
    kept = _room.take() and _durably(lambda: _insert_refused(values, body))
    if not kept:
        counts["refused_not_kept"] += 1
    return kept


def look_up(work: Callable[[], T], *, seconds: float) -> T:
    """Read with `work`, for an answer that is chosen at the door: over the same kept
    connection, each statement within `seconds`. Raises JournalAway.
    """
    return _durably(lambda: _within(work, seconds))


def _within(work: Callable[[], T], seconds: float) -> T:
    if connection.vendor != "postgresql":
        return work()  # SQLite's readers wait for nobody
    limit = str(int(seconds * 1000))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
        return work()


def body_of(delivery: WebhookDelivery) -> bytes:
    """The whole raw body, from the row or its chunks."""
    if delivery.size <= MEGABYTE or delivery.body:
        return bytes(delivery.body)
    return b"".join(bytes(chunk.data) for chunk in delivery.chunks.all())


def pieces_of(delivery: WebhookDelivery) -> Iterator[bytes]:
    """The whole raw body, at most 1 MB at a time, each fetched when it is asked for.

    Raises LookupError when a part of it is gone.
    """
    if delivery.size <= MEGABYTE or delivery.body:
        yield bytes(delivery.body)
        return
    left = delivery.size
    for position in range(-(-delivery.size // MEGABYTE)):
        chunks = delivery.chunks.filter(position=position)
        data = chunks.values_list("data", flat=True).first()
        if data is None:
            raise LookupError(f"{left} of {delivery.size} bytes are missing")
        left -= len(data)
        yield bytes(data)


def close_connection() -> None:
    """Close this thread's connection (at shutdown, and in tests)."""
    connection.close()
    _kept.since = None


# --- connections -------------------------------------------------------------


class _Kept(threading.local):
    since: float | None = None


_kept = _Kept()


def _durably(work: Callable[[], T]) -> T:
    """Run `work`; once more on a new connection when a kept one was cut. The
    statements may run twice without harm.
    """
    now = time.monotonic()
    if _kept.since is not None and now - _kept.since > _KEEP_SECONDS:
        close_connection()
    was_kept = _kept.since is not None
    try:
        return _settled(work, now)
    except _AWAY as error:
        close_connection()
        if not was_kept:
            raise JournalAway(type(error).__name__) from error
    try:
        return _settled(work, now)
    except _AWAY as error:
        close_connection()
        raise JournalAway(type(error).__name__) from error


def _settled(work: Callable[[], T], now: float) -> T:
    result = work()
    _kept.since = _kept.since or now
    return result


# --- statements --------------------------------------------------------------


@lru_cache(maxsize=1)
def _columns() -> "tuple[Field[Any, Any], ...]":
    fields = WebhookDelivery._meta.concrete_fields
    return tuple(field for field in fields if not field.primary_key)


@lru_cache(maxsize=128)
def _statement(rows: int) -> str:
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in _columns())
    places = ", ".join(["%s"] * len(_columns()))
    table = quote(WebhookDelivery._meta.db_table)
    return (
        f"INSERT INTO {table} ({names})"  # noqa: S608  # only names of our own
        f" VALUES {', '.join([f'({places})'] * rows)}"
        " ON CONFLICT DO NOTHING RETURNING id, provider, external_id"
    )


def _insert(rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    parameters = [value for row in rows for value in _prepared(row)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(rows)), parameters)
        # SQLite commits only when the last row is fetched.
        written = {(row[1], row[2]): int(row[0]) for row in cursor.fetchall()}
    # A copy within `rows` finds its id taken, like any other copy.
    return [written.pop((row["provider"], row["external_id"]), None) for row in rows]


def _prepared(row: Mapping[str, Any]) -> Iterator[Any]:
    for field in _columns():
        name = field.attname
        value = row[name] if name in row else field.get_default()
        yield field.get_db_prep_save(value, connection)


def _insert_with_chunks(values: Mapping[str, Any], body: Body) -> int | None:
    with transaction.atomic():
        (pk,) = _insert([values])
        if pk is None:
            return None
        body.file.seek(0)
        position = 0
        while chunk := body.file.read(MEGABYTE):
            DeliveryChunk.objects.create(delivery_id=pk, position=position, data=chunk)
            position += 1
        return pk


def _insert_refused(values: Mapping[str, Any], body: Body) -> bool:
    with _room.lock:  # counted and written by one thread at a time
        rows = WebhookDelivery.objects.filter(state="quarantined").count()
        if rows >= QUARANTINE_ROWS:
            _room.close()
            return False
        _insert([{**values, "body": body.head(QUARANTINE_BYTES)}])
        return True


class _Room:
    """Whether the quarantine has room, without asking the database each time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._full_until = 0.0

    def take(self) -> bool:
        return time.monotonic() >= self._full_until

    def close(self) -> None:
        self._full_until = time.monotonic() + _FULL_SECONDS
        logger.warning("the quarantine is full: refused requests are only counted")

    def reopen(self) -> None:
        self._full_until = 0.0


_room = _Room()


def quarantine_has_room() -> None:
    """Look again at once (a row was released, discarded or purged)."""
    _room.reopen()
