"""“Text my phone” sends one marked text a press, and tells what became of it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from pytest_django import Settings

from integrations import services_phone
from integrations.models import TrialText, WebhookDelivery
from integrations.providers.twilio import SERVICE
from integrations.services_phone import BODY, NotPossible, send, text_my_phone
from integrations.tests.http_loopback import fresh_door, hang, reset, serve
from integrations.tests.twilio_loopback import Twilio, twilio, vendor_error
from integrations.tests.webhook_requests import ACCOUNT, BASE, twilio_settings
from leads import clock, consent, policy
from leads.capture import ensure_contact_point
from leads.models import Event, Lead
from leads.work import run_due
from messaging.models import Message
from messaging.tests.talk import person

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

pytestmark = pytest.mark.django_db
PHONE = "+14155550177"
State = TrialText.State


@pytest.fixture
def ana(db: None) -> User:
    return person("ana")


def press(user: User, **changed: Any) -> TrialText:
    given = {"number": "(415) 555-0177", "agreed": True, "click": uuid.uuid4()}
    return text_my_phone(service=SERVICE, user=user, **{**given, **changed})


def a_minute_passes() -> None:
    rows = TrialText.objects.all()
    rows.update(created_at=F("created_at") - timedelta(minutes=1))


def sent(user: User) -> TrialText:
    """Pressed, and the thread's work done here."""
    row = press(user)
    send(row, PHONE)
    row.refresh_from_db()
    return row


def report(row: TrialText, state: str, **more: str) -> WebhookDelivery:
    from integrations.tests.webhook_requests import encode

    fields = {"MessageSid": row.external_id or "SM" + "a" * 32, "AccountSid": ACCOUNT}
    body = encode({**fields, "MessageStatus": state, **more})
    delivery = WebhookDelivery.objects.create(
        provider="twilio",
        route=f"twilio/status/{row.public_id}/",
        external_id=f"{row.pk}:{state}",
        state="received",
        content_type="application/x-www-form-urlencoded",
        body=body,
        size=len(body),
    )
    run_due()
    delivery.refresh_from_db()
    return delivery


def test_it_goes_out_marked_and_its_report_comes_back(
    twilio: Twilio, ana: User
) -> None:
    row = sent(ana)
    (taken,) = twilio.taken
    assert (taken["To"], taken["Body"]) == (PHONE, BODY)
    assert "Test message" in BODY
    path = f"{BASE}/hooks/twilio/status/{row.public_id}/"
    assert taken["StatusCallback"] == path
    assert (row.state, row.external_id) == (State.SENT, taken["sid"])
    assert report(row, "delivered").state == "done"
    row.refresh_from_db()
    assert row.state == State.DELIVERED
    assert report(row, "sent").state == "done"
    row.refresh_from_db()
    assert row.state == State.DELIVERED, "states never go back"


def test_it_is_no_message_of_a_lead_and_keeps_no_number(
    twilio: Twilio, ana: User
) -> None:
    row = sent(ana)
    assert not Message.objects.exists() and not Lead.objects.exists()
    assert row.ending == "0177"
    assert PHONE not in repr(TrialText.objects.values())
    (event,) = Event.objects.filter(kind="service.phone_texted")
    assert event.actor == f"user:{ana.pk}"
    assert "0177" not in repr(event.payload)


def test_a_press_sends_once_however_often_it_arrives(twilio: Twilio, ana: User) -> None:
    click = uuid.uuid4()
    first = press(ana, click=click)
    assert press(ana, click=click).pk == first.pk
    assert press(ana).pk == first.pk, "a double click is one press"
    assert TrialText.objects.count() == 1
    a_minute_passes()
    assert press(ana, click=click).pk == first.pk
    assert press(ana).pk != first.pk


def test_a_carriers_failure_is_told_in_its_words(twilio: Twilio, ana: User) -> None:
    row = sent(ana)
    assert report(row, "undelivered", ErrorCode="30006").state == "done"
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "landline" in row.words


def test_a_refusal_is_told_at_once(twilio: Twilio, ana: User) -> None:
    twilio.instead = vendor_error(400, 21608)
    assert sent(ana).state == State.FAILED
    a_minute_passes()
    twilio.instead = vendor_error(400, 21614)
    row = sent(ana)
    assert (row.state, "not a mobile number" in row.words) == (State.FAILED, True)


@pytest.mark.parametrize("script", [hang, reset])
def test_after_a_timeout_it_is_not_known_until_the_report_comes(
    twilio: Twilio, ana: User, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_phone, "DEADLINE", 0.5)
    twilio.after = script
    row = sent(ana)
    assert row.state == State.UNKNOWN
    assert "may still arrive" in row.words
    assert len(twilio.taken) == 1
    report(row, "delivered")
    row.refresh_from_db()
    assert row.state == State.DELIVERED


def test_a_process_that_dies_leaves_not_known(twilio: Twilio, ana: User) -> None:
    row = press(ana)
    assert services_phone.shown_state(row) == State.SENDING
    row.changed_at -= services_phone.LOST * 2
    assert services_phone.shown_state(row) == State.UNKNOWN


def test_what_stops_every_message_stops_it_too(twilio: Twilio, ana: User) -> None:
    with pytest.raises(NotPossible, match="own phone"):
        press(ana, agreed=False)
    with pytest.raises(NotPossible, match="no phone number"):
        press(ana, number="my phone")
    point = ensure_contact_point(kind="phone", value=PHONE, simulated=False)
    consent.suppress(
        contact_point=point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    with pytest.raises(NotPossible, match="said STOP"):
        press(ana)
    policy.change(actor="system", sending=False)
    with pytest.raises(NotPossible, match="switched off"):
        press(ana, number="+14155550178")
    assert not TrialText.objects.exists()
    assert twilio.taken == []


def test_without_twilio_nothing_pretends_to_be_sent(
    ana: User, settings: Settings
) -> None:
    with pytest.raises(NotPossible, match="not set up"):
        press(ana)


def test_five_an_hour_are_enough(twilio: Twilio, ana: User) -> None:
    for _ in range(services_phone.PER_HOUR):
        press(ana)
        a_minute_passes()
    with pytest.raises(NotPossible, match="an hour"):
        press(ana)
    assert TrialText.objects.count() == services_phone.PER_HOUR


def test_a_report_on_something_else_is_still_looked_for_among_messages(
    twilio: Twilio, ana: User
) -> None:
    row = TrialText(public_id=uuid.uuid4(), external_id="SM" + "b" * 32, pk=99)
    delivery = report(row, "delivered")
    assert delivery.state == "received"
    assert "no message for the report" in delivery.last_error
