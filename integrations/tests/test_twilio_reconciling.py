"""What Twilio lists, over pages and with its own spelling, settles an unknown text."""

import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations import twilio_listing
from integrations.http import reset_breakers
from integrations.providers.twilio import TwilioTransport
from integrations.tests.cases import RemoteTransportCases
from integrations.tests.http_loopback import answer, fresh_door, hang, reset, serve
from integrations.tests.twilio_loopback import NUMBER, Twilio, twilio, vendor_error
from integrations.tests.webhook_requests import twilio_settings
from integrations.twilio_listing import same_text
from leads import clock
from leads.models import Task
from messaging.models import Message
from messaging.tests.talk import later, mode, text_in
from messaging.transports import Outcome, OutgoingMessage, TransportError

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures


def outgoing(**fields: Any) -> OutgoingMessage:
    return RemoteTransportCases().message(**fields)


def find(message: OutgoingMessage, **since: float) -> list[str]:
    moment = timezone.now() - timedelta(**(since or {"minutes": 5}))
    return [row.external_id for row in TwilioTransport().find(message, since=moment)]


# --- the list ----------------------------------------------------------------


def test_the_text_is_found_behind_other_pages(twilio: Twilio) -> None:
    twilio.page_size = 10
    message = outgoing(body="the one", from_address=NUMBER)
    at = timezone.now() - timedelta(minutes=3)
    row = twilio.text_out("the one", to=message.to_address, at=at)
    for number in range(35):
        twilio.text_out(f"later {number}", to=message.to_address)
    assert find(message) == [row["sid"]]
    pages = [query for path, query in twilio.asked if path.endswith("Messages.json")]
    assert len(pages) == 4
    assert all(query["To"] == [message.to_address] for query in pages)


def test_the_pages_end_where_everything_is_older(twilio: Twilio) -> None:
    twilio.page_size = 10
    for hours in range(1, 60):
        at = timezone.now() - timedelta(hours=hours)
        twilio.text_out("the one", to="+14155550123", at=at)
    assert find(outgoing(body="the one")) == []
    assert len(twilio.asked) == 1


def test_the_pages_are_capped(twilio: Twilio) -> None:
    twilio.page_size = 2
    for number in range(40):
        twilio.text_out(f"text {number}", to="+14155550123")
    find(outgoing(body="none of them"))
    assert len(twilio.asked) == twilio_listing.FIND_PAGES


def test_slow_pages_share_the_messages_deadline(twilio: Twilio) -> None:
    twilio.page_size = 1
    for number in range(5):
        twilio.text_out(f"text {number}", to="+14155550123")
    quick = twilio.__call__

    def late(sock: Any, heard: bytes) -> None:
        time.sleep(0.4)
        twilio.instead = None
        quick(sock, heard)
        twilio.instead = late

    twilio.instead = late
    started = time.monotonic()
    with pytest.raises(TransportError):
        find(outgoing(deadline=0.9))
    assert time.monotonic() - started < 1.8


@pytest.mark.parametrize(
    "script",
    [answer(500, b"{}"), vendor_error(429, 20429), hang, reset, answer(200, b"<html>"),
     answer(200, b"{}"), answer(200, b"[]")],
)  # fmt: skip
def test_a_list_that_is_not_given_is_no_empty_list(twilio: Twilio, script: Any) -> None:
    twilio.instead = script
    with pytest.raises(TransportError):
        find(outgoing(deadline=0.7))


def test_what_the_list_says_of_price_and_address_comes_along(twilio: Twilio) -> None:
    message = outgoing(body="hello", from_address=NUMBER)
    twilio.text_out(
        "hello",
        to=message.to_address,
        status="undelivered",
        error_code=30006,
        num_segments="2",
        price="-0.01580",
    )
    since = timezone.now() - timedelta(minutes=5)
    (row,) = TwilioTransport().find(message, since=since)
    assert (row.state, row.error_code, row.not_textable) == ("failed", "30006", True)
    assert "landline" in row.words
    assert (row.segments, row.price_micro) == (2, 15_800)


def test_through_a_service_every_number_of_ours_may_have_sent_it(
    twilio: Twilio, settings: Settings
) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "0" * 31 + "1"
    message = outgoing(body="hello", from_address=NUMBER)
    row = twilio.text_out("hello", to=message.to_address, **{"from": "+15005550006"})
    assert find(message) == [row["sid"]]


# --- the body ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "body"),
    [
        ("Hello", "Hello  \n"),
        ("Hello\nthere", "Hello\r\nthere"),
        ('It\'s "40" - yes...', "It’s “40” – yes…"),
        ("a b", "a\u00a0b"),
        ("ab", "a\u200bb"),
        ("Café", "Cafe\u0301"),
        ("Sent from your Twilio trial account - Hello 👋", "Hello 👋"),
    ],
)
def test_a_body_that_twilio_spelled_anew_is_still_ours(listed: str, body: str) -> None:
    assert same_text(listed, body)


@pytest.mark.parametrize(
    ("listed", "body"),
    [("", "Hello"), ("Hello", "Hello!"), ("hello", "Hello"), ("Hell", "Hello")],
)
def test_other_words_are_another_text(listed: str, body: str) -> None:
    assert not same_text(listed, body)


# --- from the call to the state ----------------------------------------------


@pytest.fixture
def unknown(db: None, twilio: Twilio) -> Message:
    """Twilio took our answer and its own answer was lost on the way."""
    mode("auto", ours=NUMBER)
    text_in("hello", ours=NUMBER)
    twilio.after = reset
    with (
        patch("messaging.sending.DEADLINE", 2.0),
        patch("messaging.reconciling.choose_transport", side_effect=away),
    ):
        later(seconds=25)
    twilio.after = None
    message = Message.objects.get(direction="outbound")
    assert message.state == "unknown"
    # Twilio's clock is the real one, ours stood 25 s ahead.
    Message.objects.filter(pk=message.pk).update(claimed_at=clock.now())
    message.refresh_from_db()
    return message


def away(*given: Any, **more: Any) -> None:
    raise TransportError(Outcome.UNKNOWN, "away")


def test_a_text_whose_answer_was_lost_is_found_and_not_sent_again(
    unknown: Message, twilio: Twilio
) -> None:
    for number in range(3):
        twilio.text_out(f"of another lead {number}", to="+14155550188")
    later(minutes=1)
    unknown.refresh_from_db()
    assert (unknown.state, unknown.external_id) == ("sent", twilio.taken[0]["sid"])
    assert len(twilio.taken) == 1


def test_two_alike_on_the_list_are_for_a_person(
    unknown: Message, twilio: Twilio
) -> None:
    twilio.text_out(unknown.body, at=timezone.now())
    later(minutes=1)
    unknown.refresh_from_db()
    assert unknown.state == "unknown"
    assert "lists 2 messages" in Task.objects.get(kind="sent_check").reason


def test_a_list_that_is_away_is_asked_again_and_then_a_person(
    unknown: Message, twilio: Twilio
) -> None:
    twilio.instead = answer(500, b"{}")
    later(minutes=1)
    assert not Task.objects.filter(kind="sent_check").exists()
    later(minutes=16)
    assert "answered 500" in Task.objects.get(kind="sent_check").reason
    reset_breakers()
    twilio.instead = None
    later(minutes=33)
    unknown.refresh_from_db()
    assert unknown.state == "sent"
    assert not Task.objects.filter(kind="sent_check", done_at=None).exists()
    assert len(twilio.taken) == 1
