"""What a model's calls cost, and who is asked before each of them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `micro` is its cost in millionths, None when unknown."""

    input: int = 0
    cached: int = 0
    output: int = 0
    micro: int | None = 0

    @property
    def tokens(self) -> int:
        """All tokens; the cached ones are a part of the input."""
        return self.input + self.output

    def __add__(self, other: "Usage") -> "Usage":
        """Both together; the cost is unknown when one of them is."""
        known = self.micro is not None and other.micro is not None
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            (self.micro or 0) + (other.micro or 0) if known else None,
        )


class Charge(Protocol):
    """What was set aside for one call. Exactly one of the three ends it; when none
    does (the process died), what was set aside stays counted.
    """

    def settle(self, usage: Usage) -> None:
        """The call cost this much."""

    def keep(self) -> None:
        """It may have cost something, nobody said how much: the estimate stands."""

    def cancel(self) -> None:
        """It definitely was not made."""


class Meter(Protocol):
    """Asked before each paid call of a turn, told after it."""

    def begin(self, model: str, most: Usage) -> Charge:
        """Set aside the most that the call may cost. Raises OverBudget, or another
        ModelError when the turn is no longer the caller's.
        """


class _Free:
    """Lets everything pass and writes nothing down."""

    def begin(self, model: str, most: Usage) -> Charge:
        return self

    def settle(self, usage: Usage) -> None:
        return None

    def keep(self) -> None:
        return None

    def cancel(self) -> None:
        return None


UNMETERED: Meter = _Free()
"""For trying a model where nobody counts; no turn is answered with it."""
