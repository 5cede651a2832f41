"""P1 at SendGrid's doors: only genuine requests come in, and every genuine one does."""

import base64
import json
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st
from pytest_django import Settings
from sendgrid.helpers.eventwebhook import EventWebhook

from integrations.base import Body, WebhookRejected
from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.providers.sendgrid import SendGridEvents, SendGridInbound
from integrations.sendgrid_signature import SIGNATURE, TIMESTAMP, is_recent, is_signed
from integrations.tests.cases import WebhookCases
from integrations.tests.sendgrid_requests import (
    BASE,
    BATCH,
    EVENTS,
    FORM_BODY,
    KEY,
    OLD_KEY,
    TOKEN,
    event,
    multipart,
    originals,
    parsed,
    sendgrid_settings,
    shown,
    sign,
    signed_events,
    signed_mail,
    without,
)
from integrations.tests.webhook_requests import Call, app, post, twilio_settings

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures

MINE = [shown(KEY)]


class TestSendGridInbound(WebhookCases):
    webhook = SendGridInbound()

    @pytest.fixture(autouse=True)
    def _settings(self, sendgrid_settings: Settings) -> None:
        pass

    @cached_property
    def call(self) -> Call:
        """Signed when it is asked for: a signature is good for five minutes."""
        return signed_mail(multipart(parsed()))

    def genuine(self) -> tuple[str, str, dict[str, str], bytes]:
        call = self.call
        path = call.path.removeprefix("/hooks/")
        return path, f"{BASE}{call.path}", call.headers, call.body


class TestSendGridEvents(TestSendGridInbound):
    webhook = SendGridEvents()  # type: ignore[assignment]

    @cached_property
    def call(self) -> Call:
        return signed_events([event("delivered")])


# --- the signature by itself -------------------------------------------------


def vectors(shared: Path) -> list[dict[str, Any]]:
    data = json.loads((shared / "vendor" / "webhook-vectors.json").read_text())
    found: list[dict[str, Any]] = data["sendgrid"]["event_webhook_signature"]
    return found


def test_every_published_signature_is_judged_as_sendgrid_does(shared: Path) -> None:
    judged = {}
    for vector in vectors(shared):
        headers = {name.lower(): value for name, value in vector["header"].items()}
        body = base64.b64decode(vector["body_base64"])
        for keys in ([vector["public_key"]], [shown(KEY), vector["public_key"]]):
            found = is_signed(headers, [body[:7], body[7:]], keys=keys)
            assert found is vector["valid"], vector["id"]
        assert not is_recent(headers, arrived_at=time.time())
        assert is_recent(headers, arrived_at=int(headers[TIMESTAMP]) + 300)
        judged[vector["id"]] = found
    assert sorted(judged.values()) == [False, False, False, True]


@few(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(0, 10**11), st.integers(1, 50))
def test_it_agrees_with_sendgrids_own_library(text: str, at: int, cut: int) -> None:
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    headers = sign(body, at=str(at))
    pieces = [body[i : i + cut] for i in range(0, len(body), cut)]
    theirs = EventWebhook(shown(KEY))
    for claimed, keys in ((body, MINE), (body + b"x", MINE), (body, [shown(OLD_KEY)])):
        key = theirs.convert_public_key_to_ecdsa(keys[0])
        right = theirs.verify_signature(
            claimed.decode(), headers[SIGNATURE], headers[TIMESTAMP], key
        )
        assert is_signed(headers, [*pieces, claimed[len(body) :]], keys=keys) is right


def test_a_body_that_is_no_text_is_proven_too() -> None:
    body = bytes(range(256)) * 9
    assert is_signed(sign(body), [body], keys=MINE)
    assert not is_signed(sign(body), [body[1:]], keys=MINE)


@pytest.mark.parametrize("key", ["", "x", "====", "é", "AAAA", "MFkw" * 30, "\0"])
def test_a_key_that_cannot_be_read_proves_nothing(key: str) -> None:
    body = b"[]"
    assert not is_signed(sign(body), [body], keys=[key])
    assert is_signed(sign(body), [body], keys=[key, shown(KEY)])


def test_a_key_may_be_given_as_pem() -> None:
    plain = shown(KEY)
    lines = "\\n".join(plain[i : i + 64] for i in range(0, len(plain), 64))
    pem = f"-----BEGIN PUBLIC KEY-----\\n{lines}\\n-----END PUBLIC KEY-----"
    assert is_signed(sign(b"[]"), [b"[]"], keys=[pem, pem.replace("\\n", "\n")])


# --- what must be set --------------------------------------------------------


def test_the_token_alone_is_enough_where_no_key_is_set(
    app: Intake, sendgrid_settings: Settings
) -> None:
    sendgrid_settings.SENDGRID_INBOUND_PUBLIC_KEY = ""
    sendgrid_settings.SENDGRID_INBOUND_TOKEN = f"other, {TOKEN}"
    plain = without(signed_mail(FORM_BODY), SIGNATURE, TIMESTAMP)
    assert post(app, plain).status == 200
    for token in ("", "other ", "x"):
        wrong = replace(plain, path=f"/hooks/sendgrid/inbound/{token or 'none'}/")
        assert post(app, wrong).status == 403


def test_the_signature_alone_is_enough_where_no_token_is_set(
    app: Intake, sendgrid_settings: Settings
) -> None:
    sendgrid_settings.SENDGRID_INBOUND_TOKEN = ""
    anywhere = "/hooks/sendgrid/inbound/anything/"
    assert post(app, signed_mail(FORM_BODY, path=anywhere)).status == 200
    plain = without(signed_mail(FORM_BODY, path=anywhere), SIGNATURE)
    assert post(app, plain).status == 403


def test_with_nothing_set_everything_is_refused(
    app: Intake, sendgrid_settings: Settings
) -> None:
    for name in ("INBOUND_TOKEN", "INBOUND_PUBLIC_KEY", "WEBHOOK_PUBLIC_KEY"):
        setattr(sendgrid_settings, f"SENDGRID_{name}", "")
    for call in originals():
        assert post(app, call).status == 403
    reasons = set(WebhookDelivery.objects.values_list("reason", flat=True))
    assert reasons == {
        "SendGrid Inbound Parse is not set up",
        "SendGrid's event webhook is not set up",
    }


# --- what is kept ------------------------------------------------------------


def test_the_token_is_kept_nowhere(
    app: Intake, sendgrid_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert post(app, signed_mail(FORM_BODY)).status == 200
    assert post(app, without(signed_mail(FORM_BODY), SIGNATURE)).status == 403
    rows = list(WebhookDelivery.objects.order_by("pk"))
    assert [row.state for row in rows] == ["received", "quarantined"]
    kept = repr([vars(row) for row in rows])
    assert TOKEN not in kept
    assert TOKEN not in caplog.text
    webhook = SendGridInbound()
    assert webhook.match_kept(rows[0].route) == ("mail", {})
    assert rows[0].url == f"{BASE}/hooks/{rows[0].route}"


def test_what_is_kept_of_the_token_opens_no_door(
    app: Intake, sendgrid_settings: Settings
) -> None:
    post(app, signed_mail(FORM_BODY))
    route = WebhookDelivery.objects.get().route
    for path in (f"/hooks/{route}", f"/hooks/{route.replace('~', '')}"):
        body = multipart(parsed(text="by the fingerprint"))
        assert post(app, signed_mail(body, path=path)).status in (403, 404)


def test_a_refused_request_can_be_proven_later_by_when_it_came(
    sendgrid_settings: Settings,
) -> None:
    call = signed_events(BATCH, at="1600112502")
    webhook = SendGridEvents()
    url = f"{BASE}{EVENTS}"
    with pytest.raises(WebhookRejected, match="five minutes"):
        webhook.verify(url, call.headers, Body(call.body), "events")
    then = Body(call.body, arrived_at=1600112600.0)
    assert webhook.verify(url, call.headers, then, "events")


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/sendgrid/",
        "/hooks/sendgrid/inbound/",
        f"/hooks/sendgrid/inbound/{TOKEN}",
        f"/hooks/sendgrid/inbound/{TOKEN}/more/",
        "/hooks/sendgrid/inbound//",
        "/hooks/sendgrid/events",
        "/hooks/sendgrid/event/",
        "/hooks/sendgrid/parse/",
    ],
)
def test_an_unknown_route_is_404(
    app: Intake, sendgrid_settings: Settings, path: str
) -> None:
    assert post(app, signed_mail(FORM_BODY, path=path)).status == 404
    assert not WebhookDelivery.objects.exists()
