"""Send later: shown as waiting, changed, taken back, and stopped by the lead's word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import clock, consent, policy
from leads.models import Event
from leads.work import run_due
from messaging import holding, marking, moments, scheduling_messages
from messaging.conversations import lock_conversation
from messaging.models import Conversation, Message
from messaging.moments import BadMoment
from messaging.queueing import Refused
from messaging.scheduling_messages import (
    cancel_scheduled,
    choices,
    is_scheduled,
    reschedule,
    schedule_message,
    send_now,
)
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in
from messaging.tests.talk import FakeCarrier, later, mode, person, sent, text_in
from messaging.writing import send_as_person

pytestmark = pytest.mark.django_db
# A Wednesday, 18:00 in Berlin and 09:00 in San Francisco, where Dana's number lies.
WEDNESDAY = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)


@pytest.fixture
def talk(carrier: type[FakeCarrier]) -> Conversation:
    mode("draft")
    policy.change(actor="system", undo_seconds=0)
    text_in("hello there")
    run_due()
    return Conversation.objects.get()


@pytest.fixture
def ana(talk: Conversation) -> Any:
    return person("ana")


def planned(
    talk: Conversation, user: Any, *, hours: float = 15, **more: Any
) -> Message:
    return schedule_message(
        conversation=talk,
        user=user,
        kind="sms",
        body=more.pop("body", "Good morning"),
        at=clock.now() + timedelta(hours=hours),
        **more,
    )


# --- the rules ---------------------------------------------------------------


def test_it_waits_until_its_time_and_then_goes(talk: Conversation, ana: Any) -> None:
    message = planned(talk, ana)
    assert (message.state, message.user) == ("queued", ana)
    later(hours=14)
    assert sent() == []
    later(hours=16)
    assert sent() == ["Good morning"]
    # It stands in the thread where it went, not where it was written.
    message.refresh_from_db()
    assert message.occurred_at == message.claimed_at


@pytest.mark.parametrize(
    ("hours", "words"), [(0, "has passed"), (-1, "has passed"), (24 * 367, "a year")]
)
def test_only_a_moment_to_come_within_a_year_is_taken(
    talk: Conversation, ana: Any, hours: float, words: str
) -> None:
    with pytest.raises(BadMoment, match=words):
        planned(talk, ana, hours=hours)
    assert not Message.objects.filter(author="person").exists()


def test_a_note_is_not_sent_later(talk: Conversation, ana: Any) -> None:
    with pytest.raises(Refused, match="only a text or an email"):
        schedule_message(
            conversation=talk,
            user=ana,
            kind="note",
            body="x",
            at=clock.now() + timedelta(hours=1),
        )


def test_the_lead_writes_first_and_it_is_not_sent(talk: Conversation, ana: Any) -> None:
    talk.lead.name = "Dana Reyes"
    talk.lead.save()
    message = planned(talk, ana)
    text_in("wait, make that 60 seats")
    message.refresh_from_db()
    assert (message.state, message.reason) == ("cancelled", "Dana wrote")
    talk.refresh_from_db()
    assert (talk.turn, talk.turn_reason) == ("needs_you", "The lead wrote to you")
    later(hours=16)
    assert sent() == []
    assert Event.objects.filter(kind="message.cancelled").exists()


def test_it_is_stopped_too_when_the_ai_has_the_conversation_again(
    talk: Conversation, ana: Any
) -> None:
    message = planned(talk, ana)
    holding.hand_back(conversation=talk, user=ana)
    text_in("wait")
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_it_is_stopped_too_behind_a_later_message_of_ours(
    talk: Conversation, ana: Any
) -> None:
    message = planned(talk, ana)
    holding.hand_back(conversation=talk, user=ana)
    planned(talk, ana, hours=0.01, body="In the meantime: yes")
    later(hours=1)
    assert sent() == ["In the meantime: yes"]
    text_in("wait")
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_a_plain_message_in_its_undo_seconds_is_not_stopped_by_the_lead(
    talk: Conversation, ana: Any
) -> None:
    policy.change(actor="system", undo_seconds=30)
    message = send_as_person(conversation=talk, user=ana, kind="sms", body="Yes")
    text_in("hello?")
    message.refresh_from_db()
    assert message.state == "queued"


def test_without_a_message_that_waits_nothing_is_asked(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", burst_sms_seconds=0)
    text_in("hello there")
    run_due()
    assert len(sent()) == 1
    conversation = lock_conversation(Conversation.objects.get().pk)
    with CaptureQueriesContext(connection) as asked:
        assert cancel_scheduled(conversation=conversation) == 0
    assert len(asked) == 0


def test_done_takes_it_back(talk: Conversation, ana: Any) -> None:
    message = planned(talk, ana)
    marking.mark_done(conversation=talk, user=ana)
    message.refresh_from_db()
    assert (message.state, message.reason) == ("cancelled", "it was marked done")


def test_an_opt_out_in_between_wins(talk: Conversation, ana: Any) -> None:
    message = planned(talk, ana)
    consent.suppress(
        contact_point=message.contact_point,
        channel="sms",
        reason="complaint",
        words="marked as spam",
        actor="system",
        at=clock.now(),
    )
    later(hours=16)
    message.refresh_from_db()
    assert message.state == "cancelled"
    assert message.reason.startswith("complained on")
    assert sent() == []


def test_quiet_hours_still_hold_it_at_its_time_and_the_lead_still_stops_it(
    talk: Conversation, ana: Any
) -> None:
    policy.change(actor="system", quiet_hours=True)
    with clock.at(WEDNESDAY):
        message = planned(talk, ana, hours=15)  # midnight for Dana
    with clock.at(WEDNESDAY + timedelta(hours=15, minutes=1)):
        run_due()
        message.refresh_from_db()
        assert message.state == "held"
        assert message.reason.startswith("quiet hours")
        text_in("are you there?")
    message.refresh_from_db()
    assert message.state == "cancelled"


def test_another_time_and_at_once(talk: Conversation, ana: Any) -> None:
    message = planned(talk, ana)
    reschedule(message=message, user=ana, at=clock.now() + timedelta(hours=40))
    later(hours=16)
    assert sent() == []
    send_now(message=message, user=ana)
    run_due()
    assert sent() == ["Good morning"]
    for call in (
        lambda: send_now(message=message, user=ana),
        lambda: reschedule(
            message=message, user=ana, at=clock.now() + timedelta(hours=1)
        ),
    ):
        with pytest.raises(Refused, match="already left"):
            call()


# --- the moments -------------------------------------------------------------


def test_mornings_are_the_leads_own(talk: Conversation) -> None:
    with clock.at(WEDNESDAY):
        found = {c.label: c.at for c in scheduling_messages.choices(talk)}
    in_an_hour = found.pop("In 1 hour")
    assert in_an_hour - WEDNESDAY - timedelta(hours=1) < timedelta(minutes=1)
    assert found == {
        "Tomorrow 8:00": datetime(2026, 3, 5, 16, 0, tzinfo=UTC),
        # The clocks go forward in California on that Sunday.
        "Monday 8:00": datetime(2026, 3, 9, 15, 0, tzinfo=UTC),
    }


def test_both_clocks_are_said(talk: Conversation, settings: Any) -> None:
    talk.lead.name = "Dana Reyes"
    with clock.at(WEDNESDAY):
        said = [c.words for c in scheduling_messages.choices(talk)]
    assert said[1] == "08:00 Thu for Dana · 16:00 here"


def test_before_seven_a_morning_is_still_to_come_and_monday_is_not_said_twice() -> None:
    early = datetime(2026, 3, 4, 5, 30, tzinfo=UTC)
    assert [label for label, _ in moments.mornings(early)] == [
        "Today 8:00",
        "Tomorrow 8:00",
        "Monday 8:00",
    ]
    sunday = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    assert [label for label, _ in moments.mornings(sunday)] == ["Tomorrow 8:00"]
    monday = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
    assert dict(moments.mornings(monday))["Monday 8:00"].day == 16


def test_a_chosen_time_is_on_the_leads_clock(talk: Conversation) -> None:
    with clock.at(WEDNESDAY):
        at = scheduling_messages.parse(talk, "2026-03-05T08:30")
    assert at == datetime(2026, 3, 5, 16, 30, tzinfo=UTC)


def test_a_simulated_leads_moved_clock_counts(talk: Conversation) -> None:
    talk.clock_shift = 3600
    with clock.at(WEDNESDAY):  # 10:00 there
        at = scheduling_messages.parse(talk, "2026-03-04T11:30")
        found = {c.label: c.at for c in scheduling_messages.choices(talk)}
    assert at == WEDNESDAY + timedelta(minutes=90)
    assert found["Tomorrow 8:00"] == datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01T08:00", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_what_is_no_time_to_come_is_refused(talk: Conversation, text: str) -> None:
    with clock.at(WEDNESDAY), pytest.raises(BadMoment):
        scheduling_messages.parse(talk, text)


# --- the page ----------------------------------------------------------------


@pytest.fixture
def world(carrier: type[FakeCarrier]) -> Any:
    return office()


def act(client: Client, name: str, *args: Any, **values: Any) -> HttpResponse:
    return client.post(reverse(name, args=args), values, **FRAGMENT)


def put_off(world: Any, client: Client, **values: str) -> HttpResponse:
    at = (clock.now() + timedelta(days=2)).isoformat()
    given = {"kind": "sms", "body": "Good morning", "at": at, **values}
    return act(client, "inbox_send_later", world.talk.public_id, **given)


def test_the_thread_shows_it_as_waiting_with_what_one_can_do(world: Any) -> None:
    ana = signed_in(world.ana)
    answer = put_off(world, ana)
    assert answer.json()["toast"].startswith("Goes ")
    message = Message.objects.get(author="person")
    page = ana.get(reverse("inbox_thread", args=[world.talk.public_id]), **FRAGMENT)
    html = page.content.decode()
    for words in ("goes ", "Send now", "Change", "Cancel", "is-unsent"):
        assert words in html
    back = act(ana, "inbox_message_cancel", world.talk.public_id, message.public_id)
    assert back.json()["body"] == "Good morning"
    message.refresh_from_db()
    assert message.reason == "taken back by Ana"


def test_a_colleague_changes_it_and_sends_it_now(world: Any) -> None:
    put_off(world, signed_in(world.ana))
    message = Message.objects.get(author="person")
    ben, ids = signed_in(world.ben), (world.talk.public_id, message.public_id)
    at = clock.now() + timedelta(days=3)
    answer = act(ben, "inbox_message_time", *ids, at=at.isoformat())
    assert answer.status_code == 200
    message.refresh_from_db()
    assert message.due_at == at
    assert "undo" in act(ben, "inbox_message_now", *ids).json()
    message.refresh_from_db()
    assert "scheduled" not in message.details


@pytest.mark.parametrize("who", ["stranger", "reader"])
def test_who_may_not_write_may_not_write_later(world: Any, who: str) -> None:
    put_off(world, signed_in(world.ana))
    message = Message.objects.get(author="person")
    reader = rep("rea", world.team, role="read-only")
    client = signed_in({"stranger": world.cleo, "reader": reader}[who])
    status = {"stranger": 404, "reader": 403}[who]
    ids, at = (world.talk.public_id, message.public_id), "2030-01-01T08:00"
    assert put_off(world, client).status_code == status
    assert act(client, "inbox_message_time", *ids, at=at).status_code == status
    assert act(client, "inbox_message_now", *ids).status_code == status
    assert Message.objects.filter(author="person").count() == 1


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"at": ""}, 422),
        ({"at": "soon"}, 409),
        ({"at": "2020-01-01T08:00"}, 409),
        ({"body": " "}, 422),
        ({"kind": "note"}, 409),
        ({"body": "Hi [name?]"}, 409),
        ({"address": "+14155550999"}, 409),
    ],
)
def test_what_cannot_be_sent_later_is_refused_with_words(
    world: Any, values: dict[str, str], status: int
) -> None:
    answer = put_off(world, signed_in(world.ana), **values)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert not Message.objects.filter(author="person").exists()


def test_a_persons_held_message_gets_another_time(talk: Conversation, ana: Any) -> None:
    policy.change(actor="system", quiet_hours=True)
    night = WEDNESDAY.replace(hour=6)  # 22:00 the evening before for Dana
    with clock.at(night):
        message = send_as_person(
            conversation=talk, user=ana, kind="sms", body="Good evening"
        )
    with clock.at(night + timedelta(minutes=1)):
        run_due()
        message.refresh_from_db()
        assert message.state == "held"
        reschedule(message=message, user=ana, at=night + timedelta(hours=14))
        message.refresh_from_db()
        assert message.state == "queued"
        assert is_scheduled(message)
    with clock.at(night + timedelta(hours=14)):
        run_due()
    assert sent() == ["Good evening"]


def test_what_the_machine_holds_has_no_time_of_a_persons(
    talk: Conversation, ana: Any
) -> None:
    message = talk.messages.create(
        direction="outbound", kind="sms", author="ai", automatic=True, state="held"
    )
    with pytest.raises(Refused):
        reschedule(message=message, user=ana, at=clock.now() + timedelta(hours=1))


def test_mornings_begin_when_quiet_hours_end(talk: Conversation) -> None:
    assert "Tomorrow 8:00" in [one.label for one in choices(talk)]
    policy.change(actor="system", quiet_hours=True)
    offered = {one.label: one.words for one in choices(talk)}
    assert "quiet" not in offered["Tomorrow 9:00"]


def test_a_moment_at_which_it_is_quiet_says_so(talk: Conversation) -> None:
    policy.change(actor="system", quiet_hours=True)
    with clock.at(WEDNESDAY.replace(hour=6)):  # 22:00 for Dana
        offered = {one.label: one.words for one in choices(talk)}
    assert offered["In 1 hour"].endswith("quiet then, a text waits for 09:00 Wed")
