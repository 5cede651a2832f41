"""Ready-made beginnings of sequences, as drafts that a person looks through."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from messaging.sequencepages.content import StepContent, Wording
from messaging.sequences import rules

PATH = Path(__file__).parent.parent / "data" / "sequence_starters.json"
_WORDS = ("subject", "body", "brief")


@dataclass(frozen=True)
class Starter:
    """A ready-made sequence: what it is for, whom it enrolls, its steps."""

    key: str
    name: str
    words: str
    goal: str
    measure: str
    rule: Mapping[str, Any]
    steps: tuple[StepContent, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """The columns of a sequence made from it. A rule about a stage that this
        house does not have is left out.
        """
        rule = {} if rules.problems(self.rule) else dict(self.rule)
        return {"goal": self.goal, "measure": self.measure, "rule": rule}


@cache
def starters() -> dict[str, Starter]:
    """All of them by key, in their order."""
    rows = json.loads(PATH.read_text("utf-8"))
    return {row["key"]: _starter(row) for row in rows}


def _starter(row: Mapping[str, Any]) -> Starter:
    steps = tuple(_content(step) for step in row["steps"])
    return Starter(**{**row, "steps": steps})


def _content(row: Mapping[str, Any]) -> StepContent:
    words = {name: row[name] for name in _WORDS if name in row}
    rest = {name: value for name, value in row.items() if name not in _WORDS}
    return StepContent(**rest, wordings=(Wording(**words),))
