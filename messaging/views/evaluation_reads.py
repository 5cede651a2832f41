"""What the pages of evaluations show, read."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from messaging.agent.model import ModelError, Speaking
from messaging.agent.prompting import CURRENT
from messaging.evaluating import releases, sealing
from messaging.evaluating.comparing import Comparison, Pair, compare, results_of
from messaging.evaluating.editions import edition_of
from messaging.evaluating.freezing import Unreadable, thaw, thaw_plan
from messaging.models import EvaluationCase, EvaluationRun, Release

Kind = EvaluationCase.Kind
State = EvaluationRun.State
KIND_ORDER = [Kind.FLAGGED, Kind.SCRIPTED, Kind.RED_TEAM]
KIND_LABELS = {
    Kind.FLAGGED: "Flagged",
    Kind.SCRIPTED: "Scripted",
    Kind.RED_TEAM: "Red team",
}
OPEN = (State.WAITING, State.WORKING)
LATEST = 30
SHOWN = {
    "all": "All",
    "worse": "Worse",
    "better": "Better",
    "fails": "Fails",
    "moved": "Other words",
}


@dataclass(frozen=True)
class Now:
    """What speaks, in words; `trouble` when nothing can."""

    prompt: str
    model: str
    trouble: str = ""

    @property
    def offline(self) -> bool:
        """Whether the built-in model writes, which takes no prompt."""
        return self.model == releases.OFFLINE


def now_speaking() -> Now:
    """What writes the next answer."""
    try:
        named = releases.speaking_now()
    except ModelError as error:
        return Now("", "", error.words)
    return Now(named.prompt_version, named.model)


def prompts() -> list[dict[str, Any]]:
    """The prompt files to choose from, the newest first."""
    order = sorted(sealing.versions(), key=_number, reverse=True)
    return [
        {"name": name, "sealed": not sealing.why_unsealed(name), "on": name == CURRENT}
        for name in order
    ]


def _number(version: str) -> tuple[str, int]:
    name, _, number = version.rpartition("-")
    return (name, int(number)) if number.isdigit() else (version, 0)


def cases_context(kind: str, off: bool, words: str) -> dict[str, Any]:
    """The list of cases, flagged ones first, as the address asks for it."""
    rows = EvaluationCase.objects.filter(active=not off)
    counts = dict(rows.values_list("kind").annotate(n=Count("pk")).order_by())
    kind = kind if kind in KIND_LABELS else ""
    shown = rows.filter(kind=kind) if kind else rows
    if words:
        shown = shown.filter(
            Q(title__icontains=words)
            | Q(why__icontains=words)
            | Q(situation__situation__message__icontains=words)
        )
    last = _last_results()
    return {
        "rows": [_case_row(case, last) for case in _in_order(shown)],
        "kind": kind,
        "off": off,
        "words": words,
        "kinds": [
            {"name": one, "label": KIND_LABELS[one], "count": counts.get(one, 0)}
            for one in KIND_ORDER
        ],
        "all_count": sum(counts.values()),
    }


def _in_order(rows: "QuerySet[EvaluationCase]") -> list[EvaluationCase]:
    order = [str(kind) for kind in KIND_ORDER]
    newest = sorted(rows, key=lambda case: case.created_at, reverse=True)
    return sorted(newest, key=lambda case: (order.index(case.kind), case.key))


def _last_results() -> dict[str, Any]:
    """The newest result of what speaks now for each case."""
    now = now_speaking()
    runs = EvaluationRun.objects.filter(
        state=State.DONE, prompt_version=now.prompt, model=now.model
    )
    found: dict[str, Any] = {}
    for run in runs.order_by("-finished_at", "-pk")[:LATEST]:
        found = {**results_of(run), **found}
    return found


def _case_row(case: EvaluationCase, last: dict[str, Any]) -> dict[str, Any]:
    row = last.get(str(case.public_id))
    fits = row is not None and row["edition"] == edition_of(case)
    return {
        "case": case,
        "kind": KIND_LABELS[Kind(case.kind)],
        "language": case.situation.get("situation", {}).get("language", ""),
        "last": row if fits else None,
    }


def runs_context() -> dict[str, Any]:
    """The latest runs, with how far each is."""
    rows = EvaluationRun.objects.select_related("baseline").order_by("-created_at")
    found = [run_row(run) for run in rows[:LATEST]]
    return {"runs": found, "under_way_any": any(row["under_way"] for row in found)}


def run_row(run: EvaluationRun) -> dict[str, Any]:
    """A run as a row: its state, its progress in percent, its figures."""
    done = len(results_of(run))
    known = [row.get("micro") for row in results_of(run).values()]
    spent = [micro for micro in known if micro is not None]
    return {
        "run": run,
        "done": done,
        "percent": round(100 * done / max(1, run.cases)),
        "under_way": run.state in OPEN,
        "micro": sum(spent),
        "offline": run.model == releases.OFFLINE,
        "unknown": len(known) - len(spent),
    }


def releases_context() -> dict[str, Any]:
    """All releases, and what one click back would bring."""
    rows = Release.objects.select_related("run", "returns_to", "published_by")
    return {"releases": list(rows[:LATEST]), "previous": releases.previous()}


def run_context(run: EvaluationRun, show: str) -> dict[str, Any]:
    """One run beside what it is held against."""
    keys = [row["case"] for row in run.results]
    cases = EvaluationCase.objects.in_bulk(keys, field_name="public_id")
    by_key = {str(key): case for key, case in cases.items()}
    there = [by_key[key] for key in keys if key in by_key]
    found = compare(cases=there, run=run, beside=run.baseline, as_it_was=True)
    show = show if show in SHOWN else "all"
    # What a person looks for first: worse, then failing; the rest in its order.
    answered = sorted(
        (pair for pair in found.pairs if pair.now is not None),
        key=lambda pair: (not pair.is_worse, pair.passes),
    )
    return {
        **run_row(run),
        "found": found,
        "pairs": [pair for pair in answered if _is_shown(pair, show)],
        "outdated": _outdated(found),
        "gone": run.cases - len(there),
        "show": show,
        "tabs": [
            {
                "name": name,
                "label": label,
                "count": sum(_is_shown(pair, name) for pair in answered),
            }
            for name, label in SHOWN.items()
        ],
        "beside_under_way": run.baseline is not None and run.baseline.state in OPEN,
    }


def _outdated(found: Comparison) -> int:
    """How many results are of cases that were changed since."""
    rows = [(pair.case, pair.now) for pair in found.pairs]
    return sum(row is not None and row["edition"] != edition_of(c) for c, row in rows)


def _is_shown(pair: Pair, show: str) -> bool:
    ways = {
        "all": True,
        "worse": pair.is_worse,
        "better": pair.is_better,
        "fails": not pair.passes,
        "moved": pair.moved if show == "moved" else False,
    }
    return ways[show]


def gate_words(run: EvaluationRun) -> str:
    """Why the run may not be published, "" when it may."""
    try:
        why = releases.why_not(
            prompt_version=run.prompt_version, model=run.model, run=run
        )
    except ModelError as error:
        return error.words
    return str(why) if why is not None else ""


def case_context(case: EvaluationCase) -> dict[str, Any]:
    """One case: what was frozen, and its results so far."""
    try:
        at, plan = thaw(case.situation), thaw_plan(case.situation)
    except Unreadable as error:
        return {"case": case, "unreadable": str(error)}
    return {
        "case": case,
        "kind": KIND_LABELS[Kind(case.kind)],
        "at": at,
        "facts": [(name, value) for name, value in at.facts.items()],
        "plan": plan,
        "gaps": case.situation.get("gaps", []),
        "results": _results_of_case(case),
    }


def _results_of_case(case: EvaluationCase) -> list[dict[str, Any]]:
    key = str(case.public_id)
    found = []
    for run in EvaluationRun.objects.order_by("-created_at")[:LATEST]:
        row = results_of(run).get(key)
        if row is not None:
            pair = Pair(case, row, None)
            found.append({"run": run, "row": row, "runs": pair.runs})
    return found[:6]


def wanted(prompt: str, model: str) -> Speaking:
    """What the form names; the built-in model has no prompt file."""
    return Speaking("" if model == releases.OFFLINE else prompt, model)
