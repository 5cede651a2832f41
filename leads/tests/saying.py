"""Short words for tests about facts and scores."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from leads.models import Fact, Lead, ScoreLine
from leads.qualification import known, learn
from leads.scoring import ScoreView, Signal, update_score
from leads.tests.factories import MONDAY, FactFactory, LeadFactory

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
BANT = {"need": "40 seats", "budget": "20k", "timeline": "next month"}


def signal(
    key: str,
    quote: str = "call me",
    *,
    message: UUID | None = None,
    at: datetime = MONDAY,
) -> Signal:
    return Signal(key=key, quote=quote, message=message or uuid4(), at=at)


def score(
    lead: Lead, *signals: Signal, at: datetime = MONDAY, cause: str = "wrote"
) -> ScoreView:
    return update_score(lead=lead, signals=signals, cause=cause, actor="builtin", at=at)


def keys(view: ScoreView) -> set[str]:
    return {line.key for line in view.lines}


def seats_lead() -> tuple[Lead, UUID]:
    """A lead of whom the acceptance sentence's three facts are known."""
    lead, message = LeadFactory(), uuid4()
    for field, value, quote in (
        ("need", "40 seats", "we need about 40 seats"),
        ("timeline", "next month", "next month"),
        ("budget", "20k", "budget is 20k"),
    ):
        FactFactory(lead=lead, field=field, value=value, quote=quote, message=message)
    return lead, message


def line_of(lead: Lead, key: str) -> ScoreLine:
    return ScoreLine.objects.get(lead=lead, key=key, removed_at=None)


@dataclass(frozen=True)
class Read:
    field: str
    value: str
    quote: str = ""


def tell(
    lead: Lead,
    field: str,
    value: str,
    *,
    quote: str | None = None,
    message: UUID | None = None,
    at: datetime = MONDAY,
    actor: str = "builtin",
) -> list[Fact]:
    words = f"it is {value}" if quote is None else quote
    return learn(
        lead=lead,
        readings=[Read(field, value, words)],
        message=message or uuid4(),
        at=at,
        actor=actor,
    )


def tell_all(lead: Lead) -> None:
    for field, value in BANT.items():
        tell(lead, field, value)


def values(lead: Lead) -> dict[str, str]:
    return {field: fact.value for field, fact in known(lead).items()}


def kinds(lead: Lead) -> list[str]:
    return list(lead.events.order_by("pk").values_list("kind", flat=True))
