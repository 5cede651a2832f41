"""Whatever happens in whatever order, the score adds up at every instant."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from leads import clock, qualification
from leads.kept import forget_all
from leads.models import Fact, Lead, ScoreChange, ScoreLine, ScoreRule
from leads.scoring import (
    Signal,
    restore_line,
    score_at,
    score_view,
    strike_line,
    update_score,
)
from leads.seeding import ensure_ground
from leads.tests.factories import MONDAY, FactFactory, LeadFactory, UserFactory

SIGNALS = (
    "asked_for_call",
    "said_interested",
    "said_not_interested",
    "spam",
    "objected",
    "asked_question",
    "asked_price",
    "asked_for_meeting",
)
FIELDS = ("budget", "need", "timeline", "authority")
number = st.integers(0, 5)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("signal"), st.sampled_from(SIGNALS), number),
        st.tuples(st.just("learn"), st.sampled_from(FIELDS), number),
        st.tuples(st.just("set"), st.sampled_from(FIELDS), number),
        st.tuples(st.just("strike_line"), number, number),
        st.tuples(st.just("restore_line"), number, number),
        st.tuples(st.just("strike_fact"), number, number),
        st.tuples(st.just("restore_fact"), number, number),
        st.tuples(st.just("clock"), st.integers(-200, 2_000), number),
    ),
    max_size=25,
)


class Reading:
    """A reading as the agent hands it over."""

    def __init__(self, field: str, number: int) -> None:
        self.field, self.value = field, f"{number} weeks"
        self.quote = f"said {number} weeks"


class World:
    """One lead, one person, and a clock that moves both ways (in hours)."""

    def __init__(self) -> None:
        self.lead: Lead = LeadFactory()
        self.user = UserFactory()
        self.now = MONDAY

    def step(self, name: str, what: Any, number: int) -> None:
        with clock.at(self.now):
            getattr(self, name)(what, number)

    def signal(self, key: str, number: int) -> None:
        noticed = Signal(key, f"words {number}", UUID(int=number + 1), self.now)
        self.update([noticed])

    def update(self, signals: list[Signal]) -> None:
        update_score(
            lead=self.lead, signals=signals, cause="t", actor="builtin", at=self.now
        )

    def learn(self, field: str, number: int) -> None:
        qualification.learn(
            lead=self.lead,
            readings=[Reading(field, number)],
            message=UUID(int=number + 1),
            at=self.now,
            actor="builtin",
        )
        self.update([])

    def set(self, field: str, number: int) -> None:
        qualification.set_fact(
            lead=self.lead, field=field, value=f"{number} days", user=self.user
        )

    def strike_line(self, index: int, number: int) -> None:
        lines = list(ScoreLine.objects.filter(removed_at=None).order_by("pk"))
        for line in lines[index : index + 1]:
            strike_line(line=line, user=self.user)

    def restore_line(self, index: int, number: int) -> None:
        lines = list(ScoreLine.objects.filter(removed_as="struck").order_by("-pk"))
        for line in lines[index : index + 1]:
            restore_line(line=line, user=self.user)

    def strike_fact(self, index: int, number: int) -> None:
        rows = Fact.objects.filter(replaced_at=None, struck_at=None).order_by("pk")
        for fact in list(rows)[index : index + 1]:
            qualification.strike_fact(fact=fact, user=self.user)

    def restore_fact(self, index: int, number: int) -> None:
        rows = Fact.objects.filter(struck_at__isnull=False).order_by("-pk")
        for fact in list(rows)[index : index + 1]:
            qualification.restore_fact(fact=fact, user=self.user)

    def clock(self, hours: int, number: int) -> None:
        self.now += timedelta(hours=hours)

    def check(self) -> None:
        """The sum is true now, and each recorded past value is true still."""
        self.lead.refresh_from_db()
        instant = self.lead.score_changed_at or self.now
        view = score_view(self.lead, at=instant)
        assert view.value == self.lead.score
        for moment in (instant, self.now, self.now + timedelta(days=40)):
            shown = score_view(self.lead, at=moment)
            assert shown.value == sum(line.points for line in shown.lines)
            assert 0 <= shown.value <= 100
        for change in ScoreChange.objects.filter(lead=self.lead):
            assert score_at(self.lead, change.occurred_at) == change.after
        standing = ScoreLine.objects.filter(lead=self.lead, removed_at=None)
        keys = list(standing.values_list("key", flat=True))
        assert len(keys) == len(set(keys))


class ScoreAlwaysAddsUp(TestCase):
    """Random lives of one lead; behaviour fades or not."""

    @classmethod
    def setUpTestData(cls) -> None:
        """Load the point card once."""
        ensure_ground()

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(steps=steps, fades=st.booleans())
    def test_any_life_of_a_lead_adds_up(
        self, steps: list[tuple[str, Any, int]], fades: bool
    ) -> None:
        if not fades:
            ScoreRule.objects.update(half_life_days=None)
        forget_all()  # the card of the life before is not this one's
        kept = ScoreRule.objects.filter(half_life_days__isnull=False)
        assert kept.exists() == fades
        world = World()
        for name, what, number in steps:
            world.step(name, what, number)
            world.check()


@pytest.mark.django_db
@pytest.mark.parametrize("key", SIGNALS)
def test_strike_and_undo_at_once_leave_every_future_value_alone(key: str) -> None:
    ensure_ground()
    world = World()
    FactFactory(lead=world.lead)
    FactFactory(lead=world.lead, field="need", value="40 seats", quote="40 seats")
    world.step("signal", key, 1)
    before = [score_at(world.lead, MONDAY + timedelta(days=d)) for d in range(1, 90)]
    line = ScoreLine.objects.get(key=key)
    with clock.at(MONDAY + timedelta(seconds=1)):
        strike_line(line=line, user=world.user)
        restore_line(line=line, user=world.user)
    after = [score_at(world.lead, MONDAY + timedelta(days=d)) for d in range(1, 90)]
    assert after == before
