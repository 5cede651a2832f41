"""Web, worker and beat as processes of their own, and what surrounds them."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadsite.tests.faults.carrier import ACCOUNT, OURS, PUBLIC, TOKEN, Carrier
from leadsite.tests.faults.proxy import Proxy
from leadsite.tests.faults.servers import Postgres, Redis
from leadsite.tests.processes import ROOT, Installation, answers, free_port

Webhook = tuple[str, bytes, dict[str, str]]
Report = Callable[..., None]


class Part:
    """One `manage.py up --only …`."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.port = free_port() if name.startswith("web") else 0
        only = name.split("-")[0]  # "worker-2" is a worker too
        command = [sys.executable, "manage.py", "up", "--only", only]
        if self.port:
            command += ["--port", str(self.port)]
        self.log = folder / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """As the kernel does it when memory is short: no last word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if not self.alive:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(35)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@dataclass
class World:
    """An installation with everything around it that can be made to fail."""

    postgres: Postgres
    database: str
    redis: Redis
    redis_way: Proxy  # between our processes and Redis
    carrier: Carrier
    carrier_way: Proxy  # between our processes and Twilio
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.url(self.database),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_way.port}/0",
            "PUBLIC_BASE_URL": PUBLIC,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": OURS,
            "TWILIO_BASE_URL": f"http://127.0.0.1:{self.carrier_way.port}",
            "SWEEP_SECONDS": "1",
            "LOG_LEVEL": "INFO",
            **self.extra,
        }

    @property
    def installation(self) -> Installation:
        return Installation(self.folder, **self.environment)

    def manage(self, *words: str) -> str:
        return self.installation.manage(*words)

    # --- processes -----------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start parts by name ("web", "worker", "worker-2", "beat")."""
        environment = {**os.environ, **self.installation.environment}
        for name in list(environment):
            if name.startswith("TEST_") or name in ("DOORBELLS", "MONGODB_URL"):
                del environment[name]
        for name in names:
            self.parts[name] = Part(name, environment, self.folder)
        if "web" in names:
            wait_until(lambda: answers(self.address), seconds=60, what="web answers")

    def stop_all(self) -> None:
        for part in self.parts.values():
            part.process.send_signal(signal.SIGTERM) if part.alive else None
        for part in self.parts.values():
            with suppress(subprocess.TimeoutExpired):
                part.stop()

    def replace(self, name: str) -> None:
        """Kill -9 and start anew at once, as a supervisor does."""
        self.parts[name].kill()
        self.start(name)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.parts['web'].port}"

    def post(self, webhook: Webhook, *, timeout: float = 20) -> tuple[int, float]:
        """Status (0: no answer) and seconds."""
        path, body, headers = webhook
        request = urllib.request.Request(
            self.address + path, data=body, headers=headers
        )
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status = int(answer.status)
                answer.read()
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        return status, time.monotonic() - started

    def post_until_taken(self, webhook: Webhook, *, seconds: float = 60) -> int:
        """As a sender that comes again does; returns how often it had to."""
        deadline = time.monotonic() + seconds
        tries = 1
        while self.post(webhook)[0] != 200:
            assert time.monotonic() < deadline, "the webhook was never taken"
            tries += 1
            time.sleep(0.3)
        return tries

    # --- the database, seen from outside --------------------------------------

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(self.postgres.connect(self.database)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def number(self, statement: str, *parameters: Any) -> int:
        return int(self.query(statement, *parameters)[0][0])

    def due(self) -> int:
        """Rows that somebody still has to work on."""
        return self.number(
            "SELECT (SELECT count(*) FROM integrations_webhookdelivery"
            "        WHERE state IN ('received', 'working'))"
            " + (SELECT count(*) FROM messaging_turn"
            "    WHERE state IN ('waiting', 'working'))"
            " + (SELECT count(*) FROM messaging_message"
            "    WHERE direction = 'outbound' AND state IN ('queued', 'claimed'))"
        )

    def settle(self, *, seconds: float) -> float:
        """Wait until nothing is due; how many seconds that took."""
        started = time.monotonic()
        wait_until(lambda: not self.due(), seconds=seconds, what=self.left_over)
        return time.monotonic() - started

    def left_over(self) -> str:
        rows = self.query(
            "SELECT 'webhooks', state, count(*), max(last_error)"
            " FROM integrations_webhookdelivery GROUP BY 2 UNION ALL"
            " SELECT 'turns', state, count(*), max(last_error)"
            " FROM messaging_turn GROUP BY 2 UNION ALL"
            " SELECT 'messages', state, count(*), max(last_error)"
            " FROM messaging_message WHERE direction = 'outbound' GROUP BY 2"
        )
        parts = {n: (p.alive, _tail(p.log)) for n, p in self.parts.items()}
        return f"nothing is due any more: {rows}; {parts}"


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:]


def wait_until(
    condition: Callable[[], object],
    *,
    seconds: float,
    what: str | Callable[[], str],
    every: float = 0.1,
) -> None:
    """Wait until `condition()` holds; fails with `what` was awaited."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            words = what if isinstance(what, str) else what()
            raise AssertionError(f"not in {seconds} s: {words}")
        time.sleep(every)


def percentile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
