"""`manage.py demo`: what of the demo is here, and leaving it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leadsite.firstrun import owner_words
from messaging.demo.leaving import Goes, leave_demo, lines, what_goes


class Command(BaseCommand):
    """Say what the demo consists of, or leave it."""

    help = "Say what of the demo is here; --leave removes it all, nothing real."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--leave", action="store_true")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--played",
            action="store_true",
            help="with --leave: also what was played in the simulator",
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self.played: bool = options["played"]
        goes = what_goes(played=self.played)
        if not options["leave"]:
            self._tell(goes, as_json=options["json"], left=False)
            return
        if options["json"] and not options["yes"]:
            raise CommandError("--leave --json asks nothing: add --yes")
        if not (goes.anything or options["played"]):
            self._tell(goes, as_json=options["json"], left=False)
            return
        if not options["yes"]:
            self._ask(goes)
        went = leave_demo(actor="system", played=options["played"])
        self._tell(went, as_json=options["json"], left=True)

    def _ask(self, goes: Goes) -> None:
        self._tell(goes, as_json=False, left=False)
        answer = input("Remove all of this? Nothing real is touched. [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("nothing was removed")

    def _tell(self, goes: Goes, *, as_json: bool, left: bool) -> None:
        if as_json:
            told = {"left": left, **goes.as_json()}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        if not goes.anything and not left:
            self.stdout.write("There is no demo here.")
            return
        self.stdout.write("Removed:" if left else "The demo consists of:")
        for line in lines(goes):
            self.stdout.write(f"  {line}")
        if goes.played and not self.played:
            self.stdout.write(f"{goes.played} people played in the simulator stay;")
            self.stdout.write("--leave --played removes them too.")
        if left:
            self.stdout.write(owner_words())
