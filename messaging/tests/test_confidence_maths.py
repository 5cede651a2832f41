"""How sure an answer is: bounded, monotone, and right in the long run."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.models import Policy
from messaging.confidence import (
    PRICE,
    PRIOR,
    Decided,
    Sureness,
    subject_of,
    sureness_from,
)

plans = st.floats(0, 1, allow_nan=False)
counts = st.integers(0, 200)
decided = st.builds(Decided, counts, counts, counts)


def sure(plan: float, seen: Decided, passage: float | None = None) -> Sureness:
    return sureness_from(
        subject="question", decided=seen, plan_confidence=plan, passage_sure=passage
    )


@given(plan=st.floats(-5, 5, allow_nan=False), seen=decided)
def test_it_stays_within_nought_and_one(plan: float, seen: Decided) -> None:
    found = sure(plan, seen)
    assert 0 <= found.value <= found.useful <= 1
    assert 0 <= found.percent <= 100


@given(plan=plans, seen=decided)
def test_a_good_decision_raises_it_and_a_bad_one_lowers_it(
    plan: float, seen: Decided
) -> None:
    now = sure(plan, seen)
    after = sure(plan, seen + Decided(as_written=1))
    assert after.value >= now.value
    assert after.useful >= now.useful
    after = sure(plan, seen + Decided(discarded=1))
    assert after.value <= now.value
    assert after.useful <= now.useful
    edited = sure(plan, seen + Decided(edited=1))
    assert after.value == edited.value <= now.value
    assert edited.useful >= now.useful


@given(low=plans, high=plans, seen=decided)
def test_a_surer_plan_is_never_less_sure(
    low: float, high: float, seen: Decided
) -> None:
    low, high = sorted((low, high))
    assert sure(low, seen).value <= sure(high, seen).value


@given(plan=plans, passage=plans, seen=decided)
def test_an_answer_is_no_surer_than_the_passage_it_rests_on(
    plan: float, passage: float, seen: Decided
) -> None:
    found = sure(plan, seen, passage)
    assert found == sure(min(plan, passage), seen)


@given(plan=plans)
def test_with_nothing_decided_the_plan_s_own_confidence_holds(plan: float) -> None:
    found = sure(plan, Decided())
    assert found.value == found.useful == pytest.approx(plan)


@given(plan=plans, seen=decided)
def test_the_plan_weighs_as_much_as_ten_drafts(plan: float, seen: Decided) -> None:
    found = sure(plan, seen)
    if seen.all:
        share = seen.as_written / seen.all
        weight = PRIOR / (PRIOR + seen.all)
        assert found.value == pytest.approx(weight * plan + (1 - weight) * share)


def test_what_it_says_is_what_happens_whatever_the_plan_believed() -> None:
    """Calibration: of the answers that were 60 to 70 % sure, some 65 % went out."""
    dice = random.Random(5)
    said: dict[int, list[tuple[float, bool]]] = {}
    for _ in range(300):
        truth, plan = dice.random(), dice.choice((0.3, 0.5, 0.85, 0.95))
        seen = Decided()
        for draft in range(120):
            good = dice.random() < truth
            if draft >= 60:  # people have decided on enough of this subject
                value = sure(plan, seen).value
                said.setdefault(int(value * 10), []).append((value, good))
            seen += Decided(as_written=good, discarded=not good)
    everything = [pair for pairs in said.values() for pair in pairs]
    gap = sum(
        abs(sum(value - good for value, good in pairs)) for pairs in said.values()
    )
    assert gap / len(everything) < 0.05
    # Better than to say each time how many go out on the whole.
    share = sum(good for _, good in everything) / len(everything)
    brier = sum((value - good) ** 2 for value, good in everything)
    assert brier < 0.75 * sum((share - good) ** 2 for _, good in everything)


def test_the_words_name_the_number_the_subject_and_what_people_did() -> None:
    seen = Decided(as_written=3, edited=2, discarded=4)
    found = sureness_from(subject=PRICE, decided=seen, plan_confidence=0.4)
    assert found.words == "37 % for price questions (3 of 9 went out as written)"
    fresh = sure(0.9, Decided())
    assert fresh.words == "90 % for questions (nobody decided on one yet)"


def test_thresholds_hold_to_the_number_that_people_read() -> None:
    rules = Policy(sure_to_send=45, sure_to_draft=15)
    assert sure(0.446, Decided()).percent == 45
    assert sure(0.446, Decided()).may_send(rules)
    assert not sure(0.444, Decided()).may_send(rules)
    assert sure(0.15, Decided()).may_draft(rules)
    assert not sure(0.14, Decided()).may_draft(rules)
    # Edited drafts are worth a person's time, although none may go as it is.
    edited = sure(0.9, Decided(edited=200))
    assert edited.may_draft(rules)
    assert not edited.may_send(rules)


def test_questions_about_a_price_are_counted_apart() -> None:
    assert subject_of("question", ("price",)) == PRICE
    assert subject_of("question", ("hours",)) == "question"
    assert subject_of("objection", ("price",)) == "objection"
    assert subject_of("") == "other"
