"""Unknown becomes known by report, then by list, then by a person; never by sending."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from leads import clock
from leads.models import ContactPoint, Event, Suppression, Task, UsageRecord
from leads.work import rescue_orphans, run_due
from messaging import reconciling
from messaging.models import Conversation, Message, Turn
from messaging.receipts import record_delivery
from messaging.reconciling import confirm_sent
from messaging.replies import answer
from messaging.sending import deliver
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
from messaging.transports import (
    DeliveryUpdate,
    Found,
    Outcome,
    Receipt,
    TransportError,
)

pytestmark = pytest.mark.django_db
NO_ANSWER = TransportError(Outcome.UNKNOWN, "no answer in 10 s")


@pytest.fixture
def message(carrier: type[FakeCarrier]) -> Message:
    """An automatic answer whose call was not answered; never looked up yet."""
    mode("auto")
    text_in("hello")
    carrier.error = NO_ANSWER
    with patch.object(FakeCarrier, "find", side_effect=NO_ANSWER):
        later(seconds=25)
    carrier.error = None
    row = Message.objects.get(direction="outbound")
    assert row.state == "unknown"
    return row


def listed(message: Message, external_id: str = "SM77", **more: Any) -> Found:
    assert message.claimed_at is not None
    given = {"state": "sent", "to_address": DANA, "body": message.body, **more}
    given.setdefault("created_at", message.claimed_at)
    return Found(external_id=external_id, **given)


def report(message: Message, state: str = "delivered", **more: Any) -> bool:
    return record_delivery(
        fact=DeliveryUpdate(
            provider="fake",
            external_id=more.pop("external_id", "SM77"),
            message_public_id=message.public_id,
            state=state,
            occurred_at=clock.now(),
            **more,
        )
    )


def asked() -> Any:
    return Task.objects.filter(kind="sent_check", done_at=None)


# --- by report ---------------------------------------------------------------


def test_a_report_settles_it_before_the_list_is_read(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    assert report(message)
    with patch.object(FakeCarrier, "find") as find:
        later(minutes=20)
    find.assert_not_called()
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("delivered", "SM77")
    assert sent() == []


def test_a_report_that_comes_after_the_question_takes_it_back(
    message: Message,
) -> None:
    later(minutes=16)
    assert asked().count() == 1
    report(message)
    assert not asked().exists()
    assert talk().turn != Conversation.Turn.NEEDS_YOU


def test_what_is_settled_counts_as_a_message_that_left(message: Message) -> None:
    assert talk().automatic_in_a_row == 0
    report(message, "sent")
    message.refresh_from_db()
    assert talk().automatic_in_a_row == 1
    assert message.segments >= 1
    assert message.cost_micro
    (record,) = UsageRecord.objects.filter(service="fake")
    assert (record.micro, record.quantity) == (message.cost_micro, message.segments)
    assert Event.objects.filter(kind="message.reconciled").count() == 1


def test_a_report_of_failure_asks_for_another_way_and_costs_nothing(
    message: Message,
) -> None:
    report(message, "failed", error_code="30005", words="the number does not exist")
    message.refresh_from_db()
    assert (message.state, message.cost_micro) == ("failed", None)
    assert Task.objects.filter(kind="failed", done_at=None).count() == 1
    assert not UsageRecord.objects.filter(service="fake").exists()


def test_a_report_and_the_list_settle_it_once(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    class Raced(FakeCarrier):
        def find(self, asked: Any, *, since: datetime) -> list[Found]:
            report(message, "sent")
            return [listed(message)]

    with patch("messaging.reconciling.choose_transport", return_value=Raced()):
        later(minutes=1)
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("sent", "SM77")
    assert Event.objects.filter(kind="message.reconciled").count() == 1
    assert talk().automatic_in_a_row == 1


def test_a_report_that_overtakes_the_calls_answer_keeps_the_price(
    carrier: type[FakeCarrier],
) -> None:
    class Overtaken(FakeCarrier):
        def send(self, message: Any) -> Receipt:
            report(Message.objects.get(public_id=message.public_id), "sent")
            return Receipt("SM77", segments=2, price_micro=15_800)

    mode("auto")
    text_in("hello")
    with patch("messaging.sending.choose_transport", return_value=Overtaken()):
        later(seconds=25)
    row = Message.objects.get(direction="outbound")
    assert (row.state, row.segments, row.cost_micro) == ("sent", 2, 15_800)
    assert UsageRecord.objects.get(service="fake").micro == 15_800


# --- by list -----------------------------------------------------------------


def test_the_lists_segments_and_price_are_taken_over(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    carrier.listed = [listed(message, segments=3, price_micro=23_700)]
    later(minutes=1)
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("sent", "SM77")
    assert (message.segments, message.cost_micro) == (3, 23_700)
    (record,) = UsageRecord.objects.filter(service="fake")
    assert (record.micro, record.quantity) == (23_700, 3)


def test_a_failure_on_the_list_teaches_what_a_report_would(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    carrier.listed = [
        listed(message, state="failed", words="opted out", error_code="21610",
               opted_out=True, not_textable=True)
    ]  # fmt: skip
    later(minutes=1)
    message.refresh_from_db()
    assert (message.state, message.reason) == ("failed", "opted out")
    assert message.error_code == "21610"
    assert Suppression.objects.get().reason == "carrier"
    assert not ContactPoint.objects.get(value=DANA).textable


def test_a_failure_without_a_code_still_has_words(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    carrier.listed = [listed(message, state="failed")]
    later(minutes=1)
    message.refresh_from_db()
    assert message.reason == "the carrier lists it as failed"


def test_what_another_message_of_ours_is_cannot_be_this_one(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    carrier.listed = [listed(message, "SM-other"), listed(message)]
    Message.objects.create(
        conversation=message.conversation,
        direction="outbound",
        kind="sms",
        author="ai",
        state="sent",
        external_id="SM-other",
    )
    later(minutes=1)
    message.refresh_from_db()
    assert (message.state, message.external_id) == ("sent", "SM77")


def test_one_row_of_the_list_settles_one_of_two_alike(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    twin = Message.objects.get(pk=message.pk)
    twin.pk, twin.public_id, twin.effect_key = None, "0" * 31 + "1", None
    twin.save()
    carrier.listed = [listed(message)]
    later(minutes=1)
    states = Message.objects.filter(direction="outbound").values_list(
        "state", "external_id"
    )
    assert sorted(states) == [("sent", "SM77"), ("unknown", "")]
    later(minutes=16)
    assert asked().count() == 1


def test_a_row_that_is_taken_while_we_look_is_not_taken_twice(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    found = listed(message)
    other = Message.objects.create(
        conversation=message.conversation,
        direction="outbound",
        kind="sms",
        author="ai",
        state="sent",
        external_id="SM77",
    )
    assert not reconciling._settle(message, "fake", found)
    message.refresh_from_db()
    assert message.state == "unknown"
    assert other.external_id == found.external_id


def test_a_text_that_was_made_much_later_is_another_one(
    message: Message, carrier: type[FakeCarrier]
) -> None:
    assert message.claimed_at is not None
    after = message.claimed_at + timedelta(minutes=10)
    carrier.listed = [listed(message, created_at=after)]
    later(minutes=12)
    message.refresh_from_db()
    assert message.state == "unknown"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TransportError(Outcome.UNKNOWN, "answered 500"), "could not be asked: answ"),
        (TransportError(Outcome.LATER, "too many"), "could not be asked: too many"),
        (ZeroDivisionError("a bug"), "the adapter failed: ZeroDivisionError"),
    ],
)
def test_a_list_that_fails_is_read_again_and_then_a_person_is_asked(
    message: Message, carrier: type[FakeCarrier], error: Exception, words: str
) -> None:
    with patch.object(FakeCarrier, "find", side_effect=error):
        later(minutes=1)
        assert not asked().exists()
        later(minutes=16)
    assert words in asked().get().reason
    carrier.listed = [listed(message)]
    later(minutes=45)
    message.refresh_from_db()
    assert message.state == "sent", "a late answer still settles it"
    assert not asked().exists()


def test_it_is_looked_up_at_once_then_less_and_less(message: Message) -> None:
    looks: list[float] = []
    begun = message.claimed_at
    assert begun is not None

    def find(self: Any, asked: Any, *, since: datetime) -> list[Found]:
        looks.append((clock.now() - begun).total_seconds())
        return []

    with patch.object(FakeCarrier, "find", find):
        for seconds in [*range(30, 1_000, 5), *range(1_000, 200_000, 300)]:
            with clock.at(begun + timedelta(seconds=seconds)):
                reconciling.reconcile(message_id=message.pk)
    gaps = [b - a for a, b in pairwise(looks)]
    assert sum(1 for at in looks if at < 60) >= 2
    assert 12 <= sum(1 for at in looks if 60 <= at < 900) <= 16
    assert all(gap >= 890 for at, gap in zip(looks, gaps, strict=False) if at > 900)
    assert len(looks) < 130


# --- by a person -------------------------------------------------------------


def test_after_fifteen_minutes_a_person_is_asked_once(message: Message) -> None:
    later(minutes=14)
    assert not asked().exists()
    for minutes in (16, 17, 40):
        later(minutes=minutes)
    task = asked().get()
    assert "lists no messages like it" in task.reason
    assert task.lead == message.conversation.lead
    assert sent() == []


def test_a_conversation_without_a_lead_still_gets_its_question(
    message: Message,
) -> None:
    point = message.contact_point
    talk_without = Conversation.objects.create(contact_point=point)
    Message.objects.filter(pk=message.pk).update(conversation=talk_without)
    later(minutes=16)
    assert asked().get().team == message.channel.team


def test_a_question_is_not_asked_about_what_was_settled_meanwhile(
    message: Message,
) -> None:
    stale = Message.objects.get(pk=message.pk)
    report(message)
    reconciling._ask(stale, "nothing heard")
    assert not Task.objects.filter(kind="sent_check").exists()


def test_a_person_who_says_sent_has_it_counted(message: Message) -> None:
    later(minutes=16)
    assert confirm_sent(message=message, user=person())
    message.refresh_from_db()
    assert message.state == "sent"
    assert message.cost_micro
    assert talk().automatic_in_a_row == 1
    assert not asked().exists()
    assert not confirm_sent(message=message, user=person("ben"))


# --- a worker that was killed after the carrier accepted ---------------------


class Killed(BaseException):
    """What no handler of ours catches, like the end of the process."""


class Dying(FakeCarrier):
    """Accepts, and then the worker that asked is gone. Lists what it accepted."""

    rows: list[Found] = []

    def send(self, message: Any) -> Any:
        receipt = super().send(message)
        self.rows.append(
            Found(
                external_id=receipt.external_id,
                state="sent",
                to_address=message.to_address,
                body=message.body,
                created_at=clock.now(),
            )
        )
        raise Killed

    def find(self, message: Any, *, since: datetime) -> list[Found]:
        wanted = (message.to_address, message.body)
        return [
            row
            for row in self.rows
            if (row.to_address, row.body) == wanted and row.created_at >= since
        ]


def test_killed_after_the_accept_they_are_all_found_on_the_list(
    carrier: type[FakeCarrier], settings: Any
) -> None:
    mode("auto")
    Dying.rows = []
    settings.TRANSPORTS = {"sms": ["messaging.tests.test_reconciling.Dying"]}
    for number in range(20):
        text_in("hello", sender=f"+1415555{number:04}")
    rows = Message.objects.filter(direction="outbound")
    with clock.shifted(timedelta(seconds=25)):
        for pk in Turn.objects.values_list("pk", flat=True):
            answer(turn_id=pk)
        for pk in list(rows.values_list("pk", flat=True)):
            with pytest.raises(Killed):
                deliver(message_id=pk)
    assert set(rows.values_list("state", flat=True)) == {"claimed"}
    rows.update(lease_until=timezone.now() - timedelta(seconds=1))
    with clock.shifted(timedelta(seconds=50)):
        rescue_orphans()
        run_due()
    assert rows.filter(state="sent").count() == 20
    assert len(FakeCarrier.accepted) == 20, "nothing was sent again"
    assert not Task.objects.filter(kind="sent_check").exists()
