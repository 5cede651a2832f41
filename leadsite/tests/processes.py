"""The real thing in a process of its own, for stories that need one."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A database of its own, and `manage.py` on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
        for name in ("DOORBELLS", "DATABASE_URL", "REDIS_URL", "MONGODB_URL"):
            kept.pop(name, None)
        self.folder = folder
        self.environment = {**kept, "DATA_DIR": str(folder), **environment}

    def manage(self, *words: str) -> str:
        """Run one command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def settle_opt_outs(self) -> None:
        """Sign that there is no old opt-out list: else nothing real is sent."""
        channels = ("--channel", "sms", "--channel", "email")
        self.manage("opt_outs", "none", *channels, "--name", "A test")

    @contextmanager
    def part(self, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run `up` with these words; whatever is left of it is killed at the end."""
        with open(self.folder / "part.log", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait(10)

    @contextmanager
    def up(self, *words: str) -> Iterator[str]:
        """Run `up` until the block ends; gives its address."""
        port = free_port()
        log = open(self.folder / "up.log", "ab")  # noqa: SIM115 (closed below)
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port), *words],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(address), seconds=40)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)
            log.close()


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/accounts/login/", timeout=5)
    except (urllib.error.URLError, OSError):
        return False
    return True


def wait_for(condition: object, *, seconds: float) -> None:
    """Wait until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def post(
    address: str, path: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Post and return status and body, whatever the status."""
    request = urllib.request.Request(address + path, data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
