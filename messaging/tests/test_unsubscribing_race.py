"""Leaving while mail leaves. PostgreSQL only: SQLite hides races."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from leads.models import Consent, Event, Suppression
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging.addressing import preference_token
from messaging.conversations import conversation_of
from messaging.models import Message
from messaging.sending import deliver
from messaging.tests.letterbox import BASE, agree, company, letterbox, write
from messaging.tests.talk import FakeCarrier
from messaging.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
LEADS = 30


@pytest.fixture(autouse=True)
def _world(settings: Any) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")
    settings.PUBLIC_BASE_URL = BASE
    company()


def click(token: str) -> int:
    client = Client(enforce_csrf_checks=True)
    body = {"List-Unsubscribe": "One-Click"}
    return client.post(f"/u/{token}/", body).status_code


def test_twenty_clicks_at_once_are_one_farewell() -> None:
    box = letterbox()
    token = preference_token(box.point, "email")
    assert at_once(20, [lambda: click(token)] * 20) == [200] * 20
    assert Suppression.objects.count() == 1
    assert Consent.objects.filter(given=False).count() == 1
    assert Event.objects.filter(kind="lead.opted_out").count() == 1


def test_whoever_leaves_while_mail_leaves_gets_none_after_it(
    carrier: type[FakeCarrier],
) -> None:
    box = letterbox()
    tokens, mails = [], []
    for _ in range(LEADS):
        box.point = ContactPointFactory(mail=True)
        lead = LeadFactory(team=box.team)
        LeadContactFactory(lead=lead, contact_point=box.point)
        agree(box.point)
        box.talk = conversation_of(lead)
        mails += [write(box, f"Mail {n}", author="person").pk for n in range(4)]
        tokens.append(preference_token(box.point, "email"))
    calls: list[Any] = []
    for number, token in enumerate(tokens):
        mine = mails[number * 4 : number * 4 + 4]
        send = [lambda pk=pk: deliver(message_id=pk) for pk in mine]
        calls += [*send[:2], lambda token=token: click(token), *send[2:]]
    at_once(12, calls)
    assert Suppression.objects.filter(lifted_at=None).count() == LEADS
    states = dict(Message.objects.values_list("pk", "state"))
    assert set(states.values()) <= {"sent", "cancelled"}
    left = [pk for pk, state in states.items() if state == "sent"]
    assert len(carrier.accepted) == len(left)
    for row in Suppression.objects.all():
        late = Message.objects.filter(
            contact_point=row.contact_point_id, claimed_at__gt=row.since
        )
        assert not late.exists()
