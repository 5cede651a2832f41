"""What stops a message stops it at once, whoever is in the middle of what.

In threads of this process on PostgreSQL, through the real Twilio adapter to the
carrier on loopback: hundreds of runs would take processes too long.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from leads import clock, policy, usage
from leads.models import Counter, Suppression
from leadsite.tests.faults.carrier import Carrier, Exchange, take
from leadsite.tests.faults.inprocess import (
    in_thread,
    lead_who_wrote,
    on_threads,
    queued,
    text,
)
from leadsite.tests.faults.world import Report
from messaging import holding, replies
from messaging.agent.builtin import BuiltinModel
from messaging.agent.model import Plan, Proposal, Situation
from messaging.models import Conversation, Message, Turn
from messaging.queueing import queue_message
from messaging.sending import deliver
from messaging.tests.talk import person

pytestmark = pytest.mark.django_db(transaction=True)


class SlowModel(BuiltinModel):
    """Thinks until it is told to go on."""

    thinking = threading.Semaphore(0)
    go_on = threading.Event()

    def write(self, situation: Situation, plan: Plan) -> Proposal:
        SlowModel.thinking.release()
        SlowModel.go_on.wait(20)
        return super().write(situation, plan)


def send_all_due() -> None:
    for pk in Message.objects.filter(direction="outbound", state="queued").values_list(
        "pk", flat=True
    ):
        deliver(message_id=pk)


# --- a person takes over ---------------------------------------------------------


def test_taking_over_while_the_model_thinks_ends_the_ai_there(
    adapter: Carrier, settings: Settings, full: bool, report: Report
) -> None:
    runs = 200 if full else 25
    settings.LANGUAGE_MODELS = [f"{__name__}.SlowModel"]
    ana = person()
    for run in range(runs):
        SlowModel.go_on.clear()
        message = text(f"+1415550{run:04d}", "Hi, we need 40 seats next month")
        turn = Turn.objects.get(conversation=message.conversation)
        thread = in_thread(lambda pk=turn.pk: replies.answer(turn_id=pk))
        assert SlowModel.thinking.acquire(timeout=20)
        holding.take_over(conversation=message.conversation, user=ana)
        SlowModel.go_on.set()
        thread.join(20)
        send_all_due()
    assert adapter.calls == []
    assert not Message.objects.filter(direction="outbound", state="queued").exists()
    assert Turn.objects.filter(state="done", outcome="left").count() == runs
    report(runs=runs, ai_messages_after=len(adapter.calls))


# --- STOP ------------------------------------------------------------------------


MOMENTS = (
    "before the turn",
    "while the model thinks",
    "as the answer is queued",
    "when it is queued",
    "as it is claimed",
    "while the vendor decides",
    "after the vendor accepted",
    "with the answer on the way back",
    "as a person's message is queued",
    "after everything",
)


def stop(number: str) -> None:
    text(number, "STOP")


@contextmanager
def model_that_waits() -> Iterator[None]:
    SlowModel.go_on.clear()
    yield
    SlowModel.go_on.set()


def stop_at(moment: str, number: str, adapter: Carrier, ana: User) -> None:
    """One life of a message with a STOP at `moment`; what the gate let go is heard
    by the adapter.
    """
    stopping: list[threading.Thread] = []

    def stop_now() -> None:
        stopping.append(in_thread(lambda: stop(number)))

    def while_called(exchange: Exchange) -> None:
        if moment == "while the vendor decides":
            stop_now()
            time.sleep(0.05)
        exchange.accept()
        if moment == "after the vendor accepted":
            stop_now()
        exchange.confirm()
        if moment == "with the answer on the way back":
            stop_now()

    adapter.script = while_called
    message = text(number, "Hi, we need 40 seats next month")
    turn = Turn.objects.get(conversation=message.conversation, state="waiting")
    if moment == "before the turn":
        stop(number)
    with model_that_waits():
        thread = in_thread(lambda: replies.answer(turn_id=turn.pk))
        if moment not in ("before the turn",):
            assert SlowModel.thinking.acquire(timeout=20)
        if moment == "while the model thinks":
            stop(number)
        if moment == "as the answer is queued":
            stop_now()
    thread.join(20)
    if moment == "when it is queued":
        stop(number)
    if moment == "as it is claimed":
        stop_now()
    if moment == "as a person's message is queued":
        person_writes(message.conversation, ana, stop_now)
    send_all_due()
    for waiting in stopping:
        waiting.join(20)
    if moment == "after everything":
        stop(number)
    send_all_due()


def person_writes(
    conversation: Conversation, ana: User, meanwhile: Callable[[], None]
) -> None:
    meanwhile()
    try:
        conversation.refresh_from_db()
        queue_message(
            conversation=conversation, kind="sms", body="hi", author="person", user=ana
        )
    except ValueError:
        return  # STOP was quicker: refused with the reason


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_stop_only_calls_already_begun_exist(
    adapter: Carrier,
    settings: Settings,
    full: bool,
    report: Report,
    moment: str,
) -> None:
    runs = 100 if full else 10
    settings.LANGUAGE_MODELS = [f"{__name__}.SlowModel"]
    ana = person()
    while SlowModel.thinking.acquire(blocking=False):
        pass
    first = MOMENTS.index(moment)
    for run in range(runs):
        stop_at(moment, f"+14155{first}{run + 10000:05d}", adapter, ana)
    assert Suppression.objects.filter(lifted_at=None).count() == runs
    late = 0
    for call in adapter.calls:
        row = Message.objects.get(public_id=call.message)
        since = Suppression.objects.get(contact_point=row.contact_point).since
        if row.author != "system" and claimed(row) > since:
            late += 1
    assert late == 0
    assert not Message.objects.filter(state__in=("queued", "claimed")).exists()
    report(moment=moment, runs=runs, calls=len(adapter.calls), late=late)


def claimed(row: Message) -> datetime:
    assert row.claimed_at is not None
    return row.claimed_at


# --- the kill switch and caps ----------------------------------------------------


def test_the_kill_switch_lets_nothing_be_accepted_two_seconds_later(
    adapter: Carrier, report: Report
) -> None:
    in_flight = threading.Semaphore(0)
    released = threading.Event()

    def slow(exchange: Exchange) -> None:
        in_flight.release()
        released.wait(10)
        take(exchange)

    adapter.script = slow
    ids = [queued(lead_who_wrote(n)).pk for n in range(208)]
    sender = in_thread(
        lambda: on_threads(8, [lambda pk=pk: deliver(message_id=pk) for pk in ids])
    )
    for _ in range(8):
        assert in_flight.acquire(timeout=20)
    policy.change(actor="system", sending=False)
    switched = time.time()
    released.set()
    sender.join(60)
    accepted = [call.accepted_at for call in adapter.accepted]
    late = [at for at in accepted if at is not None and at > switched + 2]
    assert late == []
    assert len(accepted) == 8
    assert Message.objects.filter(state="held").count() == 200
    latest = max(at - switched for at in accepted if at is not None)
    report(in_flight=8, queued=200, late=len(late), latest_accept_s=round(latest, 2))


def test_a_cap_of_twenty_pushed_by_sixteen_threads_lets_exactly_twenty_through(
    adapter: Carrier, report: Report
) -> None:
    policy.change(actor="system", cap_lead_day=20)
    conversation = lead_who_wrote(0)
    ids = [queued(conversation).pk for _ in range(500)]
    on_threads(16, [lambda pk=pk: deliver(message_id=pk) for pk in ids])
    assert len(adapter.accepted) == 20
    assert set(adapter.accepts().values()) == {1}
    key = f"automatic:lead:{conversation.lead_id}"
    day = usage.day_of(clock.now())
    assert Counter.objects.get(key=key, period=day).used == 20
    assert Message.objects.filter(state="draft").count() == 480
    report(sends=500, accepted=len(adapter.accepted))
