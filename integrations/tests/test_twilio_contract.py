"""Our calls against Twilio's published API description, served as a mock.

Set VENDOR_MOCK_30 to the mock's address (http://127.0.0.1:4030). It answers 422,
with the details in `sl-violations`, when a request breaks the description.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.providers.twilio import SERVICE, TwilioTransport
from integrations.services import ServiceState, check
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.mock_relay import Relay
from integrations.tests.test_twilio_transport import outgoing
from integrations.tests.webhook_requests import twilio_settings
from integrations.twilio_listing import TwilioInbound
from messaging.transports import Outcome, TransportError

__all__ = ["fresh_door", "serve", "twilio_settings"]  # fixtures

MOCK = os.environ.get("VENDOR_MOCK_30", "")
pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not MOCK, reason="VENDOR_MOCK_30 names no vendor mock"),
]


@pytest.fixture
def relay(
    serve: Callable[[Script], Loopback], twilio_settings: Settings
) -> Iterator[Relay]:
    relay = Relay(MOCK, prefer="dynamic=true")
    twilio_settings.TWILIO_BASE_URL = serve(relay).url.rstrip("/")
    yield relay
    relay.assert_contract_kept()


def test_a_text_by_number_keeps_the_contract(relay: Relay) -> None:
    assert TwilioTransport().send(outgoing()).external_id


def test_a_text_by_messaging_service_keeps_the_contract(
    relay: Relay, settings: Settings
) -> None:
    """Pictures are left out: the mock takes no repeated form parameter at all,
    which is how Twilio and its own SDK send them."""
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "0" * 31 + "1"
    assert TwilioTransport().send(outgoing()).external_id


def test_the_list_for_reconciliation_keeps_the_contract(relay: Relay) -> None:
    relay.prefer = "code=200"
    since = timezone.now() - timedelta(minutes=2)
    assert isinstance(list(TwilioTransport().find(outgoing(), since=since)), list)


@pytest.mark.parametrize(
    ("prefer", "outcome"),
    [
        ("code=400, example=unsubscribed", Outcome.PERMANENT),
        ("code=401", Outcome.PERMANENT),
        ("code=404", Outcome.PERMANENT),
        ("code=429", Outcome.LATER),
        ("code=500", Outcome.UNKNOWN),
    ],
)
def test_the_vendors_own_errors_are_read(
    relay: Relay, prefer: str, outcome: Outcome
) -> None:
    relay.prefer = prefer
    with pytest.raises(TransportError) as caught:
        TwilioTransport().send(outgoing())
    assert caught.value.outcome is outcome
    if "unsubscribed" in prefer:
        assert caught.value.code == "21610"


def test_the_gap_sweeps_list_keeps_the_contract(relay: Relay, db: None) -> None:
    relay.prefer = "code=200"
    now = timezone.now()
    source = TwilioInbound(deadline=10)
    listing = source.listed(since=now - timedelta(hours=6), until=now)
    assert isinstance(listing.rows, tuple)


def test_the_service_test_keeps_the_contract(relay: Relay) -> None:
    """The mock knows the account, not its numbers: it answers 404 to those."""
    relay.prefer = "code=200"
    found = check(SERVICE)
    assert relay.statuses[0] == 200
    assert found.state in (ServiceState.OK, ServiceState.MISCONFIGURED)
