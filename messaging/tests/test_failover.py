"""A definite refusal of the road sends a mail by the next one; nothing else does."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from leads import claims, clock, consent, policy
from leads.capture import capture_lead
from leads.models import ContactPoint, Task
from leads.seeding import ensure_ground
from leads.work import rescue_orphans, run_due
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.models import Message
from messaging.queueing import queue_message
from messaging.reconciling import reconcile
from messaging.sending import deliver
from messaging.tests.talk import person
from messaging.transports import (
    Found,
    LogTransport,
    Outcome,
    OutgoingMessage,
    Receipt,
    TransportError,
    choose_transport,
    next_transport,
)

pytestmark = pytest.mark.django_db
DANA = "dana@example.net"


class Road:
    """A road that does what its script says, and remembers whom it was asked for."""

    name = ""
    simulated = False
    configured = True
    says: list[Any] = []
    asked: list[OutgoingMessage] = []

    def is_configured(self) -> bool:
        return self.configured

    def send(self, message: OutgoingMessage) -> Receipt:
        self.asked.append(message)
        said = self.says.pop(0) if self.says else None
        if callable(said):
            said = said(message)
        if isinstance(said, BaseException):
            raise said
        return Receipt(external_id=f"{self.name}-{len(self.asked)}")

    def find(self, message: OutgoingMessage, *, since: Any) -> list[Found]:
        raise TransportError(Outcome.REFUSED, f"{self.name} keeps no list")


class First(Road):
    name = "first"


class Second(Road):
    name = "second"


@pytest.fixture(autouse=True)
def roads(settings: Any) -> Iterator[None]:
    paths = [f"{__name__}.First", f"{__name__}.Second"]
    settings.TRANSPORTS = {
        "email": [*paths, "messaging.transports.LogTransport"],
        "sms": ["messaging.transports.LogTransport"],
    }
    for road in (First, Second):
        road.says, road.asked, road.configured = [], [], True
    yield


def a_mail(address: str = DANA, **more: Any) -> Message:
    ensure_ground()
    captured = capture_lead(
        actor="system", name="Dana", email=address, consent_basis="inbound"
    )
    with transaction.atomic():
        conversation = lock_conversation(conversation_of(captured.lead).pk)
        message = queue_message(
            conversation=conversation,
            kind="email",
            body="Hello Dana",
            subject="Desks",
            author="person",
            user=more.pop("user", None),
            **more,
        )
        refresh(conversation)
    return message


def refusal(outcome: Outcome = Outcome.PERMANENT, **more: Any) -> TransportError:
    given = {"code": "401", "elsewhere": True, **more}
    return TransportError(outcome, given.pop("words", "the key is not right"), **given)


def sent(message: Message, *, again: int = 0) -> Message:
    deliver(message_id=message.pk)
    for _ in range(again):
        Message.objects.filter(pk=message.pk).update(due_at=clock.now())
        deliver(message_id=message.pk)
    message.refresh_from_db()
    return message


def asked() -> tuple[int, int]:
    return len(First.asked), len(Second.asked)


# --- what turns, what does not -----------------------------------------------


def test_a_refusal_of_the_road_goes_by_the_next_with_the_same_mail() -> None:
    First.says = [refusal()]
    message = sent(a_mail())
    assert (message.state, message.provider) == ("sent", "second")
    assert asked() == (1, 1)
    assert First.asked == Second.asked, "the very same mail"
    assert (message.attempts, message.reason, message.last_error) == (1, "", "")
    (row,) = message.details["roads"]
    assert (row["road"], row["code"], row["then"]) == ("first", "401", "second")
    assert row["words"] == "the key is not right"
    assert Task.objects.count() == 0


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.LATER, Outcome.PERMANENT])
def test_every_definite_end_may_turn(outcome: Outcome) -> None:
    First.says = [refusal(outcome)]
    assert sent(a_mail()).provider == "second"


def test_an_unknown_end_never_turns_and_is_never_sent_again() -> None:
    First.says = [refusal(Outcome.UNKNOWN), refusal(Outcome.UNKNOWN)]
    message = sent(a_mail(), again=5)
    assert message.state == "unknown"
    for minutes in (1, 5, 20, 300):
        with clock.shifted(timedelta(minutes=minutes)):
            run_due()
    assert asked() == (1, 0)
    assert message.details["roads"][-1]["outcome"] == "unknown"
    assert Task.objects.filter(kind="sent_check").count() == 1
    reason = Task.objects.get(kind="sent_check").reason
    assert "keeps no list" in reason


def test_an_adapter_that_breaks_never_turns() -> None:
    First.says = [ZeroDivisionError("secret")]
    assert sent(a_mail()).state == "unknown"
    assert asked() == (1, 0)


def test_what_is_wrong_with_the_mail_is_wrong_on_every_road() -> None:
    First.says = [refusal(elsewhere=False, code="400", words="no subject")]
    message = sent(a_mail())
    assert (message.state, message.reason) == ("failed", "no subject")
    assert asked() == (1, 0)
    assert Task.objects.filter(kind="failed").count() == 1


def test_without_a_second_road_it_fails_with_the_firsts_words() -> None:
    Second.configured = False
    First.says = [refusal()]
    message = sent(a_mail())
    assert (message.state, message.reason) == ("failed", "the key is not right")
    assert not LogTransport().sent


def test_a_log_never_stands_in_for_a_carrier(settings: Any) -> None:
    assert next_transport("email", after="second") is None
    assert next_transport("email", after="nobody") is None
    found = next_transport("email", after="first")
    assert found is not None and found.name == "second"
    First.configured = Second.configured = False
    assert choose_transport("email", simulated=False).name == "log"


def test_with_only_the_second_set_up_it_is_the_first() -> None:
    First.configured = False
    assert sent(a_mail()).provider == "second"
    Second.says = [refusal()]
    assert sent(a_mail("b@example.net")).state == "failed"
    assert asked() == (0, 2)


def test_the_simulators_mail_takes_neither() -> None:
    message = a_mail()
    Message.objects.filter(pk=message.pk).update(simulated=True)
    assert sent(message).provider == "simulator"
    assert asked() == (0, 0)


# --- when the second road ends badly too -------------------------------------


def test_what_the_second_leaves_unknown_is_unknown() -> None:
    First.says = [refusal()]
    Second.says = [refusal(Outcome.UNKNOWN, words="no answer")]
    message = sent(a_mail(), again=3)
    assert (message.state, message.reason) == ("unknown", "no answer")
    assert asked() == (1, 1)
    assert [row["road"] for row in message.details["roads"]] == ["first", "second"]


def test_what_the_second_says_of_the_recipient_stands() -> None:
    First.says = [refusal(Outcome.REFUSED, code="dns")]
    Second.says = [refusal(elsewhere=False, code="5.1.1", words="no such mailbox")]
    message = sent(a_mail())
    assert (message.state, message.reason) == ("failed", "no such mailbox")


def test_both_refused_for_ever_says_both() -> None:
    First.says = [refusal()]
    Second.says = [refusal(words="a wrong app password", code="5.7.8")]
    message = sent(a_mail())
    assert message.state == "failed"
    assert message.reason == "the key is not right; then second: a wrong app password"
    assert asked() == (1, 1)


def test_one_that_may_be_tried_again_keeps_it_waiting() -> None:
    First.says = [refusal()]
    Second.says = [refusal(Outcome.REFUSED, words="not reached", code="connect")]
    message = sent(a_mail())
    assert (message.state, message.attempts) == ("queued", 1)
    with clock.shifted(timedelta(seconds=20)):
        run_due()
    message.refresh_from_db()
    assert message.provider == "first", "its key was put right meanwhile"
    assert asked() == (2, 1)


def test_a_road_that_asked_to_wait_is_left_in_peace() -> None:
    hour = clock.now() + timedelta(hours=1)
    First.says = [refusal(Outcome.LATER, retry_at=hour, code="rate")]
    Second.says = [refusal(Outcome.REFUSED, code="connect")] * 2
    message = a_mail()
    deliver(message_id=message.pk)
    for seconds in (20, 60, 120):
        with clock.shifted(timedelta(seconds=seconds)):
            run_due()
    message.refresh_from_db()
    assert (message.state, message.provider) == ("sent", "second")
    assert asked() == (1, 3)


def test_a_closed_second_road_leaves_the_first_ones_time() -> None:
    hour = clock.now() + timedelta(hours=1)
    First.says = [refusal(Outcome.LATER, retry_at=hour, code="rate")]
    Second.says = [refusal(words="a wrong app password")]
    message = sent(a_mail())
    assert (message.state, message.due_at) == ("queued", hour)


def test_two_that_were_not_called_are_no_attempt() -> None:
    for _ in range(12):
        soon = clock.now() + timedelta(seconds=10)
        closed = refusal(Outcome.LATER, retry_at=soon, code="breaker_open")
        First.says.append(closed)
        Second.says.append(closed)
    message = sent(a_mail(), again=11)
    assert (message.state, message.attempts) == ("queued", 0)
    assert sent(message, again=1).state == "sent"


def test_a_road_with_a_wrong_password_is_not_asked_again_for_the_same_mail() -> None:
    soon = clock.now() + timedelta(seconds=10)
    First.says = [refusal(Outcome.LATER, retry_at=soon, code="breaker_open")] * 9
    Second.says = [refusal(words="a wrong app password")] * 9
    message = sent(a_mail(), again=6)
    assert (message.state, message.attempts) == ("queued", 0)
    assert len(Second.asked) == 1


def test_used_up_tries_end_at_the_other_road() -> None:
    First.says = [refusal(Outcome.LATER, elsewhere=False, code="rate")] * 5
    message = sent(a_mail(), again=4)
    assert (message.state, message.provider) == ("sent", "second")
    assert asked() == (5, 1)


def test_both_refusing_five_times_is_the_end() -> None:
    First.says = [refusal(Outcome.REFUSED, code="dns")] * 9
    Second.says = [refusal(Outcome.REFUSED, code="dns")] * 9
    message = sent(a_mail(), again=8)
    assert (message.state, message.attempts) == ("failed", 5)
    assert asked() == (5, 5)
    assert len(message.details["roads"]) == 10


# --- between the two calls ---------------------------------------------------


def test_an_opt_out_between_the_calls_is_obeyed() -> None:
    message = a_mail()

    def opts_out(_: OutgoingMessage) -> TransportError:
        consent.suppress(
            contact_point=ContactPoint.objects.get(value=DANA),
            channel="email",
            reason="stop",
            words="unsubscribe",
            actor="system",
            at=clock.now(),
        )
        return refusal()

    First.says = [opts_out]
    assert sent(message).state == "cancelled"
    assert asked() == (1, 0)


def test_a_switch_thrown_between_the_calls_is_obeyed() -> None:
    message = a_mail()

    def switches_off(_: OutgoingMessage) -> TransportError:
        policy.change(actor="system", sending=False)
        return refusal()

    First.says = [switches_off]
    assert sent(message).state == "held"
    assert asked() == (1, 0)
    policy.change(actor="system", sending=True)
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    message.refresh_from_db()
    assert message.provider == "second"


def test_a_claim_that_was_lost_meanwhile_turns_nowhere() -> None:
    message = a_mail()

    def outlives_its_lease(_: OutgoingMessage) -> TransportError:
        gone = timezone.now() - timedelta(seconds=1)
        Message.objects.filter(pk=message.pk).update(lease_until=gone)
        rescue_orphans()
        return refusal()

    First.says = [outlives_its_lease]
    assert sent(message, again=2).state == "unknown"
    assert asked() == (1, 0)


class Killed(BaseException):
    """What no handler of ours catches, like the end of the process."""


def test_a_process_killed_while_the_second_is_asked_leaves_it_unknown() -> None:
    First.says = [refusal()]
    Second.says = [Killed()]
    message = a_mail()
    with pytest.raises(Killed):
        deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.details["roads"][-1]["then"]) == (
        "claimed",
        "second",
    )
    gone = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(pk=message.pk).update(lease_until=gone)
    rescue_orphans()
    for minutes in (1, 20):
        with clock.shifted(timedelta(minutes=minutes)):
            run_due()
    message.refresh_from_db()
    assert message.state == "unknown"
    assert "while sending by second" in message.reason
    assert asked() == (1, 1)


def test_a_process_killed_between_the_calls_loses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    First.says = [refusal()]
    message = a_mail()
    claim = claims.claim
    calls: list[int] = []

    def dies_at_the_second(*given: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return claim(*given, **more)

    monkeypatch.setattr(claims, "claim", dies_at_the_second)
    with pytest.raises(Killed):
        deliver(message_id=message.pk)
    message.refresh_from_db()
    assert message.state == "queued"
    assert "it goes by second" in message.reason
    run_due()
    message.refresh_from_db()
    assert (message.state, message.provider) == ("sent", "second")
    assert asked() == (1, 1)


def test_the_lease_starts_anew_for_the_second_call() -> None:
    leases: list[Any] = []

    def looks(asked: OutgoingMessage) -> None:
        row = Message.objects.get(public_id=asked.public_id)
        leases.append(row.lease_until - timezone.now())

    First.says = [lambda asked: (looks(asked), refusal())[1]]
    Second.says = [looks]
    sent(a_mail())
    assert all(timedelta(seconds=18) < lease for lease in leases)
    assert len(leases) == 2


def test_an_old_refusal_says_nothing_any_more() -> None:
    First.says = [refusal()]
    Second.says = [refusal(Outcome.REFUSED, code="connect")]
    message = sent(a_mail())
    with clock.shifted(timedelta(minutes=20)):
        sent(message)
    assert message.provider == "first"
    assert asked() == (2, 1)


def test_the_road_that_was_asked_last_is_the_one_that_is_looked_at() -> None:
    First.says = [refusal()]
    Second.says = [refusal(Outcome.UNKNOWN)]
    message = sent(a_mail(user=person()))
    with clock.shifted(timedelta(minutes=16)):
        reconcile(message_id=message.pk)
    reason = Task.objects.get(kind="sent_check").reason
    assert "second keeps no list" in reason


def test_ids_stay_the_same_however_often_it_is_tried() -> None:
    First.says = [refusal(Outcome.REFUSED, code="dns")] * 3
    Second.says = [refusal(Outcome.REFUSED, code="dns")] * 3
    message = sent(a_mail(), again=3)
    assert message.state == "sent"
    ids = {asked.public_id for asked in [*First.asked, *Second.asked]}
    assert ids == {message.public_id}
    assert uuid.UUID(str(message.public_id))
