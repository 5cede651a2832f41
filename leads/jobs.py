"""Doorbells and jobs.

A task carries a row id and says only "look". What no doorbell announced, the
sweep finds. Ringing happens in a background thread: a broker that accepts a
connection and then says nothing must not hold a request.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from leads import claims, clock
from leads.models import Job
from leads.work import Worker, retry_delay

log = logging.getLogger(__name__)

# P8: what a dead process held is in hand again within a minute. A job that takes
# longer has its lease renewed while it runs.
LEASE = timedelta(seconds=45)
RENEW_SECONDS = 15.0
JobFunction = Callable[[Job], object]
_functions: dict[str, JobFunction] = {}


def register(name: str, function: JobFunction) -> None:
    """Let jobs called `name` be run by `function(job)`."""
    _functions[name] = function


def start_job(
    *,
    name: str,
    arguments: Mapping[str, Any],
    effect_key: str | None = None,
    due_at: datetime | None = None,
) -> Job:
    """Write a job's row; with an `effect_key` there is only ever one.

    It runs at once, or when `due_at` has come: then the sweep finds it.
    """
    values: dict[str, Any] = {
        "state": Job.State.READY,
        "name": name,
        "arguments": dict(arguments),
        "due_at": due_at or clock.now(),
    }
    if effect_key is None:
        job = Job.objects.create(**values)
    else:
        job, _ = Job.objects.get_or_create(effect_key=effect_key, defaults=values)
    if due_at is None:
        enqueue("leads.run_job", job.pk)
    return job


def run_job(*, job_id: int) -> None:
    """Claim and run one job; a failure is kept on its row and tried again."""
    job = claims.claim(Job, job_id, lease=LEASE)
    if job is None:
        return
    function = _functions.get(job.name)
    try:
        if function is None:
            raise LookupError(f"nothing runs jobs called {job.name!r}")
        with _held(job):
            function(job)
    except Exception as error:
        log.warning("job %s failed: %s", job.name, error)
        words = f"{type(error).__name__}: {error}"
        claims.retry_or_bury(job, error=words, delay=retry_delay(1))
    else:
        claims.finish(job, state=Job.State.DONE, progress=100)


@contextmanager
def _held(job: Job) -> Iterator[None]:
    """Renew the job's lease from a thread of its own for as long as it runs."""
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(RENEW_SECONDS):
                if not claims.renew(job, lease=LEASE):
                    log.warning("job %s was lost to another worker", job.name)
                    return
        except DatabaseError as error:
            log.warning("the lease of job %s is not renewed: %s", job.name, error)
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name="job lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(5)


WORKER = Worker(
    kind="jobs",
    model=Job,
    task="leads.run_job",
    run=lambda pk: run_job(job_id=pk),
)


# --- doorbells ---------------------------------------------------------------


_silent: ContextVar[bool] = ContextVar("leads_jobs_silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """Ring for nothing inside: the caller runs its own rows in this process."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def enqueue(name: str, pk: int) -> None:
    """Ring for row `pk` once the current transaction is committed."""
    if settings.DOORBELLS and not _silent.get():
        transaction.on_commit(lambda: ring(name, pk))


def ring(name: str, pk: int) -> None:
    """Ask the background thread to ring; never blocks, never raises."""
    if settings.DOORBELLS and not _silent.get():
        _ringer.put(name, pk)


class _Ringer:
    """One daemon thread that publishes, with a breaker of 5 s."""

    LIMIT = 10_000
    PAUSE = 5.0

    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[str, int]] = queue.Queue(self.LIMIT)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed_until = 0.0

    def put(self, name: str, pk: int) -> None:
        if time.monotonic() < self._closed_until:
            return
        self._ensure_thread()
        try:
            self._queue.put_nowait((name, pk))
        except queue.Full:
            log.warning("doorbells overflow; the sweep will find the work")
            self._closed_until = time.monotonic() + self.PAUSE

    def _ensure_thread(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="doorbells", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        current_app.loader.import_default_modules()
        while True:
            name, pk = self._queue.get()
            try:
                # `send_task` would ignore eager mode; the registry does not.
                current_app.tasks[name].apply_async(args=(pk,), retry=False)
            except Exception as error:
                log.warning("doorbell failed, the sweep takes over: %s", error)
                self._closed_until = time.monotonic() + self.PAUSE


_ringer = _Ringer()
