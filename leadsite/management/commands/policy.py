"""`manage.py policy`: read and change the run-time settings."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from leads import policy


class Command(BaseCommand):
    """Show all settings, show some by name, or change them with key=value."""

    help = "Read and change run-time settings: policy [key[=value] …]"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("items", nargs="*", metavar="key[=value]")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted: list[str] = options["items"]
        changes = dict(item.split("=", 1) for item in wanted if "=" in item)
        names = [item for item in wanted if "=" not in item]
        if changes:
            self._change(changes)
        values = policy.current().values()
        shown = [*names, *changes] or list(values)
        for name in shown:
            if name not in values:
                raise CommandError(f"there is no setting {name!r}")
        picked = {name: values[name] for name in shown}
        if options["json"]:
            self.stdout.write(json.dumps(picked, default=str))
            return
        for name, value in picked.items():
            self.stdout.write(f"{name}={value}")

    def _change(self, changes: dict[str, str]) -> None:
        try:
            policy.change(actor="system", **changes)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
