"""Signs of life: each part of a process writes one every few seconds.

Health, doctor, status and /metrics read them, so that one page knows of every
process that shares the database.
"""

import logging
import os
import socket
import threading
import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from integrations import http_counts, journal
from leads.models import ProcessBeat

log = logging.getLogger(__name__)

EVERY: Final = 5.0  # seconds
ALIVE: Final = timedelta(seconds=20)
FORGOTTEN: Final = timedelta(hours=1)
LAST_WORD: Final = 2.0  # seconds for taking the rows back at the end


@dataclass(frozen=True)
class Seen:
    """One part as its last sign of life shows it; ages in seconds."""

    kind: str
    name: str
    version: str
    age: float
    running_for: float
    swept_ago: float | None
    process: uuid.UUID
    counts: dict[str, Any]

    @property
    def alive(self) -> bool:
        """Whether it was seen lately."""
        return self.age <= ALIVE.total_seconds()


@cache
def version() -> str:
    """The version that this checkout says it has."""
    text = (settings.BASE_DIR / "pyproject.toml").read_text()
    return str(tomllib.loads(text)["project"]["version"])


class Heartbeat:
    """The thread that writes the signs of life of this process's parts."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.process = uuid.uuid4()
        self._kinds = list(kinds)
        self._end = threading.Event()
        self._quiet = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin; a database that is away is only waited for."""
        self._thread.start()

    def stop(self) -> None:
        """Take the rows back: these parts ended on purpose."""
        self._end.set()
        self._thread.join(LAST_WORD)

    def beat(self) -> None:
        """Write one sign of life for every part, and forget old ones."""
        fields: dict[str, Any] = {"seen_at": Now(), "counts": counts()}
        if _swept.is_set():
            _swept.clear()
            fields["swept_at"] = Now()
        mine = ProcessBeat.objects.filter(process=self.process)
        if mine.update(**fields) == len(self._kinds):
            return
        mine.delete()
        ProcessBeat.objects.bulk_create(self._row(kind) for kind in self._kinds)
        ProcessBeat.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()

    def _row(self, kind: str) -> ProcessBeat:
        return ProcessBeat(
            process=self.process,
            kind=kind,
            host=socket.gethostname()[:80],
            pid=os.getpid(),
            version=version(),
            counts=counts(),
        )

    def _run(self) -> None:
        while True:
            self._try(self.beat)
            if self._end.wait(EVERY):
                break
        self._try(ProcessBeat.objects.filter(process=self.process).delete)

    def _try(self, work: Any) -> None:
        """Say once that it fails, and once that it works again."""
        try:
            work()
        except Exception as error:
            if not self._quiet:
                log.warning("no sign of life written: %s", error)
            self._quiet = True
        else:
            if self._quiet:
                log.warning("signs of life are written again")
            self._quiet = False
        finally:
            connection.close()


_swept = threading.Event()


def swept() -> None:
    """Note that this process ran a sweep; the next sign of life tells it."""
    _swept.set()


def counts() -> dict[str, Any]:
    """What happened in this process since it started."""
    return {"calls": http_counts.snapshot(), "intake": dict(journal.counts)}


def seen() -> list[Seen]:
    """Every part that was seen within the hour, in one statement."""
    recent = ProcessBeat.objects.filter(seen_at__gte=Now() - FORGOTTEN)
    rows = recent.annotate(
        age=Now() - F("seen_at"),
        running=Now() - F("started_at"),
        swept=Now() - F("swept_at"),
    )
    return [
        Seen(
            kind=row.kind,
            name=f"{row.host}:{row.pid}",
            version=row.version,
            age=row.age.total_seconds(),
            running_for=row.running.total_seconds(),
            swept_ago=row.swept.total_seconds() if row.swept is not None else None,
            process=row.process,
            counts=row.counts,
        )
        for row in rows.order_by("kind", "started_at")
    ]
