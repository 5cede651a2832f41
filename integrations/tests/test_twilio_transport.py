"""Texts out through Twilio, on a carrier of the test's own."""

import base64
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.providers.twilio import TwilioTransport
from integrations.tests.cases import RemoteTransportCases, TransportCases
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.webhook_requests import (
    ACCOUNT,
    BASE,
    TOKEN,
    twilio_settings,
)
from leads import clock
from messaging.transports import (
    LogTransport,
    Outcome,
    OutgoingMessage,
    Receipt,
    TransportError,
)

__all__ = ["fresh_door", "serve", "twilio_settings"]  # fixtures

SERVICE = "MG" + "0" * 31 + "1"
Form = dict[str, list[str]]


class Carrier:
    """Twilio's Messages resource: takes texts and lists them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.forms: list[Form] = []
        self.heads: list[str] = []
        self.more: dict[str, Any] = {}
        self.instead: Script | None = None

    def __call__(self, sock: socket.socket, heard: bytes) -> None:
        if self.instead is not None:
            return self.instead(sock, heard)
        head, _, body = heard.decode().partition("\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(" ", 2)
        if method == "POST":
            self.forms.append(parse_qs(body, keep_blank_values=True))
            return self.say(sock, 201, self.take(self.forms[-1]))
        query = parse_qs(urlsplit(target).query)
        wanted = [row for row in self.rows if self.fits(row, query)]
        self.say(sock, 200, {"messages": wanted, "uri": target, "page": 0})

    def take(self, form: Form) -> dict[str, Any]:
        row = {
            "sid": f"SM{len(self.rows) + 1:032x}",
            "status": "queued",
            "direction": "outbound-api",
            "to": form["To"][0],
            "from": form.get("From", [""])[0] or None,
            "body": form.get("Body", [""])[0],
            "num_segments": "2",
            "date_created": format_datetime(datetime.now(UTC)),
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            **self.more,
        }
        self.rows.append(row)
        return row

    def fits(self, row: dict[str, Any], query: Form) -> bool:
        same_to = query.get("To", [row["to"]])[0] == row["to"]
        return same_to and query.get("From", [row["from"]])[0] == row["from"]

    def say(self, sock: socket.socket, status: int, data: Any) -> None:
        kind = {"Content-Type": "application/json"}
        answer(status, json.dumps(data).encode(), kind)(sock, b"")


@pytest.fixture
def carrier(serve: Callable[[Script], Loopback], twilio_settings: Settings) -> Carrier:
    carrier = Carrier()
    twilio_settings.TWILIO_BASE_URL = serve(carrier).url.rstrip("/")
    return carrier


def vendor_error(
    status: int, code: int, headers: dict[str, str] | None = None
) -> Script:
    words = {"code": code, "message": f"no to {TOKEN}", "status": status}
    return answer(status, json.dumps(words).encode(), headers)


SCRIPTS: dict[str, Script] = {
    "400": vendor_error(400, 21211),
    "401": vendor_error(401, 20003),
    "404": vendor_error(404, 20404),
    "429": vendor_error(429, 20429, {"Retry-After": "7"}),
    "500": vendor_error(500, 20500),
    "503": vendor_error(503, 20503),
    "503-later": vendor_error(503, 20503, {"Retry-After": "7"}),
    "hang": hang,
    "reset": reset,
    "html": answer(201, b"<html>Created</html>"),
    "empty": answer(201, b""),
    "list": answer(201, b"[]"),
    "no-id": answer(201, b"{}"),
}


class TestTwilioTransport(RemoteTransportCases):
    transport = TwilioTransport()

    @pytest.fixture(autouse=True)
    def _carrier(self, carrier: Carrier, settings: Settings) -> None:
        self.carrier, self.settings = carrier, settings

    def accept_all(self) -> None:
        self.carrier.instead = None

    def fail_with(self, script: str) -> None:
        if script == "refused":
            with socket.create_server(("127.0.0.1", 0)) as closed:
                port = closed.getsockname()[1]
            self.settings.TWILIO_BASE_URL = f"http://127.0.0.1:{port}"
            self.settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
        else:
            self.carrier.instead = SCRIPTS[script]


class TestLogTransport(TransportCases):
    transport = LogTransport()

    def accept_all(self) -> None:
        self.transport.sent.clear()


# --- what Twilio hears -------------------------------------------------------


def outgoing(**fields: Any) -> OutgoingMessage:
    return RemoteTransportCases().message(**fields)


def send(**fields: Any) -> Receipt:
    return TwilioTransport().send(outgoing(**fields))


def test_a_text_carries_our_id_in_the_address_for_its_reports(
    carrier: Carrier,
) -> None:
    message = outgoing()
    receipt = TwilioTransport().send(message)
    assert carrier.forms == [
        {
            "To": ["+14155550123"],
            "From": ["+15017122661"],
            "Body": ["Hello 👋"],
            "StatusCallback": [f"{BASE}/hooks/twilio/status/{message.public_id}/"],
        }
    ]
    assert (receipt.external_id, receipt.segments) == (carrier.rows[0]["sid"], 2)
    head = carrier.heads[0]
    assert head.startswith(f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json ")
    known = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert f"basic {known}".lower() in head.lower()


def test_without_a_public_address_no_reports_are_asked_for(
    carrier: Carrier, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = ""
    send()
    assert "StatusCallback" not in carrier.forms[0]


def test_pictures_go_along(carrier: Carrier) -> None:
    urls = ("https://crm.example.com/a.jpg", "https://crm.example.com/b.jpg")
    send(media_urls=urls, body="")
    assert carrier.forms[0]["MediaUrl"] == list(urls)
    assert "Body" not in carrier.forms[0]


@pytest.mark.parametrize(
    ("service", "address", "sender"),
    [
        ("", "+15017122661", {"From": ["+15017122661"]}),
        ("", "", {"From": ["+15017122661"]}),
        (SERVICE, "+15017122661", {"MessagingServiceSid": [SERVICE]}),
        (SERVICE, "", {"MessagingServiceSid": [SERVICE]}),
        (SERVICE, "+15005550006", {"From": ["+15005550006"]}),
        ("", SERVICE, {"MessagingServiceSid": [SERVICE]}),
    ],
)
def test_the_lead_sees_the_number_it_wrote_to_or_the_services(
    carrier: Carrier, settings: Settings, service: str, address: str, sender: Form
) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = service
    send(from_address=address)
    names = ("From", "MessagingServiceSid")
    assert {k: v for k, v in carrier.forms[0].items() if k in names} == sender


def test_half_set_it_stays_off(settings: Settings, twilio_settings: Settings) -> None:
    assert TwilioTransport().is_configured()
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
        kept = getattr(settings, name)
        setattr(settings, name, "")
        assert not TwilioTransport().is_configured()
        setattr(settings, name, kept)
    settings.TWILIO_PHONE_NUMBER = ""
    settings.TWILIO_MESSAGING_SERVICE_SID = SERVICE
    assert TwilioTransport().is_configured()


def test_the_first_listed_token_calls(carrier: Carrier, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = f"{TOKEN}, older"
    send()
    known = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert f"basic {known}".lower() in carrier.heads[0].lower()


# --- what Twilio says --------------------------------------------------------


def refused(carrier: Carrier, script: Script) -> TransportError:
    carrier.instead = script
    with pytest.raises(TransportError) as caught:
        send()
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "outcome", "words"),
    [
        (400, 21610, Outcome.PERMANENT, "opted out"),
        (400, 21211, Outcome.PERMANENT, "not a valid phone number"),
        (400, 21614, Outcome.PERMANENT, "not a mobile number"),
        (400, 21635, Outcome.PERMANENT, "landline"),
        (400, 21611, Outcome.LATER, "too many texts wait"),
        (401, 20003, Outcome.PERMANENT, "does not accept the account SID"),
        (403, 20003, Outcome.PERMANENT, "does not accept the account SID"),
    ],
)
def test_twilios_codes_are_told_in_plain_words(
    carrier: Carrier, status: int, code: int, outcome: Outcome, words: str
) -> None:
    error = refused(carrier, vendor_error(status, code))
    assert (error.outcome, error.code) == (outcome, str(code))
    assert words in error.words


def test_an_unknown_code_keeps_its_number_and_no_secret(carrier: Carrier) -> None:
    error = refused(carrier, vendor_error(400, 99999))
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "99999")
    assert "99999" in error.words
    assert TOKEN not in f"{error.words} {error!r}"


def test_what_twilio_calls_failed_at_once_was_not_sent(carrier: Carrier) -> None:
    carrier.more = {"status": "failed", "error_code": 30034}
    with pytest.raises(TransportError) as caught:
        send()
    assert (caught.value.outcome, caught.value.code) == (Outcome.PERMANENT, "30034")
    assert "A2P 10DLC" in caught.value.words


@pytest.mark.parametrize(
    ("price", "unit", "micro"),
    [
        ("-0.00750", "USD", 7_500),
        (None, "USD", None),
        ("-0.0075", "EUR", None),
        ("NaN", "USD", None),
        ("free", "USD", None),
    ],
)
def test_the_price_is_in_millionths_when_it_is_known(
    carrier: Carrier, price: str | None, unit: str, micro: int | None
) -> None:
    carrier.more = {"price": price, "price_unit": unit}
    assert send().price_micro == micro


def test_a_later_time_is_on_the_clock_that_due_times_use(carrier: Carrier) -> None:
    with clock.shifted(timedelta(days=3)):
        error = refused(carrier, SCRIPTS["429"])
        assert error.retry_at is not None
        assert 5 <= (error.retry_at - clock.now()).total_seconds() <= 8


def test_only_texts_that_may_be_this_one_are_found(carrier: Carrier) -> None:
    message = outgoing()
    transport = TwilioTransport()
    for made in (message, outgoing(body="other"), outgoing(to_address="+14155550199")):
        transport.send(made)
    old = {**carrier.rows[0], "sid": "SMold"}
    old["date_created"] = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    theirs = {**carrier.rows[0], "sid": "SMtheirs", "direction": "inbound"}
    carrier.rows += [old, theirs]
    since = timezone.now() - timedelta(minutes=2)
    found = transport.find(message, since=since)
    assert [row.external_id for row in found] == [carrier.rows[0]["sid"]]


def test_a_list_that_cannot_be_read_is_no_empty_list(carrier: Carrier) -> None:
    carrier.instead = answer(200, b"<html>")
    with pytest.raises(TransportError):
        TwilioTransport().find(outgoing(), since=timezone.now())
