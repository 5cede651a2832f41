"""`manage.py sweep`: one pass over all that is due."""

import json
from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leads import clock
from leads.work import rescue_orphans, run_due
from messaging.simulation import moment


class Command(BaseCommand):
    """Run everything that is due, here and now."""

    help = "One pass over all that is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", help="business time; needs ALLOW_TIME_TRAVEL=1")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = options["now"]
        if now and not settings.ALLOW_TIME_TRAVEL:
            raise CommandError("--now needs ALLOW_TIME_TRAVEL=1 in the environment")
        try:
            travel = clock.at(moment(now)) if now else nullcontext()
        except ValueError as error:
            raise CommandError(f"--now {now!r} is no ISO 8601 instant") from error
        with travel:
            rescued = rescue_orphans()
            ran = run_due()
        if options["json"]:
            self.stdout.write(json.dumps({"ran": ran, "rescued": rescued}))
            return
        for words, counts in (("rescued", rescued), ("ran", ran)):
            for kind, number in counts.items():
                self.stdout.write(f"{words} {number} {kind}")
        if not ran and not rescued:
            self.stdout.write("nothing was due")
