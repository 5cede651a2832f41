"""Delivery states only move forward, and unknown is never sent again."""

from datetime import timedelta
from itertools import permutations

import pytest

from leads import clock
from leads.models import ContactPoint, Suppression, Task
from messaging.models import Message
from messaging.receipts import record_delivery
from messaging.reconciling import confirm_sent, resend
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
from messaging.transports import DeliveryUpdate, Found, Outcome, TransportError

pytestmark = pytest.mark.django_db


def answered() -> Message:
    mode("auto")
    text_in("hello")
    later(seconds=25)
    return Message.objects.get(direction="outbound")


def report(message: Message, state: str, **more: object) -> bool:
    return record_delivery(
        fact=DeliveryUpdate(
            provider="fake",
            external_id=message.external_id or "SM9",
            message_public_id=message.public_id,
            state=state,
            occurred_at=clock.now(),
            **more,
        )
    )


def test_every_order_of_reports_ends_alike(carrier: type[FakeCarrier]) -> None:
    message = answered()
    for order in permutations(["queued", "claimed", "sent", "failed", "delivered"]):
        Message.objects.filter(pk=message.pk).update(state="sent")
        for state in order:
            report(message, state)
        message.refresh_from_db()
        assert message.state == "delivered"


def test_a_report_that_overtakes_the_call_is_kept(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hello")

    class Early(FakeCarrier):
        def send(self, message: object) -> object:
            receipt = super().send(message)
            row = Message.objects.get(public_id=message.public_id)
            report(row, "delivered")
            return receipt

    from unittest.mock import patch

    with patch("messaging.sending.choose_transport", return_value=Early()):
        later(seconds=25)
    message = Message.objects.get(direction="outbound")
    assert message.state == "delivered"
    assert message.external_id


def test_a_report_on_an_unknown_message_asks_to_come_again(
    carrier: type[FakeCarrier],
) -> None:
    fact = DeliveryUpdate("fake", "SM-none", None, "sent", clock.now())
    with pytest.raises(LookupError):
        record_delivery(fact=fact)


def test_a_carriers_opt_out_suppresses(carrier: type[FakeCarrier]) -> None:
    message = answered()
    report(message, "failed", error_code="21610", words="opted out", opted_out=True)
    assert Suppression.objects.get().reason == "carrier"


def test_a_failed_text_to_a_landline_asks_a_person(carrier: type[FakeCarrier]) -> None:
    message = answered()
    report(message, "failed", error_code="30006", words="a landline", not_textable=True)
    assert not ContactPoint.objects.get(value=DANA).textable
    assert Task.objects.filter(kind="failed").count() == 1
    assert talk().turn_reason == "Not delivered: a landline"


def test_a_timeout_is_unknown_and_never_sent_again(carrier: type[FakeCarrier]) -> None:
    carrier.error = TransportError(Outcome.UNKNOWN, "no answer in 10 s")
    message = answered()
    carrier.error = None
    assert message.state == "unknown"
    for minutes in range(1, 30, 2):
        later(minutes=minutes)
    message.refresh_from_db()
    assert (message.state, sent()) == ("unknown", [])
    assert Task.objects.filter(kind="sent_check", done_at=None).count() == 1


def test_one_listed_match_settles_it(carrier: type[FakeCarrier]) -> None:
    carrier.error = TransportError(Outcome.UNKNOWN, "no answer in 10 s")
    message = answered()
    carrier.listed = [Found("SM77", "delivered", DANA, message.body, clock.now())]
    later(minutes=2)
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("delivered", "SM77")


def test_several_matches_need_a_person(carrier: type[FakeCarrier]) -> None:
    carrier.error = TransportError(Outcome.UNKNOWN, "no answer in 10 s")
    message = answered()
    carrier.listed = [
        Found(f"SM{n}", "sent", DANA, message.body, clock.now()) for n in range(2)
    ]
    later(minutes=2)
    message.refresh_from_db()
    assert message.state == "unknown"
    assert "2 messages" in Task.objects.get(kind="sent_check").reason
    assert confirm_sent(message=message, user=person())
    assert not Task.objects.filter(kind="sent_check", done_at=None).exists()


def test_a_resend_is_a_new_row_that_points_to_the_old(
    carrier: type[FakeCarrier],
) -> None:
    carrier.error = TransportError(Outcome.UNKNOWN, "no answer in 10 s")
    message = answered()
    carrier.error = None
    ana = person()
    again = resend(message=message, user=ana)
    assert again is not None
    assert again.resend_of == message
    assert resend(message=message, user=ana) is None
    later(minutes=1)
    assert sent() == [message.body]


def test_a_definite_refusal_is_tried_again(carrier: type[FakeCarrier]) -> None:
    carrier.error = TransportError(Outcome.REFUSED, "connection refused")
    message = answered()
    assert message.state == "queued"
    carrier.error = None
    later(minutes=5)
    assert len(sent()) == 1


def test_later_is_obeyed(carrier: type[FakeCarrier]) -> None:
    at = clock.now() + timedelta(hours=1)
    carrier.error = TransportError(Outcome.LATER, "slow down", retry_at=at)
    message = answered()
    assert message.due_at == at
    carrier.error = None
    later(minutes=30)
    assert sent() == []
    later(minutes=61)
    assert len(sent()) == 1


def test_a_permanent_refusal_fails_with_the_carriers_words(
    carrier: type[FakeCarrier],
) -> None:
    carrier.error = TransportError(Outcome.PERMANENT, "not a number", code="21211")
    message = answered()
    assert (message.state, message.reason) == ("failed", "not a number")
    assert message.error_code == "21211"


def test_an_adapter_that_breaks_leaves_unknown(carrier: type[FakeCarrier]) -> None:
    carrier.error = ZeroDivisionError("bug")
    assert answered().state == "unknown"


def test_a_process_that_dies_while_sending_leaves_unknown(
    carrier: type[FakeCarrier],
) -> None:
    from django.utils import timezone

    from leads.work import rescue_orphans

    message = answered()
    Message.objects.filter(pk=message.pk).update(
        state="claimed",
        external_id="",
        lease_until=timezone.now() - timedelta(seconds=1),
        claim_token="00000000-0000-4000-8000-000000000001",
    )
    rescue_orphans()
    message.refresh_from_db()
    assert message.state == "unknown"
