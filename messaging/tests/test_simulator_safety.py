"""Nothing simulated reaches a carrier, whatever keys are set."""

from datetime import timedelta

import pytest

from leads import clock
from leads.work import run_due
from messaging.models import Message
from messaging.simulation import SimulatedMessage, simulate
from messaging.simulator.floorplan import draw
from messaging.simulator.playing import Saying, play
from messaging.tests.talk import person
from messaging.transports import OutgoingMessage, choose_transport
from messaging.writing import send_as_person

pytestmark = pytest.mark.django_db


class ForbiddenCarrier:
    """Configured, and fails the test when it is asked for anything."""

    name = "forbidden"
    simulated = False

    def is_configured(self) -> bool:
        return True

    def send(self, message: OutgoingMessage) -> None:
        pytest.fail(f"a simulated message reached a carrier: {message.body!r}")

    find = send


@pytest.fixture(autouse=True)
def all_keys_are_set(settings):
    path = "messaging.tests.test_simulator_safety.ForbiddenCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "t" * 32
    settings.TWILIO_PHONE_NUMBER = "+14155550100"
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "0" * 32


def test_the_forbidden_carrier_is_what_a_real_text_would_take():
    assert choose_transport("sms", simulated=False).name == "forbidden"


@pytest.mark.parametrize("kind", ["sms", "email"])
def test_an_answer_to_a_simulated_message_stays_here(kind):
    sender = "+14155550123" if kind == "sms" else "dana@example.com"
    told = simulate(message=SimulatedMessage(kind, sender, "How much is it?"))
    out = Message.objects.filter(direction="outbound")
    assert told["stages"][0]["name"] == "stored"
    assert out.count() == 1
    assert all(m.simulated and m.provider in ("", "simulator") for m in out)


def test_our_real_number_as_the_simulated_receiver_changes_nothing():
    simulate(message=SimulatedMessage("sms", "+14155550123", "hi", "+14155550100"))
    assert Message.objects.get(direction="outbound").provider == "simulator"


def test_a_persons_text_to_a_simulated_lead_stays_here():
    ana = person()
    talk = play(user=ana, saying=Saying("sms", ("hello",)))
    sent = send_as_person(conversation=talk, user=ana, kind="sms", body="Ana here")
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    sent.refresh_from_db()
    assert (sent.state, sent.provider) == ("sent", "simulator")


def test_a_persons_mail_to_a_lead_who_only_texted_stays_here():
    ana = person()
    talk = play(user=ana, saying=Saying("sms", ("hello",)))
    play(user=ana, saying=Saying("email", ("and by mail",)), conversation=talk)
    sent = send_as_person(conversation=talk, user=ana, kind="email", body="Dear Dana")
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    sent.refresh_from_db()
    assert (sent.state, sent.provider) == ("sent", "simulator")


def test_a_stop_in_the_simulator_does_not_stop_the_real_number():
    from leads import consent
    from leads.capture import ensure_contact_point

    simulate(message=SimulatedMessage("sms", "+14155550123", "STOP"))
    real = ensure_contact_point(kind="phone", value="+14155550123")
    assert consent.is_suppressed(real, "sms") is None


def test_a_picture_is_stored_at_once_and_no_job_fetches_it(settings, tmp_path):
    from leads.models import Job

    settings.MEDIA_ROOT = tmp_path
    talk = play(user=person(), saying=Saying("sms", ("our floor",), picture=True))
    file = talk.messages.get().attachments.get()
    assert file.state == "stored"
    assert (tmp_path / file.path).read_bytes() == draw()
    assert not Job.objects.exists()


def test_the_picture_is_a_png_that_is_the_same_every_time():
    assert draw().startswith(b"\x89PNG\r\n\x1a\n")
    assert draw() == draw()
