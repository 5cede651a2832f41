"""What `up` runs: web, worker and beat, together in one process or alone.

It exits when a part dies, stays when the database is away, and on SIGTERM
lets running work end before it goes. A second signal ends it at once.
"""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from celery.beat import Service
from django.db import connections

from leads import clock
from leadsite.celery import app
from leadsite.heartbeat import Heartbeat
from leadsite.logs import log_thread_deaths
from leadsite.standby import Standby
from messaging import live
from messaging.agent.understanding.facts import read_facts
from messaging.agent.understanding.intents import read_intent
from messaging.agent.understanding.optout import read_opt_out

log = logging.getLogger(__name__)

PARTS = ("web", "worker", "beat")
THREADS = 4
GRACE = 25.0  # seconds for running work to end after SIGTERM
LAST_RESORT = GRACE + 3.0  # then what still hangs is cut off


class Web(uvicorn.Server):
    """uvicorn without its own signal handlers, which re-raise SIGTERM."""

    def install_signal_handlers(self) -> None:
        """Leave signals to `run`."""

    async def startup(self, sockets: Any = None) -> None:
        """Start, and let pushes from other threads find the server's loop."""
        import asyncio

        live.use_loop(asyncio.get_running_loop())
        await super().startup(sockets=sockets)


class Part:
    """One part in its own thread; `died` tells why it ended by itself."""

    def __init__(
        self, name: str, run: Callable[[], object], stop: Callable[[], object]
    ) -> None:
        self.name = name
        self.stop = stop
        self.error: BaseException | None = None
        self._run = run
        self.thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self.error = error
            log.exception("%s died", self.name)


def web_part(*, host: str, port: int) -> Part:
    """The ASGI server."""
    config = uvicorn.Config(
        "leadsite.asgi:application",
        host=host,
        port=port,
        log_config=None,
        lifespan="off",
        # Whose word counts about the client's address is decided in the app.
        proxy_headers=False,
        timeout_graceful_shutdown=int(GRACE),
        ws_max_size=65_536,
    )
    server = Web(config)

    def stop() -> None:
        server.should_exit = True

    def run_and_close() -> None:
        from leadsite.asgi import http

        server.run()
        http.close()

    return Part("web", run_and_close, stop)


def worker_part() -> Part:
    """A Celery worker on threads."""
    worker = app.WorkController(
        pool_cls="threads",
        concurrency=THREADS,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )

    standby = Standby()

    def run_warm() -> None:
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        standby.start()
        worker.start()

    def stop() -> None:
        standby.stop()
        worker.stop()

    return Part("worker", run_warm, stop)


def warm_up() -> None:
    """Read one text a language, so that no lead waits for patterns to compile."""
    now, zone = clock.now(), ZoneInfo("UTC")
    for language in ("en", "es", "fr", "de", "pt"):
        read_opt_out("hello, we need 5 by Monday")
        read_intent("hello, we need 5 by Monday", language=language)
        read_facts("we need 5 by Monday", now=now, tz=zone, language=language)
    # What lives for ever need not be looked at by every collection.
    gc.collect()
    gc.freeze()


def beat_part() -> Part:
    """What rings the sweep, by the schedule in the database."""
    from leadsite.beat import HouseScheduler

    service = Service(app, scheduler_cls=HouseScheduler, max_interval=1)

    def run() -> None:
        service.start(embedded_process=False)

    return Part("beat", run, service.stop)


def run(*, host: str, port: int, only: str = "") -> int:
    """Run the parts until one dies (1) or a signal asks to end (0)."""
    log_thread_deaths()
    app.finalize()
    app.loader.import_default_modules()
    makers: dict[str, Callable[[], Part]] = {
        "web": lambda: web_part(host=host, port=port),
        "worker": worker_part,
        "beat": beat_part,
    }
    parts = [make() for name, make in makers.items() if only in ("", name)]
    # What the command itself asked; this thread asks nothing more.
    connections.close_all()
    heartbeat = Heartbeat([part.name for part in parts])
    asked = threading.Event()
    _listen(asked)
    for part in parts:
        part.thread.start()
    heartbeat.start()
    dead: Part | None = None
    while not asked.wait(0.2):
        dead = next((p for p in parts if not p.thread.is_alive()), None)
        if dead is not None:
            log.error("%s ended; everything ends with it", dead.name)
            break
    _cut_off_later()
    _end(parts)
    heartbeat.stop()
    return 1 if dead is not None else 0


def _listen(asked: threading.Event) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            # Asked twice: whoever asks no longer wants to wait. What was running
            # is found again by its lease.
            os._exit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def _cut_off_later() -> None:
    """End the process for certain, even when a thread of a library hangs."""
    last = threading.Timer(LAST_RESORT, os._exit, args=[1])
    last.daemon = True
    last.start()


def _end(parts: Sequence[Part]) -> None:
    """Stop beat, then web and worker, so that no work is left half done.

    All have the same GRACE: the web answers what it was asked, the worker ends
    what it began, and neither waits for the other.
    """
    until = time.monotonic() + GRACE
    for part in reversed(parts):
        # A part's stop may itself wait for its running work.
        threading.Thread(
            target=part.stop, name=f"stop-{part.name}", daemon=True
        ).start()
    for part in parts:
        part.thread.join(max(0.0, until - time.monotonic()))
        if part.thread.is_alive():
            log.error("%s did not end within %s s", part.name, GRACE)


__all__ = ["PARTS", "run"]
