"""The whole corpus of mail read and threaded, against Python's own `email` reader
alone in the same run; and the memory of both processes with a 29 MB mail among them.

`python -m bench.mail [--rounds 5]`: prints JSON. Needs the corpora in ../shared beside
this checkout. The reader alone takes each mail apart, and asks for its addresses, ids,
date, subject and the content of its parts, by `email.policy.default`; `bare_ms` is
only taking apart, by the reader's old policy, which decodes nothing. Targets: at most
3 × the reader's time, 400 MB in the child, 100 MB more in the parent than idle.
"""

import argparse
import base64
import email
import gc
import json
import os
import statistics
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from pathlib import Path

from messaging.mail.facts import ReadMail, UnreadableMail
from messaging.mail.parsing import ParseJob, Parser
from messaging.mail.reading import read_mail
from messaging.mail.threading import thread_ids

CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"
OWN = Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"
HEADERS = ("from", "to", "cc", "subject", "date", "message-id", "references")
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    files = [
        file
        for folder in ("mail", "replies", "bounces")
        for file in sorted((CORPORA / folder).glob("*"))
    ] + sorted(OWN.glob("*.txt"))
    if not CORPORA.is_dir():
        sys.exit(f"the shared corpora are not at {CORPORA}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        # First, while this process is as idle as one that serves requests.
        report = {"mails": len(files)} | memory(files, Path(folder))
        report |= speed(files, folder, options.rounds)
    print(json.dumps(report, indent=2))


def speed(files: list[Path], folder: str, rounds: int) -> dict[str, object]:
    """Milliseconds for all of them, the median of rounds that take turns."""
    kinds: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(files, folder),
        "reader": lambda: [alone(file) for file in files],
        "bare": lambda: [bare(file) for file in files],
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):  # the first one compiles and opens
        for name, run in kinds.items():
            gc.collect()
            started = time.process_time()
            run()
            if turn:
                times[name].append((time.process_time() - started) * 1000)
            for spooled in Path(folder).iterdir():
                spooled.unlink()
    spent = {name: statistics.median(values) for name, values in times.items()}
    return {f"{name}_ms": round(value, 1) for name, value in spent.items()} | {
        "ratio_to_reader": round(spent["ours"] / spent["reader"], 2),
        "ratio_to_bare": round(spent["ours"] / spent["bare"], 2),
        "slowest_ms": round(max(one(file, folder) for file in files), 1),
        "reader_failed": sum(alone(file) for file in files),
        "unreadable": sum(read(file, folder) is None for file in files),
        "answers_found": ours(files, folder),
    }


def ours(files: list[Path], folder: str) -> int:
    """Read and thread all; how many answer another one of them."""
    known: dict[str, ReadMail] = {}
    answers = 0
    for file in files:
        mail = read(file, folder)
        if mail is None:
            continue
        answers += any(one in known for one in thread_ids(mail))
        if mail.message_id:
            known.setdefault(mail.message_id, mail)
    return answers


def read(file: Path, folder: str) -> ReadMail | None:
    """One mail as the product reads it, files and machines and all."""
    try:
        with file.open("rb") as source:
            return read_mail(source, folder=folder, received_at=NOW)
    except UnreadableMail:
        return None


def one(file: Path, folder: str) -> float:
    """Milliseconds of one mail."""
    started = time.process_time()
    read(file, folder)
    return (time.process_time() - started) * 1000


def alone(file: Path) -> int:
    """Take a mail apart and ask Python's reader for all it knows; how often it fails,
    which costs it nothing.
    """
    failed = 0
    with file.open("rb") as source:
        message = email.message_from_binary_file(source, policy=policy.default)
    for part in [message, *message.walk()]:
        try:
            if part is message:
                [str(message[name]) for name in HEADERS]
            if not part.is_multipart():
                part.get_content()
        except (LookupError, ValueError, TypeError, AttributeError):
            failed += 1
    return failed


def bare(file: Path) -> None:
    """Only taken apart."""
    with file.open("rb") as source:
        email.message_from_binary_file(source)


def memory(files: list[Path], folder: Path) -> dict[str, object]:
    """Peaks in MB with a 29 MB mail read among the others, in a child of ours."""
    big = folder / "big"
    plan = base64.encodebytes(b"%PDF-" + os.urandom(21_400_000))
    head = (
        "From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n"
        "--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
    )
    big.write_bytes(head.encode() + plan + b"\n--b--\n")
    del plan
    reader = Parser(max_resident=2**40, max_mails=2**40)
    try:
        idle = peak("self", reset=True)
        started = time.perf_counter()
        for file in [*files[:50], big, *files[50:100]]:
            job = ParseJob(path=str(file), folder=str(folder), received_at=NOW)
            try:
                reader.parse(job, ReadMail)
            except UnreadableMail:
                continue
        return {
            "big_mail_mb": round(big.stat().st_size / 1e6, 1),
            "seconds_with_child": round(time.perf_counter() - started, 2),
            "child_peak_mb": peak(reader.pid),
            "parent_growth_mb": round(peak("self") - idle, 1),
        }
    finally:
        reader.close()


def peak(pid: object, *, reset: bool = False) -> float:
    """MB of memory at the highest; with `reset`, from now on."""
    if reset:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1000, 1)


if __name__ == "__main__":
    main()
