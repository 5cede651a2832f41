"""Contract cases: what every webhook and every transport keeps, whoever the vendor.

A test class names its adapter and how its other side is made to behave, and takes
the cases over by inheritance.
"""

import uuid
from abc import abstractmethod
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.base import Answer, Body, Webhook, WebhookRejected
from integrations.models import WebhookDelivery
from messaging.transports import (
    Outcome,
    OutgoingMessage,
    Receipt,
    Transport,
    TransportError,
)


class WebhookCases:
    """For a class with `webhook` and `genuine`: (path, url, headers, body)."""

    webhook: Webhook

    @abstractmethod
    def genuine(self) -> tuple[str, str, dict[str, str], bytes]: ...

    def verify(self, **changed: Any) -> str:
        path, url, headers, body = self.genuine()
        found = self.webhook.match(path)
        assert found is not None
        return self.webhook.verify(
            changed.get("url", url),
            changed.get("headers", headers),
            Body(changed.get("body", body)),
            found[0],
        )

    def test_a_genuine_request_has_one_stable_id(self) -> None:
        assert self.verify() == self.verify() != ""

    def test_it_fails_closed_without_its_settings(self, settings: Settings) -> None:
        assert self.webhook.required_settings
        for name in self.webhook.required_settings:
            setattr(settings, name, "")
        with pytest.raises(WebhookRejected, match="is not set up"):
            self.verify()

    def test_it_refuses_without_headers_and_with_a_changed_body(self) -> None:
        body = self.genuine()[3]
        for changed in ({"headers": {}}, {"body": body + b"&x=1"}, {"body": b""}):
            with pytest.raises(WebhookRejected):
                self.verify(**changed)

    def test_no_body_makes_it_raise_anything_else(self) -> None:
        for body in (b"\xff" * 100, b"\0", b"%", b"{" * 5_000, b"=" * 5_000):
            with pytest.raises(WebhookRejected):
                self.verify(body=body)

    def test_every_validator_of_its_class_chain_runs(self) -> None:
        ran: list[str] = []

        class Overriding(type(self.webhook)):  # type: ignore[misc]
            def validate_settings(self, *given: Any) -> None:
                ran.append("settings")

            def validate_more(self, *given: Any) -> None:
                ran.append("more")

        with pytest.raises(WebhookRejected):
            Overriding().verify("", {}, Body(b""), "")
        found = self.webhook.match(self.genuine()[0])
        assert found is not None
        _, url, headers, body = self.genuine()
        Overriding().verify(url, headers, Body(body), found[0])
        assert ran == ["settings", "more"]

    def test_its_answer_and_its_routes_fit_the_journal(self) -> None:
        answer = self.webhook.answer
        assert isinstance(answer, Answer)
        assert 200 <= answer.status < 300
        path = self.genuine()[0]
        longest = WebhookDelivery._meta.get_field("route").max_length
        assert longest is not None and len(path) <= longest
        assert self.webhook.match(f"{path}x") is None


class TransportCases:
    """For a class with `transport` and a counterpart that can be told what to do."""

    transport: Transport

    @abstractmethod
    def accept_all(self) -> None:
        """Let the carrier take everything from now on."""

    def message(self, **fields: Any) -> OutgoingMessage:
        given = {
            "public_id": uuid.uuid4(),
            "channel": "sms",
            "from_address": "+15017122661",
            "to_address": "+14155550123",
            "body": "Hello 👋",
            **fields,
        }
        return OutgoingMessage(**given)

    def test_it_says_its_name_and_that_it_is_configured(self) -> None:
        self.accept_all()
        assert self.transport.name
        assert self.transport.is_configured() is True

    def test_what_is_accepted_has_the_carriers_id(self) -> None:
        self.accept_all()
        receipt = self.transport.send(self.message())
        assert isinstance(receipt, Receipt)
        assert receipt.external_id
        assert receipt.state == "sent"
        assert receipt.segments >= 0

    def test_what_was_sent_is_found_again(self) -> None:
        self.accept_all()
        message = self.message()
        receipt = self.transport.send(message)
        since = timezone.now() - timedelta(minutes=2)
        found = list(self.transport.find(message, since=since))
        assert [row.external_id for row in found] == [receipt.external_id]
        assert found[0].state in ("sent", "delivered", "failed"), "never to send again"
        assert found[0].created_at.tzinfo is not None

    def test_another_message_is_not_found(self) -> None:
        self.accept_all()
        self.transport.send(self.message())
        since = timezone.now() - timedelta(minutes=2)
        other = self.message(body="Something else", to_address="+14155550199")
        assert list(self.transport.find(other, since=since)) == []


class RemoteTransportCases(TransportCases):
    """For a transport whose carrier can fail: each end is the promised outcome."""

    @abstractmethod
    def fail_with(self, script: str) -> None:
        """refused, hang, reset, html, 401, 429, 500, 503-later or empty."""

    @pytest.mark.parametrize(
        ("script", "outcome"),
        [
            ("refused", Outcome.REFUSED),
            ("401", Outcome.PERMANENT),
            ("400", Outcome.PERMANENT),
            ("404", Outcome.PERMANENT),
            ("429", Outcome.LATER),
            ("503-later", Outcome.LATER),
            ("500", Outcome.UNKNOWN),
            ("503", Outcome.UNKNOWN),
            ("hang", Outcome.UNKNOWN),
            ("reset", Outcome.UNKNOWN),
            ("html", Outcome.UNKNOWN),
            ("empty", Outcome.UNKNOWN),
            ("list", Outcome.UNKNOWN),
            ("no-id", Outcome.UNKNOWN),
        ],
    )
    def test_each_end_of_a_call_is_told_as_promised(
        self, script: str, outcome: Outcome
    ) -> None:
        self.fail_with(script)
        with pytest.raises(TransportError) as caught:
            self.transport.send(self.message(deadline=1.0))
        assert caught.value.outcome is outcome, caught.value.words
        assert caught.value.words
        if script in ("429", "503-later"):
            assert caught.value.retry_at is not None
            wait = (caught.value.retry_at - timezone.now()).total_seconds()
            assert 6 <= wait <= 8
