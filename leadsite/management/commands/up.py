"""`manage.py up`: the whole installation in one process, or one part of it."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from leadsite import embedded
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
        if only in ("", "web"):
            self.stdout.write(greeting(host=options["host"], port=options["port"]))
            self.stdout.flush()
        elif only == "worker" and not settings.REDIS_URL:
            self.stderr.write(
                "a worker of its own needs REDIS_URL: without it, doorbells and "
                "live pages end at the process"
            )
            sys.exit(2)
        code = embedded.run(host=options["host"], port=options["port"], only=only)
        sys.exit(code)
