"""What OpenAI's models cost and when they end, from a dated file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from messaging.agent.costs import Usage

FILE = Path(__file__).parent / "data" / "openai_models.json"
MILLION = 1_000_000
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Known:
    """What the file says of a model. Prices are micro-units of the currency for a
    million tokens. `effort` is how hard it shall think, "" where it cannot be told.
    """

    input: int
    cached: int
    written: int
    output: int
    effort: str = ""
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class PriceList:
    """The whole file, with the day it was true and where the numbers came from."""

    as_of: date
    source: str
    currency: str
    models: Mapping[str, Known]


@lru_cache(maxsize=1)
def price_list() -> PriceList:
    """The file as it came with this version."""
    data = json.loads(FILE.read_text("utf-8"))
    return PriceList(
        as_of=date.fromisoformat(data["as_of"]),
        source=data["source"],
        currency=data["currency"],
        models={name: _known(row) for name, row in data["models"].items()},
    )


def _known(row: Mapping[str, Any]) -> Known:
    ends = row.get("ends")
    numbers = {name: int(row[name]) for name in ("input", "cached", "written")}
    return Known(
        **numbers,
        output=int(row["output"]),
        effort=str(row.get("effort", "")),
        ends=date.fromisoformat(ends) if ends else None,
    )


def known_model(model: str) -> Known | None:
    """What is known of a model or of a dated snapshot of it, None for another."""
    models = price_list().models
    return models.get(model) or models.get(_SNAPSHOT.sub("", model))


def priced(
    model: str, *, input: int, output: int, cached: int = 0, written: int = 0
) -> Usage:
    """Tokens with their cost, rounded up; the cost is None for an unknown model.

    `cached` and `written` are parts of `input`.
    """
    known = known_model(model)
    if known is None:
        return Usage(input, cached, output, None)
    fresh = max(0, input - cached - written)
    total = fresh * known.input + cached * known.cached
    total += written * known.written + output * known.output
    return Usage(input, cached, output, -(-total // MILLION))


def most(model: str, *, text: str, output: int) -> Usage:
    """The most that a call with this text may use; a guess on the safe side.

    A token is about four letters of English and never less than one byte; three
    bytes are taken for one, at the dearest rate there is for input.
    """
    tokens = len(text.encode("utf-8", "replace")) // 3 + 100
    return priced(model, input=tokens, output=output, written=tokens)
