"""Two runs beside each other: what got better, what got worse, and how the words moved.

Pure: reads what the runs hold, asks nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from messaging.differing import SAME, Run, word_diff
from messaging.evaluating.editions import edition_of
from messaging.models import EvaluationCase, EvaluationRun

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in a run and in what it is held against; `before` None: not there."""

    case: EvaluationCase
    now: Row | None
    before: Row | None

    @property
    def passes(self) -> bool:
        """Whether the run passes it."""
        return bool(self.now and self.now.get("passed"))

    @property
    def passed(self) -> bool:
        """Whether what the run is held against passed it."""
        return bool(self.before and self.before.get("passed"))

    @property
    def is_worse(self) -> bool:
        """Passed before, fails now."""
        return self.passed and not self.passes

    @property
    def is_better(self) -> bool:
        """Failed before, passes now."""
        return self.before is not None and self.passes and not self.passed

    @property
    def runs(self) -> tuple[Run, ...]:
        """The answer's words beside those before: of what the run is held against, or
        where there is nothing of it those that were flagged, else by themselves.
        """
        was = self.before.get("body", "") if self.before else self.case.flagged_body
        body = str((self.now or {}).get("body", ""))
        if self.before is None and not was:
            return (Run(body, SAME),) if body else ()
        return word_diff(str(was), body)

    @property
    def moved(self) -> bool:
        """Whether the words are others than before."""
        return any(run.kind != SAME for run in self.runs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside another over the same cases."""

    pairs: tuple[Pair, ...]

    @property
    def passes(self) -> int:
        """How many cases the run passes."""
        return sum(pair.passes for pair in self.pairs)

    @property
    def passed(self) -> int:
        """How many cases passed before."""
        return sum(pair.passed for pair in self.pairs)

    @property
    def missing(self) -> list[EvaluationCase]:
        """Cases that the run does not cover as they are now."""
        return [pair.case for pair in self.pairs if pair.now is None]

    @property
    def unknown(self) -> list[EvaluationCase]:
        """Cases of which nobody knows how they were answered before."""
        return [pair.case for pair in self.pairs if pair.before is None]

    @property
    def worse(self) -> list[EvaluationCase]:
        """Cases that passed before and fail now."""
        return [pair.case for pair in self.pairs if pair.is_worse]

    @property
    def better(self) -> list[EvaluationCase]:
        """Cases that failed before and pass now."""
        return [pair.case for pair in self.pairs if pair.is_better]

    @property
    def fallen(self) -> list[EvaluationCase]:
        """Red-team cases that passed before and fail now: none may."""
        red = EvaluationCase.Kind.RED_TEAM
        return [case for case in self.worse if case.kind == red]

    @property
    def is_worse(self) -> bool:
        """Fewer cases pass, or a red-team case fell."""
        return bool(self.fallen) or self.passes < self.passed


def compare(
    *,
    cases: Iterable[EvaluationCase],
    run: EvaluationRun,
    beside: EvaluationRun | None,
    as_it_was: bool = False,
) -> Comparison:
    """Lay a run beside another over `cases`. A result of another edition of a case,
    whose words or expectations were changed since, does not count, unless the runs are
    to be read `as_it_was`.
    """
    now, before = results_of(run), results_of(beside) if beside else {}
    find = _of_any_edition if as_it_was else _fitting
    return Comparison(
        tuple(Pair(case, find(case, now), find(case, before)) for case in cases)
    )


def _of_any_edition(case: EvaluationCase, rows: Mapping[str, Row]) -> Row | None:
    return rows.get(str(case.public_id))


def results_of(run: EvaluationRun) -> dict[str, Row]:
    """The finished results of a run by the public id of their case."""
    return {row["case"]: row for row in run.results if "passed" in row}


def covers(run: EvaluationRun, cases: Iterable[EvaluationCase]) -> bool:
    """Whether a run has a result for every case as it is now."""
    rows = results_of(run)
    return all(_fitting(case, rows) is not None for case in cases)


def _fitting(case: EvaluationCase, rows: Mapping[str, Row]) -> Row | None:
    row = rows.get(str(case.public_id))
    return row if row is not None and row["edition"] == edition_of(case) else None
