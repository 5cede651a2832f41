"""1,000 times a STOP meets work that is somewhere on its way out. PostgreSQL only.

A call has begun once its message is claimed: the gate has said yes, with the address
locked. After a STOP only such calls exist; nothing else leaves, then or later.
"""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from leads import clock, consent, policy
from leads.models import Suppression
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from leads.work import rescue_orphans, run_due
from messaging.conversations import conversation_of
from messaging.models import Message, Turn
from messaging.queueing import queue_message
from messaging.replies import answer
from messaging.sending import deliver
from messaging.tests.talk import FakeCarrier, mode, text_in
from messaging.tests.test_races import at_once
from messaging.transports import Outcome, OutgoingMessage, Receipt, TransportError

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
ROUNDS = 1_000
KINDS = ("queued", "claimed", "in flight", "scheduled", "retried", "thinking")
SLOWEST = 2.0


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


@dataclass
class Case:
    """One lead, one piece of work, one STOP."""

    kind: str
    number: str
    message: int = 0
    turn: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)


CASES: dict[str, Case] = {}


class SlowCarrier(FakeCarrier):
    """Holds some calls until their STOP is in; some of them fail after it."""

    def send(self, message: OutgoingMessage) -> Receipt:
        case = CASES[message.to_address]
        if case.kind in ("in flight", "retried"):
            case.stopped.wait(random.choice((0.0, SLOWEST)))
        receipt = super().send(message)
        if case.kind == "retried":
            raise TransportError(Outcome.REFUSED, "try again", code="20429")
        return receipt


def begin(number: int) -> Case:
    kind = KINDS[number % len(KINDS)]
    value = f"+1415{5_000_000 + number:07d}"
    if kind == "thinking":
        text = text_in("Do you have standing desks?", sender=value)
        turn = Turn.objects.get(last_inbound=text)
        return Case(kind, value, turn=turn.pk)
    point = ContactPointFactory(value=value)
    tie = LeadContactFactory(lead=LeadFactory(team=TEAM[0]), contact_point=point)
    consent.record_consent(
        contact_point=point, channel="sms", given=True, basis="form",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    message = queue_message(
        conversation=conversation_of(tie.lead), kind="sms", body=f"Hello {number}",
        author="builtin", automatic=True,
    )  # fmt: skip
    rows = Message.objects.filter(pk=message.pk)
    if kind == "claimed":  # by a process that died before or after its call
        rows.update(
            state="claimed", attempts=1, claimed_at=clock.now(),
            claim_token=uuid.uuid4(),
            lease_until=timezone.now() - timedelta(seconds=30),
        )  # fmt: skip
    elif kind == "scheduled":
        rows.update(state="held", due_at=clock.now() - timedelta(seconds=1))
    elif kind == "retried":
        rows.update(attempts=1, last_error="try again")
    return Case(kind, value, message=message.pk)


TEAM: list[Any] = []


def work(case: Case) -> None:
    """What a worker does with it."""
    if case.kind == "thinking":
        answer(turn_id=case.turn)
        for pk in Message.objects.filter(turn=case.turn).values_list("pk", flat=True):
            deliver(message_id=pk)
    else:
        deliver(message_id=case.message)


def stop(case: Case) -> None:
    if case.kind == "thinking":
        time.sleep(random.choice((0.0, 0.05, 0.4)))  # before, in and after the answer
    text_in(random.choice(("STOP", "stop texting me", "STOP ALL")), sender=case.number)
    case.stopped.set()


def shuffled(cases: list[Case]) -> list[Callable[[], object]]:
    calls: list[Callable[[], object]] = []
    for case in cases:
        pair: list[Callable[[], object]] = [
            lambda case=case: work(case), lambda case=case: stop(case)
        ]  # fmt: skip
        random.shuffle(pair)
        calls += pair
    return calls


def test_after_a_stop_only_calls_exist_that_had_begun(settings: Any) -> None:
    path = "messaging.tests.test_stop_interleavings.SlowCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    FakeCarrier.reset()
    TEAM[:] = [mode("auto").team]
    policy.change(
        actor="system", burst_sms_seconds=0, cap_lead_hour=1000,
        cap_installation_day=100_000, budget_day_micro=10**12,
    )  # fmt: skip
    CASES.clear()
    cases = [begin(number) for number in range(ROUNDS)]
    CASES.update({case.number: case for case in cases})
    at_once(12, shuffled(cases))
    stops = {row.contact_point.value: row.since for row in standing()}
    assert len(stops) == ROUNDS
    calls = list(FakeCarrier.accepted)
    late = [call.to_address for call in calls if claimed(call) > stops[call.to_address]]
    assert late == [], "claimed after the STOP was in"
    kinds = Counter(CASES[call.to_address].kind for call in calls)
    # Both orders were met, else this proves nothing; what died is never called again.
    for kind in set(KINDS) - {"claimed"}:
        assert 0 < kinds[kind] < ROUNDS / len(KINDS) + 1, (kind, kinds)
    assert kinds["claimed"] == 0
    assert max(Counter(call.public_id for call in calls).values()) == 1
    nothing_follows(len(calls), cases)
    print(f"{ROUNDS} interleavings, calls begun before their STOP: {dict(kinds)}")  # noqa: T201


def standing() -> Any:
    rows = Suppression.objects.filter(lifted_at=None, channel="sms")
    return rows.select_related("contact_point")


def claimed(call: OutgoingMessage) -> Any:
    message = Message.objects.get(public_id=call.public_id)
    assert message.claimed_at is not None
    return message.claimed_at


def nothing_follows(before: int, cases: list[Case]) -> None:
    """Retries, sweeps and a day later: no call more."""
    for case in cases[:200]:
        work(case)
    for _ in range(5):  # what died in a worker's hands, a hundred at a time
        rescue_orphans()
    for hours in (0, 1, 25):
        with clock.shifted(timedelta(hours=hours)):
            run_due()
    assert len(FakeCarrier.accepted) == before
    left = Message.objects.filter(direction="outbound")
    states = set(left.values_list("state", flat=True))
    assert not states & {"queued", "held", "draft", "claimed"}, states
