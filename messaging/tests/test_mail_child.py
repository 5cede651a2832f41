"""The parser's child: one for a process, small, killed where a mail kills it."""

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from messaging.mail import parsing
from messaging.mail.facts import MachineKind, ReadMail, UnreadableMail
from messaging.mail.parsing import ParseJob, Parser, ParserTrouble
from messaging.mail.wire import BadFrame, build, pack, unpack
from messaging.tests.mail_readers import Wrapped

READERS = "messaging.tests.mail_readers"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LONG = 300  # seconds that no test waits for


@pytest.fixture
def parser() -> Iterator[Callable[..., Parser]]:
    made: list[Parser] = []

    def make(**options: Any) -> Parser:
        made.append(Parser(**({"seconds": LONG} | options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., ParseJob]:
    def make(reader: str, body: bytes = b"hello", **extra: Any) -> ParseJob:
        path = tmp_path / "body"
        path.write_bytes(body)
        return ParseJob(
            path=str(path),
            folder=str(tmp_path),
            received_at=NOW,
            content_type="text/x-test",
            reader=f"{READERS}.{reader}" if "." not in reader else reader,
            extra=extra,
        )

    return make


def test_a_mail_is_read_in_the_processs_own_child(job: Callable[..., ParseJob]) -> None:
    raw = "Subject: Grüße\nFrom: Jané <JANE@x.org>\n\nhallo\n".encode()
    mail = parsing.parse(job("messaging.mail.reading.read_raw", raw))
    assert (mail.sender, mail.subject, mail.text) == ("jane@x.org", "Grüße", "hallo")
    assert parsing._PARSER.pid not in (None, os.getpid())
    first = parsing._PARSER.pid
    parsing.parse(job("messaging.mail.reading.read_raw", raw))
    assert parsing._PARSER.pid == first


def test_a_reader_may_return_a_dataclass_of_its_own(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    read = parser().parse(job("wrapped", envelope_to=["a@x.org"]), Wrapped)
    assert read == Wrapped(
        mail=ReadMail(text="hello"),
        names=("content_type", "envelope_to", "folder"),
        moment=NOW,
        verdicts={"spf": "pass"},
    )


def test_the_child_has_neither_django_nor_our_secrets(
    parser: Callable[..., Parser],
    job: Callable[..., ParseJob],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.made-up")
    read = parser().parse(job("surroundings"), ReadMail)
    assert read.in_reply_to == ()
    assert "PATH" in read.references
    assert not {"SENDGRID_API_KEY", "SECRET_KEY", "DATABASE_URL"} & set(read.references)


def test_what_a_reader_prints_disturbs_nothing(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    assert parser().parse(job("printing"), ReadMail).subject == "fine"


def test_a_mail_that_hangs_is_given_up_and_the_next_is_read(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser(seconds=0.3)
    with pytest.raises(UnreadableMail, match=r"longer than 0\.3 s"):
        one.parse(job("hang"), ReadMail)
    assert one.pid is None
    one.seconds = LONG
    assert one.parse(job("plain"), ReadMail).subject == "hello"


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS")
def test_a_mail_that_needs_too_much_memory_is_given_up(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser()
    with pytest.raises(UnreadableMail, match="more than 400 MB of memory"):
        one.parse(job("hoard"), ReadMail)
    assert one.pid is None
    assert one.parse(job("plain"), ReadMail).subject == "hello"


def test_a_mail_that_kills_the_child_twice_is_unreadable(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser()
    with pytest.raises(UnreadableMail, match=r"ends the parser \(signal 9\)"):
        one.parse(job("die"), ReadMail)
    assert one.parse(job("plain"), ReadMail).subject == "hello"


def test_a_child_that_died_for_no_fault_of_the_mail_costs_nothing(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser()
    assert one.parse(job("die_once"), ReadMail).subject == "read at last"
    pid = one.pid
    os.kill(pid, 9)
    assert one.parse(job("plain"), ReadMail).subject == "hello"
    assert one.pid != pid


def test_what_a_reader_says_is_told_apart_from_our_own_trouble(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser()
    with pytest.raises(UnreadableMail, match="the form is cut off"):
        one.parse(job("refuse"), ReadMail)
    with pytest.raises(UnreadableMail, match=r"failed over it \(ZeroDivisionError"):
        one.parse(job("stumble"), ReadMail)
    with pytest.raises(ParserTrouble, match="No space left"):
        one.parse(job("full_disk"), ReadMail)
    with pytest.raises(ParserTrouble, match="ModuleNotFoundError"):
        one.parse(job("messaging.mail.nowhere.read"), ReadMail)
    missing = ParseJob(path="/nowhere/at/all", folder="/nowhere", received_at=NOW)
    with pytest.raises(ParserTrouble, match="FileNotFoundError"):
        one.parse(missing, ReadMail)


def test_a_child_that_cannot_start_is_trouble_of_ours(
    parser: Callable[..., Parser],
    job: Callable[..., ParseJob],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ParserTrouble, match="does not start"):
        parser().parse(job("plain"), ReadMail)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ParserTrouble, match="ends at its start"):
        parser().parse(job("plain"), ReadMail)


def test_the_child_is_renewed_after_so_many_mails(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser(max_mails=2)
    pids = [one.parse(job("plain"), ReadMail).headers[0][1] for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_child_is_renewed_once_it_has_grown(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser(max_resident=100_000_000)
    one.parse(job("grow", megabytes=1), ReadMail)
    assert one.pid is not None
    one.parse(job("grow", megabytes=120), ReadMail)
    assert one.pid is None


def test_threads_get_their_own_mails(
    parser: Callable[..., Parser], tmp_path: Path
) -> None:
    one = parser(max_mails=7)
    found: dict[int, str] = {}

    def read(number: int) -> None:
        path = tmp_path / f"body{number}"
        path.write_bytes(b"mail %d" % number)
        job = ParseJob(str(path), str(tmp_path), NOW, reader=f"{READERS}.plain")
        found[number] = one.parse(job, ReadMail).subject

    threads = [threading.Thread(target=read, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"mail {number}" for number in range(20)}


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"Subject: x\n\nhi")
    code = (
        "import os, sys; from datetime import datetime, UTC\n"
        "from messaging.mail import parsing\n"
        "job = parsing.ParseJob(sys.argv[1] + '/body', sys.argv[1], datetime.now(UTC))\n"
        "print(parsing.parse(job).subject, parsing._PARSER.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=parsing.ROOT,
        check=True,
    )
    subject, pid = ran.stdout.split()
    assert subject == "x"
    deadline = time.monotonic() + 60
    while _is_alive(int(pid)):
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_worker_starts_a_child_of_its_own(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    one = parser()
    mine = one.parse(job("plain"), ReadMail).headers[0][1]
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:  # as a prefork worker does
        one.forget()
        theirs = one.parse(job("plain"), ReadMail).headers[0][1]
        one.close()
        os.write(writing, theirs.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    assert os.read(reading, 100).decode() not in ("", mine)
    os.close(reading)
    assert one.parse(job("plain"), ReadMail).headers[0][1] == mine


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_29_mb_mail_is_read_small_and_leaves_the_parent_small(
    parser: Callable[..., Parser], job: Callable[..., ParseJob]
) -> None:
    head = (
        b"From: a@x.org\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the plan\n--b\n"
        b"Content-Type: application/pdf; name=plan.pdf\n"
        b"Content-Transfer-Encoding: base64\n\n"
    )
    plan = b"%PDF-1.7\n" + bytes(range(256)) * 84_000
    raw = job(
        "messaging.mail.reading.read_raw",
        head + base64.encodebytes(plan) + b"\n--b--\n",
    )
    one = parser(max_resident=2_000_000_000)
    before = _peak("self")
    mail = one.parse(raw, ReadMail)
    assert mail.text == "see the plan"
    (file,) = mail.files
    assert Path(file.path).read_bytes() == plan
    assert _peak(one.pid) <= 400_000
    assert _peak("self") - before <= 100_000


def _peak(pid: object) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def test_a_frame_holds_only_what_was_asked_for() -> None:
    def feed(data: bytes) -> Callable[[int], bytes]:
        rest = bytearray(data)

        def read(size: int) -> bytes:
            piece = bytes(rest[:size])
            del rest[:size]
            return piece

        return read

    frame = pack({"answer": ReadMail(subject="\ud800 ü", sent_at=NOW)})
    told = unpack(feed(frame))
    assert build(ReadMail, told["answer"]) == ReadMail(subject="\ud800 ü", sent_at=NOW)
    assert unpack(feed(b"")) is None
    assert unpack(feed(frame[:-1])) is None
    for broken in (b"\xff\xff\xff\xff", b"\0\0\0\2[]", b"\0\0\0\2{x"):
        with pytest.raises(BadFrame):
            unpack(feed(broken))
    machine = {"kind": "bounce", "words": "w", "until": None, "reports": []}
    mail = build(ReadMail, {"machine": machine})
    assert mail.machine.kind is MachineKind.BOUNCE
    for wrong in (
        {"subject": 3},
        {"nothing": ""},
        {"machine": {"kind": "x"}},
        [],
        None,
    ):
        with pytest.raises(BadFrame):
            build(ReadMail, wrong)
