"""Our calls against SendGrid's published API description, served as a mock.

Set VENDOR_MOCK_31 to the mock's address (http://127.0.0.1:4031). It answers 422,
with the details in `sl-violations`, when a request breaks the description.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from integrations.providers.sendgrid import SERVICE, SendGridTransport
from integrations.sendgrid_check import Account
from integrations.services import ServiceState, check
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.mail_cases import outgoing
from integrations.tests.mock_relay import Relay
from integrations.tests.sendgrid_loopback import point_at
from messaging.transports import Outcome, TransportError

__all__ = ["fresh_door", "serve"]  # fixtures

MOCK = os.environ.get("VENDOR_MOCK_31", "")
pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not MOCK, reason="VENDOR_MOCK_31 names no vendor mock"),
]


@pytest.fixture
def relay(serve: Callable[[Script], Loopback], settings: Settings) -> Iterator[Relay]:
    relay = Relay(MOCK, prefer="code=202")
    point_at(settings, serve(relay).url)
    yield relay
    relay.assert_contract_kept()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mail": {"html": "", "reply_to": "", "headers": (), "references": ()}},
        {"mail": {"from_name": "", "in_reply_to": ""}, "subject": ""},
        {"body": "x" * 100_000, "mail": {"from_name": "Zoë, Söhne"}},
        {"to_address": "dana@müller.example", "from_address": "log"},
    ],
)
def test_a_mail_keeps_the_contract(relay: Relay, fields: dict[str, Any]) -> None:
    assert SendGridTransport().send(outgoing(**fields)).external_id
    assert relay.statuses == [202]


def test_a_mail_without_tracking_keeps_the_contract(
    relay: Relay, settings: Settings
) -> None:
    settings.SENDGRID_TRACKING = False
    assert SendGridTransport().send(outgoing()).external_id


@pytest.mark.parametrize(
    ("code", "outcome", "elsewhere"),
    [
        (400, Outcome.PERMANENT, False),
        (401, Outcome.PERMANENT, True),
        (403, Outcome.PERMANENT, True),
        (404, Outcome.PERMANENT, True),
        (413, Outcome.PERMANENT, False),
        (429, Outcome.LATER, False),
        (500, Outcome.UNKNOWN, False),
    ],
)
def test_the_vendors_own_errors_are_read(
    relay: Relay, code: int, outcome: Outcome, elsewhere: bool
) -> None:
    relay.prefer = f"code={code}"
    with pytest.raises(TransportError) as caught:
        SendGridTransport().send(outgoing())
    assert (caught.value.outcome, caught.value.elsewhere) == (outcome, elsewhere)
    assert relay.statuses == [code]


def test_the_reads_of_the_service_test_keep_the_contract(relay: Relay) -> None:
    relay.prefer = "code=200"
    account = Account(30)
    assert "mail.send" in account.scopes()
    assert account.parse_settings()[0]["hostname"] == "mail.mydomain.com"
    assert account.event_webhooks()[0]["url"] == "https://emailengagment.example.com"
    assert relay.statuses == [200, 200, 200]


def test_the_service_test_keeps_the_contract(relay: Relay) -> None:
    """The mock's key may not read how the sender stands, so that is not asked."""
    relay.prefer = "code=200"
    found = check(SERVICE)
    assert found.state is ServiceState.OK
    assert relay.statuses == [200]
