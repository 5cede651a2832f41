"""A missed call: on the timeline, asked of a person, and answered by one text."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from leads import capture, clock, consent, policy
from leads.models import Consent, ContactPoint, Event, Lead, LeadContact, Task
from leads.work import run_due
from messaging import sharing
from messaging.calls import MissedCall
from messaging.missed_calls import record_missed_call, text_for
from messaging.models import Channel, Conversation, Message, Turn
from messaging.queueing import Refused
from messaging.segments import count_segments
from messaging.tests.talk import (
    DANA,
    OURS,
    FakeCarrier,
    later,
    mode,
    person,
    sent,
    talk,
    text_in,
)
from messaging.writing import log_call

pytestmark = pytest.mark.django_db
FAKE = {
    "sms": ["messaging.tests.talk.FakeCarrier"],
    "email": ["messaging.transports.LogTransport"],
}


@pytest.fixture(autouse=True)
def channel(settings: Settings) -> Channel:
    settings.TRANSPORTS = FAKE
    FakeCarrier.reset()
    return mode("draft")


def call_in(caller: str = DANA, **more: Any) -> Message | None:
    """Somebody rings, and nobody answers."""
    return record_missed_call(
        fact=MissedCall(
            provider="fake",
            external_id=more.pop("external_id", "") or f"CA{uuid.uuid4().hex}",
            from_address=caller,
            to_address=OURS,
            received_at=clock.now(),
            **more,
        )
    )


def calls() -> list[Message]:
    return list(Message.objects.filter(kind="call", direction="inbound"))


def back() -> Task:
    """The one request to call back."""
    return Task.objects.open().get(kind="call")


def point() -> ContactPoint:
    return ContactPoint.objects.get(value=DANA)


def known(name: str = "Dana Reyes", number: str = DANA, **fields: Any) -> Lead:
    return capture.capture_lead(actor="user:1", name=name, phone=number, **fields).lead


def test_a_stranger_who_rings_becomes_a_lead_and_is_texted() -> None:
    with clock.at(datetime(2026, 3, 2, 10, 42, tzinfo=UTC)):
        call_in()
        run_due()
    assert sent() == [
        "Sorry we missed your call, this is Alder Desks. How can we help?"
        " Reply STOP to opt out."
    ]
    lead = Lead.objects.get()
    assert lead.source and lead.source.name == f"Call to {OURS}"
    [call] = calls()
    assert call.body == "Missed call, 10:42"
    assert call.state == "received"
    text = Message.objects.get(direction="outbound")
    assert (text.author, text.automatic, text.answers) == ("system", True, call)
    assert back().title == "Call back"
    assert back().reason == "Missed call, 10:42"
    conversation = talk()
    assert (conversation.turn, conversation.unread) == ("needs_you", True)
    assert Event.objects.filter(kind="call.missed", lead=lead).count() == 1


def test_the_text_rests_on_the_call_as_its_consent() -> None:
    call = call_in(external_id="CA7")
    row = Consent.objects.get()
    assert (row.given, row.basis, row.wording) == (True, "inbound", "called us")
    assert "CA7" in row.evidence
    run_due()
    text = Message.objects.get(direction="outbound")
    assert text.details["consent"] == row.pk
    assert call and call.external_id == "CA7"


def test_the_same_call_told_twice_is_one() -> None:
    first = call_in(external_id="CA7")
    assert call_in(external_id="CA7") == first
    assert len(calls()) == 1
    assert Task.objects.filter(kind="call").count() == 1


def test_who_rings_again_within_a_day_is_texted_once_and_called_back_once() -> None:
    at = datetime(2026, 3, 2, 10, 42, tzinfo=UTC)
    with clock.at(at):
        call_in()
        run_due()
    with clock.at(at + timedelta(hours=23)):
        call_in()
        run_due()
    assert (len(sent()), len(calls())) == (1, 2)
    assert "within the last 24 hours" in back().reason
    with clock.at(at + timedelta(hours=24, minutes=1)):
        call_in()
        run_due()
    assert (len(sent()), len(calls())) == (2, 3)


def test_a_text_that_did_not_go_does_not_count_as_one() -> None:
    call_in()
    Message.objects.filter(direction="outbound").update(state="failed")
    call_in()
    assert Message.objects.filter(direction="outbound", state="queued").count() == 1


def test_a_lead_is_texted_in_its_own_language() -> None:
    known(language="de")
    call_in()
    assert Message.objects.get(direction="outbound").body.startswith("Leider haben")
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt", "ja"])
def test_the_standard_text_says_who_we_are_and_how_to_stop_in_one_text(
    channel: Channel, language: str
) -> None:
    lead = known(language=language)
    conversation = Conversation.objects.create(lead=lead)
    body = text_for(channel=channel, conversation=conversation)
    assert "Alder Desks" in body and "STOP" in body
    counted = count_segments(body)
    assert (counted.segments, counted.encoding) == (1, "GSM-7")


def test_the_channels_own_words_are_filled_in_and_always_say_how_to_stop(
    channel: Channel,
) -> None:
    channel.missed_call_text = "Hi {{ first_name }}, {{ our_company }} here!"
    channel.save()
    known()
    call_in()
    body = Message.objects.get(direction="outbound").body
    assert body == "Hi Dana, Alder Desks here! Reply STOP to opt out."


def test_words_that_cannot_be_filled_in_give_way_to_ours(channel: Channel) -> None:
    channel.missed_call_text = "Hi {{ first_name }}! STOP ends it."
    channel.save()
    call_in()
    body = Message.objects.get(direction="outbound").body
    assert body.startswith("Sorry we missed your call")


# --- no text -----------------------------------------------------------------


def untexted(words: str) -> None:
    """The call is kept and asked of a person, who learns why no text went."""
    call_in()
    run_due()
    assert sent() == []
    assert not Message.objects.filter(direction="outbound").exists()
    assert len(calls()) == 1
    assert words in back().reason


def test_who_opted_out_is_not_texted() -> None:
    text_in("STOP")
    untexted("opted out on")


def test_who_withdrew_consent_is_not_texted_and_none_is_noted_anew() -> None:
    known()
    for given in (True, False):
        consent.record_consent(
            contact_point=point(),
            channel="sms",
            given=given,
            basis="verbal",
            actor="user:1",
            at=clock.now(),
        )
    untexted("withdrawn")
    assert Consent.objects.count() == 2


def test_a_landline_is_not_texted() -> None:
    known()
    ContactPoint.objects.update(textable=False)
    untexted("cannot receive texts")


def test_a_number_that_the_carrier_doubts_is_not_texted() -> None:
    call_in(doubtful=True)
    run_due()
    assert sent() == []
    assert not Consent.objects.exists()
    assert "doubts" in back().reason


def test_switched_off_on_the_channel_only_a_person_is_asked(channel: Channel) -> None:
    channel.missed_calls = False
    channel.save()
    untexted("are off on")


def test_a_person_who_has_the_conversation_calls_back() -> None:
    lead, ana = known(), person()
    Conversation.objects.create(lead=lead, holder=ana, held_since=clock.now())
    untexted("Ana has the conversation")


def test_a_caller_without_a_number_is_a_task_and_no_lead() -> None:
    for caller in ("", "anonymous", "sip:somebody@example.com"):
        assert call_in(caller) is None
    assert Task.objects.filter(kind="other").count() == 3
    assert not Lead.objects.exists() and not ContactPoint.objects.exists()
    assert not calls()


def test_a_shared_number_is_put_to_a_person_and_joins_who_called() -> None:
    one, two = (
        known("Dana"),
        Lead.objects.create(
            name="Eli", team=known("Dana").team, stage=known("Dana").stage
        ),
    )
    LeadContact.objects.create(lead=two, contact_point=point(), known_by="person")
    call_in()
    run_due()
    assert sent() == []
    unclear = Conversation.objects.get(lead=None)
    assert {task.kind for task in Task.objects.open()} == {"identify", "call"}
    ana = person()
    home = sharing.choose_lead(conversation=unclear, lead=two, user=ana)
    assert [message.kind for message in home.messages.all()] == ["call"]
    assert (back().lead, back().subject) == (two, home.public_id)
    assert not Turn.objects.exists(), "there are no words to answer"
    assert one != two


# --- the gate ----------------------------------------------------------------


def test_the_caps_hold() -> None:
    policy.change(actor="system", cap_lead_day=0)
    call_in()
    run_due()
    assert sent() == []
    text = Message.objects.get(direction="outbound")
    assert (text.state, "cap of 0" in text.reason) == ("draft", True)


def test_the_kill_switch_holds_it() -> None:
    policy.change(actor="system", sending=False)
    call_in()
    run_due()
    assert sent() == []
    assert Message.objects.get(direction="outbound").state == "held"


def test_at_night_who_has_just_rung_may_be_answered_if_the_policy_allows_it() -> None:
    policy.change(
        actor="system", quiet_hours=True, night_reply_minutes=10, night_reply_sms=True
    )
    with clock.at(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)):  # 02:00 in California
        call_in()
        run_due()
    assert len(sent()) == 1


def test_at_night_it_waits_for_the_morning_where_the_policy_says_so() -> None:
    policy.change(actor="system", quiet_hours=True, night_reply_minutes=0)
    with clock.at(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)):
        call_in()
        run_due()
    assert sent() == []
    text = Message.objects.get(direction="outbound")
    assert text.state == "held" and "quiet hours" in text.reason


# --- what goes on ------------------------------------------------------------


def test_the_ai_answers_what_the_caller_then_writes_not_the_call() -> None:
    mode("auto")
    at = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    with clock.at(at):
        call_in()
        run_due()
    with clock.at(at + timedelta(minutes=3)):
        text_in("We need 40 standing desks by June.")
        later(seconds=30)
    turn = Turn.objects.get()
    assert turn.state == "done"
    assert turn.last_inbound.kind == "sms"
    answer = Message.objects.filter(direction="outbound").last()
    assert answer and answer.author == "builtin" and answer.state == "sent"
    facts = Lead.objects.get().facts.values_list("quote", flat=True)
    assert not any("Missed call" in quote for quote in facts)


def test_a_call_outdates_no_answer_that_is_on_its_way() -> None:
    mode("auto")
    text_in("Hi, we need 40 standing desks by June")
    call_in()
    later(seconds=30)
    authors = set(Message.objects.filter(state="sent").values_list("author", flat=True))
    assert authors == {"builtin", "system"}


def test_a_logged_call_closes_the_request() -> None:
    call_in()
    log_call(
        conversation=talk(), user=person(), outcome="reached", minutes=3, note="ok"
    )
    assert not Task.objects.open().exists()


def test_a_request_for_a_call_that_the_lead_made_keeps_its_words() -> None:
    call_in()
    Task.objects.create(
        lead=talk().lead,
        team=talk().lead.team,  # type: ignore[union-attr]
        kind="call",
        title="Call the lead",
        reason="Asked for a call: “tomorrow at 3”",
        subject=talk().public_id,
    )
    call_in()
    reasons = set(Task.objects.open().values_list("reason", flat=True))
    assert "Asked for a call: “tomorrow at 3”" in reasons
    assert len(reasons) == 2


def test_words_for_a_person_are_refused_as_ever() -> None:
    """The call gives a person no way round an opt-out."""
    from messaging.queueing import queue_message

    text_in("STOP")
    call_in()
    with pytest.raises(Refused, match="opted out"):
        queue_message(conversation=talk(), kind="sms", body="Hi", author="person")
