"""The parser's own process: `python -m messaging.mail.child`, without Django.

It reads a job from its standard input, answers on its standard output, and ends when
its input does. It may use MAX_MEMORY of addresses and MAX_SECONDS for one mail.
"""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from messaging.mail.facts import UnreadableMail
from messaging.mail.wire import pack, unpack

MAX_MEMORY: Final = 400 * 1_000_000
MAX_SECONDS: Final = 10
# Its parent kills it first; this ends it where the parent died meanwhile.
_ALARM: Final = MAX_SECONDS + 5


def main() -> None:
    """Answer jobs until the input ends."""
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent ends it
    answers = os.dup(1)
    os.dup2(2, 1)  # what anything prints is no frame
    importlib.import_module("messaging.mail.reading")
    _write(answers, pack({"ready": True}))
    while (job := unpack(partial(os.read, 0))) is not None:
        _set_alarm(_ALARM)
        answer = _answer(job)
        _set_alarm(0)
        _write(answers, pack(answer | {"resident": resident()}))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    """{"answer": …}, or {"error": kind, "words": …}."""
    try:
        reader = _reader(str(job["reader"]))
        with Path(job["path"]).open("rb") as source:
            read = reader(
                source,
                folder=job["folder"],
                received_at=datetime.fromisoformat(job["received_at"]),
                content_type=job["content_type"],
                **job["extra"],
            )
        pack({"answer": read})
        return {"answer": read}
    except UnreadableMail as error:
        return {"error": "unreadable", "words": str(error)}
    except MemoryError:
        return {"error": "memory", "words": ""}
    except (OSError, ImportError) as error:
        return {"error": "trouble", "words": f"{type(error).__name__}: {error}"}
    except Exception:  # whatever a mail does to our code, its parent must hear of it
        return {"error": "failed", "words": traceback.format_exc()[-4_000:]}


def _reader(path: str) -> Callable[..., Any]:
    module, _, name = path.rpartition(".")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _limit_memory() -> None:
    if sys.platform == "win32":  # has no such limits
        return
    import resource

    limit = int(os.environ.get("LEADSITE_PARSER_MEMORY", MAX_MEMORY))
    for what, value in ((resource.RLIMIT_AS, limit), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (value, value))
        except (ValueError, OSError) as error:  # macOS refuses the first
            sys.stderr.write(f"the mail parser runs without a limit: {error}\n")


def _set_alarm(seconds: int) -> None:
    if sys.platform != "win32":
        signal.alarm(seconds)


def resident() -> int:
    """Bytes of memory in use now; where /proc is missing, the most ever used."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        if sys.platform == "win32":
            return 0
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
