"""Signed SMS webhooks a second, journalled durably, against a bare ASGI app that
only checks the signature: same server, same client, in turn.

`python -m bench.intake [--n 1500] [--rounds 5] [--connections 32]`: prints JSON.
`DATABASE_URL` names an empty database that may be filled; without it SQLite in a
temporary folder. Target: at least 0.15 of the bare app on PostgreSQL.
"""

import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "0123456789abcdef0123456789abcdef"  # an invented account's
SID = "AC" + "a" * 32
URL = "https://bench.example/hooks/twilio/sms/"


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The least that a webhook can be: read, check, answer."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    headers = dict(scope["headers"])
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    right = hmac.compare_digest(
        signature(fields), headers.get(b"x-twilio-signature", b"").decode()
    )
    status = 200 if right else 403
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def signature(fields: list[tuple[str, str]]) -> str:
    """Twilio's: base64 of HMAC-SHA1 over the URL and the sorted fields."""
    text = URL + "".join(name + value for name, value in sorted(fields))
    digest = hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def requests(count: int, batch: int) -> list[bytes]:
    """Whole HTTP requests, each a text of its own."""
    made = []
    for number in range(count):
        name = f"{batch:08x}{number:024x}"
        fields = [
            ("MessageSid", f"SM{name}"),
            ("SmsMessageSid", f"SM{name}"),
            ("AccountSid", SID),
            ("From", f"+1415555{number % 9000 + 1000}"),
            ("To", "+14155550100"),
            ("Body", "Hi, we need about 40 seats next month, can someone call me?"),
            ("NumMedia", "0"),
            ("NumSegments", "1"),
            ("SmsStatus", "received"),
            ("ApiVersion", "2010-04-01"),
        ]
        body = urlencode(fields).encode()
        head = (
            "POST /hooks/twilio/sms/ HTTP/1.1\r\nHost: bench.example\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"X-Twilio-Signature: {signature(fields)}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def post_all(port: int, made: list[bytes], connections: int) -> float:
    """Requests a second over kept connections. Raises when one is not a 200."""
    waiting = iter(made)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            await read_answer(reader)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return len(made) / (time.perf_counter() - started)


async def read_answer(reader: asyncio.StreamReader) -> None:
    """One answer to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode("latin-1"))
    lower = head.lower()
    if b"content-length:" in lower:
        size = lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        await reader.readexactly(int(size))
    else:
        while (chunk := await reader.readline()).strip() != b"0":
            await reader.readexactly(int(chunk, 16) + 2)
        await reader.readline()


@contextlib.contextmanager
def served(app: str, env: dict[str, str]) -> Iterator[int]:
    """Uvicorn with one process; yields its port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", "--lifespan", "auto"]
    process = subprocess.Popen(command, cwd=ROOT, env=env)  # our own
    try:
        for _ in range(600):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), 0.2),
            ):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def environment() -> dict[str, str]:
    """An installation of its own, with an invented account."""
    return {
        **os.environ,
        "DATA_DIR": tempfile.mkdtemp(prefix="bench-"),
        "DOORBELLS": "false",
        "LOG_LEVEL": "WARNING",
        "PUBLIC_BASE_URL": "https://bench.example",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_PHONE_NUMBER": "+14155550100",
    }


def main() -> None:
    """Serve both, measure in turn, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    env = environment()
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env=env, check=True)  # our own
    ratios, ours, bares = [], [], []
    with (
        served("leadsite.asgi:application", env) as mine,
        served("bench.intake:bare", env) as plain,
    ):
        batch = int(time.time())
        for number in range(options.rounds + 1):
            made = requests(options.n, batch + number)
            us = asyncio.run(post_all(mine, made, options.connections))
            them = asyncio.run(post_all(plain, made, options.connections))
            if number:  # the first round only warms both up
                ours.append(us)
                bares.append(them)
                ratios.append(us / them)
    report = {
        "database": "postgresql"
        if "postgres" in env.get("DATABASE_URL", "")
        else "sqlite",
        "requests": options.n,
        "connections": options.connections,
        "ours_per_second": round(statistics.median(ours)),
        "bare_per_second": round(statistics.median(bares)),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
