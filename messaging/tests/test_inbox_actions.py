"""What a person does in the inbox: parse, one call, a plain answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from leads import clock, consent, policy
from leads.models import Fact, ScoreLine, Task
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging import writing
from messaging.models import Conversation, Message, Turn
from messaging.tests.inbox_world import (
    FRAGMENT,
    draft,
    office,
    said,
    signed_in,
)
from messaging.tests.talk import FakeCarrier, later, mode, sent, text_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    return office()


@pytest.fixture
def ana(world: Any) -> Client:
    return signed_in(world.ana)


def act(client: Client, name: str, *args: Any, **values: Any) -> HttpResponse:
    return client.post(reverse(name, args=args), values, **FRAGMENT)


def test_a_text_is_queued_by_the_person_and_can_be_undone(
    world: Any, ana: Client
) -> None:
    answer = act(ana, "inbox_send", world.talk.public_id, kind="sms", body="a\r\nb")
    assert answer.status_code == 200
    message = Message.objects.get(author="person")
    assert (message.body, message.state) == ("a\nb", "queued")
    assert message.user == world.ana
    world.talk.refresh_from_db()
    assert world.talk.holder == world.ana
    undone = ana.post(answer.json()["undo"], **FRAGMENT)
    assert undone.json()["body"] == "a\nb"
    message.refresh_from_db()
    assert message.state == "cancelled"
    again = ana.post(answer.json()["undo"], **FRAGMENT)
    assert again.status_code == 409
    assert again.json()["error"] == "Too late: it has already left"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"kind": "sms", "body": "  "}, 422),
        ({"kind": "fax", "body": "x"}, 422),
        ({"kind": "note", "body": ""}, 422),
        ({"kind": "sms", "body": "x" * 20_001}, 422),
        ({"kind": "email", "body": "x"}, 409),
        ({"kind": "sms", "body": "x", "address": "+14155550999"}, 409),
    ],
)
def test_what_cannot_be_sent_is_refused_with_words_and_changes_nothing(
    world: Any, ana: Client, values: dict[str, str], status: int
) -> None:
    answer = act(ana, "inbox_send", world.talk.public_id, **values)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert Message.objects.count() == 1
    world.talk.refresh_from_db()
    assert world.talk.holder is None


def test_the_server_refuses_an_opted_out_address_too(world: Any, ana: Client) -> None:
    consent.suppress(
        contact_point=world.point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    for values in ({}, {"address": world.point.value}):
        answer = act(
            ana, "inbox_send", world.talk.public_id, kind="sms", body="x", **values
        )
        assert answer.status_code == 409
        assert "opted out" in answer.json()["error"]
    assert not Message.objects.filter(author="person").exists()


def test_a_note_stays_inside(world: Any, ana: Client) -> None:
    act(ana, "inbox_send", world.talk.public_id, kind="note", body="be kind")
    note = Message.objects.get(kind="note")
    assert (note.direction, note.contact_point, note.state) == ("note", None, "written")


def test_take_over_and_hand_back(world: Any, ana: Client) -> None:
    act(ana, "inbox_take_over", world.talk.public_id)
    world.talk.refresh_from_db()
    assert world.talk.holder == world.ana
    act(ana, "inbox_hand_back", world.talk.public_id)
    world.talk.refresh_from_db()
    assert world.talk.holder is None


def test_the_mode_is_set_and_a_wrong_one_refused(world: Any, ana: Client) -> None:
    act(ana, "inbox_mode", world.talk.public_id, mode="off")
    world.talk.refresh_from_db()
    assert world.talk.mode == "off"
    answer = act(ana, "inbox_mode", world.talk.public_id, mode="turbo")
    assert answer.status_code == 409
    world.talk.refresh_from_db()
    assert world.talk.mode == "off"


def test_looking_takes_the_dot_away(world: Any, ana: Client) -> None:
    there = reverse("inbox_thread", args=[world.talk.public_id])
    ana.get(there)
    world.talk.refresh_from_db()
    assert world.talk.unread
    act(ana, "inbox_read", world.talk.public_id)
    world.talk.refresh_from_db()
    assert not world.talk.unread


def test_done_can_be_undone(world: Any, ana: Client) -> None:
    answer = act(ana, "inbox_done", world.talk.public_id)
    world.talk.refresh_from_db()
    assert world.talk.turn == "done"
    ana.post(answer.json()["undo"], **FRAGMENT)
    world.talk.refresh_from_db()
    assert world.talk.done_at is None


def test_the_burst_can_be_ended(world: Any, ana: Client) -> None:
    answer = act(ana, "inbox_answer_now", world.talk.public_id)
    assert answer.json()["toast"] == "Nothing waits for an answer"
    turn = Turn.objects.create(
        conversation=world.talk,
        last_inbound=world.first,
        state="waiting",
        due_at=clock.now() + timedelta(hours=1),
    )
    act(ana, "inbox_answer_now", world.talk.public_id)
    turn.refresh_from_db()
    assert turn.due_at <= clock.now()


def test_a_call_is_logged(world: Any, ana: Client) -> None:
    where = world.talk.public_id
    assert act(ana, "inbox_call", where, outcome="won").status_code == 422
    assert act(ana, "inbox_call", where, outcome="reached", minutes="-1").status_code
    answer = act(ana, "inbox_call", where, outcome="reached", minutes="", note="kind")
    assert answer.status_code == 200
    call = Message.objects.get(kind="call")
    assert call.details == {"outcome": "reached", "minutes": 0}


def test_who_wrote_is_chosen_among_the_leads_one_sees(world: Any, ana: Client) -> None:
    point = ContactPointFactory(value="+14155550199")
    ada = LeadFactory(team=world.team, name="Ada")
    tom = LeadFactory(team=world.other, name="Tom")
    for lead in (ada, tom):
        LeadContactFactory(lead=lead, contact_point=point)
    unclear = Conversation.objects.create(contact_point=point)
    where = unclear.public_id
    for wrong in (str(tom.public_id), "", "x", str(world.lead.public_id)):
        answer = act(ana, "inbox_choose_lead", where, lead=wrong)
        assert answer.status_code in (404, 409)
        assert Conversation.objects.filter(pk=unclear.pk).exists()
    answer = act(ana, "inbox_choose_lead", where, lead=str(ada.public_id))
    assert answer.json()["open"] == reverse(
        "inbox_thread", args=[ada.conversation.public_id]
    )


# --- drafts, with the AI at work --------------------------------------------


def drafted(carrier: Any, world: Any) -> Message:
    """A lead wrote on a channel in draft mode, and the AI proposed."""
    channel = mode("draft")
    channel.team = world.team
    channel.save()
    text_in("Hi, we need about 40 seats, what do you offer?", sender="+14155550144")
    later(seconds=30)
    return Message.objects.get(state="draft")


def test_a_draft_is_approved_as_written_and_leaves(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    proposal = drafted(carrier, world)
    where = proposal.conversation.public_id
    assert act(ana, "inbox_draft_approve", where, proposal.public_id).status_code == 200
    later(seconds=60)
    assert sent() == [proposal.body]
    proposal.refresh_from_db()
    assert proposal.approved_by == world.ana


def test_an_edited_draft_leaves_in_the_persons_words(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    proposal = drafted(carrier, world)
    where = proposal.conversation.public_id
    empty = act(ana, "inbox_draft_approve", where, proposal.public_id, body=" ")
    assert empty.status_code == 409
    act(ana, "inbox_draft_approve", where, proposal.public_id, body="Call you at 3.")
    later(seconds=60)
    assert sent() == ["Call you at 3."]
    proposal.refresh_from_db()
    assert proposal.proposed_body


def test_a_draft_that_went_stale_is_refused_in_words(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    proposal = drafted(carrier, world)
    where = proposal.conversation.public_id
    text_in("wait", sender="+14155550144")
    for name in ("approve", "again", "discard"):
        answer = act(ana, f"inbox_draft_{name}", where, proposal.public_id)
        assert answer.status_code == 409
        assert "wrote again" in answer.json()["error"]
    assert sent() == []


def test_a_discarded_draft_comes_back_by_undo(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    proposal = drafted(carrier, world)
    where = proposal.conversation.public_id
    answer = act(ana, "inbox_draft_discard", where, proposal.public_id, why="tone")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.details["why"]) == ("cancelled", "tone")
    ana.post(answer.json()["undo"], **FRAGMENT)
    proposal.refresh_from_db()
    assert proposal.state == "draft"


def test_another_draft_can_be_asked_for_with_a_wish(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    proposal = drafted(carrier, world)
    where = proposal.conversation.public_id
    act(ana, "inbox_draft_again", where, proposal.public_id, instruction="shorter")
    assert Turn.objects.get(last_inbound=proposal.answers).instruction == "shorter"


def test_a_manager_is_asked_once(world: Any, ana: Client) -> None:
    proposal = draft(world.talk, "10% off", reason="in no offer")
    for _ in range(2):
        act(ana, "inbox_draft_ask", world.talk.public_id, proposal.public_id)
    task = Task.objects.get(kind="draft")
    assert (task.subject, task.reason) == (proposal.public_id, "Ana asks: in no offer")


def test_an_unclear_stop_is_settled_by_a_person(
    world: Any, ana: Client, carrier: type[FakeCarrier]
) -> None:
    Conversation.objects.update(paused_reason="May want to stop")
    act(ana, "inbox_stop", world.talk.public_id, opted_out="0")
    world.talk.refresh_from_db()
    assert world.talk.paused_reason == ""
    assert consent.is_suppressed(world.point, "sms") is None
    act(ana, "inbox_stop", world.talk.public_id, opted_out="1")
    assert consent.is_suppressed(world.point, "sms") is not None


# --- delivery ---------------------------------------------------------------


def test_was_it_sent_is_answered_once(world: Any, ana: Client) -> None:
    message = said(world.talk, "x", author="person", state="unknown", user=world.ana)
    where = world.talk.public_id
    assert (
        act(ana, "inbox_message_confirm", where, message.public_id).status_code == 200
    )
    answer = act(ana, "inbox_message_confirm", where, message.public_id)
    assert answer.status_code == 409


def test_a_failed_message_is_sent_again_as_a_new_one(world: Any, ana: Client) -> None:
    message = said(world.talk, "x", author="person", state="failed", user=world.ana)
    where = world.talk.public_id
    answer = act(ana, "inbox_message_resend", where, message.public_id)
    assert answer.json()["undo"]
    assert Message.objects.get(resend_of=message).body == "x"
    again = act(ana, "inbox_message_resend", where, message.public_id)
    assert again.status_code == 409
    assert Message.objects.filter(resend_of=message).count() == 1


# --- facts and score --------------------------------------------------------


def test_a_corrected_fact_is_locked(world: Any, ana: Client) -> None:
    where = world.talk.public_id
    assert act(ana, "inbox_fact_set", where, "budget", value=" ").status_code == 422
    act(ana, "inbox_fact_set", where, "budget", value="25k")
    fact = Fact.objects.get(lead=world.lead, replaced_at=None)
    assert (fact.value, fact.locked, fact.actor) == (
        "25k",
        True,
        f"user:{world.ana.pk}",
    )
    there = reverse("inbox_panel", args=[where])
    panel = ana.get(there, **FRAGMENT).content.decode()
    assert "yours, the AI keeps it" in panel


def test_not_true_moves_the_score_at_once_with_the_difference_and_undo(
    world: Any, ana: Client
) -> None:
    from leads import qualification, scoring

    class Reading:
        field, value, quote = "budget", "20k", "budget is 20k"

    qualification.learn(
        lead=world.lead,
        readings=[Reading()],
        message=world.first.public_id,
        at=clock.now(),
        actor="builtin",
    )
    view = scoring.update_score(
        lead=world.lead, cause="wrote", actor="builtin", at=clock.now()
    )
    fact, where = Fact.objects.get(), world.talk.public_id
    answer = act(ana, "inbox_fact_strike", where, fact.public_id).json()
    points = next(line.points for line in view.lines if line.fact_id == fact.pk)
    after = view.value - points
    assert f"Score {view.value} → {after} (−{points})" in answer["toast"]
    back = ana.post(answer["undo"], **FRAGMENT).json()
    assert f"Score {after} → {view.value} (+{points})" in back["toast"]
    line = ScoreLine.objects.get(fact=fact, removed_at=None)
    struck = act(ana, "inbox_line_strike", where, line.public_id).json()
    assert f"Score {view.value} → {after}" in struck["toast"]
    ana.post(struck["undo"], **FRAGMENT)
    world.lead.refresh_from_db()
    assert world.lead.score == view.value


# --- without a script -------------------------------------------------------


def test_a_plain_form_is_answered_with_a_redirect_and_words(
    world: Any, ana: Client
) -> None:
    where = world.talk.public_id
    there = reverse("inbox_send", args=[where])
    answer = ana.post(there, {"kind": "sms", "body": ""}, follow=True)
    assert answer.redirect_chain == [(reverse("inbox_thread", args=[where]), 302)]
    assert "required" in str(next(iter(answer.context["messages"]))).lower()


def test_two_people_answering_at_once_is_seen_by_both(world: Any, ana: Client) -> None:
    writing.send_as_person(
        conversation=world.talk, user=world.ben, kind="sms", body="mine"
    )
    page = ana.get(reverse("inbox_update", args=[world.talk.public_id]), **FRAGMENT)
    text = page.content.decode()
    assert "Ben has it" in text
    assert "mine" in text


def test_the_policys_undo_time_reaches_the_page(world: Any, ana: Client) -> None:
    policy.change(actor="system", undo_seconds=9)
    page = ana.get(reverse("inbox"))
    assert page.context["script_data"]["undo"] == 9
