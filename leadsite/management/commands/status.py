"""`manage.py status`: what there is, what waits, what gave up."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from leadsite import heartbeat
from leadsite.doctor import part_line
from leadsite.statistics import status


class Command(BaseCommand):
    """Show every queue's rows by state, and that nothing is lost."""

    help = "Rows by kind and state, oldest age, dead letters, nothing lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        shown = status()
        if options["json"]:
            self.stdout.write(json.dumps(shown))
            return
        for part in heartbeat.seen():
            self.stdout.write(part_line(part))
        for kind, queue in shown["kinds"].items():
            states = ", ".join(f"{n} {state}" for state, n in queue["states"].items())
            oldest = queue["oldest_due_seconds"]
            waits = f"; oldest due for {oldest} s" if oldest is not None else ""
            self.stdout.write(f"{kind}: {states or 'none'}{waits}")
        self.stdout.write(
            f"received {shown['received']} = answered {shown['answered']}"
            f" + with a person {shown['with_a_person']}"
            f" + set aside {shown['set_aside']}"
        )
        self.stdout.write(f"dead letters: {shown['dead_letters']}")
