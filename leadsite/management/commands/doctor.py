"""`manage.py doctor`: what is wrong with this installation, and the fix."""

import json
import sys
import textwrap
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations.http_redact import redact
from leadsite import doctor
from leadsite.health import Finding, State, as_json

WIDTH = 88


class Command(BaseCommand):
    """Examine everything; ends with 1 when something must be mended."""

    help = "Examine the installation and say what to do. Exit code 1 on a failure."
    # It tells of failing checks itself, in place of ending at them.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = doctor.examine()
        failed = any(finding.state is State.FAIL for finding in findings)
        if options["json"]:
            self._print_json(findings, failed=failed)
        else:
            self._print(findings)
        self.stdout.flush()
        if failed:
            sys.exit(1)

    def _print_json(self, findings: list[Finding], *, failed: bool) -> None:
        shown = [as_json(finding, detail=True) for finding in findings]
        for row in shown:
            row["detail"] = redact(row["detail"])
        self.stdout.write(json.dumps({"ok": not failed, "findings": shown}))

    def _print(self, findings: list[Finding]) -> None:
        column = max(len(finding.name) for finding in findings) + 2
        indent = " " * (6 + column)
        for finding in findings:
            lead = f"{finding.state:<6}{finding.name:<{column}}"
            fix = f"→ {finding.fix}" if finding.fix else ""
            for text in (finding.words, redact(finding.detail), fix):
                for line in textwrap.wrap(text, WIDTH - len(indent)):
                    self.stdout.write(f"{lead}{line}")
                    lead = indent
        self.stdout.write(f"\n{doctor.summary(findings)}")
