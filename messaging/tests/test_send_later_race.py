"""Send later and the lead's word at the same moment. PostgreSQL only."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from leads import clock, policy
from leads.jobs import run_job
from leads.models import Job, Task
from messaging import snoozing
from messaging.models import Conversation, Message, Turn
from messaging.queueing import cancel_message
from messaging.scheduling_messages import schedule_message, send_now
from messaging.sending import deliver
from messaging.tests.talk import FakeCarrier, mode, person, sent, text_in
from messaging.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
ROUNDS = 40


@pytest.fixture(autouse=True)
def _postgresql_only() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")


@pytest.fixture
def ana(carrier: type[FakeCarrier]) -> Any:
    mode("draft")
    policy.change(actor="system", undo_seconds=0)
    return person("ana")


def waiting(ana: Any, number: int) -> Message:
    message = text_in("hello", sender=f"+1415555{number + 1000:04d}")
    Turn.objects.all().delete()
    return schedule_message(
        conversation=message.conversation,
        user=ana,
        kind="sms",
        body=f"Good morning {number}",
        at=clock.now() + timedelta(hours=1),
    )


def test_it_is_sent_or_stopped_by_the_lead_and_never_both(ana: Any) -> None:
    messages = [waiting(ana, number) for number in range(ROUNDS)]
    ends: Counter[str] = Counter()
    for number, message in enumerate(messages):
        number_of_lead = message.contact_point.value
        Message.objects.filter(pk=message.pk).update(due_at=clock.now())
        calls = [
            lambda who=number_of_lead: text_in("wait", sender=who),
            lambda pk=message.pk: deliver(message_id=pk),
        ]
        at_once(2, calls[:: 1 if number % 2 else -1])
        message.refresh_from_db()
        ends[message.state] += 1
        went = message.body in sent()
        assert went == (message.state == "sent"), message.state
        if not went:
            assert message.state == "cancelled"
            assert message.reason.endswith(" wrote")
    assert sum(ends.values()) == ROUNDS
    assert sorted(sent()) == sorted(set(sent()))


def test_send_now_cancel_and_the_lead_at_once_end_in_one_of_them(ana: Any) -> None:
    for number in range(ROUNDS // 2):
        message = waiting(ana, number)
        who = message.contact_point.value

        def now(one: Message = message) -> object:
            try:
                return send_now(message=one, user=ana)
            except ValueError:
                return None

        at_once(
            3,
            [
                now,
                lambda one=message: cancel_message(message=one, user=ana),
                lambda who=who: text_in("wait", sender=who),
            ],
        )
        deliver(message_id=message.pk)
        message.refresh_from_db()
        assert message.state in ("sent", "cancelled")
        assert (message.body in sent()) == (message.state == "sent")


def test_two_workers_wake_a_talk_once_and_the_lead_may_be_first(ana: Any) -> None:
    for number in range(ROUNDS // 2):
        message = text_in("hello", sender=f"+1415555{number + 3000:04d}")
        Turn.objects.all().delete()
        until = clock.now() + timedelta(hours=1)
        snoozing.snooze(conversation=message.conversation, user=ana, until=until)
        job = Job.objects.get(effect_key__contains=f":{message.conversation_id}:")
        with clock.shifted(timedelta(hours=2)):
            Job.objects.filter(pk=job.pk).update(due_at=clock.now())
            who = message.contact_point.value
            at_once(
                3,
                [
                    lambda pk=job.pk: run_job(job_id=pk),
                    lambda pk=job.pk: run_job(job_id=pk),
                    lambda who=who: text_in("there?", sender=who),
                ],
            )
        talk = Conversation.objects.get(pk=message.conversation_id)
        assert talk.parked_until is None
        assert talk.turn != "parked"
        tasks = Task.objects.filter(subject=talk.public_id, reason=snoozing.WOKEN)
        assert tasks.count() <= 1
