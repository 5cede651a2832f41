"""Mail out through SendGrid, on a carrier of the test's own."""

import socket
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations import sendgrid_api
from integrations.providers.sendgrid import SendGridTransport
from integrations.tests.cases import RemoteTransportCases
from integrations.tests.http_loopback import (
    Script,
    answer,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.mail_cases import DANA, SALES, MailTransportCases, outgoing
from integrations.tests.sendgrid_loopback import KEY, SendGrid, sendgrid, vendor_error
from leads import clock
from messaging.transports import Outcome, Receipt, TransportError

__all__ = ["fresh_door", "sendgrid", "serve"]  # fixtures

SCRIPTS: dict[str, Script] = {
    "400": vendor_error(400, "The subject is required."),
    "401": vendor_error(401, "The provided authorization grant is invalid"),
    "404": vendor_error(404, "not found"),
    "429": vendor_error(429, "too many requests", {"Retry-After": "7"}),
    "500": vendor_error(500, "internal server error"),
    "503": vendor_error(503, "unavailable"),
    "503-later": vendor_error(503, "unavailable", {"Retry-After": "7"}),
    "hang": hang,
    "reset": reset,
    "html": answer(202, b"<html>Accepted</html>"),
    "empty": answer(202, b""),
    "list": answer(200, b"[]"),
    "no-id": answer(202, b"{}", {"X-Message-Id": " "}),
}


class TestSendGridTransport(MailTransportCases, RemoteTransportCases):
    transport = SendGridTransport()

    @pytest.fixture(autouse=True)
    def _carrier(self, sendgrid: SendGrid, settings: Settings) -> None:
        self.carrier, self.settings = sendgrid, settings

    def accept_all(self) -> None:
        self.carrier.instead = None

    def taken(self) -> int:
        return len(self.carrier.asked)

    def fail_with(self, script: str) -> None:
        if script == "refused":
            with socket.create_server(("127.0.0.1", 0)) as closed:
                port = closed.getsockname()[1]
            self.settings.SENDGRID_BASE_URL = f"http://127.0.0.1:{port}"
            self.settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
        else:
            self.carrier.instead = SCRIPTS[script]


def send(**fields: Any) -> Receipt:
    return SendGridTransport().send(outgoing(**fields))


def refused(sendgrid: SendGrid, script: Script) -> TransportError:
    sendgrid.instead = script
    with pytest.raises(TransportError) as caught:
        send(deadline=2.0)
    return caught.value


# --- what SendGrid hears -----------------------------------------------------


def test_a_mail_carries_all_of_it_and_our_id_for_its_reports(
    sendgrid: SendGrid,
) -> None:
    message = outgoing()
    receipt = SendGridTransport().send(message)
    assert len(receipt.external_id) == 22
    assert sendgrid.mails == [
        {
            "from": {"email": SALES, "name": "Ana at Alder"},
            "personalizations": [{"to": [{"email": DANA}]}],
            "reply_to": {"email": "reply+abc@in.alder.example"},
            "subject": "Your desks",
            "content": [
                {"type": "text/plain", "value": "Hello Dana 👋"},
                {"type": "text/html", "value": "<p>Hello <b>Dana</b></p>"},
            ],
            "headers": {
                "Message-ID": f"<{message.public_id}@alder.example>",
                "In-Reply-To": "<first@example.net>",
                "References": "<zero@example.net> <first@example.net>",
                "List-Unsubscribe": "<https://leads.example.com/u/token/>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            "custom_args": {"leadsite_message": str(message.public_id)},
            "categories": ["leadsite"],
            "tracking_settings": {
                "click_tracking": {"enable": True, "enable_text": False},
                "open_tracking": {"enable": True},
                "subscription_tracking": {"enable": False},
            },
        }
    ]
    head = sendgrid.heads[0].lower()
    assert head.startswith("post /v3/mail/send ")
    assert f"authorization: bearer {KEY.lower()}" in head


def test_tracking_follows_the_setting_and_unsubscribing_stays_ours(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.SENDGRID_TRACKING = False
    send()
    tracking = sendgrid.mails[0]["tracking_settings"]
    assert tracking["click_tracking"] == {"enable": False, "enable_text": False}
    assert tracking["open_tracking"] == {"enable": False}
    assert tracking["subscription_tracking"] == {"enable": False}
    assert "asm" not in sendgrid.mails[0]


def test_words_that_look_like_a_key_are_only_words(sendgrid: SendGrid) -> None:
    """The library's own content class refuses them."""
    send(body="Write to info@SG.com.sg or see VISITSG.com.sg")
    assert "SG.com.sg" in sendgrid.mails[0]["content"][0]["value"]


def test_foreign_letters_are_fit_for_headers(sendgrid: SendGrid) -> None:
    send(
        to_address="dana@müller.example",
        subject="",
        mail={"from_name": "Zoë, Söhne", "headers": (("X-Who", "Zoë"),), "html": ""},
    )
    (mail,) = sendgrid.mails
    assert mail["personalizations"] == [
        {"to": [{"email": "dana@xn--mller-kva.example"}]}
    ]
    assert mail["from"]["name"] == "Zoë, Söhne"
    assert mail["headers"]["X-Who"] == "=?utf-8?q?Zo=C3=AB?="
    assert mail["subject"] == "(no subject)"
    assert [part["type"] for part in mail["content"]] == ["text/plain"]


@pytest.mark.parametrize(
    ("address", "sender"),
    [("ana@other.example", "ana@other.example"), ("log", SALES), ("", SALES)],
)
def test_the_lead_sees_the_mailbox_it_knows_or_ours(
    sendgrid: SendGrid, address: str, sender: str
) -> None:
    send(from_address=address)
    assert sendgrid.mails[0]["from"]["email"] == sender


def test_half_set_it_stays_off(sendgrid: SendGrid, settings: Settings) -> None:
    assert SendGridTransport().is_configured()
    for name in ("SENDGRID_API_KEY", "SENDGRID_FROM_EMAIL"):
        kept = getattr(settings, name)
        setattr(settings, name, "")
        assert not SendGridTransport().is_configured()
        setattr(settings, name, kept)


# --- what SendGrid says ------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "code", "elsewhere", "words"),
    [
        (401, "The provided authorization grant is invalid", "key", True, "API key"),
        (401, "Maximum credits exceeded", "credits", True, "used up"),
        (403, "access forbidden", "access", True, "may not send"),
        (
            403,
            "The from address does not match a verified Sender Identity. Mail cannot"
            " be sent until this error is resolved.",
            "sender",
            True,
            "not verified our sender",
        ),
        (
            400,
            "The from address does not match a verified Sender Identity.",
            "sender",
            True,
            "not verified our sender",
        ),
        (400, "Does not contain a valid address.", "address", False, "no mail address"),
        (400, "The subject is required.", "400", False, "The subject is required"),
        (413, "content too large", "size", False, "too large"),
        (404, "", "not_sendgrid", True, "not SendGrid's"),
    ],
)
def test_its_refusals_say_in_plain_words_what_is_to_blame(
    sendgrid: SendGrid,
    status: int,
    message: str,
    code: str,
    elsewhere: bool,
    words: str,
) -> None:
    error = refused(sendgrid, vendor_error(status, message))
    assert (error.outcome, error.code) == (Outcome.PERMANENT, code)
    assert error.elsewhere is elsewhere
    assert words in error.words


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_trouble_on_its_side_may_have_been_a_yes(
    sendgrid: SendGrid, status: int
) -> None:
    error = refused(sendgrid, vendor_error(status, "access forbidden"))
    assert (error.outcome, error.elsewhere) == (Outcome.UNKNOWN, False)
    assert "may have taken" in error.words


@pytest.mark.parametrize(
    ("headers", "seconds", "elsewhere"),
    [
        ({"Retry-After": "7"}, 7, False),
        ({"Retry-After": "3600"}, 3600, True),
        ({"X-RateLimit-Reset": "{now+30}"}, 30, False),
        ({"X-RateLimit-Reset": "{now+900}"}, 900, True),
        ({"X-RateLimit-Reset": "{now-900}"}, 0, False),
        ({"X-RateLimit-Reset": "soon"}, None, False),
        ({}, None, False),
    ],
)
def test_a_short_wait_is_kept_and_a_long_one_is_for_the_other_road(
    sendgrid: SendGrid,
    headers: dict[str, str],
    seconds: int | None,
    elsewhere: bool,
) -> None:
    now = int(time.time())
    shown = {
        name: str(now + int(value[4:-1])) if value.startswith("{now") else value
        for name, value in headers.items()
    }
    with clock.shifted(timedelta(days=3)):
        error = refused(sendgrid, vendor_error(429, "too many requests", shown))
        assert (error.outcome, error.elsewhere) == (Outcome.LATER, elsewhere)
        if seconds is None:
            assert error.retry_at is None
        else:
            assert error.retry_at is not None
            wait = (error.retry_at - clock.now()).total_seconds()
            assert seconds - 5 <= wait <= seconds + 1


def test_no_secret_is_in_its_words(sendgrid: SendGrid) -> None:
    error = refused(sendgrid, vendor_error(400, f"no to {KEY} at all"))
    assert KEY not in f"{error.words}{error!r}"
    assert KEY[3:20] not in sendgrid_api.account()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": []}', b'{"a":1}'])
def test_a_refusal_without_words_is_still_one(sendgrid: SendGrid, body: bytes) -> None:
    error = refused(sendgrid, answer(400, body))
    assert (error.outcome, error.elsewhere) == (Outcome.PERMANENT, False)
    assert "400" in error.words


def test_what_was_not_reached_may_go_elsewhere(
    sendgrid: SendGrid, settings: Settings
) -> None:
    for _ in range(6):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        settings.SENDGRID_BASE_URL = f"http://127.0.0.1:{port}"
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
        with pytest.raises(TransportError) as caught:
            send()
        assert caught.value.elsewhere
    assert (caught.value.outcome, caught.value.code) == (Outcome.LATER, "breaker_open")
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > timezone.now()
