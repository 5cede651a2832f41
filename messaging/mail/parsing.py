"""Mail is parsed in a child process: one for each of ours, which starts when needed.

A mail that kills it, hangs or needs too much memory is unreadable; whoever serves
requests goes on and holds none of its bytes.
"""

import atexit
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar, overload

from messaging.mail.child import MAX_MEMORY, MAX_SECONDS
from messaging.mail.facts import ReadMail, UnreadableMail
from messaging.mail.wire import BadFrame, build, pack, unpack

log = logging.getLogger(__name__)

T = TypeVar("T")
ROOT: Final = Path(__file__).resolve().parents[2]
MAX_MAILS: Final = 200
MAX_RESIDENT: Final = 150 * 1_000_000
# Python starts and imports within this, however busy the machine is.
START_SECONDS: Final = 30


class ParserTrouble(RuntimeError):
    """Ours, not the mail's: the parser cannot run now. The same mail may be read
    later; the text says why.
    """


@dataclass(frozen=True, slots=True)
class ParseJob:
    """A mail to read. `path` is its spooled body, `folder` takes its files.

    `reader` is the dotted path of a function that needs no Django:
    `reader(source, *, folder, received_at, content_type, **extra)`, which returns a
    dataclass of plain values or raises UnreadableMail.
    """

    path: str
    folder: str
    received_at: datetime
    content_type: str = ""
    reader: str = "messaging.mail.reading.read_raw"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def frame(self) -> bytes:
        """It as the child gets it."""
        return pack(
            {
                "reader": self.reader,
                "path": os.path.abspath(self.path),
                "folder": os.path.abspath(self.folder),
                "received_at": self.received_at,
                "content_type": self.content_type,
                "extra": dict(self.extra),
            }
        )


class _Died(Exception):
    """The child ended without an answer."""


class _Overtime(Exception):
    """The child did not answer in time."""


class Parser:
    """A child and the pipes to it. Threads wait for each other."""

    def __init__(
        self,
        *,
        seconds: float = MAX_SECONDS,
        memory: int = MAX_MEMORY,
        max_mails: int = MAX_MAILS,
        max_resident: int = MAX_RESIDENT,
    ) -> None:
        self.seconds = seconds
        self.memory = memory
        self.max_mails = max_mails
        self.max_resident = max_resident
        self.read = 0  # mails by the child of now
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The child's, None while there is none."""
        return self._child.pid if self._child else None

    def parse(self, job: ParseJob, shape: type[T]) -> T:
        """Read one mail. Raises UnreadableMail or ParserTrouble.

        A child that dies without a word is given a second mail-free start: only who
        dies twice over the same mail died of it.
        """
        frame = job.frame()
        with self._lock:
            try:
                answer = self._ask(frame)
            except _Died:
                log.warning("the mail parser died; the mail is tried once more")
                try:
                    answer = self._ask(frame)
                except _Died as death:
                    raise UnreadableMail(
                        f"reading it ends the parser ({death})"
                    ) from None
        return self._judge(answer, shape)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """In a forked process: the child is the parent's."""
        if self._child is not None:
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    pipe.close()
            self._child.returncode = 0  # it is not ours to wait for
        self._child, self.read, self._lock = None, 0, threading.Lock()

    def _ask(self, frame: bytes) -> dict[str, Any]:
        child = self._started()
        try:
            _write(child, frame)
            answer = self._hear(child, self.seconds)
        except _Overtime:
            self._end()
            raise UnreadableMail(
                f"reading it takes longer than {self.seconds:g} s"
            ) from None
        except (OSError, BadFrame) as error:
            self._end()
            raise _Died(str(error)) from None
        if answer is None:
            raise _Died(self._end(1))
        self.read += 1
        spent = answer.get("error") == "memory"
        if (
            spent
            or self.read >= self.max_mails
            or (int(answer.get("resident", 0)) > self.max_resident)
        ):
            self._end()
        return answer

    def _hear(
        self, child: "subprocess.Popen[bytes]", seconds: float
    ) -> dict[str, Any] | None:
        deadline = time.monotonic() + seconds
        assert child.stdout is not None  # noqa: S101 - a pipe was asked for
        file = child.stdout.fileno()
        with selectors.DefaultSelector() as ready:
            ready.register(file, selectors.EVENT_READ)

            def read(size: int) -> bytes:
                if not ready.select(max(0.0, deadline - time.monotonic())):
                    raise _Overtime
                return os.read(file, size)

            return unpack(read)

    def _judge(self, answer: dict[str, Any], shape: type[T]) -> T:
        words = str(answer.get("words", ""))
        match answer.get("error"):
            case None:
                try:
                    return build(shape, answer.get("answer"))
                except BadFrame as error:
                    raise ParserTrouble(
                        f"the mail parser answers oddly: {error}"
                    ) from None
            case "unreadable":
                raise UnreadableMail(words)
            case "memory":
                limit = self.memory // 1_000_000
                raise UnreadableMail(f"reading it needs more than {limit} MB of memory")
            case "trouble":
                raise ParserTrouble(words)
        log.error("a mail could not be read: %s", words)
        last = words.strip().rpartition("\n")[2]
        raise UnreadableMail(f"our reader failed over it ({last[:200]})")

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONSAFEPATH": "1",
            "PYTHONUTF8": "1",
            "LEADSITE_PARSER_MEMORY": str(self.memory),
        }
        for name in ("PYTHONDONTWRITEBYTECODE", "SYSTEMROOT", "TMPDIR"):
            if name in os.environ:
                environment[name] = os.environ[name]
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "messaging.mail.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                cwd=os.sep,
                bufsize=0,
            )
            greeting = self._hear(self._child, START_SECONDS)
        except (OSError, BadFrame, _Overtime) as error:
            self._end()
            raise ParserTrouble(f"the mail parser does not start: {error!r}") from None
        if greeting is None:
            raise ParserTrouble(f"the mail parser ends at its start ({self._end(1)})")
        return self._child

    def _end(self, patience: float = 0) -> str:
        """End the child, after `patience` seconds, and say how it ended."""
        child, self._child, self.read = self._child, None, 0
        if child is None:
            return ""
        try:
            code = child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        return f"signal {-code}" if code < 0 else f"code {code}"


def _write(child: "subprocess.Popen[bytes]", data: bytes) -> None:
    assert child.stdin is not None  # noqa: S101 - a pipe was asked for
    view = memoryview(data)
    while view:
        view = view[os.write(child.stdin.fileno(), view) :]


_PARSER: Final = Parser()
atexit.register(_PARSER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_PARSER.forget)


@overload
def parse(job: ParseJob) -> ReadMail: ...
@overload
def parse(job: ParseJob, shape: type[T]) -> T: ...
def parse(job: ParseJob, shape: type[Any] = ReadMail) -> Any:
    """Read a mail in this process's child; `shape` is what the job's reader returns.

    Raises UnreadableMail, which says why, or ParserTrouble when it may be read later.
    """
    return _PARSER.parse(job, shape)
