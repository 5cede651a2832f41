"""Once a person has a conversation, nothing automatic leaves."""

import pytest

from leads import policy
from messaging import drafts, holding, writing
from messaging.models import Conversation, Message
from messaging.sending import cancel_message
from messaging.tests.talk import (
    FakeCarrier,
    later,
    mode,
    person,
    sent,
    talk,
    text_in,
)

pytestmark = pytest.mark.django_db


def test_after_take_over_the_ai_is_silent_until_handed_back(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    ana = person()
    text_in("hello")
    holding.take_over(conversation=talk(), user=ana)
    later(seconds=25)
    assert sent() == []
    assert talk().turn == Conversation.Turn.NEEDS_YOU
    holding.hand_back(conversation=talk(), user=ana)
    text_in("we need 40 seats")
    later(seconds=60)
    assert len(sent()) == 1


def test_after_a_hand_off_the_ai_rests_until_a_person_decides(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("I want to speak to a real person please")
    later(seconds=25)
    assert len(sent()) == 1  # one last word
    assert talk().turn == Conversation.Turn.NEEDS_YOU
    text_in("hello?? we need 40 seats")
    later(seconds=60)
    assert len(sent()) == 1
    ana = person()
    holding.take_over(conversation=talk(), user=ana)
    holding.hand_back(conversation=talk(), user=ana)
    text_in("we need 40 seats, budget 20k")
    later(seconds=120)
    assert len(sent()) == 2


def test_what_was_queued_is_struck_out_with_the_reason(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", sending=False)
    text_in("hello")
    later(seconds=25)
    holding.take_over(conversation=talk(), user=person())
    policy.change(actor="system", sending=True)
    later(seconds=120)
    assert sent() == []
    message = Message.objects.get(direction="outbound")
    assert (message.state, message.reason) == ("cancelled", "Ana took over")


def test_the_gate_looks_at_the_holder_when_it_claims(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", sending=False)
    text_in("hello")
    later(seconds=25)
    Conversation.objects.update(holder=person())
    policy.change(actor="system", sending=True)
    later(seconds=120)
    assert sent() == []
    checks = Message.objects.get(direction="outbound").checks
    holder = next(c for c in checks if c["name"] == "who has it")
    assert holder == {"name": "who has it", "ok": False, "words": "Ana took over"}


def test_a_persons_message_takes_over_and_waits_to_be_undone(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    ana = person()
    text_in("hello")
    message = writing.send_as_person(
        conversation=talk(), user=ana, kind="sms", body="Hi, Ana here."
    )
    assert later(seconds=1).get("messages") is None
    assert talk().holder == ana
    later(seconds=6)
    assert sent() == ["Hi, Ana here."]
    message.refresh_from_db()
    assert message.state == "sent"


def test_undo_takes_a_message_back(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    ana = person()
    text_in("hello")
    message = writing.send_as_person(
        conversation=talk(), user=ana, kind="sms", body="Oops"
    )
    assert cancel_message(message=message, user=ana)
    later(seconds=30)
    assert sent() == []
    assert not cancel_message(message=message, user=ana)


def test_notes_never_leave(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    ana = person()
    holding.take_over(conversation=talk(), user=ana)
    note = writing.add_note(conversation=talk(), user=ana, body="Knows our CEO")
    later(minutes=5)
    assert sent() == []
    assert (note.direction, note.contact_point, note.channel) == ("note", None, None)


def test_a_logged_call_counts_as_a_persons_answer(carrier: type[FakeCarrier]) -> None:
    mode("draft")
    text_in("can you call me?")
    later(seconds=25)
    ana = person()
    writing.log_call(
        conversation=talk(), user=ana, outcome="reached", minutes=4, note="Good talk"
    )
    assert talk().holder == ana
    draft = Message.objects.get(direction="outbound")
    assert draft.state == "cancelled"


def test_an_approved_draft_is_sent_in_the_persons_name(
    carrier: type[FakeCarrier],
) -> None:
    mode("draft")
    ana = person()
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    drafts.approve_draft(draft=draft, user=ana, body="Happy to help, Ana")
    later(seconds=30)
    assert sent() == ["Happy to help, Ana"]
    draft.refresh_from_db()
    assert draft.approved_by == ana
    assert draft.proposed_body
    assert draft.details["decision"] == "edited"


def test_a_draft_is_stale_when_the_lead_writes_again(
    carrier: type[FakeCarrier],
) -> None:
    mode("draft")
    ana = person()
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    text_in("sorry, 50 seats")
    with pytest.raises(drafts.StaleDraft, match="wrote again"):
        drafts.approve_draft(draft=draft, user=ana)
    later(seconds=60)
    assert sent() == []
    assert Message.objects.filter(state="draft").count() == 1


def test_a_draft_is_stale_when_a_colleague_answered(
    carrier: type[FakeCarrier],
) -> None:
    mode("draft")
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    writing.send_as_person(
        conversation=talk(), user=person("ben"), kind="sms", body="On it"
    )
    with pytest.raises(drafts.StaleDraft):
        drafts.approve_draft(draft=draft, user=person())


def test_a_draft_cannot_be_approved_twice(carrier: type[FakeCarrier]) -> None:
    mode("draft")
    ana = person()
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    drafts.approve_draft(draft=draft, user=ana)
    with pytest.raises(drafts.StaleDraft):
        drafts.approve_draft(draft=draft, user=ana)
    later(seconds=30)
    assert len(sent()) == 1


def test_a_discarded_draft_can_come_back(carrier: type[FakeCarrier]) -> None:
    mode("draft")
    ana = person()
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    drafts.discard_draft(draft=draft, user=ana, why="tone")
    drafts.restore_draft(draft=draft, user=ana)
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_asking_again_makes_another_draft(carrier: type[FakeCarrier]) -> None:
    mode("draft")
    ana = person()
    text_in("we need 40 seats")
    later(seconds=25)
    draft = Message.objects.get(state="draft")
    drafts.ask_again(draft=draft, user=ana, instruction="shorter")
    later(seconds=30)
    draft.refresh_from_db()
    assert draft.state == "cancelled"
    assert Message.objects.filter(state="draft").count() == 1
