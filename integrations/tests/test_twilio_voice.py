"""Calls come in over the wire: what the caller hears, and which of them were missed."""

import http.client
from collections.abc import Iterator
from unittest import mock
from xml.etree import ElementTree

import pytest
from django.db import OperationalError
from pytest_django import Settings

from integrations import journal, twilio_voice, webhooks
from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.providers.twilio import TwilioWebhook
from integrations.tests.cases import WebhookCases
from integrations.tests.test_intake_server import port
from integrations.tests.webhook_requests import (
    BASE,
    Answered,
    app,
    post,
    post_all,
    recorded,
    signed,
    twilio_settings,
)
from leads.models import Consent, Lead, Task
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging.channels import ensure_channel
from messaging.models import Channel, Message, Profile

__all__ = ["app", "port", "twilio_settings"]  # fixtures

VOICE = "/hooks/twilio/voice/"
OURS, THERE, CALLER = "+15017122661", "+15017122999", "+14155550123"
NOT_TAKEN = ["no-answer", "busy", "failed", "canceled"]


class TestTwilioVoice(WebhookCases):
    webhook = TwilioWebhook()

    @pytest.fixture(autouse=True)
    def _settings(self, twilio_settings: Settings) -> None:
        pass

    def genuine(self) -> tuple[str, str, dict[str, str], bytes]:
        call = signed(VOICE, recorded("voice_ringing"))
        return VOICE.removeprefix("/hooks/"), f"{BASE}{VOICE}", call.headers, call.body


@pytest.fixture
def number(app: Intake) -> Iterator[Channel]:
    """Our number, in a company with a name."""
    Profile.objects.update_or_create(pk=1, defaults={"name": "Alder & Söhne <Desks>"})
    yield ensure_channel(kind="sms", address=OURS)


def rings_at(channel: Channel, there: str = THERE) -> None:
    channel.forward_to = there
    channel.save()


def ring(app: Intake, name: str = "voice_ringing", **changed: str) -> Answered:
    return post(app, signed(VOICE, {**recorded(name), **changed}))


def heard(answer: Answered) -> ElementTree.Element:
    """The TwiML, as an XML parser reads it."""
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == "Response"
    return root


def spoken(answer: Answered) -> str:
    root = heard(answer)
    assert [verb.tag for verb in root] == ["Say", "Hangup"]
    return str(root[0].text)


def work_off() -> list[Message]:
    """Let the journal's rows act; the missed calls that there are then."""
    for row in WebhookDelivery.objects.filter(state="received").order_by("pk"):
        webhooks.process(delivery_id=row.pk)
    assert not WebhookDelivery.objects.filter(state__in=["dead", "received"]).exists()
    return list(Message.objects.filter(kind="call", direction="inbound"))


def test_without_a_telephone_the_caller_hears_a_sentence_and_the_call_is_missed(
    app: Intake, number: Channel
) -> None:
    answer = ring(app)
    assert spoken(answer).startswith("Hello, this is Alder & Söhne <Desks>.")
    assert heard(answer)[0].get("language") == "en-US"
    [call] = work_off()
    assert call.external_id == recorded("voice_ringing")["CallSid"]
    assert call.contact_point and call.contact_point.value == CALLER
    assert Lead.objects.get().source is not None


def test_a_telephone_rings_first_and_shows_the_callers_number(
    app: Intake, number: Channel
) -> None:
    rings_at(number)
    [dial] = heard(ring(app))
    assert dial.tag == "Dial"
    assert dial.attrib == {
        "action": f"{BASE}{VOICE}",
        "method": "POST",
        "timeout": "20",
        "answerOnBridge": "true",
    }
    assert [(one.tag, one.text) for one in dial] == [("Number", THERE)]
    assert work_off() == [], "nobody knows yet how the ringing ends"
    assert WebhookDelivery.objects.get().headers["answered"] == "rings"


def test_a_withheld_number_is_forwarded_under_ours(
    app: Intake, number: Channel
) -> None:
    rings_at(number)
    [dial] = heard(ring(app, "voice_ringing_withheld"))
    assert dial.get("callerId") == OURS


@pytest.mark.parametrize("status", NOT_TAKEN)
def test_nobody_took_it_at_our_telephone(
    app: Intake, number: Channel, status: str
) -> None:
    rings_at(number)
    ring(app)
    answer = ring(app, "voice_dial_no_answer", DialCallStatus=status)
    assert "cannot take your call" in spoken(answer)
    assert len(work_off()) == 1


@pytest.mark.parametrize("status", ["completed", "answered"])
def test_a_call_that_was_taken_is_not_missed(
    app: Intake, number: Channel, status: str
) -> None:
    rings_at(number)
    ring(app)
    answer = ring(app, "voice_dial_no_answer", DialCallStatus=status)
    assert [verb.tag for verb in heard(answer)] == ["Hangup"]
    ring(app, "voice_ended")
    assert work_off() == []
    assert not Task.objects.exists()


@pytest.mark.parametrize("status", NOT_TAKEN)
def test_a_report_that_it_ended_unanswered_counts(
    app: Intake, number: Channel, status: str
) -> None:
    rings_at(number)
    ring(app)
    answer = ring(app, "voice_ended", CallStatus=status)
    assert len(heard(answer)) == 0, "nobody is on the line"
    assert len(work_off()) == 1


def test_the_requests_of_one_call_and_their_copies_act_once(
    app: Intake, number: Channel
) -> None:
    rings_at(number)
    calls = [
        signed(VOICE, recorded("voice_ringing")),
        signed(VOICE, recorded("voice_dial_no_answer")),
        signed(VOICE, {**recorded("voice_ended"), "CallStatus": "no-answer"}),
    ]
    answers = post_all(app, calls * 10)
    assert {one.status for one in answers} == {200}
    assert len({one.body for one in answers}) == 3, "a copy hears the same"
    assert WebhookDelivery.objects.count() == 3
    assert len(work_off()) == 1
    assert Task.objects.filter(kind="call").count() == 1
    assert Message.objects.filter(direction="outbound").count() == 1


def test_a_call_that_the_telephone_passed_on_to_us_does_not_ring_there_again(
    app: Intake, number: Channel
) -> None:
    rings_at(number)
    assert spoken(ring(app, ForwardedFrom=THERE))
    assert len(work_off()) == 1


def test_what_happens_on_the_leg_to_our_telephone_is_no_missed_call(
    app: Intake, number: Channel
) -> None:
    leg = {"Direction": "outbound-dial", "CallStatus": "no-answer"}
    assert len(heard(ring(app, "voice_ended", **leg))) == 0
    assert work_off() == []


def test_a_known_caller_hears_their_own_language(app: Intake, number: Channel) -> None:
    lead = LeadFactory(language="pt-BR")
    point = ContactPointFactory(value=CALLER)
    LeadContactFactory(lead=lead, contact_point=point)
    answer = ring(app)
    assert spoken(answer).startswith("Olá")
    assert heard(answer)[0].get("language") == "pt-BR"


def test_who_withholds_the_number_is_asked_to_show_it_and_becomes_no_lead(
    app: Intake, number: Channel
) -> None:
    assert "show your number" in spoken(ring(app, "voice_ringing_withheld"))
    assert work_off() == []
    task = Task.objects.get()
    assert "withheld" in task.reason
    assert not Lead.objects.exists()


def test_a_number_that_the_carrier_doubts_gets_no_text(
    app: Intake, number: Channel
) -> None:
    ring(app, StirVerstat="TN-Validation-Failed-C")
    assert len(work_off()) == 1
    assert not Message.objects.filter(direction="outbound").exists()
    assert not Consent.objects.exists()
    assert "doubts" in Task.objects.get(kind="call").reason


@pytest.mark.parametrize("broken", [OperationalError("gone"), RuntimeError("bug")])
def test_when_nothing_can_be_looked_up_the_call_ends_politely_and_is_kept(
    app: Intake, number: Channel, broken: Exception
) -> None:
    with mock.patch.object(twilio_voice, "reception_of", side_effect=broken):
        answer = ring(app)
    assert [verb.tag for verb in heard(answer)] == ["Hangup"]
    assert len(work_off()) == 1


def test_while_the_database_is_away_the_call_is_not_said_to_be_kept(
    app: Intake, number: Channel
) -> None:
    with mock.patch.object(journal, "_insert", side_effect=OperationalError("gone")):
        assert ring(app).status == 503
    assert not WebhookDelivery.objects.exists()


def test_forged_and_foreign_calls_are_refused_and_act_on_nothing(
    app: Intake, number: Channel
) -> None:
    params = recorded("voice_ringing")
    right = signed(VOICE, params)
    forged = [
        signed(VOICE, params, token="0" * 32),
        right.with_headers(x_twilio_signature=""),
        signed(VOICE, {**params, "AccountSid": "AC" + "f" * 32}),
        signed("/hooks/twilio/sms/", params).with_headers(),
    ]
    calls = [*forged[:3], right.__class__(VOICE, forged[3].body, forged[3].headers)]
    assert {post(app, call).status for call in calls} == {403}
    rows = WebhookDelivery.objects.all()
    assert set(rows.values_list("state", flat=True)) == {"quarantined"}
    assert work_off() == []


def test_a_sender_cannot_say_that_a_telephone_rang(
    app: Intake, number: Channel
) -> None:
    call = signed(VOICE, recorded("voice_ringing")).with_headers(answered="rings")
    assert spoken(post(app, call))
    assert len(work_off()) == 1


def test_a_call_without_a_whole_id_is_a_dead_letter(
    app: Intake, number: Channel
) -> None:
    assert ring(app, CallSid="CA12").status == 200
    row = WebhookDelivery.objects.get()
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("dead", "it names no call (CallSid)")


def test_a_texted_caller_is_told_once_over_the_wire(port: int, app: Intake) -> None:
    call = signed(VOICE, recorded("voice_ringing"))
    bodies = set()
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", call.path, call.body, call.headers)
        answer = connection.getresponse()
        assert answer.status == 200
        bodies.add(answer.read())
        connection.close()
    [body] = bodies
    assert ElementTree.fromstring(body)[0].tag == "Say"
    assert len(work_off()) == 1
    text = Message.objects.get(direction="outbound")
    assert text.body.endswith("Reply STOP to opt out.")
    assert text.state == "queued"
