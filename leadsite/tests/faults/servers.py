"""A PostgreSQL and a Redis of our own: stopping and flushing them harms nobody."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import redis

from leadsite.tests.processes import free_port

TEMPLATE = "leadsite_ready"


def postgres_tools() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where PostgreSQL is not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    if found:
        folders.append(Path(found).parent)
    usable = [f for f in folders if (f / "initdb").exists()]
    return usable[-1] if usable else None


class Postgres:
    """A cluster in a temporary folder, durable like a real one (fsync on)."""

    def __init__(self, tools: Path) -> None:
        self.tools = tools
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="leadsite-pg-"))
        self._as: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres")
        with_words = (
            f"port = {self.port}",
            "listen_addresses = '127.0.0.1'",
            f"unix_socket_directories = '{self.folder}'",
            "fsync = on",
            "max_connections = 100",
            "logging_collector = off",
        )
        settings = "\n".join(with_words)
        with open(self._data / "postgresql.conf", "a") as file:
            file.write(f"\n{settings}\n")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, tool: str, *words: str) -> None:
        command = [*self._as, str(self.tools / tool), *words]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=90,
            text=True,
        )
        assert done.returncode == 0, f"{tool}: {done.stderr[-2000:]}"

    def start(self) -> None:
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: no transaction in progress gets to its end."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def restart(self) -> None:
        self.stop()
        self.start()

    def url(self, name: str, *, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{name}"

    def connect(self, name: str) -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(self.url(name), connect_timeout=5)
        connection.autocommit = True
        return connection

    def create(self, name: str, *, template: str = "template1") -> None:
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name: str) -> None:
        self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _say(self, statement: str) -> None:
        # Not `with connection`: that would open a transaction.
        with closing(self.connect("postgres")) as connection:
            connection.cursor().execute(statement)

    def remove(self) -> None:
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    """A Redis that keeps nothing over a restart."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="leadsite-redis-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", self.folder]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        deadline = time.monotonic() + 10
        while not self.answers():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port, socket_timeout=2)

    def flush(self) -> None:
        self.client().flushall()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running_postgres(tools: Path) -> Iterator[Postgres]:
    server = Postgres(tools)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@contextmanager
def running_redis() -> Iterator[Redis]:
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.remove()
