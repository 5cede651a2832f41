"""What every webhook keeps, for those that are installed."""

import pytest
from pytest_django import Settings

from integrations.base import Webhook
from integrations.providers.twilio import TwilioWebhook
from integrations.tests.cases import WebhookCases
from integrations.tests.webhook_requests import (
    BASE,
    SMS,
    STATUS,
    recorded,
    signed,
    twilio_settings,
)

__all__ = ["twilio_settings"]  # fixtures


class TestTwilioWebhook(WebhookCases):
    webhook = TwilioWebhook()

    @pytest.fixture(autouse=True)
    def _settings(self, twilio_settings: Settings) -> None:
        pass

    def genuine(self) -> tuple[str, str, dict[str, str], bytes]:
        call = signed(SMS, recorded("sms_text"))
        return SMS.removeprefix("/hooks/"), f"{BASE}{SMS}", call.headers, call.body


class TestTwilioReports(TestTwilioWebhook):
    def genuine(self) -> tuple[str, str, dict[str, str], bytes]:
        call = signed(STATUS, recorded("status_delivered"))
        path = STATUS.removeprefix("/hooks/")
        return path, f"{BASE}{STATUS}", call.headers, call.body


def test_a_webhook_that_proves_nothing_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="proves nothing"):
        type("Careless", (Webhook,), {"provider": "x", "routes": {"x/": "x"}})
