"""`manage.py simulate`: write to us as a lead, through the real path."""

import json
import logging
import sys
from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads import clock
from leads.seeding import ensure_ground
from leadsite.firstrun import ready_doorbells
from messaging.inbound import UnusableMessage
from messaging.simulation import (
    BadLine,
    SimulatedMessage,
    moment,
    read_line,
    simulate,
    zone_of,
)

Read = SimulatedMessage | str  # a message, or why a line makes none


class Command(BaseCommand):
    """Simulate one text or mail, or a file of them."""

    help = "Write to us as a simulated lead; nothing leaves this machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True)
        for kind in ("sms", "email"):
            one = kinds.add_parser(kind)
            one.add_argument("--from", dest="sender", required=True)
            one.add_argument("--to", default="")
            one.add_argument("--subject", default="")
            one.add_argument("--text", required=True)
            one.add_argument("--now", help="business time, ISO 8601")
            one.add_argument("--json", action="store_true")
        many = kinds.add_parser("file")
        many.add_argument("lines", help="a JSONL file, - for standard input")
        many.add_argument(
            "--burst",
            action="store_true",
            help="answer what one sender writes in a row at its end, not line by line",
        )
        many.add_argument("--now", help="business time, ISO 8601")
        many.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json: bool = options["json"]
        # With a business time given, the lead's clock is that one too.
        self.shift = timedelta() if options["now"] else None
        ready_doorbells()
        ensure_ground()
        # The answer is the output; a log line for each reply would bury it.
        logging.getLogger("messaging.transports").setLevel(logging.WARNING)
        self.now: str | None = options["now"]
        self.started = timezone.now()
        if options["kind"] == "file":
            self._file(options["lines"], in_bursts=options["burst"])
            return
        line = {**options, "channel": options["kind"], "from": options["sender"]}
        try:
            self._one(read_line(line))
        except (BadLine, UnusableMessage) as error:
            raise CommandError(str(error)) from error

    def _file(self, path: str, *, in_bursts: bool) -> None:
        folder = Path.cwd() if path == "-" else Path(path).resolve().parent
        lines = [
            (number, _read(line, folder))
            for number, line in enumerate(_text_of(path).split("\n"), 1)
            if line.strip()
        ]
        senders = [_sender(read) for _, read in lines]
        for index, (number, read) in enumerate(lines):
            follows = (
                in_bursts and senders[index : index + 1] == senders[index + 1 :][:1]
            )
            if isinstance(read, str):
                self._problem(number, read)
                continue
            try:
                self._one(read, more_follows=follows)
            except UnusableMessage as error:
                self._problem(number, str(error))

    def _problem(self, number: int, words: str) -> None:
        problem = {"line": number, "error": words}
        self.stdout.write(json.dumps(problem, ensure_ascii=False))

    def _one(self, message: SimulatedMessage, *, more_follows: bool = False) -> None:
        with self._clock(message):
            result = simulate(
                message=message, shift=self.shift, more_follows=more_follows
            )
        if self.as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._tell(result)

    def _clock(self, message: SimulatedMessage) -> AbstractContextManager[None]:
        """Business time runs on from --now; without a zone it is the lead's own."""
        if not self.now:
            return nullcontext()
        try:
            begin = moment(self.now, zone=zone_of(message))
        except ValueError as error:
            words = f"--now {self.now!r} is no ISO 8601 instant"
            raise CommandError(words) from error
        return clock.shifted(begin - self.started)

    def _tell(self, result: dict[str, Any]) -> None:
        for stage in result["stages"]:
            tick = "✓" if stage["ok"] else "✗"
            line = f"{tick} {stage['name']:<11}{stage['ms']:>8.1f} ms"
            self.stdout.write(f"{line}  {stage['detail']}")
        self.stdout.write(f"score {result['score']['value']}")
        reply = result["reply"]
        if reply:
            self.stdout.write(f"reply ({reply['state']}): {reply['body']}")


def _text_of(path: str) -> str:
    """Return a file's text; bytes that are no UTF-8 do not stop the rest."""
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    return raw.decode("utf-8", errors="replace")


def _read(line: str, folder: Path) -> Read:
    try:
        value = json.loads(line)
    except ValueError as error:
        return f"this is no JSON: {error}"
    if not isinstance(value, dict):
        return "a line must be a JSON object"
    try:
        return read_line(value, folder=folder)
    except BadLine as error:
        return str(error)


def _sender(read: Read) -> tuple[str, str] | None:
    return None if isinstance(read, str) else (read.channel, read.from_address)
