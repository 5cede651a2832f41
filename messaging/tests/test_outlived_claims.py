"""A claim that outlives its lease, its process or the carrier's patience."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from leads import clock
from leads.models import Event, Task
from leads.work import rescue_orphans
from messaging.models import Conversation, Message, Turn
from messaging.sending import deliver
from messaging.tests.talk import FakeCarrier, later, mode, sent, talk, text_in
from messaging.transports import Outcome, OutgoingMessage, Receipt, TransportError

pytestmark = pytest.mark.django_db


class LateCarrier(FakeCarrier):
    """Answers when the lease has run out and the message was given up."""

    def send(self, message: OutgoingMessage) -> Receipt:
        receipt = super().send(message)
        gone = timezone.now() - timedelta(seconds=1)
        Message.objects.filter(public_id=message.public_id).update(lease_until=gone)
        rescue_orphans()
        assert Message.objects.get(public_id=message.public_id).state == "unknown"
        return receipt


def test_an_answer_after_the_lease_ran_out_settles_the_message(
    carrier: type[FakeCarrier], settings: object
) -> None:
    settings.TRANSPORTS = {"sms": [f"{__name__}.LateCarrier"]}
    mode("auto")
    text_in("hello")
    later(seconds=25)
    message = Message.objects.get(direction="outbound")
    assert (message.state, len(sent())) == ("sent", 1)
    assert message.external_id
    assert message.sent_at is not None
    for minutes in (1, 16, 30):
        later(minutes=minutes)
    assert not Task.objects.filter(kind="sent_check").exists()


def test_a_turn_that_keeps_killing_its_process_is_given_to_a_person(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("hello")
    gone = timezone.now() - timedelta(seconds=1)
    Turn.objects.update(
        state="working", attempts=3, lease_until=gone, claim_token=uuid.uuid4()
    )
    rescue_orphans()
    assert Turn.objects.get().state == "dead"
    assert talk().turn == Conversation.Turn.NEEDS_YOU
    assert Task.objects.filter(done_at=None, kind="reply").count() == 1


def test_a_turn_whose_process_died_once_is_simply_answered_again(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("hello")
    gone = timezone.now() - timedelta(seconds=1)
    Turn.objects.update(
        state="working", attempts=1, lease_until=gone, claim_token=uuid.uuid4()
    )
    rescue_orphans()
    later(seconds=25)
    assert len(sent()) == 1
    assert not Task.objects.exists()


def test_a_call_that_was_not_made_is_no_attempt(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")
    soon = timedelta(seconds=10)
    carrier.error = TransportError(
        Outcome.LATER,
        "it is not answering, so it was not called",
        retry_at=clock.now() + soon,
        code="breaker_open",
    )
    later(seconds=25)
    message = Message.objects.get(direction="outbound")
    for _ in range(20):  # five minutes of an outage
        Message.objects.update(due_at=clock.now())
        deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("queued", 0)
    assert message.details["taken"] == []
    assert Event.objects.filter(kind="message.queued").count() == 1
    carrier.error = None
    later(minutes=1)
    assert len(sent()) == 1


def test_a_carrier_that_refuses_five_times_is_asked_no_more(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("hello")
    carrier.error = TransportError(Outcome.REFUSED, "connection refused")
    for minutes in range(1, 30):
        later(minutes=minutes)
    message = Message.objects.get(direction="outbound")
    assert (message.state, message.attempts) == ("failed", 5)
    assert Task.objects.filter(kind="failed").count() == 1


def test_one_orphan_that_cannot_be_rescued_keeps_no_other_from_it(
    carrier: type[FakeCarrier],
) -> None:
    from unittest.mock import patch

    from messaging import replies

    mode("auto")
    for number in range(3):
        text_in("hello", sender=f"+1415555{number:04d}")
    gone = timezone.now() - timedelta(seconds=1)
    for turn in Turn.objects.all():
        Turn.objects.filter(pk=turn.pk).update(
            state="working", attempts=1, lease_until=gone, claim_token=uuid.uuid4()
        )
    bad = Turn.objects.order_by("pk")[0].conversation_id
    lock = replies.lock_again

    def fail_once(conversation: Conversation) -> Conversation:
        if conversation.pk == bad:
            raise RuntimeError("deadlock detected")
        return lock(conversation)

    with patch("messaging.replies.lock_again", fail_once):
        rescue_orphans()
    assert Turn.objects.filter(state="waiting").count() == 2
    rescue_orphans()
    assert Turn.objects.filter(state="waiting").count() == 3
