"""The database and Redis: working, away, black-holed, refused."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from django.db import OperationalError, connections
from pytest_django import Settings

from integrations import services, services_house
from integrations.services import ServiceResult, ServiceState

DATABASE, REDIS = services_house.SERVICES
Script = Callable[[socket.socket, bytes], None]


def of_redis(settings: Settings, url: str) -> tuple[ServiceResult, float]:
    settings.REDIS_URL = url
    started = time.monotonic()
    found = services.check(REDIS)
    return found, time.monotonic() - started


@pytest.fixture
def speaking() -> Iterator[Callable[[Script], str]]:
    """A server that answers as told, in Redis's place; its URL."""
    listeners: list[socket.socket] = []

    def start(script: Script) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def talk() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with suppress(OSError):
                        while heard := sock.recv(4096):
                            script(sock, heard)

        Thread(target=talk, daemon=True).start()
        return f"redis://127.0.0.1:{listener.getsockname()[1]}/0"

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def saying(words: bytes) -> Script:
    return lambda sock, heard: sock.sendall(words * heard.count(b"*"))


@pytest.mark.django_db
def test_the_database_answers_with_its_version() -> None:
    found = services.check(DATABASE)
    assert found.state is ServiceState.OK
    assert connections["default"].display_name in found.words
    assert found.latency_ms is not None


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ('FATAL: password authentication failed for user "x"', ServiceState.REJECTED),
        ('FATAL:  database "nobody" does not exist', ServiceState.MISCONFIGURED),
        ("connection to server failed: Connection refused", ServiceState.UNREACHABLE),
        ("", ServiceState.UNREACHABLE),
    ],
)
def test_a_database_that_does_not_answer_says_why(
    monkeypatch: pytest.MonkeyPatch, words: str, state: ServiceState
) -> None:
    class Away:
        def cursor(self) -> Any:
            raise OperationalError(words)

        def close(self) -> None:
            return None

    wrapper = type(connections["default"])
    monkeypatch.setattr(wrapper, "copy", lambda self, alias=None: Away())
    found = services.check(DATABASE)
    assert (found.state, bool(found.fix)) == (state, True)


def test_the_databases_password_is_not_shown(settings: Settings) -> None:
    from integrations.services_values import shown

    row = connections["default"].settings_dict
    kept = dict(row)
    row.update(
        ENGINE="django.db.backends.postgresql",
        USER="lead",
        PASSWORD="hunter22hunter22",
        HOST="db",
        PORT="5433",
        NAME="site",
    )
    try:
        assert shown(DATABASE.needs[0]) == "postgresql://lead:••••@db:5433/site"
    finally:
        row.update(kept)


def test_without_redis_it_is_off(settings: Settings) -> None:
    found, _ = of_redis(settings, "")
    assert found.state is ServiceState.OFF
    assert "one process" in found.words


def test_a_redis_that_takes_connections_and_is_silent_is_told_within_two_seconds(
    settings: Settings, speaking: Callable[[Script], str]
) -> None:
    found, took = of_redis(settings, speaking(lambda sock, heard: None))
    assert found.state is ServiceState.UNREACHABLE
    assert took < 2
    assert "does not answer" in found.words


def test_a_redis_that_does_not_even_accept_is_told_within_two_seconds(
    settings: Settings,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(3):  # the queue is full: a further SYN gets no answer
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        found, took = of_redis(settings, f"redis://127.0.0.1:{port}/0")
        for one in waiting:
            one.close()
    assert found.state is ServiceState.UNREACHABLE
    assert took < 2


def test_a_refused_connection_says_where(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found, took = of_redis(settings, f"redis://127.0.0.1:{port}/0")
    assert found.state is ServiceState.UNREACHABLE
    assert f"127.0.0.1:{port} refuses the connection" in found.words
    assert took < 2


@pytest.mark.parametrize(
    "words",
    [
        b"-NOAUTH Authentication required.\r\n",
        b"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    ],
)
def test_a_wrong_password_is_rejected(
    settings: Settings, speaking: Callable[[Script], str], words: bytes
) -> None:
    url = speaking(saying(words)).replace("//", "//:wrong-password@")
    found, _ = of_redis(settings, url)
    assert found.state is ServiceState.REJECTED
    assert "wrong-password" not in repr(found)


def test_something_else_in_redis_place_is_no_bad_password(
    settings: Settings, speaking: Callable[[Script], str]
) -> None:
    found, _ = of_redis(settings, speaking(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")))
    assert found.state in (ServiceState.UNREACHABLE, ServiceState.MISCONFIGURED)
    assert "password" not in found.words


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="TEST_REDIS_URL is not set")
def test_a_real_redis_answers_with_its_version(settings: Settings) -> None:
    found, took = of_redis(settings, os.environ["REDIS_URL"])
    assert found.state in (ServiceState.OK, ServiceState.MISCONFIGURED)
    assert found.words.startswith("Redis ")
    assert took < 2


@pytest.mark.skipif(not os.environ.get("REDIS_URL"), reason="TEST_REDIS_URL is not set")
def test_a_redis_that_throws_entries_away_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    def info(self: Any, section: str = "") -> dict[str, str]:
        return {"redis_version": "7.0", "maxmemory_policy": "allkeys-lru"}

    monkeypatch.setattr(redis.Redis, "info", info)
    found, _ = of_redis(settings, os.environ["REDIS_URL"])
    assert found.state is ServiceState.MISCONFIGURED
    assert "noeviction" in found.fix
