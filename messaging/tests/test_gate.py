"""The one gate: opt-out, consent, clock, caps, holder, switch, budget."""

from datetime import UTC, datetime, timedelta

import pytest

from leads import capture, clock, policy
from leads.models import ContactPoint, Counter, Suppression, Task
from leads.seeding import ensure_ground
from messaging import pausing, writing
from messaging.conversations import conversation_of
from messaging.models import Conversation, Message
from messaging.sending import Refused
from messaging.tests.talk import (
    DANA,
    FakeCarrier,
    later,
    mode,
    person,
    sent,
    talk,
    text_in,
)

pytestmark = pytest.mark.django_db


def test_after_stop_nothing_leaves_though_it_was_queued(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", sending=False)
    text_in("hello")
    later(seconds=25)
    text_in("STOP")
    policy.change(actor="system", sending=True)
    later(seconds=120)
    assert sent() == []
    assert talk().turn == Conversation.Turn.OPTED_OUT


def test_a_person_cannot_write_to_who_opted_out(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("please stop texting me")
    with pytest.raises(Refused, match="opted out"):
        writing.send_as_person(
            conversation=talk(), user=person(), kind="sms", body="Just one thing"
        )
    assert not Message.objects.filter(direction="outbound").exists()


def test_stop_works_with_the_ai_off(carrier: type[FakeCarrier]) -> None:
    mode("off")
    text_in("no me escriban más por favor")
    assert Suppression.objects.get().reason == "stop"


def test_start_lifts_the_stop(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("STOP")
    text_in("START")
    assert not Suppression.objects.filter(lifted_at=None).exists()
    text_in("we need 40 seats")
    later(seconds=90)
    assert len(sent()) == 1


def test_the_carriers_own_opt_out_word_counts(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("Arrête", opt_out_type="STOP")
    assert Suppression.objects.filter(lifted_at=None).exists()


def test_help_says_who_we_are(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("HELP")
    later(seconds=25)
    assert len(sent()) == 1
    assert "STOP" in sent()[0]


def test_an_unclear_stop_pauses_and_asks(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    later(seconds=25)
    assert len(sent()) == 1
    conversation = talk()
    message = text_in("stop it")
    conversation.refresh_from_db()
    if message.details.get("opt_out") != "pause":
        pytest.fail("“stop it” is expected to be unclear")
    later(seconds=60)
    assert len(sent()) == 1
    assert Task.objects.filter(kind="opt_out", done_at=None).count() == 1
    pausing.settle_pause(conversation=talk(), opted_out=True, user_id=person().pk)
    assert talk().turn == Conversation.Turn.OPTED_OUT
    assert not Task.objects.filter(kind="opt_out", done_at=None).exists()


def test_stopping_by_is_not_a_stop(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("I'll stop by at 5")
    later(seconds=25)
    assert not Suppression.objects.exists()
    assert len(sent()) == 1


def test_without_consent_nothing_leaves(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    lead = capture.capture_lead(actor="import:1", phone=DANA).lead
    writing.send_as_person(
        conversation=conversation_of(lead), user=person(), kind="sms", body="Hello"
    )
    later(seconds=30)
    assert sent() == []
    message = Message.objects.get()
    assert message.state == "cancelled"
    assert "no consent" in message.reason


def test_the_night_there_holds_a_text_until_morning(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", quiet_hours=True, night_reply_minutes=0)
    night = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)  # 02:00 in San Francisco
    with clock.at(night):
        text_in("hello")
        later(minutes=1)
        message = Message.objects.get(direction="outbound")
        assert message.state == "held"
        assert "quiet hours" in message.reason
        later(hours=7, minutes=1)
    assert len(sent()) == 1


def test_over_the_cap_a_person_decides(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    policy.change(actor="system", cap_lead_hour=2)
    moment = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    for number in range(4):
        with clock.at(moment + timedelta(minutes=number)):
            text_in(f"question {number}: what do you sell?")
        with clock.at(moment + timedelta(minutes=number, seconds=30)):
            from leads.work import run_due

            run_due()
    assert len(sent()) == 2
    assert Message.objects.filter(state="draft").count() == 1
    hour = Counter.objects.get(period="2026-11-25T20")
    assert hour.used == 2


def test_the_kill_switch_holds_everything(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    policy.change(actor="system", sending=False)
    later(seconds=25)
    writing.send_as_person(
        conversation=talk(), user=person(), kind="sms", body="From a person"
    )
    later(seconds=60)
    assert sent() == []
    held = Message.objects.filter(state="held")
    assert "switched off" in held.first().reason
    policy.change(actor="system", sending=True)
    later(minutes=5)
    assert sent() == ["From a person"]


def test_a_channel_has_its_own_switch(carrier: type[FakeCarrier]) -> None:
    channel = mode("auto")
    channel.sending = False
    channel.save()
    text_in("hello")
    later(seconds=25)
    assert sent() == []


def test_a_landline_is_refused_in_words(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    ContactPoint.objects.update(textable=False)
    later(seconds=25)
    assert "cannot receive texts" in Message.objects.get(direction="outbound").reason


def test_over_budget_a_person_decides(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    policy.change(actor="system", budget_day_micro=1)
    text_in("hello")
    later(seconds=25)
    assert sent() == []
    assert Message.objects.get(direction="outbound").state == "draft"
    assert not Counter.objects.filter(key__startswith="automatic:", used__gt=0).exists()


def test_all_seven_checks_are_kept_in_words(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    later(seconds=25)
    checks = Message.objects.get(direction="outbound").checks
    assert [c["name"] for c in checks] == [
        "opt-out",
        "consent",
        "clock",
        "caps",
        "who has it",
        "switch",
        "budget",
    ]
    assert all(c["ok"] and c["words"] for c in checks)


def test_a_shared_number_waits_for_a_person(carrier: type[FakeCarrier]) -> None:
    from messaging import sharing

    mode("auto")
    ensure_ground()
    dana = capture.capture_lead(actor="user:1", phone=DANA, name="Dana").lead
    sam = capture.capture_lead(actor="user:1", email="sam@acme.example", name="Sam")
    point = ContactPoint.objects.get(value=DANA)
    capture.add_address(lead=sam.lead, contact_point=point, known_by="person")
    text_in("it's me, we need 40 seats")
    later(seconds=25)
    assert sent() == []
    unclear = Conversation.objects.get(lead=None)
    assert unclear.turn == Conversation.Turn.NEEDS_YOU
    home = sharing.choose_lead(conversation=unclear, lead=dana, user=person())
    assert home.lead == dana
    later(seconds=60)
    assert len(sent()) == 1
    assert not Conversation.objects.filter(lead=None).exists()


def test_a_stop_on_a_shared_number_stops_all_its_leads(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    dana = capture.capture_lead(actor="user:1", phone=DANA, consent_basis="verbal").lead
    sam = capture.capture_lead(actor="user:1", email="sam@acme.example").lead
    point = ContactPoint.objects.get(value=DANA)
    capture.add_address(lead=sam, contact_point=point, known_by="person")
    text_in("STOP")
    for lead in (dana, sam):
        with pytest.raises(Refused):
            writing.send_as_person(
                conversation=conversation_of(lead),
                user=person(f"p{lead.pk}"),
                kind="sms",
                body="hi",
            )
