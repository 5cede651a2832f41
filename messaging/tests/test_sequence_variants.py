"""Wordings are tried against each other, and the better one wins when it is sure."""

import pytest

from leads import clock
from leads.meetings import record_meeting
from leads.models import Job, Lead
from messaging.models import Message
from messaging.models.sequence import Enrollment, Sequence, Step, StepRun, StepVariant
from messaging.sequences import variants
from messaging.sequences.variants import choose, standing, wilson, winner
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    at,
    begin,
    dana,
    open_house,
    sequence,
    somebody,
    talk_of,
)
from messaging.tests.talk import text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

AB = [{"body": "Words A"}, {"body": "Words B"}]


def first_step(row: Sequence) -> Step:
    assert row.current is not None
    return row.current.steps.get(position=1)


def sends(
    step: Step, label: str, count: int, good: int, *, booked: bool = False
) -> None:
    """So many leads got a wording, and so many of them answered."""
    variant = step.variants.get(label=label)
    talk = talk_of(dana())
    now = clock.now()
    for number in range(count):
        lead = Lead.objects.create(
            name=f"{label}{number}", team=talk.lead.team, stage=talk.lead.stage
        )
        message = Message.objects.create(
            conversation=talk,
            direction="outbound",
            kind="sms",
            author="system",
            state="sent",
        )
        row = Enrollment.objects.create(
            sequence=step.version.sequence,
            version=step.version,
            lead=lead,
            state="done",
            actor="system",
        )
        answered = now if number < good else None
        StepRun.objects.create(
            enrollment=row,
            step=step,
            variant=variant,
            message=message,
            outcome="queued",
            due_at=now,
            ran_at=now,
            replied_at=None if booked else answered,
            booked_at=answered if booked else None,
        )


def test_a_lead_gets_the_same_wording_however_often_it_is_asked_for() -> None:
    open_house()
    row = sequence({"wordings": AB})
    step, lead = first_step(row), dana()
    assert len({choose(step, lead=lead, sequence=row).pk for _ in range(5)}) == 1


def test_wordings_are_shared_out_by_their_weights() -> None:
    row = sequence({"wordings": [{"body": "A", "weight": 3}, {"body": "B"}]})
    step = Step.objects.prefetch_related("variants").get(pk=first_step(row).pk)
    chosen = [choose(step, lead=Lead(), sequence=row).label for _ in range(2000)]
    assert 0.70 < chosen.count("A") / 2000 < 0.80


def test_a_wording_that_is_switched_off_goes_to_nobody() -> None:
    row = sequence({"wordings": [{"body": "A", "weight": 0}, {"body": "B"}]})
    step = first_step(row)
    assert {choose(step, lead=Lead(), sequence=row).label for _ in range(50)} == {"B"}


def test_answers_count_for_the_step_before_them() -> None:
    open_house()
    row = sequence({"wordings": AB}, {})
    with clock.at(NOON):
        lead = dana()
        begin(row, lead)
    at(NOON + DAY)
    with clock.at(NOON + 1.5 * DAY):
        text_in("tell me more")
    told = standing(first_step(row))
    assert sorted((r.sends, r.replies, r.good) for r in told) == [(0, 0, 0), (1, 1, 1)]


def test_an_answer_after_the_last_step_counts_as_well() -> None:
    open_house()
    row = sequence({"wordings": AB})
    with clock.at(NOON):
        begin(row, dana())
    at(NOON + DAY)
    at(NOON + 2 * DAY)
    assert Enrollment.objects.get().state == "done"
    with clock.at(NOON + 5 * DAY):
        text_in("tell me more")
    assert sum(r.replies for r in standing(first_step(row))) == 1


def test_bookings_count_where_the_sequence_is_judged_by_them() -> None:
    open_house()
    row = sequence({"wordings": AB}, measure="booked")
    with clock.at(NOON):
        lead = dana()
        begin(row, lead)
    at(NOON + DAY)
    with clock.at(NOON + 1.5 * DAY):
        record_meeting(lead=lead, starts_at=NOON + 9 * DAY, minutes=30, actor="lead")
    at(NOON + 1.5 * DAY)
    told = standing(first_step(row))
    assert sum(r.bookings for r in told) == sum(r.good for r in told) == 1


def test_a_draft_that_a_person_let_go_counts_too() -> None:
    from messaging import drafts

    open_house()
    row = sequence(
        {"wordings": [{"body": "Hi {{ company }}"}, {"body": "{{ company }}!"}]}
    )
    with clock.at(NOON):
        begin(row, dana())
    at(NOON + DAY)
    draft = Message.objects.get(follow_up=True)
    assert sum(r.sends for r in standing(first_step(row))) == 0
    with clock.at(NOON + DAY):
        drafts.approve_draft(draft=draft, user=somebody(), body="Hi there")
    at(NOON + DAY)
    assert sum(r.sends for r in standing(first_step(row))) == 1


@pytest.mark.parametrize(
    ("good", "of", "low", "high"),
    # Wilson's interval as published tables give it: 10 of 100, 0 of 10, 5 of 5.
    [(10, 100, 0.0552, 0.1744), (0, 10, 0.0, 0.2775), (5, 5, 0.5655, 1.0)],
)
def test_the_interval_is_wilson_s(good: int, of: int, low: float, high: float) -> None:
    found = wilson(good, of)
    assert found == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_nobody_wins_below_the_floor() -> None:
    open_house()
    row = sequence({"wordings": AB}, sample_floor=50)
    sends(first_step(row), "A", 49, 40)
    sends(first_step(row), "B", 60, 2)
    assert winner(standing(first_step(row)), floor=50) is None


def test_nobody_wins_by_chance() -> None:
    open_house()
    row = sequence({"wordings": AB}, sample_floor=50)
    sends(first_step(row), "A", 60, 12)
    sends(first_step(row), "B", 60, 9)
    assert winner(standing(first_step(row)), floor=50) is None


def test_the_daily_job_lets_the_better_wording_win() -> None:
    open_house()
    row = sequence({"wordings": AB}, sample_floor=50)
    step = first_step(row)
    sends(step, "A", 60, 6)
    sends(step, "B", 60, 24)
    variants.run_judging(Job())
    a, b = StepVariant.objects.order_by("label")
    assert (a.weight, a.won_at) == (0, None)
    assert b.weight == 1
    assert b.won_at is not None
    won = b.won_at
    variants.run_judging(Job())
    assert StepVariant.objects.get(label="B").won_at == won


def test_a_paused_sequence_is_not_judged() -> None:
    open_house()
    row = sequence({"wordings": AB}, sample_floor=5)
    sends(first_step(row), "A", 60, 6)
    sends(first_step(row), "B", 60, 24)
    Sequence.objects.update(state="paused")
    variants.run_judging(Job())
    assert not StepVariant.objects.exclude(won_at=None).exists()
