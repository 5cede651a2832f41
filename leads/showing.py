"""How a fact's value is shown to people; what is stored stays as it is."""

import re
from typing import Any, Protocol

# Fields whose values are amounts of money, as the reading writes them.
MONEY = frozenset({"budget"})
_FIGURE = r"\d+(?:\.\d\d)?"
# "20000 USD", "up to 5000-8000 EUR per month"; anything else is somebody's words.
_AMOUNT = re.compile(
    rf"(?:[a-z ]+ )?{_FIGURE}(?:-{_FIGURE})?(?: [A-Z]{{3}})?(?: per [a-z]+)?"
)


class Valued(Protocol):
    """A fact, or what stands for one."""

    @property
    def field(self) -> str:
        """What it answers, such as "budget"."""

    @property
    def value(self) -> str:
        """What it says, as it is stored."""


def shown_value(field: str, value: str) -> str:
    """Return an amount with its thousands apart: 20000 USD → 20,000 USD.

    Values of other fields, and words that are no plain amount, are left alone.
    """
    if field not in MONEY or not _AMOUNT.fullmatch(value):
        return value
    return re.sub(r"(?<![\d.])\d+", lambda found: f"{int(found[0]):,}", value)


def shown(fact: Valued | Any) -> str:
    """Return a fact's value as people read it, "" for no fact."""
    return shown_value(fact.field, fact.value) if fact else ""
