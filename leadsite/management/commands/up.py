"""`manage.py up`: the whole installation in one process, or one part of it."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from leadsite import embedded
from leadsite.checks import separate_part_errors
from leadsite.firstrun import greeting


class Command(BaseCommand):
    """Run web, worker and beat."""

    help = "Run web, worker and beat; --only one of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--only", choices=embedded.PARTS, default="")

    def handle(self, *args: Any, **options: Any) -> None:
        only = options["only"]
        errors = separate_part_errors(only)
        for error in errors:
            self.stderr.write(f"{error.msg}\n  {error.hint}")
        if errors:
            sys.exit(2)
        if only in ("", "web"):
            self._greet(host=options["host"], port=options["port"])
        code = embedded.run(host=options["host"], port=options["port"], only=only)
        sys.exit(code)

    def _greet(self, *, host: str, port: int) -> None:
        """Say where it is; a database that is away is waited for."""
        try:
            self.stdout.write(greeting(host=host, port=port))
        except DatabaseError as error:
            self.stdout.write(f"\n  Leadsite is at http://{host}:{port}/")
            self.stdout.write(f"  The database is away: {type(error).__name__}.")
            self.stdout.write("  `manage.py doctor` says what to do.\n")
        self.stdout.flush()
