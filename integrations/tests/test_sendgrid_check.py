"""The SendGrid test tells apart what is wrong, and says what to do about it."""

import socket
import time
from typing import Any

import pytest
from pytest_django import Settings

from integrations import services
from integrations.http import reset_breakers
from integrations.providers.sendgrid import SERVICE
from integrations.services import ServiceResult, ServiceState
from integrations.tests.http_loopback import (
    answer,
    drip,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.sendgrid_loopback import (
    BASE,
    KEY,
    SALES,
    SendGrid,
    sendgrid,
    vendor_error,
)

__all__ = ["fresh_door", "sendgrid", "serve"]  # fixtures
State = ServiceState


def ask(**given: Any) -> ServiceResult:
    return services.check(SERVICE, **given)


def assert_wrong(words: str, fix: str = "") -> None:
    found = ask()
    assert found.state is State.MISCONFIGURED, found
    assert words in found.words
    assert fix in found.fix and found.fix


def test_an_account_that_is_right_works_with_four_reads(sendgrid: SendGrid) -> None:
    found = ask()
    assert (found.state, found.fix) == (State.OK, "")
    assert "alder.example is authenticated" in found.words
    assert "_dmarc.alder.example" in found.detail
    assert found.latency_ms is not None
    assert all(head.startswith("GET ") for head in sendgrid.heads)
    assert len(sendgrid.asked) == 4
    assert sendgrid.mails == []


def test_what_is_not_set_up_is_said_beside(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.SENDGRID_INBOUND_DOMAIN = settings.SENDGRID_WEBHOOK_PUBLIC_KEY = ""
    found = ask()
    assert found.state is State.OK
    assert "SENDGRID_INBOUND_DOMAIN is not set" in found.words
    assert "SENDGRID_WEBHOOK_PUBLIC_KEY is not set" in found.words


# --- the key -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "fix"),
    [
        (401, "The provided authorization grant is invalid", "api.eu.sendgrid.com"),
        (401, "authorization required", "Make a new one"),
        (403, "access forbidden", "Full Access"),
        (401, "Maximum credits exceeded", "Raise the plan"),
    ],
)
def test_a_key_that_is_not_accepted_is_rejected_with_the_fix(
    sendgrid: SendGrid, status: int, message: str, fix: str
) -> None:
    sendgrid.instead = vendor_error(status, message)
    found = ask()
    assert found.state is State.REJECTED
    assert fix in found.fix
    assert KEY not in repr(found)


def test_a_key_that_may_not_send_is_rejected(sendgrid: SendGrid) -> None:
    sendgrid.scopes.remove("mail.send")
    found = ask()
    assert found.state is State.REJECTED
    assert "may not send mail" in found.words
    assert "Mail Send" in found.fix


def test_a_key_that_may_only_send_is_asked_for_nothing_more(
    sendgrid: SendGrid,
) -> None:
    sendgrid.scopes = ["mail.send"]
    found = ask()
    assert found.state is State.OK
    assert sendgrid.asked == ["/v3/scopes"]
    assert "may not read" in found.detail


@pytest.mark.parametrize("script", [hang, drip])
def test_a_timeout_never_reads_bad_key(sendgrid: SendGrid, script: Any) -> None:
    sendgrid.instead = script
    started = time.monotonic()
    found = ask(deadline=0.7)
    assert time.monotonic() - started < 2.5
    assert found.state is State.UNREACHABLE
    words = f"{found.words} {found.fix}".lower()
    assert not {"token", "key", "reject"} & set(words.replace(".", "").split())


def test_the_reads_share_the_deadline(sendgrid: SendGrid) -> None:
    sendgrid.instead_of["/domains"] = hang
    started = time.monotonic()
    assert ask(deadline=0.7).state is State.UNREACHABLE
    assert time.monotonic() - started < 2.5


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
        (answer(200, b'{"scopes": "all"}'), State.MISCONFIGURED),
    ],
)
def test_each_other_end_has_its_state(
    sendgrid: SendGrid, script: Any, state: ServiceState
) -> None:
    sendgrid.instead = script
    found = ask()
    assert found.state is state, found
    assert found.words and found.fix


def test_429_says_that_it_works_and_for_how_long_to_wait(sendgrid: SendGrid) -> None:
    sendgrid.instead = vendor_error(429, "too many requests", {"Retry-After": "90"})
    found = ask()
    assert found.state is State.RATE_LIMITED
    assert "key is not in doubt" in found.words
    assert "for 90 s" in found.words or "for 89 s" in found.words


def test_a_refused_connection_says_what_was_tried_and_then_it_is_not_called(
    sendgrid: SendGrid, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        target = f"127.0.0.1:{closed.getsockname()[1]}"
    settings.SENDGRID_BASE_URL = f"http://{target}"
    settings.OUTBOUND_ALLOW = [target]
    for _ in range(5):
        found = ask()
        assert found.state is State.UNREACHABLE
        assert f"Tried: http://{target}" in found.words
    found = ask()
    assert found.state is State.UNREACHABLE
    assert "was not called" in found.words
    reset_breakers()


# --- the sender --------------------------------------------------------------


def test_a_domain_whose_records_are_missing_names_them(sendgrid: SendGrid) -> None:
    sendgrid.domains = [
        {
            "domain": "alder.example",
            "valid": False,
            "dns": {
                "mail_cname": {
                    "valid": True,
                    "type": "cname",
                    "host": "em1.alder.example",
                    "data": "u1.wl.sendgrid.net",
                },
                "dkim1": {
                    "valid": False,
                    "type": "cname",
                    "host": "s1._domainkey.alder.example",
                    "data": "s1.domainkey.u1.wl.sendgrid.net",
                },
            },
        }
    ]
    assert_wrong(
        "not all in place", "CNAME s1._domainkey.alder.example → s1.domainkey.u1"
    )
    assert "em1.alder.example" not in ask().fix
    sendgrid.domains[0]["dns"] = "rubbish"
    assert_wrong("not all in place", "Sender Authentication")


def test_a_parent_domain_counts_and_another_does_not(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.SENDGRID_FROM_EMAIL = "ana@mail.alder.example"
    assert ask().state is State.OK
    settings.SENDGRID_FROM_EMAIL = "ana@notalder.example"
    assert_wrong(
        "has not verified ana@notalder.example", "Authenticate notalder.example"
    )


@pytest.mark.parametrize(
    ("verified", "state", "words"),
    [
        (True, State.OK, "is a verified sender"),
        (False, State.MISCONFIGURED, "waits for the click"),
    ],
)
def test_a_single_sender_works_and_is_told_what_it_lacks(
    sendgrid: SendGrid, verified: bool, state: ServiceState, words: str
) -> None:
    sendgrid.domains = []
    sendgrid.senders = [{"from_email": SALES.upper(), "verified": verified}]
    found = ask()
    assert found.state is state
    assert words in found.words
    assert "DMARC" in f"{found.detail}{found.fix}"


def test_a_freemail_sender_is_advised_against(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.SENDGRID_FROM_EMAIL = "alder@gmail.com"
    sendgrid.senders = [{"from_email": "alder@gmail.com", "verified": True}]
    found = ask()
    assert found.state is State.OK
    assert "domain of your own" in found.detail


def test_a_sender_that_is_no_address_is_not_even_asked_about(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.SENDGRID_FROM_EMAIL = "Alder <sales@alder.example>"
    assert_wrong("no mail address")
    assert sendgrid.asked == []


# --- the ways in -------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hostname": "other.example"}, "no Inbound Parse"),
        ({"url": "https://old.example.com/parse?key=secret"}, "not to us"),
        (
            {"url": f"{BASE}/hooks/sendgrid/inbound/othertoken/"},
            "a token we do not know",
        ),
    ],
)
def test_mail_that_does_not_come_in_is_found(
    sendgrid: SendGrid, change: dict[str, str], words: str
) -> None:
    sendgrid.parse = [{**sendgrid.parse[0], **change}]
    found = ask()
    assert_wrong(words, "Inbound Parse")
    shown = f"{found.words}{found.fix}"
    assert not any(token in shown for token in ("tokentoken", "othertoken", "secret"))


def test_without_a_public_address_the_way_in_is_not_known(
    sendgrid: SendGrid, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = ""
    assert_wrong("does not know the way to us", "PUBLIC_BASE_URL")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "https://other.example.com/"}, "does not report to us"),
        ({"enabled": False}, "switched off"),
        ({"public_key": None}, "does not sign"),
        ({"public_key": "otherkey"}, "another key"),
    ],
)
def test_reports_that_do_not_come_in_are_found(
    sendgrid: SendGrid, change: dict[str, Any], words: str
) -> None:
    sendgrid.events = [{**sendgrid.events[0], **change}]
    assert_wrong(words)


def test_an_account_without_any_hook_answers_an_empty_row(sendgrid: SendGrid) -> None:
    sendgrid.events = [{}]
    assert_wrong("does not report to us")
