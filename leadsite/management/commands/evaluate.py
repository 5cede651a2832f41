"""`manage.py evaluate`: replay the cases with a prompt and a model, beside what speaks."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads import jobs
from messaging.agent.model import ModelError, Speaking
from messaging.evaluating import cases, releases, running, sealing
from messaging.evaluating.comparing import Comparison, Pair, compare
from messaging.models import EvaluationCase, EvaluationRun

_TITLE, _BODY = 44, 88


class Command(BaseCommand):
    """Run an evaluation in this process; ends with 1 when it is worse."""

    help = (
        "Replay cases: evaluate [--model NAME] [--prompt VERSION] [--cases KIND]"
        " [--json]. Exit code 1 when it is worse than what speaks now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--model",
            default="",
            help="as the vendor calls it, or builtin; what speaks now unless named",
        )
        parser.add_argument("--prompt", default="", help="a prompt file, as reply-2")
        parser.add_argument(
            "--cases", default="", choices=["", *EvaluationCase.Kind.values]
        )
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--seal",
            metavar="VERSION",
            help="write the hash of a prompt file down: from then on it never changes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            self._seal(options["seal"])
            return
        cases.ensure_product_cases()
        with jobs.silence():
            run, comparison = self._compare(options)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(run, comparison)))
        else:
            self._print(run, comparison)
        self.stdout.flush()
        if comparison.is_worse:
            sys.exit(1)

    def _seal(self, version: str) -> None:
        try:
            sealing.seal(version)
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{version} is sealed: it never changes from now on")

    def _compare(self, options: dict[str, Any]) -> tuple[EvaluationRun, Comparison]:
        chosen = cases.active([options["cases"]] if options["cases"] else ())
        try:
            now = releases.speaking_now()
            wanted = _wanted(now, options["prompt"], options["model"])
            run = running.start(
                prompt_version=wanted.prompt_version, model=wanted.model, cases=chosen
            )
        except (ModelError, running.NotStarted) as error:
            raise CommandError(str(error)) from None
        for one in (run.baseline, run):
            if one is not None:
                running.work_off(one, told=self._tell)
        return run, compare(cases=chosen, run=run, beside=run.baseline)

    def _tell(self, run: EvaluationRun) -> None:
        done = sum("passed" in row for row in run.results)
        self.stderr.write(f"{run.prompt_version} {run.model}: {done}/{run.cases}")

    def _print(self, run: EvaluationRun, found: Comparison) -> None:
        for kind in EvaluationCase.Kind:
            pairs = [pair for pair in found.pairs if pair.case.kind == kind]
            if pairs:
                self.stdout.write(f"{kind.label:<16}{_rates(pairs)}")
        self.stdout.write(f"{'all':<16}{_rates(found.pairs)}")
        for pair in found.pairs:
            if pair.is_worse or pair.is_better or not pair.passes:
                self._print_pair(pair)
        verdict = "worse than" if found.is_worse else "no worse than"
        beside = run.baseline
        against = f"{beside.prompt_version} {beside.model}" if beside else "nothing yet"
        named = f"{run.prompt_version} {run.model}"
        self.stdout.write(f"\n{named}: {verdict} {against}")

    def _print_pair(self, pair: Pair) -> None:
        mark = "worse" if pair.is_worse else "better" if pair.is_better else "fails"
        self.stdout.write(f"\n{mark:<8}{pair.case.title[:_TITLE]}")
        row = pair.now or {}
        for words in row.get("failures", ()):
            self.stdout.write(f"        {words[:_BODY]}")
        if pair.before is not None and pair.before.get("body") != row.get("body"):
            self.stdout.write(f"      - {_line(pair.before.get('body', ''))}")
        self.stdout.write(f"      + {_line(row.get('body', ''))}")


def _wanted(now: Speaking, prompt: str, model: str) -> Speaking:
    """What is named, the rest as it speaks now."""
    model = model or now.model
    if prompt:
        return Speaking(prompt, model)
    if model != releases.OFFLINE and now.model == releases.OFFLINE:
        raise CommandError("The built-in model speaks now: name a prompt as well")
    return Speaking(now.prompt_version, model)


def _rates(pairs: Any) -> str:
    now = sum(pair.passes for pair in pairs)
    words = f"{now}/{len(pairs)} pass ({100 * now / max(1, len(pairs)):.0f} %)"
    if any(pair.before is not None for pair in pairs):
        words += f", before {sum(pair.passed for pair in pairs)}"
    return words


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _BODY else flat[: _BODY - 1] + "…"


def as_json(run: EvaluationRun, found: Comparison) -> dict[str, Any]:
    """The whole comparison as JSON."""
    beside = run.baseline
    return {
        "run": str(run.public_id),
        "prompt": run.prompt_version,
        "model": run.model,
        "beside": beside and {"prompt": beside.prompt_version, "model": beside.model},
        "cases": len(found.pairs),
        "passes": found.passes,
        "passed_before": found.passed if beside else None,
        "rate": round(found.passes / max(1, len(found.pairs)), 4),
        "worse": found.is_worse,
        "results": [_pair_json(pair) for pair in found.pairs],
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    row, before = pair.now or {}, pair.before
    return {
        "case": str(pair.case.public_id),
        "key": pair.case.key,
        "kind": pair.case.kind,
        "title": pair.case.title,
        "passed": pair.passes,
        "passed_before": None if before is None else pair.passed,
        "failures": row.get("failures", []),
        "body": row.get("body", ""),
        "body_before": None if before is None else before.get("body", ""),
    }
