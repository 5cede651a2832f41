"""Two processes at one lead lose neither each other's lines nor facts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.db import connection

from leads.models import Fact, Lead, ScoreChange, ScoreLine
from leads.qualification import known, learn
from leads.scoring import Signal, score_at, score_view, update_score
from leads.seeding import ensure_ground
from leads.tests.factories import MONDAY, LeadFactory

KEYS = (
    "asked_for_call",
    "said_interested",
    "asked_price",
    "said_urgent",
    "asked_question",
    "confirmed",
)

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite hides the race"
    ),
]


@dataclass(frozen=True)
class Read:
    field: str
    value: str
    quote: str


def at_once(work: Callable[[int], None], times: int) -> None:
    def run(number: int) -> None:
        try:
            work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(run, range(times)))


def test_signals_at_once_all_count_once_and_history_is_one_chain() -> None:
    ensure_ground()
    lead = LeadFactory()

    def notice(number: int) -> None:
        key = KEYS[number % len(KEYS)]
        signal = Signal(key, f"{key} {number}", uuid4(), MONDAY)
        mine = Lead.objects.get(pk=lead.pk)
        update_score(
            lead=mine, signals=[signal], cause="wrote", actor="builtin", at=MONDAY
        )

    at_once(notice, 48)
    lead.refresh_from_db()
    lines = ScoreLine.objects.filter(lead=lead, removed_at=None)
    assert sorted(line.key for line in lines) == sorted(KEYS)
    assert lead.score == score_view(lead, at=lead.score_changed_at).value == 68
    changes = list(ScoreChange.objects.order_by("occurred_at"))
    assert [c.before for c in changes[1:]] == [c.after for c in changes[:-1]]
    assert all(score_at(lead, c.occurred_at) == c.after for c in changes)


def test_readings_at_once_leave_one_current_fact_a_field() -> None:
    ensure_ground()
    lead = LeadFactory()

    def read(number: int) -> None:
        value = f"{number}k"
        learn(
            lead=Lead.objects.get(pk=lead.pk),
            readings=[
                Read("budget", value, value),
                Read("email", f"d{number % 3}@acme.example", value),
            ],
            message=uuid4(),
            at=MONDAY,
            actor="builtin",
        )

    at_once(read, 32)
    assert set(known(lead)) == {"budget", "email"}
    assert Fact.objects.filter(field="budget").count() == 32
    assert lead.contacts.count() == 3
