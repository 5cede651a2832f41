"""A step goes when it is due, once, and the next is counted from there."""

import uuid
from datetime import timedelta

import pytest

from leads import clock, policy
from messaging import drafts
from messaging.models import Message
from messaging.models.sequence import Enrollment, StepRun
from messaging.queueing import Refused
from messaging.sequences import publishing
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    person,
    runs,
    sequence,
    somebody,
    talk_of,
)
from messaging.tests.talk import FakeCarrier, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


def test_two_texts_and_a_mail_go_a_day_apart_and_then_it_is_done() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}, mail_step(), {"delay": 2}), lead)
    assert now_of(row).due_at == NOON + DAY
    at(NOON + DAY - timedelta(minutes=1))
    assert sent() == []
    for days in (1, 2, 4):
        at(NOON + days * DAY)
    assert sent() == ["Follow-up 1", FakeCarrier.accepted[1].body, "Follow-up 3"]
    assert "Follow-up 2" in FakeCarrier.accepted[1].body
    assert [m.kind for m in follow_ups(lead)] == ["sms", "email", "sms"]
    assert {m.author for m in follow_ups(lead)} == {"system"}
    at(NOON + 4 * DAY + timedelta(minutes=2))
    row = now_of(row)
    assert row.state == "done"
    assert row.ended_at is not None
    assert runs(row) == [(1, "queued"), (2, "queued"), (3, "queued")]


def test_a_message_says_which_step_wrote_it_and_which_consent_it_used() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}), lead)
    at(NOON + DAY)
    message = follow_ups(lead)[0]
    assert message.details["sequence"] == "Warm up"
    assert message.details["step"] == 1
    assert message.details["consent"]
    assert message.effect_key == f"follow:{row.pk}:{row.next_step_id}"
    assert StepRun.objects.get().message == message


def test_a_beat_dead_for_twenty_minutes_sends_each_late_step_once() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(
            sequence(*[{"delay": 10, "unit": "minutes"} for _ in range(3)]), lead
        )
    late = NOON + timedelta(minutes=32)
    at(late)
    assert sent() == ["Follow-up 1"]
    # Counted from when the first really went.
    assert now_of(row).due_at - late > timedelta(minutes=10)
    at(late + timedelta(minutes=5))
    assert sent() == ["Follow-up 1"]
    at(late + timedelta(minutes=11))
    assert sent() == ["Follow-up 1", "Follow-up 2"]


def test_a_clock_that_jumps_a_month_sends_no_burst() -> None:
    open_house()
    with clock.at(NOON):
        begin(sequence({}, {}, {}), dana())
    jumped = NOON + 31 * DAY
    for _ in range(3):
        at(jumped)
    assert sent() == ["Follow-up 1"]
    at(jumped + DAY + timedelta(minutes=1))
    assert sent() == ["Follow-up 1", "Follow-up 2"]
    at(NOON)  # and back
    assert len(sent()) == 2


def test_a_gap_in_the_words_is_a_draft_for_a_person_and_the_next_step_waits() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(
            sequence({"body": "Hi {{ first_name }} of {{ company }}"}, {}), lead
        )
    at(NOON + DAY)
    draft = follow_ups(lead)[0]
    assert (draft.state, draft.reason) == ("draft", "Fill in [company?] first")
    assert draft.body == "Hi Dana of [company?]"
    at(NOON + 3 * DAY)
    assert "Step 1 is draft: Fill in [company?] first" in now_of(row).reason
    assert sent() == []
    with clock.at(NOON + 3 * DAY):
        with pytest.raises(Refused):
            drafts.approve_draft(draft=draft, user=somebody())
        drafts.approve_draft(draft=draft, user=somebody(), body="Hi Dana")
    at(NOON + 3 * DAY + timedelta(minutes=1))
    assert sent() == ["Hi Dana"]
    at(NOON + 4 * DAY + timedelta(minutes=20))
    assert sent() == ["Hi Dana", "Follow-up 2"]


def test_a_discarded_draft_is_left_out_and_the_sequence_goes_on() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        begin(sequence({"body": "Hi {{ company }}"}, {}), lead)
    at(NOON + DAY)
    with clock.at(NOON + DAY):
        drafts.discard_draft(draft=follow_ups(lead)[0], user=somebody())
    at(NOON + 2 * DAY + timedelta(minutes=20))
    assert sent() == ["Follow-up 2"]


def test_the_kill_switch_holds_what_is_queued_and_the_next_step_waits() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}, {}), lead)
        policy.change(actor="system", sending=False)
    at(NOON + DAY)
    assert follow_ups(lead)[0].state == "held"
    at(NOON + 2 * DAY)
    assert sent() == []
    assert now_of(row).reason.startswith("Step 1 is held")
    with clock.at(NOON + 2 * DAY):
        policy.change(actor="system", sending=True)
    at(NOON + 2 * DAY + timedelta(minutes=1))
    assert sent() == ["Follow-up 1"]


def test_a_pause_holds_what_is_queued_too_and_a_resume_lets_it_go() -> None:
    open_house()
    row = sequence({}, {})
    with clock.at(NOON):
        lead, other = dana(), dana(phone="+14155550124", email="", name="Eve")
        first = begin(row, lead)
        policy.change(actor="system", sending=False)
    at(NOON + DAY)
    with clock.at(NOON + DAY):
        second = begin(row, other)
        publishing.pause(sequence=row, user=somebody())
        policy.change(actor="system", sending=True)
    at(NOON + 2 * DAY)
    held = follow_ups(lead)[0]
    assert (held.state, held.reason) == ("held", "“Warm up” is paused")
    assert now_of(second).state == "paused"
    assert now_of(second).reason == "“Warm up” is paused"
    assert sent() == []
    with clock.at(NOON + 3 * DAY):
        publishing.resume(sequence=row, user=somebody())
    at(NOON + 3 * DAY)
    assert sorted(sent()) == ["Follow-up 1", "Follow-up 1"]
    assert now_of(first).state == "waiting"


def test_a_branch_goes_on_where_the_last_message_leads() -> None:
    from messaging.tests.talk import later, text_in

    open_house()
    with clock.at(NOON):
        lead = dana()
        text_in("that is too expensive for us")
        later(minutes=1)
        FakeCarrier.reset()
        branches = [
            {"intents": ["interested"], "to": 2},
            {"intents": ["objection"], "to": 3},
        ]
    with clock.at(NOON + timedelta(hours=1)):
        row = begin(sequence({"branches": branches}, {}, {"body": "As to price"}), lead)
    start = NOON + timedelta(hours=1)
    at(start + DAY)
    assert sent() == []
    at(start + 2 * DAY)
    assert sent() == ["As to price"]
    assert runs(row) == [(1, "branched"), (3, "queued")]


def test_a_branch_to_nowhere_ends_it() -> None:
    from messaging.tests.talk import later, text_in

    open_house()
    with clock.at(NOON):
        lead = dana()
        text_in("that is too expensive for us")
        later(minutes=1)
    with clock.at(NOON + timedelta(hours=1)):
        branches = [{"intents": ["objection"], "to": 0}]
        row = begin(sequence({"branches": branches}, {}), lead)
    at(NOON + 2 * DAY)
    assert now_of(row).state == "done"
    assert follow_ups(lead) == []


def test_a_step_without_an_address_is_left_out_while_another_can_go() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana(email="")
        row = begin(sequence(mail_step(), {}), lead)
    at(NOON + DAY)
    at(NOON + 2 * DAY)
    assert runs(row) == [(1, "skipped"), (2, "queued")]
    assert StepRun.objects.get(step__position=1).reason == (
        "Not sent: there is no mail address"
    )


def test_those_under_way_keep_their_version() -> None:
    open_house()
    row = sequence({}, {})
    with clock.at(NOON):
        begin(row, dana())
    draft = publishing.draft_of(row)
    draft.steps.get(position=2).variants.update(body="New words")
    publishing.activate(sequence=row, user=somebody())
    with clock.at(NOON):
        begin(row, dana(phone="+14155550124", email="", name="Eve"))
    at(NOON + DAY)
    at(NOON + 2 * DAY)
    assert sorted(sent()) == ["Follow-up 1", "Follow-up 1", "Follow-up 2", "New words"]


def test_a_failing_step_is_tried_again_and_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_house()
    with clock.at(NOON):
        row = begin(sequence({}), dana())

    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("no words")

    monkeypatch.setattr("messaging.sequences.running.write_step", broken)
    for hours in range(1, 8):
        at(NOON + DAY + timedelta(hours=hours))
    row = now_of(row)
    assert (row.state, row.reason) == ("dead", "Gave up: RuntimeError: no words")
    assert StepRun.objects.count() == 0
    assert Message.objects.filter(follow_up=True).count() == 0


def test_an_orphaned_enrollment_runs_again() -> None:
    from datetime import UTC, datetime

    from leads.work import rescue_orphans

    open_house()
    with clock.at(NOON):
        row = begin(sequence({}), dana())
    gone = datetime.now(UTC) - timedelta(minutes=5)
    Enrollment.objects.update(
        state="working", attempts=1, lease_until=gone, claim_token=uuid.uuid4()
    )
    assert rescue_orphans() == {"follow-ups": 1}
    at(NOON + DAY)
    assert sent() == ["Follow-up 1"]
    assert now_of(row).attempts == 0


def test_a_snoozed_conversation_lets_its_follow_up_rest() -> None:
    from messaging.snoozing import snooze

    open_house()
    ana = person()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}), lead)
        snooze(conversation=talk_of(lead), user=ana, until=NOON + 3 * DAY)
    at(NOON + DAY)
    assert now_of(row).due_at == NOON + 3 * DAY
    assert sent() == []
    at(NOON + 3 * DAY)
    assert sent() == ["Follow-up 1"]
