"""Decisions of the review queue: what they do, and how they are taken back."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock
from leads.consent import is_suppressed
from leads.models import Event, Task
from leads.work import run_due
from messaging import numbers
from messaging.models import Message
from messaging.review import decisions, queue
from messaging.tests.inbox_world import FRAGMENT, said, signed_in
from messaging.tests.review_world import queue_world
from messaging.tests.talk import FakeCarrier

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(carrier: type[FakeCarrier]) -> SimpleNamespace:
    from leads import policy

    policy.change(actor="system", quiet_hours=False)
    there = queue_world()
    there.client = signed_in(there.ana)
    return there


SEEN = {"confirmed": "1"}  # the held words of the draft


def post(at: SimpleNamespace, name: str, key: Any, **data: Any) -> Any:
    return at.client.post(reverse(name, args=[key]), data, **FRAGMENT)


def stored(at: SimpleNamespace) -> Message:
    return Message.objects.get(pk=at.draft.pk)


def waits(at: SimpleNamespace, key: Any) -> bool:
    return queue.find(at.ana, key) is not None


def test_an_approved_draft_leaves_after_the_undo_seconds(at: SimpleNamespace) -> None:
    answer = post(at, "review_approve", at.draft.public_id, **SEEN).json()
    assert answer["toast"] == "Approved"
    run_due()
    assert FakeCarrier.accepted == []
    with clock.shifted(timedelta(seconds=6)):
        run_due()
    assert [m.body for m in FakeCarrier.accepted] == [at.draft.body]
    assert stored(at).details["decision"] == "as_written"
    assert not waits(at, at.draft.public_id)


def test_undo_puts_an_approved_draft_back_as_it_was(at: SimpleNamespace) -> None:
    reply = Task.objects.create(
        team=at.team, lead=at.lead, kind="reply", title="Answer",
        subject=at.talk.public_id,
    )  # fmt: skip
    before = numbers.to_review(user=at.ana)
    data = {"body": "No discount, sorry.", "why": "wrong_fact"}
    undo = post(at, "review_approve", at.draft.public_id, **data).json()["undo"]
    assert stored(at).body == "No discount, sorry."
    reply.refresh_from_db()
    assert reply.done_at is not None
    back = at.client.post(undo, **FRAGMENT).json()
    assert back["show"] == reverse("review_item", args=[at.draft.public_id])
    draft = stored(at)
    assert (draft.state, draft.body, draft.proposed_body, draft.reason) == (
        "draft",
        at.draft.body,
        "",
        "Unsure: price",
    )
    assert set(draft.details) == {"findings"}
    assert draft.approved_by is None
    reply.refresh_from_db()
    assert reply.done_at is None
    assert numbers.to_review(user=at.ana) == before
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    assert FakeCarrier.accepted == []


def test_undo_comes_too_late_once_it_has_left(at: SimpleNamespace) -> None:
    undo = post(at, "review_approve", at.draft.public_id, **SEEN).json()["undo"]
    with clock.shifted(timedelta(seconds=6)):
        run_due()
    answer = at.client.post(undo, **FRAGMENT)
    assert answer.status_code == 409
    assert answer.json()["error"] == "Too late: it has already left"
    assert stored(at).state in ("sent", "delivered")


def test_what_nobody_approved_cannot_be_taken_back(at: SimpleNamespace) -> None:
    own = said(at.talk, "Mine", author="person", user=at.ana, state="queued")
    answer = post(at, "review_take_back", own.public_id)
    assert answer.status_code == 409
    own.refresh_from_db()
    assert own.state == "queued"


def test_an_edit_keeps_the_proposal_and_one_word_of_why(at: SimpleNamespace) -> None:
    data = {"body": "No discount, sorry.", "why": "wrong_fact"}
    post(at, "review_approve", at.draft.public_id, **data)
    draft = stored(at)
    assert (draft.body, draft.proposed_body) == (data["body"], at.draft.body)
    assert (draft.details["decision"], draft.details["why"]) == ("edited", "wrong_fact")


def test_a_why_without_an_edit_or_from_nowhere_is_not_kept(
    at: SimpleNamespace,
) -> None:
    post(at, "review_approve", at.draft.public_id, why="tone", **SEEN)
    assert "why" not in stored(at).details


def test_a_discard_keeps_why_and_undo_brings_it_back(at: SimpleNamespace) -> None:
    answer = post(at, "review_discard", at.draft.public_id, why="not_needed").json()
    assert stored(at).details["why"] == "not_needed"
    assert not waits(at, at.draft.public_id)
    at.client.post(answer["undo"], **FRAGMENT)
    draft = stored(at)
    assert (draft.state, draft.reason) == ("draft", "Unsure: price")
    assert waits(at, at.draft.public_id)
    assert Task.objects.open().filter(subject=draft.public_id).count() == 1


@pytest.mark.parametrize("why", ["", "because", "<b>", "tone"])
def test_only_known_whys_are_kept(why: str, at: SimpleNamespace) -> None:
    post(at, "review_discard", at.draft.public_id, why=why)
    assert stored(at).details["why"] == (why if why == "tone" else "")


@pytest.mark.parametrize("name", ["review_approve", "review_discard"])
def test_a_decision_on_a_decided_draft_is_refused_in_words(
    name: str, at: SimpleNamespace
) -> None:
    Message.objects.filter(pk=at.draft.pk).update(
        state="cancelled", reason="Dana Reyes wrote again", details={"stale": True}
    )
    answer = post(at, name, at.draft.public_id)
    assert answer.status_code == 409
    assert answer.json()["error"] == "Dana Reyes wrote again"
    assert stored(at).state == "cancelled"


def test_a_draft_that_a_newer_text_outran_is_refused(at: SimpleNamespace) -> None:
    said(at.talk, "Wait, 50 seats")
    answer = post(at, "review_approve", at.draft.public_id)
    assert answer.status_code == 409
    assert answer.json()["error"] == "The lead wrote again"
    assert stored(at).state == "draft"


def test_an_empty_edit_is_refused(at: SimpleNamespace) -> None:
    answer = post(at, "review_approve", at.draft.public_id, body="  ")
    assert answer.status_code == 409
    assert stored(at).state == "draft"


def test_two_people_approve_once(at: SimpleNamespace) -> None:
    assert post(at, "review_approve", at.draft.public_id, **SEEN).status_code == 200
    at.client = signed_in(at.ben)
    assert post(at, "review_approve", at.draft.public_id, **SEEN).status_code == 409
    with clock.shifted(timedelta(seconds=6)):
        run_due()
    assert len(FakeCarrier.accepted) == 1


def test_nothing_leaves_to_an_opted_out_number(at: SimpleNamespace) -> None:
    from leads.consent import suppress

    suppress(
        contact_point=at.point, channel="sms", reason="stop", words="STOP",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    answer = post(at, "review_approve", at.draft.public_id)
    assert answer.status_code == 409
    assert "opted out" in answer.json()["error"]


def test_a_carriage_return_from_a_form_is_no_edit(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.draft.pk).update(body="One\nTwo")
    post(at, "review_approve", at.draft.public_id, body="One\r\nTwo")
    assert stored(at).details["decision"] == "as_written"


def test_it_was_sent_settles_the_message(at: SimpleNamespace) -> None:
    talk = at.unknown.conversation.public_id
    there = reverse("inbox_message_confirm", args=[talk, at.unknown.public_id])
    assert at.client.post(there, **FRAGMENT).status_code == 200
    at.unknown.refresh_from_db()
    assert at.unknown.state == "sent"
    assert not waits(at, at.sent.public_id)


def test_send_again_is_a_new_message_with_undo(at: SimpleNamespace) -> None:
    talk = at.unknown.conversation.public_id
    there = reverse("inbox_message_resend", args=[talk, at.unknown.public_id])
    answer = at.client.post(there, **FRAGMENT).json()
    again = Message.objects.get(resend_of=at.unknown)
    assert again.body == at.unknown.body
    assert not waits(at, at.sent.public_id)
    at.client.post(answer["undo"], **FRAGMENT)
    again.refresh_from_db()
    assert again.state == "cancelled"


@pytest.mark.parametrize(("said_yes", "stopped"), [("1", True), ("0", False)])
def test_the_unclear_stop_is_settled(
    said_yes: str, stopped: bool, at: SimpleNamespace
) -> None:
    talk = at.stop.lead.conversation
    there = reverse("inbox_stop", args=[talk.public_id])
    at.client.post(there, {"opted_out": said_yes}, **FRAGMENT)
    point = at.stop.lead.contacts.get().contact_point
    assert (is_suppressed(point, "sms") is not None) == stopped
    assert not waits(at, at.stop.public_id)


def test_who_wrote_is_chosen(at: SimpleNamespace) -> None:
    there = reverse("inbox_choose_lead", args=[at.unclear.public_id])
    at.client.post(there, {"lead": str(at.ada.public_id)}, **FRAGMENT)
    assert at.ada.conversation.messages.get().body == "it is me again"
    assert not waits(at, at.who.public_id)


def test_a_hand_off_is_done_and_opened_again(at: SimpleNamespace) -> None:
    answer = post(at, "review_done", at.hand_off.public_id).json()
    assert not waits(at, at.hand_off.public_id)
    at.client.post(answer["undo"], **FRAGMENT)
    assert waits(at, at.hand_off.public_id)
    kinds = Event.objects.filter(kind__startswith="task.").values_list("kind")
    assert ("task.reopened",) in kinds


def test_questions_are_not_closed_by_done(at: SimpleNamespace) -> None:
    for task in (at.sent, at.stop, at.who):
        assert post(at, "review_done", task.public_id).status_code == 404
        task.refresh_from_db()
        assert task.done_at is None


def test_taking_over_takes_the_draft_away(at: SimpleNamespace) -> None:
    there = reverse("inbox_take_over", args=[at.talk.public_id])
    at.client.post(there, **FRAGMENT)
    assert stored(at).reason == "Ana took over"
    assert not waits(at, at.draft.public_id)


def test_the_mark_of_a_draft_changes_with_a_letter(at: SimpleNamespace) -> None:
    before = decisions.digest(at.draft)
    at.draft.body += "."
    assert decisions.digest(at.draft) != before
