"""What `up` runs: web, worker and beat, together in one process or alone.

It exits when a part dies, stays when the database is away, and on SIGTERM
lets running work end before it goes.
"""

import gc
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from celery.beat import Scheduler, Service
from django.db import connections

from leads import clock
from leadsite.celery import app
from messaging import live
from messaging.agent.understanding.facts import read_facts
from messaging.agent.understanding.intents import read_intent
from messaging.agent.understanding.optout import read_opt_out

log = logging.getLogger(__name__)

PARTS = ("web", "worker", "beat")
THREADS = 4
GRACE = 25.0  # seconds for running work to end after SIGTERM


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
    connections.settings["default"]["CONN_MAX_AGE"] = 600
    connections.settings["default"]["CONN_HEALTH_CHECKS"] = True
    worker = app.WorkController(
        pool_cls="threads",
        concurrency=THREADS,
        loglevel="WARNING",
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )

    def run_warm() -> None:
        threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
        worker.start()

    return Part("worker", run_warm, worker.stop)


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
    """The sweep's clock, in memory: nothing about it is worth keeping."""
    service = Service(app, scheduler_cls=Scheduler, max_interval=1)

    def run() -> None:
        service.start(embedded_process=False)

    return Part("beat", run, service.stop)


def run(*, host: str, port: int, only: str = "") -> int:
    """Run the parts until one dies (1) or a signal asks to end (0)."""
    app.finalize()
    app.loader.import_default_modules()
    makers: dict[str, Callable[[], Part]] = {
        "web": lambda: web_part(host=host, port=port),
        "worker": worker_part,
        "beat": beat_part,
    }
    parts = [make() for name, make in makers.items() if only in ("", name)]
    asked = threading.Event()
    _listen(asked)
    for part in parts:
        part.thread.start()
    dead: Part | None = None
    while not asked.wait(0.2):
        dead = next((p for p in parts if not p.thread.is_alive()), None)
        if dead is not None:
            log.error("%s ended; everything ends with it", dead.name)
            break
    _end(parts)
    return 1 if dead is not None else 0


def _listen(asked: threading.Event) -> None:
    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def _end(parts: list[Part]) -> None:
    """Stop beat, then web, then the worker, so that no work is left half done."""
    for part in reversed(parts):
        if part.name == "worker":
            continue
        part.stop()
    for part in parts:
        if part.name == "worker":
            part.stop()
    for part in parts:
        part.thread.join(GRACE)
        if part.thread.is_alive():
            log.error("%s did not end within %s s", part.name, GRACE)


__all__ = ["PARTS", "run"]
