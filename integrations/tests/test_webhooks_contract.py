"""What every webhook keeps, for those that are installed."""

from typing import ClassVar

import pytest
from pytest_django import Settings

from integrations.base import Body, Headers, Webhook, webhooks
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


def test_a_webhook_that_cannot_read_its_requests_is_not_loaded(
    settings: Settings,
) -> None:
    settings.WEBHOOKS = [f"{__name__}.Unfinished"]
    with pytest.raises(TypeError, match=r"abstract method '?parse'?"):
        webhooks()


class Unfinished(Webhook):
    """It proves all, and reads none."""

    provider = "x"
    label = "X"
    routes: ClassVar[dict[str, str]] = {"x/": "x"}

    def validate_nothing(self, url: str, headers: Headers, raw: Body) -> None:
        pass
