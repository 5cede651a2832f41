"""What the language model cost for one lead, and the calls behind the sum."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from leads.models import Lead, UsageRecord
from messaging import words
from messaging.models import Message, Turn

# How `metering.meter_of_turn` begins the key of every call: "model:<turn>:…".
CALLS = "model:"


@dataclass(frozen=True)
class Call:
    """One call of a model. `tokens` is what went in and what came out, in words;
    `message` the public id of what it wrote, None where nothing of it is kept.
    """

    at: datetime
    what: str
    tokens: str
    price: str
    message: UUID | None = None


@dataclass(frozen=True)
class Spending:
    """The calls of a lead, the newest first, and what they cost in millionths."""

    calls: tuple[Call, ...]
    micro: int
    unknown: int

    @property
    def words(self) -> str:
        """The sum as the screens say it."""
        return sum_words(self.micro, self.unknown, calls=len(self.calls))


def usage_of(lead: Lead) -> "QuerySet[UsageRecord]":
    """Return the records of the model's calls for a lead."""
    return lead.usage.filter(effect_key__startswith=CALLS)


def ai_cost(lead: Lead) -> str:
    """Return what the AI cost for a lead: "$0.0040", "nothing", "not known"."""
    costs = list(usage_of(lead).values_list("micro", flat=True))
    known = sum(cost or 0 for cost in costs)
    return sum_words(known, costs.count(None), calls=len(costs))


def sum_words(micro: int, unknown: int, *, calls: int) -> str:
    """Return a sum in words; calls of which nobody said the price are named."""
    if unknown and unknown == calls:
        return words.money(None)
    more = f" and {unknown} of unknown cost" if unknown else ""
    return f"{words.money(micro)}{more}"


def spending_of(lead: Lead) -> Spending:
    """Return the calls behind the sum, each with the message that it wrote."""
    records = list(usage_of(lead).order_by("-occurred_at", "-pk"))
    written = _written([_turn_of(record) for record in records])
    calls = tuple(
        Call(
            at=record.occurred_at,
            what=record.what.replace(":", ", "),
            tokens=_tokens(record),
            price=words.money(record.micro, record.currency),
            message=written.get(_turn_of(record)),
        )
        for record in records
    )
    costs = [record.micro for record in records]
    return Spending(calls, sum(cost or 0 for cost in costs), costs.count(None))


def _tokens(record: UsageRecord) -> str:
    used = record.details
    said = f"{used.get('input', 0):,} in, {used.get('output', 0):,} out"
    return f"{said} (estimated)" if used.get("estimated") else said


def _turn_of(record: UsageRecord) -> str:
    return (record.effect_key or "").removeprefix(CALLS).partition(":")[0]


def _written(turns: list[str]) -> dict[str, UUID]:
    """Return the newest message of each turn, by the turn's public id."""
    rows = Turn.objects.filter(public_id__in=[one for one in turns if one])
    said = Message.objects.filter(turn__in=rows).order_by("pk")
    pairs = said.values_list("turn__public_id", "public_id")
    return {str(turn): message for turn, message in pairs}
