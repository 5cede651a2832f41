"""The gate by the recipient's clock: nights, answers at night, Sundays, follow-ups."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leads import clock, policy
from leads.models import LegalWindow
from leads.tests.factories import ContactPointFactory, LeadFactory
from leads.work import run_due
from messaging import writing
from messaging.going import going
from messaging.models import Conversation, Message
from messaging.queueing import queue_message
from messaging.tests.talk import FakeCarrier, later, mode, person, sent, talk, text_in

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 25, 6, 14, tzinfo=UTC)  # 22:14 in San Francisco
MORNING = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)  # 09:00 there


def at_night(**settings: Any) -> None:
    mode("auto")
    policy.change(actor="system", quiet_hours=True, **settings)


def clock_words(message: Message) -> str:
    return next(str(c["words"]) for c in message.checks if c["name"] == "clock")


def out() -> Message:
    return Message.objects.filter(direction="outbound").latest("pk")


def follow_up(conversation: Conversation, **more: Any) -> Message:
    return queue_message(
        conversation=conversation,
        kind="sms",
        body="Still interested?",
        follow_up=True,
        automatic=True,
        **{"author": "system", **more},
    )


def test_who_has_just_written_is_answered_at_night(carrier: type[FakeCarrier]) -> None:
    at_night()
    with clock.at(NIGHT):
        text_in("hello")
        later(minutes=3)
    assert len(sent()) == 1
    assert clock_words(out()) == "22:17 there, but the lead wrote 3 min ago"


def test_a_person_may_answer_at_night_too_and_later_is_held(
    carrier: type[FakeCarrier],
) -> None:
    at_night()
    with clock.at(NIGHT):
        text_in("hello")
        ana, here = person(), talk()
        writing.send_as_person(conversation=here, user=ana, kind="sms", body="Hi")
        later(minutes=1)
        assert sent() == ["Hi"]
    with clock.at(NIGHT + timedelta(minutes=11)):
        writing.send_as_person(conversation=here, user=ana, kind="sms", body="More")
        later(minutes=1)
    assert sent() == ["Hi"]
    assert out().state == "held"
    assert out().due_at == MORNING
    with clock.at(MORNING):
        run_due()
    assert sent() == ["Hi", "More"]


@pytest.mark.parametrize(
    "chosen", [{"night_reply_minutes": 0}, {"night_reply_sms": False}]
)
def test_answers_at_night_can_be_switched_off(
    carrier: type[FakeCarrier], chosen: dict[str, Any]
) -> None:
    at_night(**chosen)
    with clock.at(NIGHT):
        text_in("hello")
        later(minutes=1)
    assert sent() == []
    assert out().reason == "quiet hours, 22:15 there: goes 09:00 Wed"


def test_a_follow_up_never_goes_at_night(carrier: type[FakeCarrier]) -> None:
    at_night()
    with clock.at(NIGHT):
        text_in("hello")
        with clock.shifted(timedelta(seconds=1)):
            message = follow_up(talk())
        later(minutes=1)
        message.refresh_from_db()
    assert message.state == "held"
    assert message.due_at == MORNING


def test_the_stated_zone_decides(carrier: type[FakeCarrier]) -> None:
    at_night(night_reply_minutes=0)
    with clock.at(NIGHT):
        text_in("hello")
        lead = talk().lead
        assert lead is not None
        lead.time_zone = "Europe/Berlin"  # 07:14 there
        lead.save()
        later(minutes=1)
        assert "07:15 there: goes 09:00 Wed" in out().reason


def test_a_sunday_too_long_to_hold_becomes_a_persons_decision(
    carrier: type[FakeCarrier],
) -> None:
    at_night(night_reply_minutes=0)
    row = LegalWindow.objects.get(region="US-CA")
    row.sunday_from = row.sunday_until = None
    row.save()
    saturday = datetime(2026, 11, 29, 5, 0, tzinfo=UTC)  # 21:00 there
    with clock.at(saturday):
        text_in("hello")
        later(minutes=1)
    message = out()
    assert message.state == "draft"
    assert message.reason.endswith(
        "no texts there before 09:00 Mon (California: none on Sundays)"
    )
    assert sent() == []


def test_a_mail_at_night_goes_unless_the_house_keeps_quiet(
    carrier: type[FakeCarrier],
) -> None:
    at_night()
    point = ContactPointFactory(mail=True)
    conversation = Conversation.objects.create(lead=LeadFactory())
    with clock.at(NIGHT):
        rules = policy.current()
        assert not going(conversation, point, policy=rules).waits
        assert going(conversation, point, policy=rules, follow_up=True).waits
        rules.quiet_email = True
        assert going(conversation, point, policy=rules).waits
        conversation.last_inbound_at = clock.now() - timedelta(minutes=5)
        assert not going(conversation, point, policy=rules).waits
        rules.night_reply_email = False
        assert going(conversation, point, policy=rules).waits


# --- follow-ups: who has the conversation -------------------------------------


def test_a_template_follow_up_goes_in_draft_mode_an_ai_written_one_is_a_draft(
    carrier: type[FakeCarrier],
) -> None:
    mode("draft")
    text_in("hello")
    with clock.shifted(timedelta(minutes=1)):
        Message.objects.filter(direction="outbound").delete()
        template = follow_up(talk())
        written = follow_up(talk(), author="ai")
        run_due()
    template.refresh_from_db()
    written.refresh_from_db()
    assert template.state == "sent"
    assert written.state == "draft"


def test_a_follow_up_stops_when_somebody_has_it_or_it_is_paused(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("hello")
    later(minutes=1)
    FakeCarrier.accepted.clear()
    conversation = talk()
    with clock.shifted(timedelta(minutes=2)):
        held = follow_up(conversation)
        Conversation.objects.update(holder=person())
        run_due()
        Conversation.objects.update(holder=None, paused_reason="unclear")
        paused = follow_up(conversation)
        run_due()
    for message, words in ((held, "Ana took over"), (paused, "paused: unclear")):
        message.refresh_from_db()
        assert (message.state, message.reason) == ("cancelled", words)
    assert sent() == []


def test_a_follow_up_is_refused_when_the_lead_wrote_meanwhile(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("hello")
    later(minutes=1)
    FakeCarrier.accepted.clear()
    with clock.shifted(timedelta(minutes=2)):
        message = follow_up(talk(), due_at=clock.now() + timedelta(minutes=5))
    Conversation.objects.update(last_inbound_at=clock.now() + timedelta(minutes=3))
    later(minutes=8)
    message.refresh_from_db()
    assert message.reason == "the lead wrote meanwhile"
    assert message.state == "cancelled"


# --- caps ---------------------------------------------------------------------


def test_the_channels_cap_counts_everybodys_and_waits_for_the_next_day(
    carrier: type[FakeCarrier],
) -> None:
    channel = mode("auto")
    channel.cap_day = 2
    channel.save()
    noon = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    with clock.at(noon):
        text_in("hello")
        later(minutes=1)
        ana, here = person(), talk()
        for words in ("one", "two"):
            writing.send_as_person(conversation=here, user=ana, kind="sms", body=words)
        later(minutes=2)
    assert len(sent()) == 2
    message = out()
    assert message.state == "held"
    assert "2 messages in a day is the cap of" in message.reason
    assert message.due_at == datetime(2026, 11, 26, tzinfo=UTC)
    with clock.at(message.due_at):
        run_due()
    assert len(sent()) == 3


def test_so_many_follow_ups_to_one_lead_in_a_day(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    policy.change(actor="system", cap_follow_day=1)
    noon = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    with clock.at(noon):
        text_in("hello")
        later(minutes=1)
        FakeCarrier.accepted.clear()
        with clock.shifted(timedelta(minutes=2)):
            follow_up(talk())
            second = follow_up(talk())
            run_due()
    second.refresh_from_db()
    assert len(sent()) == 1
    assert second.state == "held"
    assert second.due_at == datetime(2026, 11, 26, tzinfo=UTC)


def test_no_follow_up_is_refused_not_piled_up(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    policy.change(actor="system", cap_follow_day=0)
    text_in("hello")
    with clock.shifted(timedelta(minutes=2)):
        message = follow_up(talk())
        run_due()
    message.refresh_from_db()
    assert message.state == "cancelled"
    assert "follow-ups are switched off" in message.reason
