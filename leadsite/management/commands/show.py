"""`manage.py show`: one lead with everything that is known of it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.lookup import NotOne, describe_lead, find_lead


class Command(BaseCommand):
    """Show a lead by phone, mail address or public id."""

    help = "Show a lead: conversation, states, consent, score, tasks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", help="phone, mail address or public id")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lead = find_lead(options["who"])
        except NotOne as error:
            raise CommandError(str(error)) from error
        shown = describe_lead(lead)
        if options["json"]:
            self.stdout.write(json.dumps(shown, ensure_ascii=False, default=str))
            return
        self.stdout.write(f"{shown['name']}  score {shown['score']['value']}")
        self.stdout.write(f"{shown['stage']} · {shown['turn']} {shown['turn_reason']}")
        for message in shown["messages"]:
            line = f"{message['at']:%Y-%m-%d %H:%M} {message['author']:<8}"
            reason = f" ({message['reason']})" if message["reason"] else ""
            self.stdout.write(f"{line} {message['state']}{reason}: {message['body']}")
        for task in shown["tasks"]:
            self.stdout.write(f"to do: {task['kind']}: {task['reason']}")
