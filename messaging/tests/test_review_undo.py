"""Answers to "did they opt out?" and "was it sent?", taken back for some seconds."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, consent, policy
from leads.models import Consent, ContactPoint, Event, Suppression, UsageRecord
from leads.work import run_due
from messaging import numbers
from messaging.models import Conversation, Message
from messaging.optouts import stop
from messaging.review import queue
from messaging.tests.inbox_world import FRAGMENT, said, signed_in
from messaging.tests.review_world import queue_world
from messaging.tests.talk import FakeCarrier

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(carrier: type[FakeCarrier]) -> SimpleNamespace:
    policy.change(actor="system", quiet_hours=False)
    there = queue_world()
    there.client = signed_in(there.ana)
    there.tom = there.stop.lead.conversation
    there.toms = there.stop.lead.contacts.get().contact_point
    return there


def act(at: SimpleNamespace, name: str, *args: Any, **data: Any) -> Any:
    return at.client.post(reverse(name, args=args), data, **FRAGMENT)


def decide(at: SimpleNamespace, opted_out: str) -> str:
    """Answer the question about Tom; where that is taken back."""
    answer = act(at, "inbox_stop", at.tom.public_id, opted_out=opted_out)
    assert answer.status_code == 200
    return str(answer.json()["undo"])


def undo(at: SimpleNamespace, there: str) -> Any:
    return at.client.post(there, **FRAGMENT)


def asks(at: SimpleNamespace, key: Any) -> bool:
    return queue.find(at.ana, key) is not None


def standing(point: ContactPoint) -> list[Any]:
    return list(Suppression.objects.filter(contact_point=point, lifted_at=None))


# --- did they opt out? -------------------------------------------------------


def test_undo_of_yes_stop_lifts_what_it_made_and_asks_again(
    at: SimpleNamespace,
) -> None:
    before = Conversation.objects.get(pk=at.tom.pk)
    there = decide(at, "1")
    made = consent.is_suppressed(at.toms, "sms")
    assert made is not None
    assert not asks(at, at.stop.public_id)
    answer = undo(at, there).json()
    assert answer["show"] == reverse("review_item", args=[at.stop.public_id])
    made.refresh_from_db()
    assert (made.lifted_by, standing(at.toms)) == (f"user:{at.ana.pk}", [])
    assert asks(at, at.stop.public_id)
    after = Conversation.objects.get(pk=at.tom.pk)
    assert (after.turn, after.paused_reason) == (before.turn, before.paused_reason)
    assert after.messages.get(direction="inbound").details == {"opt_out": "pause"}


def test_undo_takes_nothing_away_from_what_was_written_down(
    at: SimpleNamespace,
) -> None:
    first = Consent.objects.get(contact_point=at.toms)
    there = decide(at, "1")
    rows = Consent.objects.filter(contact_point=at.toms).order_by("pk")
    said_then = list(rows.values())
    undo(at, there)
    rows = rows.all()
    assert list(rows.values())[: len(said_then)] == said_then
    last = rows[len(said_then)]
    assert (last.given, last.basis, last.actor) == (
        True, first.basis, f"user:{at.ana.pk}",
    )  # fmt: skip
    assert f"statement {first.pk} stands" in last.source
    assert consent.has_consent(at.toms, "sms") == last
    kinds = set(Event.objects.filter(lead=at.stop.lead).values_list("kind", flat=True))
    assert {"lead.opted_out", "lead.opted_in", "conversation.pause_reopened"} <= kinds


def test_undo_gives_no_consent_that_there_never_was(at: SimpleNamespace) -> None:
    Consent.objects.erase([at.toms])
    undo(at, decide(at, "1"))
    assert standing(at.toms) == []
    assert consent.has_consent(at.toms, "sms") is None


def test_undo_leaves_a_suppression_that_stood_before(at: SimpleNamespace) -> None:
    bounced = consent.suppress(
        contact_point=at.toms, channel="sms", reason="manual", words="by phone",
        actor="user:1", at=clock.now(),
    )  # fmt: skip
    undo(at, decide(at, "1"))
    assert standing(at.toms) == [bounced]


def test_undo_leaves_the_stops_of_others_alone(at: SimpleNamespace) -> None:
    others = consent.suppress(
        contact_point=at.point, channel="sms", reason="stop", words="STOP",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    undo(at, decide(at, "1"))
    assert list(Suppression.objects.filter(lifted_at=None)) == [others]


def test_a_stop_said_meanwhile_stays(at: SimpleNamespace) -> None:
    there = decide(at, "1")
    again = said(at.tom, "STOP")
    stop(message=again, conversation=at.tom, words="STOP")
    answer = undo(at, there)
    assert answer.status_code == 409
    assert "spoken on it meanwhile" in answer.json()["error"]
    assert len(standing(at.toms)) == 1


@pytest.mark.parametrize("opted_out", ["1", "0"])
def test_a_decision_stands_after_some_seconds(
    opted_out: str, at: SimpleNamespace
) -> None:
    there = decide(at, opted_out)
    with clock.shifted(timedelta(seconds=40)):
        answer = undo(at, there)
    assert answer.status_code == 409
    assert answer.json()["error"] == "Too late: it was decided a while ago"
    assert bool(standing(at.toms)) == (opted_out == "1")
    assert not asks(at, at.stop.public_id)


def test_undo_happens_once(at: SimpleNamespace) -> None:
    there = decide(at, "1")
    assert undo(at, there).status_code == 200
    written = Consent.objects.count()
    assert undo(at, there).status_code == 409
    assert Consent.objects.count() == written


def test_undo_of_no_go_on_asks_again(at: SimpleNamespace) -> None:
    there = decide(at, "0")
    assert Conversation.objects.get(pk=at.tom.pk).paused_reason == ""
    undo(at, there)
    assert asks(at, at.stop.public_id)
    assert "May want to stop" in Conversation.objects.get(pk=at.tom.pk).paused_reason
    assert standing(at.toms) == []


def test_what_the_stop_took_out_of_the_line_waits_again(at: SimpleNamespace) -> None:
    later = clock.now() + timedelta(hours=1)
    mine = said(
        at.tom, "I call you.", author="person", user=at.ana, state="queued",
        due_at=later,
    )  # fmt: skip
    there = decide(at, "1")
    mine.refresh_from_db()
    assert mine.state == "cancelled"
    undo(at, there)
    run_due()
    assert [m.body for m in FakeCarrier.accepted] == ["I call you."]


# --- was it sent? ------------------------------------------------------------


def settle(at: SimpleNamespace, name: str) -> str:
    """Answer whether the unclear message was sent; where that is taken back."""
    talk = at.unknown.conversation.public_id
    answer = act(at, name, talk, at.unknown.public_id)
    assert answer.status_code == 200
    return str(answer.json()["undo"])


def is_a_question(at: SimpleNamespace) -> bool:
    at.unknown.refresh_from_db()
    return at.unknown.state == "unknown" and asks(at, at.sent.public_id)


@pytest.mark.parametrize("name", ["inbox_message_confirm", "inbox_message_resend"])
def test_undo_makes_it_a_question_again(name: str, at: SimpleNamespace) -> None:
    before = Message.objects.filter(pk=at.unknown.pk).values().get()
    waiting = numbers.to_review(user=at.ana)
    there = settle(at, name)
    assert not is_a_question(at)
    answer = undo(at, there).json()
    assert answer["show"] == reverse("review_item", args=[at.sent.public_id])
    assert is_a_question(at)
    after = Message.objects.filter(pk=at.unknown.pk).values().get()
    assert after == before
    assert not UsageRecord.objects.exists()
    assert numbers.to_review(user=at.ana) == waiting


def test_nothing_is_sent_after_undo_of_send_again(at: SimpleNamespace) -> None:
    there = settle(at, "inbox_message_resend")
    run_due()
    assert FakeCarrier.accepted == []
    undo(at, there)
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    assert FakeCarrier.accepted == []
    copy = Message.objects.get(body=at.unknown.body, state="cancelled")
    assert copy.details["was_resend_of"] == str(at.unknown.public_id)
    assert copy.reason == "taken back by Ana"


def test_after_undo_it_can_be_sent_again_once(at: SimpleNamespace) -> None:
    undo(at, settle(at, "inbox_message_resend"))
    settle(at, "inbox_message_resend")
    with clock.shifted(timedelta(seconds=6)):
        run_due()
    assert [m.body for m in FakeCarrier.accepted] == [at.unknown.body]


def test_sent_again_leaves_after_the_undo_seconds_and_stays(
    at: SimpleNamespace,
) -> None:
    there = settle(at, "inbox_message_resend")
    with clock.shifted(timedelta(seconds=6)):
        run_due()
        answer = undo(at, there)
    assert answer.status_code == 409
    assert answer.json()["error"] == "Too late: it has already left"
    assert len(FakeCarrier.accepted) == 1
    at.unknown.refresh_from_db()
    assert at.unknown.state == "failed"


def test_the_new_rows_own_undo_asks_again_too(at: SimpleNamespace) -> None:
    settle(at, "inbox_message_resend")
    again = Message.objects.get(resend_of=at.unknown)
    act(at, "inbox_message_cancel", again.conversation.public_id, again.public_id)
    again.refresh_from_db()
    assert again.state == "cancelled"
    assert is_a_question(at)


def test_what_the_carrier_confirmed_is_no_question_again(at: SimpleNamespace) -> None:
    there = settle(at, "inbox_message_confirm")
    Message.objects.filter(pk=at.unknown.pk).update(state="delivered")
    assert undo(at, there).status_code == 409
    at.unknown.refresh_from_db()
    assert at.unknown.state == "delivered"
    assert not asks(at, at.sent.public_id)


def test_what_nobody_settled_cannot_be_taken_back(at: SimpleNamespace) -> None:
    talk = at.unknown.conversation.public_id
    for name in ("inbox_message_unsettle", "inbox_message_unstop"):
        assert act(at, name, talk, at.unknown.public_id).status_code == 409
    assert is_a_question(at)
