"""Web, worker and beat as processes of their own, on PostgreSQL and Redis."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import redis

from integrations.tests.http_loopback import Loopback, serving
from leadsite.tests.processes import ROOT, Installation, free_port, post, wait_for
from leadsite.tests.twilio_posts import ACCOUNT, OURS, PUBLIC, TOKEN, signed

DANA = "+14155550123"
SMS = "/hooks/twilio/sms/"


class HeldCarrier:
    """Twilio's Messages endpoint; answers once it is let go."""

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.go = threading.Event()

    def __call__(self, sock: socket.socket, request: bytes) -> None:
        self.heard.set()
        self.go.wait(30)
        body = json.dumps({"sid": f"SM{uuid.uuid4().hex}", "status": "queued"}).encode()
        head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(body)}\r\n"
        sock.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)


@pytest.fixture
def carrier() -> Iterator[tuple[HeldCarrier, Loopback]]:
    script = HeldCarrier()
    with serving(script) as server:
        yield script, server
        script.go.set()


@pytest.fixture
def database() -> Iterator[str]:
    """A database of its own; gives its URL."""
    url = os.environ.get("TEST_DATABASE_URL", "")
    if not url.startswith("postgres") or not os.environ.get("REDIS_URL"):
        pytest.skip("set TEST_DATABASE_URL (PostgreSQL) and TEST_REDIS_URL")
    name = f"test_processes_{uuid.uuid4().hex[:8]}"
    server = psycopg2.connect(url)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


@pytest.fixture
def here(
    database: str, carrier: tuple[HeldCarrier, Loopback], tmp_path: Path
) -> Installation:
    """An installation with Twilio on loopback that answers by itself."""
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
    installation = Installation(
        tmp_path,
        DATABASE_URL=database,
        REDIS_URL=os.environ["REDIS_URL"],
        PUBLIC_BASE_URL=PUBLIC,
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_PHONE_NUMBER=OURS,
        TWILIO_BASE_URL=carrier[1].url.rstrip("/"),
        ALLOWED_HOSTS="127.0.0.1",
        LOG_FORMAT="json",
        LOG_LEVEL="INFO",
    )
    installation.manage("migrate", "--verbosity", "0")
    installation.settle_opt_outs()
    installation.manage(
        "policy", "new_channel_mode=auto", "quiet_hours=False", "burst_sms_seconds=0"
    )
    return installation


def text() -> tuple[bytes, dict[str, str]]:
    return signed(
        SMS,
        {
            "MessageSid": f"SM{uuid.uuid4().hex}",
            "AccountSid": ACCOUNT,
            "From": DANA,
            "To": OURS,
            "Body": "Hi, we need about 40 seats next month, budget is 20k",
            "NumMedia": "0",
        },
    )


def last_state(here: Installation) -> str:
    shown = json.loads(here.manage("show", DANA, "--json"))
    return str(shown["messages"][-1]["state"])


def ready(address: str, query: str = "") -> tuple[int, dict[str, dict[str, object]]]:
    status, body = get(f"{address}/health/ready/{query}")
    shown = json.loads(body)
    checks = {check["name"]: check for check in shown["checks"]}
    return status, {**checks, "status": shown["status"]}


def get(url: str) -> tuple[int, bytes]:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b'{"checks": [], "status": "away"}'


def test_three_processes_answer_a_text_and_a_dead_worker_is_named(
    here: Installation, carrier: tuple[HeldCarrier, Loopback], database: str
) -> None:
    held, _ = carrier
    held.go.set()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with ExitStack() as running:
        web = running.enter_context(here.part("--only", "web", "--port", str(port)))
        worker = running.enter_context(here.part("--only", "worker"))
        beat = running.enter_context(here.part("--only", "beat"))
        wait_for(lambda: ready(address)[1]["status"] == "ready", seconds=60)
        shown = json.loads(here.manage("status", "--json"))["processes"]
        assert {(one["kind"], one["alive"]) for one in shown} == {
            ("web", True),
            ("worker", True),
            ("beat", True),
        }
        pids = {int(one["name"].rpartition(":")[2]) for one in shown}
        assert pids == {web.pid, worker.pid, beat.pid}

        assert post(address, SMS, *text())[0] == 200
        wait_for(held.heard.is_set, seconds=30)
        wait_for(lambda: last_state(here) == "sent", seconds=30)

        def tells_of_the_call() -> bool:
            told = get(f"{address}/metrics")[1]
            return b'_count{outcome="ok",process="' in told

        # The call was the worker's; the web process tells of it.
        wait_for(tells_of_the_call, seconds=30)

        worker.kill()
        age(database, "worker", seconds=60)
        time.sleep(1.1)  # an answer is kept for a second
        status, checks = ready(address)
        assert status == 200, "webhooks are still taken: a balancer must not leave"
        assert checks["status"] == "degraded"
        assert not checks["worker"]["ok"]
        assert "up --only worker" in str(checks["worker"]["fix"])
        assert ready(address, "?strict=1")[0] == 503
        assert post(address, SMS, *text())[0] == 200
    nothing_secret_is_logged(here)


def nothing_secret_is_logged(here: Installation) -> None:
    """Every line is an object, and none shows a key or a lead's number."""
    log = (here.folder / "part.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["logger"] == "integrations.http" for line in lines)
    assert any(str(line.get("request")).startswith("messaging.") for line in lines)
    key = (here.folder / "secret_key").read_text()
    for secret in (TOKEN, key, DANA, DANA[1:]):
        assert secret not in log


def age(database: str, kind: str, *, seconds: int) -> None:
    """Let a part's last sign of life be older."""
    with psycopg2.connect(database) as server, server.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_processbeat SET seen_at = now() - %s * interval '1 second'"
            " WHERE kind = %s",
            [seconds, kind],
        )
    server.close()


def test_a_send_in_progress_ends_well_before_the_worker_goes(
    here: Installation, carrier: tuple[HeldCarrier, Loopback]
) -> None:
    held, _ = carrier
    with here.part("--only", "worker") as worker, here.part("--only", "beat"):
        queue_a_reply(here)
        wait_for(held.heard.is_set, seconds=60)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert worker.poll() is None, "it waits for the carrier's answer"
        held.go.set()
        assert worker.wait(30) == 0
        assert time.monotonic() - began < 30
    assert last_state(here) == "sent"
    kinds = {
        one["kind"] for one in json.loads(here.manage("status", "--json"))["processes"]
    }
    assert "worker" not in kinds, "who ended on purpose took its sign of life back"


def test_a_second_signal_ends_it_at_once(
    here: Installation, carrier: tuple[HeldCarrier, Loopback]
) -> None:
    held, _ = carrier
    with here.part("--only", "worker") as worker, here.part("--only", "beat"):
        queue_a_reply(here)
        wait_for(held.heard.is_set, seconds=60)
        worker.send_signal(signal.SIGTERM)
        time.sleep(1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(3) == 128 + signal.SIGTERM
    # Nobody knows whether the carrier took it, and nothing claims to.
    assert last_state(here) == "claimed"


def queue_a_reply(here: Installation) -> None:
    """A lead's text comes in through a web process that ends again."""
    with here.up("--only", "web") as address:
        assert post(address, SMS, *text())[0] == 200


def test_a_request_in_flight_is_answered_before_the_web_goes(
    here: Installation,
) -> None:
    port = free_port()
    with here.part("--only", "web", "--port", str(port)) as web:
        wait_for(
            lambda: get(f"http://127.0.0.1:{port}/health/live/")[0] == 200, seconds=60
        )
        body, headers = text()
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(
            [
                f"POST {SMS} HTTP/1.1",
                "Host: 127.0.0.1",
                *lines,
                f"Content-Length: {len(body)}",
                "",
                "",
            ]
        )
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(head.encode() + body[:20])
            time.sleep(0.5)
            web.send_signal(signal.SIGTERM)
            time.sleep(1)
            sock.sendall(body[20:])
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
        assert web.wait(30) == 0
    journal = json.loads(here.manage("status", "--json"))["kinds"]["webhooks"]
    assert sum(journal["states"].values()) == 1


def test_a_worker_ends_on_request_while_redis_is_away(
    here: Installation,
) -> None:
    here.environment["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    with here.part("--only", "worker") as worker:
        wait_for(lambda: "worker" in here.manage("status"), seconds=60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0


def test_threads_of_the_worker_keep_their_connections(
    here: Installation, database: str
) -> None:
    with here.part("--only", "worker"), here.part("--only", "beat"):
        wait_for(lambda: "worker" in here.manage("status"), seconds=60)
        time.sleep(6)
        with psycopg2.connect(database) as server, server.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
                " AND backend_start < now() - interval '3 seconds'"
            )
            kept = cursor.fetchone()[0]
        server.close()
    assert 1 <= kept <= 6


@pytest.mark.parametrize("part", ["worker", "beat"])
def test_a_part_of_its_own_is_refused_without_redis(part: str, tmp_path: Path) -> None:
    here = Installation(tmp_path, REDIS_URL="")
    with here.part("--only", part) as process:
        assert process.wait(60) == 2
    said = (tmp_path / "part.log").read_text()
    assert "needs REDIS_URL" in said
    assert "Set REDIS_URL, or run" in said


def test_celerys_own_worker_is_refused_without_redis(tmp_path: Path) -> None:
    here = Installation(tmp_path, REDIS_URL="")
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "leadsite", "worker"],
        cwd=ROOT,
        env=here.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "needs REDIS_URL" in done.stdout + done.stderr
