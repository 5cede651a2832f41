"""A person's word on facts: entered, locked, struck, undone."""

from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from leads.models import Fact, ScoreLine
from leads.qualification import known, restore_fact, set_fact, strike_fact, unlock_fact
from leads.scoring import score_view, strike_line, update_score
from leads.seeding import ensure_ground
from leads.tests.factories import MONDAY, LeadFactory, UserFactory
from leads.tests.saying import BANT, DAY, kinds, tell, tell_all, values

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ground() -> None:
    ensure_ground()


# --- a person's word ---------------------------------------------------------
def test_a_persons_value_is_locked_against_the_machine() -> None:
    lead, user = LeadFactory(), UserFactory()
    tell(lead, "budget", "20k")
    fact = set_fact(lead=lead, field="budget", value=" 25k ", user=user)
    assert (fact.value, fact.locked, fact.source) == ("25k", True, "person")
    assert fact.actor == f"user:{user.pk}"
    assert tell(lead, "budget", "90k", at=fact.occurred_at + DAY) == []
    assert values(lead) == {"budget": "25k"}
    assert "fact.set" in kinds(lead)


def test_a_person_may_change_or_unlock_it() -> None:
    lead, user = LeadFactory(), UserFactory()
    set_fact(lead=lead, field="budget", value="25k", user=user)
    fact = set_fact(lead=lead, field="budget", value="26k", user=user)
    unlock_fact(fact=fact, user=user)
    unlock_fact(fact=fact, user=user)
    tell(lead, "budget", "90k", at=fact.occurred_at + DAY)
    assert values(lead) == {"budget": "90k"}
    assert kinds(lead).count("fact.unlocked") == 1


def test_a_persons_value_scores_at_once_even_after_a_strike() -> None:
    lead, user = LeadFactory(), UserFactory()
    (fact,) = tell(lead, "budget", "20k", quote="20k")
    update_score(lead=lead, cause="wrote", actor="builtin", at=MONDAY)
    strike_fact(fact=fact, user=user)
    assert score_view(lead).value == 0
    set_fact(lead=lead, field="budget", value="20k", user=user)
    lead.refresh_from_db()
    assert lead.score == score_view(lead).value == 25


def test_the_line_hangs_on_the_persons_fact_once_it_took_over() -> None:
    lead, user = LeadFactory(), UserFactory()
    tell(lead, "budget", "25k", quote="25k")
    update_score(lead=lead, cause="wrote", actor="builtin", at=MONDAY)
    fact = set_fact(lead=lead, field="budget", value="25k", user=user)
    (line,) = score_view(lead).lines
    assert (line.fact_id, line.message) == (fact.pk, None)
    strike_fact(fact=fact, user=user)
    assert score_view(lead).lines == ()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [("budget", "  ", ValueError), ("not a slug", "x", ValidationError)],
)
def test_an_entry_that_says_nothing_is_refused(
    field: str, value: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        set_fact(lead=LeadFactory(), field=field, value=value, user=UserFactory())
    assert Fact.objects.count() == 0


# --- not true ----------------------------------------------------------------
def test_not_true_strikes_the_fact_and_its_lines_and_undo_restores_both() -> None:
    lead, user = LeadFactory(), UserFactory()
    tell_all(lead)
    before = update_score(lead=lead, cause="wrote", actor="builtin", at=MONDAY)
    fact = known(lead)["budget"]
    strike_fact(fact=fact, user=user)
    lead.refresh_from_db()
    assert "budget" not in known(lead)
    assert lead.score == before.value - 25
    line = ScoreLine.objects.get(key="budget")
    assert (line.removed_as, line.removed_by) == ("struck", f"user:{user.pk}")
    restore_fact(fact=fact, user=user)
    lead.refresh_from_db()
    assert values(lead) == BANT
    assert lead.score == before.value
    assert [k for k in kinds(lead) if k in ("fact.struck", "fact.restored")] == [
        "fact.struck",
        "fact.restored",
    ]


def test_undo_of_a_fact_leaves_a_line_struck_by_itself_before() -> None:
    lead, user = LeadFactory(), UserFactory()
    tell(lead, "budget", "20k")
    update_score(lead=lead, cause="wrote", actor="builtin", at=MONDAY)
    strike_line(line=ScoreLine.objects.get(), user=user)
    fact = known(lead)["budget"]
    strike_fact(fact=fact, user=user)
    restore_fact(fact=fact, user=user)
    assert score_view(lead).value == 0


def test_struck_words_never_return_but_new_words_do() -> None:
    lead, user, message = LeadFactory(), UserFactory(), uuid4()
    (fact,) = tell(lead, "budget", "20k", quote="20k is ok", message=message)
    strike_fact(fact=fact, user=user)
    later = MONDAY + DAY
    assert tell(lead, "budget", "21k", quote="x", message=message, at=later) == []
    assert tell(lead, "budget", "20k", quote="20K  is ok", at=later) == []
    assert tell(lead, "budget", "20k", quote="we have 20k now", at=later)


def test_undo_does_not_push_a_newer_fact_aside() -> None:
    lead, user = LeadFactory(), UserFactory()
    (fact,) = tell(lead, "budget", "20k")
    strike_fact(fact=fact, user=user)
    tell(lead, "budget", "30k", at=MONDAY + DAY)
    restored = restore_fact(fact=fact, user=user)
    assert values(lead) == {"budget": "30k"}
    assert restored.replaced_at is not None
    assert restored.struck_at is None


def test_striking_or_restoring_twice_does_nothing_more() -> None:
    lead, user = LeadFactory(), UserFactory()
    (fact,) = tell(lead, "budget", "20k")
    strike_fact(fact=fact, user=user)
    strike_fact(fact=Fact.objects.get(pk=fact.pk), user=user)
    restore_fact(fact=fact, user=user)
    restore_fact(fact=Fact.objects.get(pk=fact.pk), user=user)
    assert kinds(lead).count("fact.struck") == kinds(lead).count("fact.restored") == 1
