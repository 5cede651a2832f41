"""P1: only genuine requests come in, and every genuine one does."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import settings as few
from hypothesis import strategies as st
from pytest_django import Settings
from twilio.request_validator import RequestValidator

from integrations.base import Body, WebhookRejected
from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.providers.twilio import TwilioWebhook
from integrations.tests.webhook_requests import (
    ACCOUNT,
    BASE,
    FORM,
    SMS,
    STATUS,
    TOKEN,
    Call,
    app,
    encode,
    post,
    recorded,
    sign,
    signed,
    twilio_settings,
)
from integrations.twilio_form import is_signed

__all__ = ["app", "twilio_settings"]  # fixtures

SERVICE = {"MessagingServiceSid": "MG" + "0" * 31 + "1"}
OLD_TOKEN = "old0old0old0old0old0old0old0old0"
OTHER_ACCOUNT = "AC" + "f" * 32


def base_requests() -> list[tuple[str, dict[str, str]]]:
    texts = ["sms_text", "sms_emoji", "mms_picture_only", "sms_from_short_code"]
    reports = ["status_delivered", "status_undelivered_30003"]
    plain = [(SMS, recorded(name)) for name in texts]
    plain += [(STATUS, recorded(name)) for name in reports]
    return plain + [(path, {**params, **SERVICE}) for path, params in plain]


def forgeries() -> Iterator[Call]:
    for path, params in base_requests():
        yield from wrong_proofs(path, params)
        yield from changed_bodies(path, params)
        yield from other_addresses(path, params)


def wrong_proofs(path: str, params: dict[str, str]) -> Iterator[Call]:
    call = signed(path, params)
    right = call.headers["x-twilio-signature"]
    yield replace(call, headers={"content-type": FORM})  # none
    made_up = ("", " ", "=", "WRONG", "A" * 27, "A" * 28, "\xf0\x9f")
    cut = (right[:-2], right.swapcase(), right + "x", f"{right}, {right}")
    for wrong in made_up + cut:
        yield call.with_headers(x_twilio_signature=wrong)
    for token in ("", "1", OLD_TOKEN, TOKEN[:-1], TOKEN.upper() + "x"):
        yield signed(path, params, token=token)
    yield signed(path, params).with_headers(
        x_twilio_webhooks_signature_settings="key=k,algorithm=HMAC_MD5"
    )


def changed_bodies(path: str, params: dict[str, str]) -> Iterator[Call]:
    call = signed(path, params)
    yield signed(path, {**params, "AccountSid": OTHER_ACCOUNT})
    for body in (
        call.body + b"&Extra=1",
        call.body.replace(b"5017122661", b"5017122662"),
        b"&".join(call.body.split(b"&")[1:]),
        b"",
    ):
        yield replace(call, body=body)
    as_json = replace(call, body=json.dumps(params).encode())
    for changed in (as_json, call):
        yield changed.with_headers(content_type="application/json")
    yield call.with_headers(content_type="multipart/form-data; boundary=x")


def other_addresses(path: str, params: dict[str, str]) -> Iterator[Call]:
    call = signed(path, params)

    def over(base: str, **headers: str) -> Call:
        wrong = sign(f"{base}{path}", params)
        return call.with_headers(x_twilio_signature=wrong, **headers)

    yield over("http://crm.example.com")
    yield over("https://crm.example.com:8443")
    yield over("https://crm.example.com.evil.example")
    evil, local = "evil.example", "127.0.0.1:8000"
    yield over(f"https://{evil}", host=evil, x_forwarded_host=evil)
    proxied = over(f"http://{local}", x_forwarded_proto="http", x_forwarded_host=local)
    yield replace(proxied, client="127.0.0.1")
    yield replace(call, path=f"{path}?a=1")
    yield replace(call, path=f"{path}?bodySHA256={Body(call.body).digest}")
    yield replace(call, path=STATUS if path == SMS else SMS)


def genuine() -> Iterator[Call]:
    for path, params in base_requests():
        call = signed(path, params)
        yield call
        yield signed(path, params, token=OLD_TOKEN)  # rotation: both are listed
        yield replace(call, body=call.body.replace(b"+", b"%20"))
        yield replace(call, body=b"&".join(reversed(call.body.split(b"&"))))
        for base in (f"{BASE}:443", BASE):
            given = {"x-twilio-signature": sign(f"{base}{path}", params)}
            yield replace(call, headers={**call.headers, **given}, chunks=3)
        new = {**params, "Brand": "new", "Empty": ""}
        yield signed(path, new, headers={"x-forwarded-host": "evil.example"})


def test_four_hundred_forgeries_are_refused_and_change_nothing(
    app: Intake,
) -> None:
    calls = list(forgeries())
    assert len(calls) >= 400
    accepted = [call for call in calls if post(app, call).status != 403]
    assert accepted == []
    assert not WebhookDelivery.objects.exclude(state="quarantined").exists()


def test_sixty_genuine_requests_are_all_taken(app: Intake, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = f"{TOKEN}, {OLD_TOKEN}"
    calls = list(genuine())
    assert len(calls) >= 60
    refused = [call for call in calls if post(app, call).status != 200]
    assert refused == []
    assert not WebhookDelivery.objects.filter(state="quarantined").exists()


def test_every_vector_is_judged_rightly(shared: Path, settings: Settings) -> None:
    vectors = json.loads((shared / "vendor" / "webhook-vectors.json").read_text())
    settings.TWILIO_ACCOUNT_SID = ""
    judged = {}
    for vector in itertools.chain(*vectors["twilio"].values()):
        settings.TWILIO_AUTH_TOKEN = vector["auth_token"]
        given = vector["params"]
        body = (vector["body"] or urlencode(given or {}, doseq=True)).encode()
        headers = {name.lower(): text for name, text in vector["header"].items()}
        headers["content-type"] = FORM if given is not None else "application/json"
        try:
            TwilioWebhook().verify(vector["url"], headers, Body(body), "sms")
            judged[vector["id"]] = True
        except WebhookRejected:
            judged[vector["id"]] = False
    expected = {
        v["id"]: v["valid"] for v in itertools.chain(*vectors["twilio"].values())
    }
    assert judged == expected
    assert len(judged) == 11


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@few(max_examples=150, deadline=None)
@given(
    params=st.dictionaries(names, st.lists(names, min_size=1, max_size=3), max_size=6),
    host=st.sampled_from(["a.example", "a.example:8443", "a.example:80"]),
    scheme=st.sampled_from(["http", "https"]),
    query=st.sampled_from(["", "?a=1&b=%20", "?"]),
)
def test_the_proof_is_the_vendors_own(
    params: dict[str, list[str]], host: str, scheme: str, query: str
) -> None:
    url = f"{scheme}://{host}/x/{query}"
    headers = {"content-type": FORM, "x-twilio-signature": sign(url, params)}
    assert is_signed(url, headers, encode(params), tokens=["other", TOKEN])
    assert not is_signed(url, headers, encode(params), tokens=["other"])
    assert not is_signed(f"{url}y", headers, encode(params), tokens=[TOKEN])


@pytest.mark.parametrize(
    "url",
    ["", "://", "https://[::1", "https://a:99999999/", "https://a:b/", "mailto:x"],
)
def test_no_address_makes_the_proof_raise(url: str) -> None:
    headers = {"content-type": FORM, "x-twilio-signature": "AAAA"}
    assert not is_signed(url, headers, b"%FF=%00&&=&a", tokens=[TOKEN])


def test_a_json_body_counts_only_with_its_hash_in_the_signed_address() -> None:
    body = b'{"MessageSid": "SM1"}'
    digest = Body(body).digest
    validator = RequestValidator(TOKEN)
    for url, right in (
        (f"{BASE}{SMS}?bodySHA256={digest}", True),
        (f"{BASE}{SMS}?bodySHA256={digest[:-1]}0", False),
        (f"{BASE}{SMS}", False),
    ):
        signature = validator.compute_signature(url, {})
        headers = {"content-type": "application/json", "x-twilio-signature": signature}
        assert is_signed(url, headers, body, tokens=[TOKEN]) is right


def test_a_body_in_another_charset_is_proven_and_read(app: Intake) -> None:
    params = {**recorded("sms_text"), "Body": "Grüße, ça va"}
    latin = urlencode(params, encoding="latin-1").encode()
    as_text = replace(signed(SMS, params), body=latin).with_headers(
        content_type=f"{FORM}; charset=ISO-8859-1"
    )
    assert post(app, as_text).status == 200


def test_a_copy_cut_differently_from_one_signed_text_is_no_second_text(
    app: Intake, settings: Settings
) -> None:
    """The signature joins names and values without a separator."""
    call = signed(SMS, recorded("sms_text"))
    sid = recorded("sms_text")["MessageSid"]
    assert post(app, call).status == 200
    longer = {
        k: v
        for k, v in recorded("sms_text").items()
        if k not in ("NumMedia", "NumSegments", "MessageSid")
    }
    longer["MessageSid"] = f"{sid}NumMedia0NumSegments1"
    cut = replace(call, body=encode(longer))
    assert post(app, cut).status == 200, "its signature is the same"
    rows = WebhookDelivery.objects.exclude(external_id=sid)
    assert [row.external_id[:10] for row in rows] == ["signature:"]
    from integrations import webhooks

    webhooks.process(delivery_id=rows[0].pk)
    rows[0].refresh_from_db()
    assert WebhookDelivery.objects.get(pk=rows[0].pk).state == "dead"


# --- the address -------------------------------------------------------------


def reason_for(app: Intake, call: Call) -> WebhookDelivery:
    assert post(app, call).status == 403
    return WebhookDelivery.objects.get()


def test_without_a_public_address_the_requests_own_counts(
    app: Intake, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = ""
    call = signed(SMS, recorded("sms_text"), base="http://crm.example.com")
    assert post(app, call).status == 200


def test_the_host_header_never_counts_beside_a_public_address(app: Intake) -> None:
    call = signed(SMS, recorded("sms_text"), base="https://other.example")
    assert post(app, call).status == 403


def test_forwarded_headers_count_from_trusted_proxies_only(
    app: Intake, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = ""
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    call = signed(SMS, recorded("sms_text")).with_headers(
        host="internal:8000",
        x_forwarded_proto="https",
        x_forwarded_host="crm.example.com",
    )
    assert post(app, replace(call, client="203.0.113.9")).status == 403
    assert post(app, replace(call, client="10.1.2.3")).status == 200


@pytest.mark.parametrize(
    ("base", "given", "seen"),
    [
        ("https://crm.example.com", {"host": "crm.example.com"}, "http"),
        (
            "https://crm.example.com",
            {"host": "internal:8000", "x-forwarded-host": "crm.example.com"},
            "http",
        ),
        ("http://crm.example.com:8080", {"host": "crm.example.com:8080"}, "https"),
    ],
)
def test_a_refusal_names_the_address_that_verifies(
    app: Intake, settings: Settings, base: str, given: dict[str, str], seen: str
) -> None:
    settings.PUBLIC_BASE_URL = ""
    call = signed(SMS, recorded("sms_text"), base=base, scheme=seen, headers=given)
    row = reason_for(app, call)
    assert row.verifying_url == f"{base}{SMS}"
    assert row.reason == (
        f"signature is right for {base}{SMS}; set PUBLIC_BASE_URL to {base}"
    )


def test_a_wrong_public_address_is_named_too(app: Intake, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://old.example.com"
    row = reason_for(app, signed(SMS, recorded("sms_text")))
    assert row.reason.endswith("; set PUBLIC_BASE_URL to https://crm.example.com")


def test_an_address_without_the_last_slash_is_named(app: Intake) -> None:
    params = recorded("sms_text")
    slashless = sign(f"{BASE}{SMS[:-1]}", params)
    row = reason_for(
        app, signed(SMS, params).with_headers(x_twilio_signature=slashless)
    )
    assert row.verifying_url == f"{BASE}{SMS[:-1]}"
    assert row.reason.endswith(f"; the address set at the sender must be {BASE}{SMS}")


def test_a_query_is_part_of_what_is_signed(app: Intake) -> None:
    path = f"{SMS}?team={quote('Nord & Süd')}"
    assert post(app, signed(path, recorded("sms_text"))).status == 200


def test_a_listed_subaccount_is_ours(app: Intake, settings: Settings) -> None:
    call = signed(SMS, {**recorded("sms_text"), "AccountSid": OTHER_ACCOUNT})
    row = reason_for(app, call)
    assert row.reason == "it comes from another Twilio account"
    settings.TWILIO_ACCOUNT_SID = f"{ACCOUNT},{OTHER_ACCOUNT}"
    assert post(app, call).status == 200
