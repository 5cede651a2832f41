"""Readers that the parser's child is made to call: each does something to it."""

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from messaging.mail.facts import ReadMail, UnreadableMail


@dataclass(frozen=True, slots=True)
class Wrapped:
    mail: ReadMail
    names: tuple[str, ...] = ()
    moment: datetime | None = None
    verdicts: dict[str, str] = field(default_factory=dict)


def plain(source: IO[bytes], **_: Any) -> ReadMail:
    return ReadMail(
        subject=source.read().decode(), headers=(("pid", str(os.getpid())),)
    )


def wrapped(source: IO[bytes], *, received_at: datetime, **more: Any) -> Wrapped:
    mail = ReadMail(text=source.read().decode())
    return Wrapped(mail, tuple(sorted(more)), received_at, {"spf": "pass"})


def surroundings(source: IO[bytes], **_: Any) -> ReadMail:
    django = [name for name in sys.modules if name.partition(".")[0] == "django"]
    return ReadMail(references=tuple(os.environ), in_reply_to=tuple(django))


def printing(source: IO[bytes], **_: Any) -> ReadMail:
    print("this is no frame")  # noqa: T201 - a library may do so
    return ReadMail(subject="fine")


def hang(source: IO[bytes], **_: Any) -> ReadMail:
    while True:
        time.sleep(60)


def hoard(source: IO[bytes], **_: Any) -> ReadMail:
    kept = []
    while True:
        kept.append(bytearray(50_000_000))


def grow(source: IO[bytes], *, megabytes: int, **_: Any) -> ReadMail:
    globals()["kept"] = b"x" * (megabytes * 1_000_000)
    return plain(source)


def die(source: IO[bytes], **_: Any) -> ReadMail:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def die_once(source: IO[bytes], *, folder: str, **_: Any) -> ReadMail:
    mark = Path(folder) / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return ReadMail(subject="read at last")


def refuse(source: IO[bytes], **_: Any) -> ReadMail:
    raise UnreadableMail("the form is cut off")


def stumble(source: IO[bytes], **_: Any) -> ReadMail:
    raise ZeroDivisionError("of ours")


def full_disk(source: IO[bytes], **_: Any) -> ReadMail:
    raise OSError(28, "No space left on device")
