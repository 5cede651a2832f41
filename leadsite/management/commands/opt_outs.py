"""`manage.py opt_outs`: the old opt-out list, from the command line."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads import opt_out_import, opt_outs, policy
from leads.opt_out_reading import NotReadable
from leads.opt_outs import NotPossible

CHANNELS = ("sms", "email")


class Command(BaseCommand):
    """Import the opt-outs of the system before this one, or sign that there are none."""

    help = (
        "Until it is done nothing real is sent: opt_outs import FILE --channel sms|email"
        " · opt_outs none --channel sms|email --name 'Who signs' · opt_outs (shows)"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what", nargs="?", choices=("import", "none", "show"), default="show"
        )
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--channel", choices=CHANNELS, action="append")
        parser.add_argument("--name", default="", help="who signs")

    def handle(self, *args: Any, **options: Any) -> None:
        channels = options["channel"] or []
        if options["what"] != "show" and not channels:
            raise CommandError("say which: --channel sms or --channel email")
        for channel in channels:
            try:
                self._act(channel, options)
            except (NotPossible, NotReadable, OSError) as error:
                raise CommandError(f"{error}") from error
        now = policy.current()
        for channel in CHANNELS:
            settled = opt_outs.is_settled(now, channel)
            self.stdout.write(f"{channel}: {'unlocked' if settled else 'locked'}")

    def _act(self, channel: str, options: dict[str, Any]) -> None:
        if options["what"] == "none":
            name = options["name"]
            opt_outs.sign_none(channel=channel, name=name, actor="system")
        elif options["what"] == "import":
            file: Path | None = options["file"]
            if file is None:
                raise CommandError("say which file: opt_outs import FILE")
            row = opt_out_import.import_opt_outs(
                channel=channel,
                data=file.read_bytes(),
                actor="system",
                file_name=file.name,
            )
            self.stdout.write(opt_out_import.words_of(row))
            for number, text, why in row.refused[:20]:
                self.stdout.write(f"line {number}: {text!r}: {why}")
