"""Health: named checks, each with its fix, and never a hanging answer."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now
from django.db.utils import OperationalError
from django.test import Client
from pytest_django import Settings

from leads.models import ProcessBeat
from leadsite import health, heartbeat, probes
from leadsite.heartbeat import Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)
NEVER = ("password", "127.0.0.1:", "postgresql://", "redis://")


@pytest.fixture(autouse=True)
def _ask_anew(settings: Settings) -> Iterator[None]:
    # The suite's own Redis is not what these tests are about.
    settings.REDIS_URL = ""
    probes.forget_all()
    heartbeat._swept.clear()
    yield
    probes.forget_all()


def ask(query: str = "") -> tuple[int, str, dict[str, dict[str, Any]]]:
    """Status, the word, and the checks by name."""
    probes.forget_all()
    answer = Client().get(f"/health/ready/{query}")
    shown = json.loads(answer.content)
    return (
        answer.status_code,
        shown["status"],
        {check["name"]: check for check in shown["checks"]},
    )


def running(*kinds: str, swept: bool = True) -> Heartbeat:
    beat = Heartbeat(kinds)
    beat.beat()
    if swept:
        heartbeat.swept()
        beat.beat()
    return beat


def seen_before(kind: str, seconds: int) -> None:
    """Move a part's last sign of life back."""
    ProcessBeat.objects.filter(kind=kind).update(
        seen_at=Now() - timedelta(seconds=seconds)
    )


@contextmanager
def black_hole() -> Iterator[int]:
    """A port that accepts and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_all_is_well_when_every_part_is_seen() -> None:
    running("web", "worker", "beat")
    status, word, checks = ask()
    assert (status, word) == (200, "ready"), checks
    assert {name for name, check in checks.items() if check["ok"]} == {
        "database",
        "migrations",
        "worker",
        "beat",
        "sweep",
        "redis",
        "data folder",
    }


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_a_dead_part_is_named_and_does_not_send_webhooks_away(kind: str) -> None:
    running("web", "worker", "beat")
    seen_before(kind, 60)
    status, word, checks = ask()
    assert (status, word) == (200, "degraded")
    assert not checks[kind]["ok"]
    assert f"manage.py up --only {kind}" in checks[kind]["fix"]
    assert "1 min ago" in checks[kind]["words"]
    assert ask("?strict=1")[0] == 503


def test_one_living_worker_is_enough() -> None:
    running("worker", "beat")
    seen_before("worker", 60)
    running("worker")
    assert ask()[2]["worker"]["ok"]


def test_a_sweep_that_stopped_is_named_although_all_parts_live() -> None:
    running("web", "worker", "beat")
    old = Now() - timedelta(minutes=5)
    ProcessBeat.objects.update(swept_at=old, started_at=old)
    status, word, checks = ask()
    assert (status, word) == (200, "degraded")
    assert "5 min ago" in checks["sweep"]["words"]
    assert "start another worker" in checks["sweep"]["fix"]


def test_just_after_the_start_nobody_need_have_swept() -> None:
    running("web", "worker", "beat", swept=False)
    assert ask()[1] == "ready"


def test_a_pending_migration_is_named() -> None:
    MigrationRecorder.Migration.objects.filter(
        app="messaging", name="0001_initial"
    ).delete()
    try:
        status, word, checks = ask()
    finally:
        MigrationRecorder(connection).record_applied("messaging", "0001_initial")
    assert (status, word) == (503, "not ready")
    assert "messaging.0001_initial" in checks["migrations"]["words"]
    assert "manage.py migrate" in checks["migrations"]["fix"]


def test_before_the_first_migration_the_missing_table_is_no_error() -> None:
    recorder = MigrationRecorder.Migration.objects.filter(
        app="leads", name__contains="process_beats"
    )
    row = recorder.get()
    recorder.delete()
    try:
        checks = ask()[2]
    finally:
        MigrationRecorder(connection).record_applied("leads", row.name)
    assert checks["database"]["ok"] and not checks["worker"]["ok"]


def test_a_database_that_is_away_is_named_without_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise OperationalError("could not connect to server 127.0.0.1:5432 password x")

    monkeypatch.setattr(probes.database, "_ask", away)
    status, word, checks = ask()
    assert (status, word) == (503, "not ready")
    assert not checks["database"]["ok"]
    assert "DATABASE_URL" in checks["database"]["fix"]
    assert "Not known" in checks["worker"]["words"]
    shown = json.dumps(checks)
    assert not [word for word in NEVER if word in shown]


def test_a_database_that_hangs_costs_two_seconds_and_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(probes.database, "_ask", lambda: let_go.wait(30))
    probes.forget_all()
    for _ in range(3):
        began = time.monotonic()
        answer = Client().get("/health/ready/")
        assert time.monotonic() - began < 3  # 1.5 and a busy machine
        assert answer.status_code == 503
        assert b"no answer in time" in answer.content
    hanging = [t for t in threading.enumerate() if t.name == "probe-database"]
    assert len(hanging) == 1
    let_go.set()
    hanging[0].join(5)


def test_a_black_holed_redis_is_named_in_two_seconds(settings: Settings) -> None:
    running("web", "worker", "beat")
    with black_hole() as port:
        settings.REDIS_URL = f"redis://:hidden-word@127.0.0.1:{port}/0"
        began = time.monotonic()
        status, word, checks = ask()
        assert time.monotonic() - began < 3
    assert (status, word) == (200, "degraded")
    assert "REDIS_URL" in checks["redis"]["fix"]
    shown = json.dumps(checks)
    assert not [word for word in (*NEVER, "hidden-word") if word in shown]


def test_a_folder_that_cannot_be_written_is_named(
    settings: Settings, tmp_path: Any
) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    status, word, checks = ask()
    assert (status, word) == (503, "not ready")
    assert "DATA_DIR" in checks["data folder"]["fix"]


@pytest.mark.parametrize(("free", "state"), [(50, "fail"), (500, "warn"), (5000, "ok")])
def test_room_on_the_disk_is_judged(free: int, state: str) -> None:
    facts = probes.DiskFacts(free=free * health.MEGABYTE, writable=True)
    assert health._disk(facts, None).state == state


def test_every_failure_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for checks in (ask()[2], _without_database(monkeypatch)):
        for check in checks.values():
            assert check["fix"] or check["state"] == "ok", check


def _without_database(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    def away() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(probes.database, "_ask", away)
    return ask()[2]


def test_live_asks_the_database_nothing(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/health/live/")
    assert answer.status_code == 200
    assert json.loads(answer.content) == {"status": "live"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/health/live/", "/health/ready/"])
def test_health_is_read_only(path: str) -> None:
    assert Client().post(path).status_code == 405


def test_many_askers_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    running("web", "worker", "beat")
    looks = []
    honest = probes.database._ask

    def counted() -> Any:
        looks.append(1)
        return honest()

    monkeypatch.setattr(probes.database, "_ask", counted)
    monkeypatch.setattr(probes.database, "_kept", 60)  # on a busy machine too
    probes.forget_all()
    for _ in range(10):
        Client().get("/health/ready/")
    assert len(looks) == 1


def test_signs_of_life_come_and_go() -> None:
    beat = Heartbeat(["web", "worker"])
    beat.start()
    deadline = time.monotonic() + 10
    while ProcessBeat.objects.count() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    beat.stop()
    assert not ProcessBeat.objects.exists()


def test_a_process_whose_rows_were_removed_writes_them_again() -> None:
    beat = running("worker")
    ProcessBeat.objects.all().delete()
    beat.beat()
    assert [part.kind for part in heartbeat.seen()] == ["worker"]


def test_the_forgotten_are_removed_by_who_starts() -> None:
    running("worker")
    seen_before("worker", 7200)
    running("beat")
    assert list(ProcessBeat.objects.values_list("kind", flat=True)) == ["beat"]


def test_a_flushed_cache_logs_nobody_out() -> None:
    person = User.objects.create_superuser("ana", "ana@example.com", "x")
    client = Client()
    client.force_login(person)
    assert client.get("/admin/").status_code == 200
    if url := os.environ["REDIS_URL"]:
        redis.Redis.from_url(url).flushdb()
    cache.clear()
    assert client.get("/admin/").status_code == 200
