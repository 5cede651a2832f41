"""The right column: score with its lines, facts, consent, deals, tasks, source."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from leads import consent, scoring
from leads.ledger import LIMIT, LineView, ScoreView
from leads.models import ContactPoint, Deal, Lead, LeadContact, Task
from messaging import words
from messaging.spending import ai_cost
from messaging.views.correcting import signed
from messaging.views.panel import known_lines, temperature

DAYS = 14
WIDE, HIGH = 132, 32
CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
DECISIONS = (Task.Kind.SENT_CHECK, Task.Kind.OPT_OUT, Task.Kind.IDENTIFY)
WHOLE_CURRENCIES = frozenset({"JPY", "KRW", "CLP", "VND", "ISK"})  # no minor unit


@dataclass(frozen=True)
class Reason:
    """One line of the score: its points, and where they come from."""

    line: LineView
    origin: str  # "10:42", "rule" or "limit"

    @property
    def points(self) -> str:
        """The points with their sign: +30, −3."""
        return signed(self.line.points)


@dataclass(frozen=True)
class Spark:
    """The score's last days as a line, ready for SVG."""

    points: str
    last_x: float
    last_y: float
    words: str
    wide: int = WIDE
    high: int = HIGH


@dataclass(frozen=True)
class Address:
    """One address of the lead, and whether we may write to it."""

    value: str
    icon: str
    words: str
    tone: str  # ok | not | plain
    mentioned: bool = False


@dataclass(frozen=True)
class Todo:
    """An open task; `decision` is where the review queue asks for it."""

    task: Task
    decision: UUID | None


def side_context(lead: Lead) -> dict[str, Any]:
    """Return all that the right column shows; its numbers add up."""
    view = scoring.score_view(lead)
    known = known_lines(lead)
    return {
        "score": view.value,
        "score_word": temperature(view.value),
        "reasons": [_reason(line) for line in view.lines],
        "fade": fade_words(view),
        "spark": spark_of(lead),
        "known": known,
        "anything_known": any(row.fact for row in known),
        "asks": _list([row.label.lower() for row in known][:3]),
        "addresses": [address_of(row) for row in _contacts(lead)],
        "deals": [_deal(row) for row in lead.deals.order_by("-created_at")],
        "tasks": todos_of(lead),
        "ai_cost": ai_cost(lead),
    }


def _list(names: list[str]) -> str:
    """Join names as people do: need, budget and timing."""
    if len(names) < 2:
        return "".join(names) or "what they need"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _reason(line: LineView) -> Reason:
    if line.part == LIMIT:
        return Reason(line, "limit")
    said = bool(line.quote or line.message)
    return Reason(line, words.time_of(line.occurred_at) if said else "rule")


def fade_words(view: ScoreView) -> str:
    """Return how the score moves by itself: "fades −3 in 7 days"."""
    moved = scoring.fade(view, days=7)
    if moved == 0:
        return "stays for 7 days"
    word = "fades" if moved < 0 else "rises"
    return f"{word} {signed(moved)} in 7 days"


def spark_of(lead: Lead) -> Spark:
    """Return the score of the last 14 days as a line from 0 to 100."""
    history = scoring.score_history(lead, days=DAYS)
    step = WIDE / max(len(history) - 1, 1)
    places = [
        (round(index * step, 1), round(HIGH - 2 - value / 100 * (HIGH - 4), 1))
        for index, (_, value) in enumerate(history)
    ]
    values = [value for _, value in history]
    said = f"Score over {DAYS} days: from {values[0]} to {values[-1]}"
    if max(values) not in (values[0], values[-1]):
        said += f", at most {max(values)}"
    return Spark(" ".join(f"{x},{y}" for x, y in places), *places[-1], said)


def _contacts(lead: Lead) -> list[LeadContact]:
    rows = lead.contacts.select_related("contact_point")
    return list(rows.order_by("-primary", "pk"))


def address_of(row: LeadContact) -> Address:
    """Return an address with our right to write to it, in words."""
    point = row.contact_point
    phone = point.kind == ContactPoint.Kind.PHONE
    channel, icon = ("sms", "sms") if phone else ("email", "mail")
    if row.known_by == LeadContact.Known.PROPOSAL:
        said = "only mentioned, never written to"
        return Address(point.value, icon, said, "plain", mentioned=True)
    stop = consent.is_suppressed(point, channel)
    if stop is not None:
        said = f"{stop.get_reason_display()} {words.time_of(stop.since)}"
        quote = f": “{stop.words}”" if stop.words else ""
        return Address(point.value, icon, f"{said}{quote}", "not")
    if phone and not point.textable:
        return Address(point.value, "call", "cannot receive texts", "not")
    given = consent.has_consent(point, channel)
    if given is None:
        return Address(point.value, icon, "no consent on record", "not")
    said = f"{given.get_basis_display()}, {words.time_of(given.occurred_at)}"
    return Address(point.value, icon, said, "ok")


def todos_of(lead: Lead) -> list[Todo]:
    """Return the open tasks; a decision is made in the review queue."""
    rows = Task.objects.open().filter(lead=lead).select_related("assignee")
    return [Todo(task, _decision(task)) for task in rows]


def _decision(task: Task) -> UUID | None:
    if task.kind == Task.Kind.DRAFT:
        return task.subject
    return task.public_id if task.kind in DECISIONS else None


def _deal(deal: Deal) -> dict[str, Any]:
    amount = ""
    if deal.amount is not None:
        sign = CURRENCY_SIGNS.get(deal.currency, f"{deal.currency} ")
        whole = deal.currency in WHOLE_CURRENCIES
        amount = (
            f"{sign}{deal.amount:,}" if whole else f"{sign}{deal.amount / 100:,.2f}"
        )
    return {"deal": deal, "amount": amount}
