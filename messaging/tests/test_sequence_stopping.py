"""Everything that ends a follow-up ends it at once, and says why."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from leads import clock, pipeline, policy
from leads.meetings import record_meeting
from leads.models import Event, Lead, Suppression
from leads.tests.factories import StageFactory
from messaging import engagement, writing
from messaging.happenings import happenings
from messaging.holding import hand_back, take_over
from messaging.mail.facts import MachineKind
from messaging.models import Conversation, Message
from messaging.models.sequence import Enrollment
from messaging.sending import deliver
from messaging.sequences import publishing, running, stopping
from messaging.tests.mail_talk import machine, mail_in
from messaging.tests.sequence_world import (
    DAY,
    MAIL,
    NOON,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    person,
    sequence,
    talk_of,
)
from messaging.tests.talk import FakeCarrier, sent, text_in
from messaging.transports import AddressReport, Outcome, TransportError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


def begun() -> tuple[Lead, Enrollment]:
    """Dana got the first step of three an hour ago."""
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}, mail_step(), {}), lead)
    at(NOON + DAY)
    assert sent() == ["Follow-up 1"]
    return lead, row


def after(doing: Callable[[], object]) -> None:
    """It happens an hour after the first step; then days pass."""
    with clock.at(NOON + DAY + timedelta(hours=1)):
        doing()


def assert_stopped(row: Enrollment, cause: str, words: str) -> None:
    """It has ended for this reason, nothing more leaves, and the thread says so."""
    for days in (2, 3, 4, 5):
        at(NOON + days * DAY)
    row = now_of(row)
    assert (row.state, row.cause, row.reason) == ("stopped", cause, words)
    assert [m for m in follow_ups(row.lead) if m.state in ("sent", "queued")] == [
        follow_ups(row.lead)[0]
    ]
    lines = [line.words for line in happenings(row.lead)]
    assert any(f"Follow-up “Warm up” stopped: {words}" in line for line in lines)
    assert Event.objects.filter(kind="enrollment.stopped", lead=row.lead).count() == 1


def test_a_text_stops_it_with_its_mail_steps() -> None:
    _, row = begun()
    after(lambda: text_in("thanks, I will look at it"))
    assert_stopped(row, "replied", "Dana Reyes replied")


def test_a_mail_stops_the_texts_too() -> None:
    _, row = begun()
    after(lambda: mail_in("Thanks, I will look at it.", sender=MAIL))
    assert_stopped(row, "replied", "Dana Reyes replied")


def test_a_stop_by_text_ends_it_as_an_opt_out() -> None:
    _, row = begun()
    after(lambda: text_in("STOP"))
    assert_stopped(row, "opted_out", "Dana Reyes opted out")


def report(reason: str, words: str) -> None:
    engagement.record_address_report(
        fact=AddressReport(
            provider="sendgrid",
            external_id="x",
            channel="email",
            address=MAIL,
            reason=reason,
            words=words,
            occurred_at=clock.now(),
            message_public_id=None,
        )
    )


def test_a_bounce_ends_it() -> None:
    _, row = begun()
    after(lambda: report("bounce", "550 no such user"))
    assert_stopped(row, "bounced", "Bounced: 550 no such user")


@pytest.mark.parametrize("reason", ["unsubscribe", "complaint"])
def test_an_unsubscribe_and_a_complaint_end_it(reason: str) -> None:
    _, row = begun()
    after(lambda: report(reason, "by the link"))
    assert_stopped(row, "opted_out", "Dana Reyes opted out")


def test_a_refused_delivery_ends_it() -> None:
    open_house()
    with clock.at(NOON):
        row = begin(sequence({}, {}), dana())
    FakeCarrier.error = TransportError(
        Outcome.PERMANENT, "no such number", code="21614"
    )
    at(NOON + DAY)
    row = now_of(row)
    assert (row.state, row.cause) == ("stopped", "bounced")
    assert row.reason == "Not delivered: no such number"


def test_the_carrier_s_opt_out_code_ends_it_as_an_opt_out() -> None:
    open_house()
    with clock.at(NOON):
        row = begin(sequence({}, {}), dana())
    FakeCarrier.error = TransportError(Outcome.PERMANENT, "blocked", code="21610")
    at(NOON + DAY)
    assert (now_of(row).state, now_of(row).cause) == ("stopped", "opted_out")


def test_a_booking_ends_it() -> None:
    lead, row = begun()

    after(
        lambda: record_meeting(
            lead=lead, starts_at=NOON + 9 * DAY, minutes=30, actor="lead"
        )
    )
    assert_stopped(row, "booked", "Dana Reyes booked")


@pytest.mark.parametrize(("kind", "name"), [("won", "Won"), ("lost", "Lost")])
def test_a_closed_deal_ends_it(kind: str, name: str) -> None:
    lead, row = begun()
    stage = StageFactory(key=kind, name=name, kind=kind)
    after(lambda: pipeline.move_stage(lead=lead, stage=stage, actor="user:1"))
    assert_stopped(row, "closed", f"Stage is now {name}")


def test_a_stage_that_is_still_open_ends_nothing() -> None:
    lead, row = begun()
    stage = StageFactory(key="talking", name="Talking")
    after(lambda: pipeline.move_stage(lead=lead, stage=stage, actor="user:1"))
    at(NOON + 2 * DAY)
    assert now_of(row).state == "waiting"


def test_a_take_over_ends_it_and_a_hand_back_does_not_begin_it_again() -> None:
    lead, row = begun()
    ana = person()

    def both() -> None:
        take_over(conversation=talk_of(lead), user=ana)
        hand_back(conversation=talk_of(lead), user=ana)

    after(both)
    assert_stopped(row, "taken_over", "Ana took over")


def test_a_person_s_message_ends_it() -> None:
    lead, row = begun()
    ana = person()
    after(
        lambda: writing.send_as_person(
            conversation=talk_of(lead), user=ana, kind="sms", body="Hello, Ana here"
        )
    )
    for days in (2, 3, 4):
        at(NOON + days * DAY)
    assert sent() == ["Follow-up 1", "Hello, Ana here"]
    assert (now_of(row).cause, now_of(row).reason) == ("taken_over", "Ana took over")


def test_a_person_s_note_ends_it() -> None:
    lead, row = begun()
    ana = person()
    after(
        lambda: writing.add_note(
            conversation=talk_of(lead), user=ana, body="Spoke at the fair"
        )
    )
    assert_stopped(row, "note", "Ana wrote a note")


def test_a_person_s_call_ends_it() -> None:
    lead, row = begun()
    ana = person()
    after(
        lambda: writing.log_call(
            conversation=talk_of(lead),
            user=ana,
            outcome="no_answer",
            minutes=0,
            note="",
        )
    )
    assert_stopped(row, "note", "Ana called")


def test_a_person_stops_it_by_hand() -> None:
    _, row = begun()

    def by_hand() -> None:
        assert stopping.stop_enrollment(
            enrollment=row, cause="by_hand", words="Stopped by Ana", actor="user:1"
        )
        assert not stopping.stop_enrollment(
            enrollment=row, cause="by_hand", words="again", actor="user:1"
        )

    after(by_hand)
    assert_stopped(row, "by_hand", "Stopped by Ana")


def test_an_archived_sequence_stops_all() -> None:
    _, row = begun()
    ana = person()
    after(lambda: publishing.archive(sequence=row.sequence, user=ana))
    assert_stopped(row, "by_hand", "“Warm up” was archived by Ana")


def test_without_an_address_left_it_ends() -> None:
    lead, row = begun()
    after(lambda: lead.contacts.all().delete())
    at(NOON + 2 * DAY)
    row = now_of(row)
    assert (row.cause, row.reason) == ("no_address", "There is no mail address")


def test_mail_of_a_machine_ends_nothing() -> None:
    _, row = begun()
    after(
        lambda: mail_in(
            "Thank you for your mail, we got it.",
            sender=MAIL,
            machine=machine(MachineKind.AUTO_REPLY),
        )
    )
    at(NOON + 2 * DAY)
    assert now_of(row).state == "waiting"
    assert len(follow_ups(row.lead)) == 2


def test_what_waits_to_leave_goes_with_it() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        begin(sequence({}, {}), lead)
        policy.change(actor="system", sending=False)
    at(NOON + DAY)
    after(lambda: text_in("hello"))
    held = follow_ups(lead)[0]
    assert held.state == "cancelled"
    assert held.reason == "The follow-up stopped: Dana Reyes replied"
    policy.change(actor="system", sending=True)
    at(NOON + 2 * DAY)
    assert "Follow-up 1" not in sent()


def test_the_last_message_does_not_leave_after_an_answer_either() -> None:
    """Nothing is left to run, but what was written still waits."""
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}), lead)
        policy.change(actor="system", sending=False)
    at(NOON + DAY)
    assert now_of(row).next_step is None
    assert now_of(row).state == "waiting"
    after(lambda: text_in("hello"))
    policy.change(actor="system", sending=True)
    at(NOON + 2 * DAY)
    assert "Follow-up 1" not in sent()
    assert now_of(row).cause == "replied"


def test_what_nobody_told_of_is_found_before_the_step() -> None:
    """Each cause is looked up in the database, whoever forgot to say so."""
    lead, row = begun()
    with clock.at(NOON + DAY + timedelta(hours=1)):
        point = lead.contacts.get(contact_point__kind="phone").contact_point
        Suppression.objects.create(
            contact_point=point,
            channel="sms",
            reason="manual",
            actor="user:1",
            since=clock.now(),
        )
    at(NOON + 2 * DAY)
    assert now_of(row).reason == "Dana Reyes opted out"


def test_an_answer_that_was_chosen_later_is_found_before_the_step() -> None:
    lead, row = begun()
    with clock.at(NOON + DAY + timedelta(hours=1)):
        Message.objects.create(
            conversation=talk_of(lead),
            direction="inbound",
            kind="sms",
            author="lead",
            state="received",
            body="hello",
            occurred_at=clock.now(),
        )
    at(NOON + 2 * DAY)
    assert (now_of(row).cause, now_of(row).reason) == ("replied", "Dana Reyes replied")


def test_a_text_that_may_be_an_opt_out_ends_it() -> None:
    _, row = begun()
    after(lambda: text_in("please leave me alone for now"))
    assert now_of(row).state == "stopped"


def test_somebody_else_s_sequence_is_left_alone() -> None:
    _, row = begun()
    with clock.at(NOON + DAY):
        other = begin(row.sequence, dana(phone="+14155550124", email="", name="Eve"))
    after(lambda: text_in("hello"))
    assert now_of(row).state == "stopped"
    assert now_of(other).state == "waiting"


def test_one_answer_stops_all_of_a_lead_s_sequences() -> None:
    lead, row = begun()
    with clock.at(NOON + DAY):
        second = begin(sequence({}, name="Second"), lead)
    after(lambda: text_in("hello"))
    assert {now_of(row).cause, now_of(second).cause} == {"replied"}


# --- seen under the locks -------------------------------------------------------


def archive(lead: Lead) -> None:
    Lead.objects.filter(pk=lead.pk).update(archived_at=clock.now())


def close(lead: Lead) -> None:
    won = StageFactory(key="won", kind="won", name="Won")
    pipeline.move_stage(lead=lead, stage=won, actor="user:1")


@pytest.mark.parametrize(
    ("change", "words"),
    [(archive, "The lead is archived"), (close, "Stage is now Won")],
)
def test_what_changes_after_the_claim_is_seen_under_the_locks(
    change: Callable[[Lead], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, row = begun()
    lock = running.lock_conversation_of

    def changed_first(mine: Lead) -> Conversation:
        change(Lead.objects.get(pk=mine.pk))
        return lock(mine)

    monkeypatch.setattr(running, "lock_conversation_of", changed_first)
    with clock.at(NOON + 2 * DAY + timedelta(minutes=1)):
        running.run_due(row.pk)
    assert (now_of(row).state, now_of(row).reason) == ("stopped", words)
    assert len(follow_ups(lead)) == 1


def test_a_follow_up_of_an_archived_lead_does_not_leave() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}, {}), lead)
    policy.change(actor="system", sending=False)
    at(NOON + DAY)
    policy.change(actor="system", sending=True)
    archive(lead)
    (message,) = follow_ups(lead)
    with clock.at(NOON + DAY + timedelta(hours=1)):
        deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.reason) == ("cancelled", "The lead is archived")
    assert now_of(row).reason == "Not sent: The lead is archived"
    assert sent() == []
