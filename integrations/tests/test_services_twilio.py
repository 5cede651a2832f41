"""The Twilio test tells apart what is wrong, and says what to do about it."""

import socket
import time
from typing import Any

import pytest
from pytest_django import Settings

from integrations import services
from integrations.http import reset_breakers
from integrations.providers.twilio import SERVICE
from integrations.services import ServiceResult, ServiceState
from integrations.tests.http_loopback import (
    answer,
    drip,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.twilio_loopback import NUMBER, Twilio, sid, twilio, vendor_error
from integrations.tests.webhook_requests import ACCOUNT, BASE, TOKEN, twilio_settings

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

State = ServiceState
OURS = f"{BASE}/hooks/twilio/sms/"
MG = "MG" + "0" * 31 + "1"


def ask(**given: Any) -> ServiceResult:
    return services.check(SERVICE, **given)


def test_an_account_that_is_right_works(twilio: Twilio) -> None:
    found = ask()
    assert (found.state, found.fix) == (State.OK, "")
    assert NUMBER in found.words
    assert "Alder Desks" in found.detail
    assert found.latency_ms is not None


def test_a_trial_account_says_whom_it_reaches(twilio: Twilio) -> None:
    twilio.account["type"] = "Trial"
    assert "verified numbers only" in ask().words


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_is_rejected_with_the_fix(twilio: Twilio, status: int) -> None:
    twilio.instead = vendor_error(status, 20003)
    found = ask()
    assert found.state is State.REJECTED
    assert "auth token does not belong to this account SID" in found.fix
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("script", [hang, drip])
def test_a_timeout_never_reads_bad_key(twilio: Twilio, script: Any) -> None:
    twilio.instead = script
    started = time.monotonic()
    found = ask(deadline=0.7)
    assert time.monotonic() - started < 2.5
    assert found.state is State.UNREACHABLE
    words = f"{found.words} {found.fix}".lower()
    assert not {"token", "key", "reject"} & set(words.replace(".", "").split())


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (reset, State.UNREACHABLE),
        (answer(500, b"{}"), State.UNREACHABLE),
        (answer(502, b"<html>"), State.UNREACHABLE),
        (answer(404, b"<html>nginx</html>"), State.MISCONFIGURED),
        (answer(200, b"<html>Sign in to the wifi</html>"), State.MISCONFIGURED),
        (answer(301, b"", {"Location": "https://example.com/"}), State.MISCONFIGURED),
        (answer(200, b"[]"), State.MISCONFIGURED),
    ],
)
def test_each_other_end_has_its_state(
    twilio: Twilio, script: Any, state: ServiceState
) -> None:
    twilio.instead = script
    found = ask()
    assert found.state is state, found
    assert found.words and found.fix


def test_429_says_that_it_works_and_for_how_long_to_wait(twilio: Twilio) -> None:
    twilio.instead = vendor_error(429, 20429, {"Retry-After": "90"})
    found = ask()
    assert found.state is State.RATE_LIMITED
    assert "for 90 s" in found.words or "for 89 s" in found.words


def test_a_refused_connection_says_what_was_tried(
    twilio: Twilio, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        target = f"127.0.0.1:{closed.getsockname()[1]}"
    settings.TWILIO_BASE_URL = f"http://{target}"
    settings.OUTBOUND_ALLOW = [target]
    found = ask()
    assert found.state is State.UNREACHABLE
    assert f"Tried: http://{target}" in found.words


def test_a_name_that_is_not_found_is_unreachable(
    twilio: Twilio, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*given: Any, **more: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    settings.TWILIO_BASE_URL = "https://api.twilio.example"
    found = ask()
    assert found.state is State.UNREACHABLE
    assert "could not be found" in found.words


def test_an_address_that_may_not_be_called_is_misconfigured(
    twilio: Twilio, settings: Settings
) -> None:
    settings.TWILIO_BASE_URL, settings.OUTBOUND_ALLOW = "http://10.0.0.9", []
    assert ask().state is State.MISCONFIGURED


def test_an_open_breaker_says_that_it_was_not_called(twilio: Twilio) -> None:
    twilio.instead = answer(500, b"{}")
    for _ in range(5):
        ask()
    found = ask()
    assert found.state is State.UNREACHABLE
    assert "was not called" in found.words
    reset_breakers()
    twilio.instead = None
    assert ask().state is State.OK


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_is_not_open_is_rejected(twilio: Twilio, status: str) -> None:
    twilio.account["status"] = status
    found = ask()
    assert found.state is State.REJECTED
    assert status in found.words


def test_an_api_key_in_the_place_of_the_account_is_named(
    twilio: Twilio, settings: Settings
) -> None:
    settings.TWILIO_ACCOUNT_SID = "SK" + "0" * 32
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert "begin with AC" in found.words
    assert twilio.asked == []


def change(twilio: Twilio, **fields: Any) -> None:
    assert twilio.number is not None
    twilio.number.update(fields)


def test_a_number_of_another_account_is_named(twilio: Twilio) -> None:
    twilio.number = None
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert f"{NUMBER} is not a number of this Twilio account" in found.words


def test_a_number_for_calls_only_is_named(twilio: Twilio) -> None:
    change(twilio, capabilities={"voice": True, "sms": False})
    assert "cannot send texts" in ask().words


@pytest.mark.parametrize("url", ["https://demo.twilio.com/welcome/sms/reply/", ""])
def test_an_address_that_is_not_ours_comes_with_the_right_one(
    twilio: Twilio, url: str
) -> None:
    change(twilio, sms_url=url)
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert OURS in found.fix


def test_an_address_is_shown_without_its_query(twilio: Twilio) -> None:
    change(twilio, sms_url="https://old.example.com/in?token=abcd1234efgh")
    found = ask()
    assert "https://old.example.com/in" in found.words
    assert "abcd1234efgh" not in repr(found)


def test_a_get_in_the_place_of_a_post_is_named(twilio: Twilio) -> None:
    change(twilio, sms_method="GET")
    found = ask()
    assert "with GET" in found.words
    assert "HTTP POST" in found.fix


def test_a_twiml_app_has_the_say(twilio: Twilio) -> None:
    app = sid("AP")
    change(twilio, sms_application_sid=app, sms_url="https://unused.example.com")
    twilio.apps[app] = {"sid": app, "sms_url": OURS, "sms_method": "POST"}
    assert ask().state is State.OK
    twilio.apps[app]["sms_url"] = "https://elsewhere.example.com"
    assert "elsewhere.example.com" in ask().words


def test_a_messaging_service_is_looked_at(twilio: Twilio, settings: Settings) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = MG
    assert "no Messaging Service of this account" in ask().words
    twilio.service = {
        "sid": MG,
        "use_inbound_webhook_on_number": False,
        "inbound_request_url": OURS,
        "inbound_method": "POST",
    }
    change(twilio, sms_url="https://unused.example.com")
    assert ask().state is State.OK
    twilio.service["inbound_request_url"] = ""
    assert "incoming ones nowhere" in ask().words
    twilio.service["use_inbound_webhook_on_number"] = True
    assert "unused.example.com" in ask().words


def test_without_a_public_address_the_way_in_is_not_known(
    twilio: Twilio, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = ""
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert "keys are right" in found.words
    assert "PUBLIC_BASE_URL" in found.fix


def test_half_set_it_is_named_and_not_called(
    twilio: Twilio, settings: Settings
) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert "TWILIO_AUTH_TOKEN is missing" in found.words
    assert twilio.asked == []


def test_the_calls_of_one_test_share_its_deadline(twilio: Twilio) -> None:
    slow = twilio.__call__

    def late(sock: Any, heard: bytes) -> None:
        time.sleep(0.5)
        twilio.instead = None
        slow(sock, heard)
        twilio.instead = late

    twilio.instead = late
    started = time.monotonic()
    assert ask(deadline=0.8).state is State.UNREACHABLE
    assert time.monotonic() - started < 1.6


def test_it_takes_two_calls_and_sends_nothing(twilio: Twilio) -> None:
    ask()
    paths = [path.rsplit("/", 1)[-1] for path, _ in twilio.asked]
    assert paths == [f"{ACCOUNT}.json", "IncomingPhoneNumbers.json"]
    assert twilio.taken == []


def test_calls_are_spoken_of_and_never_a_fault(twilio: Twilio) -> None:
    voice = f"{BASE}/hooks/twilio/voice/"
    assert twilio.number is not None
    found = ask()
    assert (found.state, found.fix) == (State.OK, "")
    assert f"paste {voice}" in found.words
    twilio.number["voice_url"] = voice
    assert "Calls come in here too" in ask().words
    twilio.number["capabilities"] = {"voice": False, "sms": True}
    assert "alls" not in ask().words


def test_a_voice_application_is_asked_for_its_address(twilio: Twilio) -> None:
    app = sid("AP")
    assert twilio.number is not None
    twilio.number["voice_application_sid"] = app
    twilio.apps[app] = {"sid": app, "voice_url": f"{BASE}/hooks/twilio/voice/"}
    assert "Calls come in here too" in ask().words
