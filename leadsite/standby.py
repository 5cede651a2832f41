"""When no sweep comes, a worker does what is due by itself.

The sweep is rung by beat through the broker. Without Redis, or with a dead beat, it
does not come; the rows are in the database all the same. Claims keep two processes
from doing one row twice.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from django.db import connection, connections
from django.db.models import F, Max
from django.db.models.functions import Now

from leads.models import ProcessBeat
from leads.work import Worker, rescue_orphans, run_one, workers
from leadsite import tasks

log = logging.getLogger(__name__)

EVERY: Final = 5.0  # seconds
MISSED: Final = timedelta(seconds=20)
THREADS: Final = 4
AT_ONCE: Final = 50


class Standby:
    """A worker's own thread that looks whether sweeps still come."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._active = False
        self._thread = threading.Thread(target=self._run, name="standby", daemon=True)

    def start(self) -> None:
        """Begin to look, a while after the start."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more and let what runs end."""
        self._end.set()

    def look(self) -> int:
        """Do what is due if no sweep came lately; count the rows."""
        missed = sweep_is_missed()
        if missed != self._active:
            self._active = missed
            log.warning(
                "no sweep came for %s s: this worker looks for work itself"
                if missed
                else "sweeps come again (after %s s or more)",
                int(MISSED.total_seconds()),
            )
        return self._sweep() if missed else 0

    def _sweep(self) -> int:
        tasks.start_recurring_jobs()
        rescue_orphans()
        due = [(one, pk) for one in workers() for pk in one.due_ids(limit=AT_ONCE)]
        with ThreadPoolExecutor(THREADS, thread_name_prefix="standby") as threads:
            list(threads.map(self._work, due))
        return len(due)

    def _work(self, row: tuple[Worker, int]) -> None:
        if self._end.is_set():
            return
        try:
            run_one(*row)
        finally:
            connections.close_all()

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            try:
                self.look()
            except Exception as error:
                # The database is away; the next look finds it or not.
                log.warning("no work was looked for: %s", error)
            finally:
                connection.close()


def sweep_is_missed() -> bool:
    """Whether the last sweep of any process is too long ago, by the database."""
    # Before the first sweep ever, the oldest process's start counts.
    seen = ProcessBeat.objects.annotate(since=Now() - F("started_at"))
    if not seen.filter(since__gt=MISSED).exists():
        return False
    last = ProcessBeat.objects.aggregate(ago=Now() - Max("swept_at"))["ago"]
    return last is None or bool(last > MISSED)
