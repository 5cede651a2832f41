"""No secret in a log line or an error's words (P28), no call in a transaction."""

import gzip
import logging
import pickle
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.db import transaction

from integrations import http
from integrations.http import HttpError, SdkTransport
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, Script, answer

fresh_door, serve = loopback.fresh_door, loopback.serve

Serve = Callable[[Script], Loopback]

HEX32 = "0123456789abcdef" * 2
# Invented, in the shapes that vendors use, joined so that no scanner takes them for
# real ones: text around the secret, and the secret.
PLANTED = [
    ("Authorization: Bearer {}", "abc.DEF-123456"),
    ("authorization: Basic {}", "QUMxMjM6c2VjcmV0"),
    ("{{'Authorization': 'Token {}'}}", "abcdef123456"),
    ("sent Bearer {} to it", "opaque-token-1"),
    ("Zoho-oauthtoken {}", "1000.abcdef.abcdef"),
    ("https://user:{}@h.example/x", "pa55word"),
    ("amqp://:{}@h.example:5672//", "pa55word"),
    ("https://h.example/v1/deals?api_token={}&limit=2", HEX32),
    ("https://h.example/?limit=2&key={}#top", "AbCdEf"),
    ("https://h.example/?code={}", "4/0AbCdEf"),
    ("https://h.example/?X-Amz-Signature={}&a=b", HEX32),
    ("https://h.example/?X-Amz-Credential={}", "AKIDEXAMPLE/2026"),
    ("https://h.example/?hapikey={}", "demo-1234"),
    ("grant_type=refresh_token&refresh_token={}&x=1", "rt-abc"),
    ("client_secret={}", "s3cr3t"),
    ('{{"access_token": "{}", "expires_in": 3600}}', "at with blanks"),
    ("{{'api_key': '{}'}}", "k-1"),
    ("password: {}", "hunter2"),
    ("TWILIO_AUTH_TOKEN={}", HEX32),
    ("Incorrect API key provided: {}", "sk-" + "proj-abcdefghijklmnop"),
    ("key {} was revoked", "sk_" + "live_abcdefghijklmnop"),
    ("key {} was revoked", "rk_" + "test_abcdefghijklmnop"),
    ("signed with {}", "whsec" + "_abcdefghijklmnop"),
    ("bad key {}", "SG." + "abcdefghijklmnop.qrstuvwxyz0123456789"),
    ("bot {}", "xoxb" + "-123456789012-abcdefghijkl"),
    ("app {}", "pat-" + "na1-01234567-89ab-cdef-0123-456789abcdef"),
    ("id {}", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("google {}", "ya29" + ".a0AfH6SMBabcdefgh"),
    ("google {}", "AIza" + "SyA0123456789abcdefghijklmnopqrstuv"),
    ("google {}", "GOCSPX" + "-abcdefghijklmnop"),
    ("jwt {}", "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl"),
    ("https://hooks.slack.com/services/{}", "T000/B000/XXXXabcd"),
    ("https://own.example/hooks/leads/{}/", "abcdefghijkl"),
    ("https://own.example/u/{}/", "abcdefghijkl"),
    ("https://h.example/upload/{}", "AbCdEf0123456789GhIjKlMn"),
]


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_a_planted_secret_is_taken_out(text: str, secret: str) -> None:
    said = http.redact(text.format(secret))
    assert secret not in said
    assert "[redacted]" in said
    assert http.redact(said).count("[redacted]") >= 1


@pytest.mark.parametrize(
    "text",
    [
        "error code: 21610, the recipient has opted out",
        "basic understanding of the key points",
        "/2010-04-01/Accounts/AC" + HEX32 + "/Messages.json",
        "https://h.example/v3/objects?page=2&limit=100",
        "+14155550123 wrote at 12:30: ok",
        "the session ended",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert http.redact(text) == text


def test_the_very_values_of_a_call_are_taken_out_wherever_they_appear() -> None:
    said = http.redact("you sent zebra-7 and zebra-77 abc", also=["zebra-7", "abc"])
    assert "zebra" not in said
    assert said.endswith("abc")


def test_headers_lose_their_secrets_and_keep_the_rest() -> None:
    given = {
        "Authorization": "Bearer abc",
        "X-Api-Key": "abc",
        "Api-Token": "abc",
        "Cookie": "sid=abc",
        "Set-Cookie": "sid=abc",
        "Stripe-Signature": "t=1,v1=abc",
        "Content-Type": "application/json",
        "Location": "https://h.example/?token=abc&page=2",
    }
    told = http.redact_headers(given)
    assert "abc" not in str(told)
    assert told["Content-Type"] == "application/json"
    assert told["Location"] == "https://h.example/?token=[redacted]&page=2"


def test_every_call_is_logged_without_query_or_secret(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(answer(201))
    url = server.url.replace("//", "//user:pa55word@") + "v1/AbCdEf0123456789GhIjKlMn"
    http.request(
        "POST",
        url + "?api_token=topsecret",
        service="vendor",
        headers={"X-Api-Key": "topsecret", "Authorization": "Bearer topsecret"},
        deadline=2,
    )
    with pytest.raises(HttpError):
        http.request(
            "GET", "http://10.0.0.1/?k=topsecret", service="vendor", deadline=2
        )
    logged = caplog.text
    for secret in ("topsecret", "pa55word", "AbCdEf0123456789GhIjKlMn"):
        assert secret not in logged
    lines = [r.getMessage() for r in caplog.records if r.name == "integrations.http"]
    assert lines[0].startswith("vendor POST http://[redacted]@127.0.0.1:")
    assert "/v1/[redacted] -> 201 in " in lines[0]
    assert lines[0].endswith(" ms (ok)")
    assert lines[1].startswith("vendor GET http://10.0.0.1/ -> - in ")
    assert lines[1].endswith("(permanent/guard)")


def test_no_error_holds_a_secret_of_its_call(serve: Serve, settings: Any) -> None:
    reset = serve(loopback.reset)
    settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, "127.0.0.1:1"]
    for url in (reset.url, "http://127.0.0.1:1/", "http://topsecret.invalid/"):
        with pytest.raises(HttpError) as caught:
            http.request(
                "POST",
                url + "?token=topsecret",
                service="vendor",
                auth=("user", "topsecret"),
                headers={"X-Token": "topsecret"},
                deadline=2,
            )
        assert "topsecret" not in repr(caught.value) + str(caught.value)
        assert caught.value.__context__ is None


def test_a_long_text_is_redacted_in_no_time() -> None:
    began = time.monotonic()
    for text in ("a" * 100_000, "token" * 20_000, "/a" * 50_000, "a.b-" * 25_000):
        http.redact(text)
    assert time.monotonic() - began < 2


def test_an_error_survives_the_way_between_processes() -> None:
    error = HttpError(http.Outcome.UNKNOWN, "words", None, "reset")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.outcome, copy.words, copy.code) == ("unknown", "words", "reset")


@pytest.mark.django_db
def test_a_call_inside_a_transaction_is_refused_before_it_begins(serve: Serve) -> None:
    server = serve(answer())
    assert http.request("GET", server.url, service="v", deadline=2).ok
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        http.request("GET", server.url, service="v", deadline=2)
    assert http.request("GET", server.url, service="v", deadline=2).ok
    assert len(server.requests) == 2


@pytest.mark.django_db(transaction=True)
def test_a_call_after_the_commit_is_fine(serve: Serve) -> None:
    server = serve(answer())
    answers: list[http.Response] = []

    def later() -> None:
        answers.append(http.request("GET", server.url, service="v", deadline=2))

    with transaction.atomic():
        transaction.on_commit(later)
        with pytest.raises(RuntimeError, match="default"):
            later()
    assert [found.ok for found in answers] == [True]


def sdk_client(**given: Any) -> httpx2.Client:
    transport = SdkTransport(service="sdk", **{"deadline": 5.0, **given})
    return httpx2.Client(transport=transport)


def test_an_sdk_gets_its_answer_through_the_door(serve: Serve) -> None:
    packed = gzip.compress(b'{"ok": true}')
    server = serve(answer(200, packed, {"Content-Encoding": "gzip", "X-Id": "7"}))
    with sdk_client() as client:
        found = client.post(server.url, json={"a": 1})
    assert (found.status_code, found.json()) == (200, {"ok": True})
    assert found.headers["x-id"] == "7"
    assert server.requests[0].endswith(b'{"a":1}')


def test_an_sdk_keeps_the_deadline_and_the_guard(serve: Serve) -> None:
    server = serve(loopback.drip)
    with sdk_client() as client, pytest.raises(HttpError) as caught:
        client.get(server.url, timeout=0.3)
    assert caught.value.code == "timeout"
    with sdk_client() as client, pytest.raises(HttpError) as caught:
        client.get("http://169.254.169.254/")
    assert caught.value.code == "guard"
