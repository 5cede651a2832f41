"""A person with words that stand nowhere else, and a search of every store for them."""

import contextlib
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection

from leads.traces import base64_forms

NAME = "Zephyrine Quokkastadt"
PHONE = "+14155557311"
MAIL = "zephyrine@quokkastadt.example"
TEXT = "marzipanlocke"
MAIL_WORDS = "kieselgruenspan"
NOTE = "pfauenradwinkel"
CALL = "eichelhaeherblau"
FILE = "papageienkuchen"
FACT = "schneckentempo4711"
MODEL = "wolkenkuckucksei"
SEEN = "lederhosenknopf"
WORDS = (TEXT, MAIL_WORDS, NOTE, CALL, FILE, FACT, MODEL, SEEN)
ALL = (NAME, "Quokkastadt", PHONE, PHONE[1:], MAIL, *WORDS)
# What two people share, and stays with the other.
SHARED = "+14155557322"
SHARED_MAIL = "desk@example.net"
_OURS = ("leads", "messaging", "integrations", "analytics", "leadsite", "django")


def mime() -> bytes:
    """A mail of the person with a file."""
    mail = EmailMessage()
    mail["From"] = f"{NAME} <{MAIL}>"
    mail["To"] = "sales@in.example.com"
    mail["Subject"] = f"About {MAIL_WORDS}"
    mail["Message-ID"] = "<7@quokkastadt.example>"
    mail.set_content(f"Here is my plan, {MAIL_WORDS}.\n\nBest\n{NAME}\n{PHONE}")
    mail.add_attachment(
        f"{FILE} of {NAME}".encode() * 20,
        maintype="application",
        subtype="octet-stream",
        filename="plan.bin",
    )
    return mail.as_bytes()


# --- looking -----------------------------------------------------------------------


def needles(words: Iterable[str] = ALL) -> "re.Pattern[bytes]":
    """Every form in which one of the words may be kept."""
    forms: set[bytes] = set()
    for word in words:
        for one in {word, word.lower(), word.upper()}:
            forms |= {one.encode(), quote(one).encode(), quote(one, safe="").encode()}
            forms.add(quote(one).replace("%20", "+").encode())
            forms.add(json.dumps(one)[1:-1].encode())
            forms.add(one.encode().hex().encode())
            forms.update(base64_forms(one))
            forms.add(b64encode(one.encode()).rstrip(b"="))
    return re.compile(b"|".join(re.escape(form) for form in sorted(forms)))


def hits(data: bytes, pattern: "re.Pattern[bytes]") -> set[bytes]:
    """What of the person stands in `data`, also where it is compressed."""
    found = set(pattern.findall(data))
    for start in (b"\x78\x9c", b"\x78\x01", b"\x78\xda"):
        at = data.find(start)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                plain = zlib.decompressobj().decompress(data[at:])
                found.update(pattern.findall(plain))
            at = data.find(start, at + 1)
    return found


def in_tables(pattern: "re.Pattern[bytes]") -> dict[str, set[bytes]]:
    """What of the person stands in which table of the database."""
    found: dict[str, set[bytes]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    if seen := hits(_bytes(value), pattern):
                        found.setdefault(table, set()).update(seen)
    for session in Session.objects.all():
        if seen := hits(repr(session.get_decoded()).encode(), pattern):
            found.setdefault("sessions, read", set()).update(seen)
    return found


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False).encode()
    return str(value).encode()


def in_dump(pattern: "re.Pattern[bytes]") -> set[bytes]:
    """What stands in a dump of the whole database, as its own tool writes it."""
    if connection.vendor != "postgresql":
        raw = connection.connection
        return hits("\n".join(raw.iterdump()).encode(), pattern)
    tool = shutil.which("pg_dump")
    assert tool, "pg_dump is not on this machine"
    at = connection.settings_dict
    command = [tool, "--inserts", "-h", at["HOST"], "-U", at["USER"], at["NAME"]]
    if at["PORT"]:
        command[1:1] = ["-p", str(at["PORT"])]
    words = {**os.environ, "PGPASSWORD": at["PASSWORD"] or ""}
    ended = subprocess.run(command, capture_output=True, env=words, timeout=60)
    assert ended.returncode == 0, ended.stderr.decode()
    return hits(ended.stdout, pattern)


def in_files(folder: Path, pattern: "re.Pattern[bytes]") -> dict[str, set[bytes]]:
    """What stands in files below a folder, and in their names."""
    found = {}
    for path in folder.rglob("*"):
        data = str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        if seen := hits(data, pattern):
            found[str(path)] = seen
    return found


def in_redis(pattern: "re.Pattern[bytes]") -> dict[bytes, set[bytes]]:
    """What stands in the keys and values of the Redis of these tests."""
    if not settings.REDIS_URL:
        return {}
    import redis

    client: Any = redis.Redis.from_url(settings.REDIS_URL)
    found = {}
    for key in client.scan_iter():
        value = client.dump(key) or b""
        if seen := hits(key + value, pattern) | hits(_read(client, key), pattern):
            found[key] = seen
    client.close()
    return found


def _read(client: Any, key: bytes) -> bytes:
    """A value as it was written: Redis compresses what it dumps."""
    reads = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda k: client.lrange(k, 0, -1),
        b"zset": lambda k: client.zrange(k, 0, -1, withscores=True),
    }
    kind = client.type(key)
    value = reads[kind](key) if kind in reads else b""
    return value if isinstance(value, bytes) else repr(value).encode()


class Lines(logging.Handler):
    """Every line of ours down to DEBUG, as it was before any redaction."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(self.format(record))


@contextlib.contextmanager
def lines() -> Iterator[Lines]:
    """Listen to our loggers."""
    heard, levels = Lines(), {}
    for name in _OURS:
        logger = logging.getLogger(name)
        levels[name] = logger.level
        logger.addHandler(heard)
        # Django tells of each SQL statement at DEBUG, with what it writes.
        logger.setLevel(logging.INFO if name == "django" else logging.DEBUG)
    try:
        yield heard
    finally:
        for name, level in levels.items():
            logger = logging.getLogger(name)
            logger.removeHandler(heard)
            logger.setLevel(level)


# --- a MongoDB server ----------------------------------------------------------------


@contextlib.contextmanager
def mongo_server(folder: Path) -> Iterator[str]:
    """A MongoDB wire server on a free port; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).parent / "nx-27017"
    assert program.exists(), "nx-27017 is in the dev requirements"
    command = [str(program), "--data-dir", str(folder), "--host", "127.0.0.1"]
    command += ["-p", str(port), "--log-file", str(folder / "log")]
    command += ["--pid-file", str(folder / "pid")]
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for(port, server)
        yield f"mongodb://127.0.0.1:{port}/house"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert server.poll() is None, "the MongoDB server ended"
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), 1),
        ):
            return
        time.sleep(0.1)
    raise AssertionError("the MongoDB server did not start")
