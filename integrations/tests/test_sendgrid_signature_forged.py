"""P1 at SendGrid's doors by the number: no forgery, and every genuine request."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.sendgrid_signature import SIGNATURE, TIMESTAMP
from integrations.tests.sendgrid_requests import (
    BATCH,
    EVENTS,
    FORM_BODY,
    INBOUND,
    KEY,
    OLD_KEY,
    OTHER_KEY,
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


def changed(call: Call, **headers: str) -> Call:
    return replace(call, headers={**call.headers, **headers})


def wrong_proofs(call: Call) -> Iterator[Call]:
    right = call.headers[SIGNATURE]
    yield without(call, SIGNATURE)
    yield without(call, TIMESTAMP)
    yield without(call, SIGNATURE, TIMESTAMP)
    der = base64.b64decode(right)
    made_up = ["", " ", "=", "AAAA", "A" * 96, right[:-4], right[4:], right.swapcase()]
    made_up += [f"{right}, {right}", f"{right}=", f" {right}", "MAYCAQACAQA=", "é" * 96]
    made_up += [base64.b64encode(der[:-1] + bytes([der[-1] ^ 1])).decode()]
    made_up += [base64.b64encode(der + b"\0").decode(), der.hex(), "A" * 5_000]
    for claimed in made_up:
        yield changed(call, **{SIGNATURE: claimed})
    for claimed in ("", "0", "-1", "x", "9" * 12, "9" * 300, "1e9", "²", "NaN", "0x60"):
        yield changed(call, **{TIMESTAMP: claimed})
    stamp = call.headers[TIMESTAMP]
    for claimed in (f"{stamp} ", f"{stamp}.0", f"+{stamp}", f"0{stamp}", f"{stamp}0"):
        yield changed(call, **{TIMESTAMP: claimed})


def wrong_makers(call: Call) -> Iterator[Call]:
    now = int(time.time())
    yield changed(call, **sign(call.body, key=OTHER_KEY))
    for away in (-86_400, -400, 400, 86_400):
        yield changed(call, **sign(call.body, at=str(now + away)))
    # Signed without the stamp, or with it behind the body.
    stamp = call.headers[TIMESTAMP]
    for signed_over in (b"", call.body + stamp.encode()):
        bare = sign(signed_over, at=" ")
        yield changed(call, **{SIGNATURE: bare[SIGNATURE]})


def changed_bodies(call: Call) -> Iterator[Call]:
    body = call.body
    for other in (b"", body[:-1], body[1:], body + b" ", body.rstrip(), body + b"\0"):
        yield replace(call, body=other)
    yield replace(call, body=body.replace(b"example.net", b"example.org"))
    yield replace(call, body=body + b"&Extra=1")


def forged() -> Iterator[Call]:
    for call in originals():
        yield from wrong_proofs(call)
        yield from wrong_makers(call)
        yield from changed_bodies(call)
    events = signed_events(BATCH)
    again = json.dumps(json.loads(events.body)).encode()
    yield replace(events, body=again)
    yield replace(events, body=json.dumps([*BATCH, event("click")]).encode())
    form = signed_mail(FORM_BODY)
    yield replace(form, body=multipart(parsed(), boundary="other"))
    yield replace(form, body=multipart({**parsed(), "extra": "1"}))
    yield replace(form, body=multipart(parsed(text="Pay me")))
    for token in ("x", TOKEN[:-1], f"{TOKEN}x", TOKEN.lower(), "%20", "token", "é"):
        path = f"/hooks/sendgrid/inbound/{token}/"
        yield signed_mail(FORM_BODY, path=path)
    yield replace(events, path=INBOUND)
    yield replace(form, path=EVENTS)


def test_no_forged_request_comes_in(
    app: Intake, sendgrid_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = list(forged())
    # A body and its proof that fit the other door as well are no forgery.
    *refused, swapped, back = calls
    assert len(refused) >= 60
    answers = [post(app, call).status for call in refused]
    wrong = [call for call, said in zip(refused, answers, strict=True) if said != 403]
    assert wrong == []
    states = set(WebhookDelivery.objects.values_list("state", flat=True))
    assert states == {"quarantined"}
    sendgrid_settings.SENDGRID_WEBHOOK_PUBLIC_KEY = shown(OTHER_KEY)
    assert post(app, back).status == 403
    sendgrid_settings.SENDGRID_INBOUND_PUBLIC_KEY = shown(OTHER_KEY)
    assert post(app, swapped).status == 403


# --- genuine -----------------------------------------------------------------


def genuine_calls() -> Iterator[Call]:
    now = int(time.time())
    for key in (KEY, OLD_KEY):
        for away in (-290, -60, 0, 60, 290):
            batch = [event("delivered", n=away)]
            yield signed_events(batch, key=key, at=str(now + away))
            body = multipart(parsed(text=f"{key.key_size} {away} {id(key)}"))
            yield signed_mail(body, key=key, at=str(now + away))
    yield signed_events([])
    yield signed_events([event("processed")] * 50)
    yield replace(signed_events([event("open")]), chunks=9)
    yield replace(signed_mail(multipart(parsed(text="in parts"))), chunks=17)
    yield signed_events([event("delivered")]).with_headers(x_forwarded_proto="http")
    yield replace(signed_mail(multipart(parsed(text="?"))), path=f"{INBOUND}?a=1")
    yield signed_mail(multipart(parsed(text=bytes(range(128, 256)))))


def test_every_genuine_request_comes_in(
    app: Intake, sendgrid_settings: Settings
) -> None:
    calls = list(genuine_calls())
    assert [post(app, call).status for call in calls] == [200] * len(calls)
    rows = WebhookDelivery.objects.filter(state="received")
    assert rows.count() == len(calls)
    assert set(rows.values_list("provider", flat=True)) == {
        "sendgrid-inbound",
        "sendgrid-events",
    }


def test_a_copy_is_answered_200_and_does_nothing(
    app: Intake, sendgrid_settings: Settings
) -> None:
    for call in originals():
        again = replace(call, headers={**call.headers, **sign(call.body)})
        assert [post(app, one).status for one in (call, again, call)] == [200] * 3
    assert WebhookDelivery.objects.count() == 2
