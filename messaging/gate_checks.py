"""What a check of the gate says, and what all of them come to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

# [key, period, amount] of the counters that a message used up.
Taken = list[tuple[str, str, int]]


class Verdict(StrEnum):
    """What becomes of a message at the gate."""

    GO = "go"
    HOLD = "hold"  # later, at `Decision.until`
    DRAFT = "draft"  # a person must decide
    REFUSE = "refuse"  # never


@dataclass(frozen=True)
class Check:
    """One of the seven checks, as decided, in words."""

    name: str
    ok: bool
    words: str
    verdict: Verdict = Verdict.GO
    until: datetime | None = None

    def row(self) -> dict[str, Any]:
        """As kept on the message."""
        return {"name": self.name, "ok": self.ok, "words": self.words}


@dataclass(frozen=True)
class Decision:
    """All checks, the strictest verdict among them, and what was used up.

    `taken` lists `[key, period, amount]` of the counters, to be given back
    when the message definitely did not leave.
    """

    checks: tuple[Check, ...]
    taken: tuple[tuple[str, str, int], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The strictest of all."""
        found = {check.verdict for check in self.checks}
        order = (Verdict.REFUSE, Verdict.DRAFT, Verdict.HOLD)
        return next((v for v in order if v in found), Verdict.GO)

    @property
    def reason(self) -> str:
        """Why, in the words of the check that decided."""
        deciding = [c for c in self.checks if c.verdict == self.verdict and not c.ok]
        return deciding[0].words if deciding else ""

    @property
    def until(self) -> datetime | None:
        """When a held message is looked at again."""
        moments = [c.until for c in self.checks if c.until is not None]
        return max(moments, default=None)

    def rows(self) -> list[dict[str, Any]]:
        """As kept on the message."""
        return [check.row() for check in self.checks]
