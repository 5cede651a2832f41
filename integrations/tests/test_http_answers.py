"""What a status and a Retry-After mean, and when a call is made again."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import http
from integrations.http import HttpError, Outcome, Response, RetryPolicy
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, Script, answer

fresh_door, serve = loopback.fresh_door, loopback.serve

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
Serve = Callable[[Script], Loopback]


def response(status: int, retry_after: str | None = None) -> Response:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Response(status, headers, b"", "http://h/", 0.1)


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (200, None, None),
        (202, None, None),
        (204, None, None),
        (299, None, None),
        (301, None, Outcome.PERMANENT),
        (304, None, Outcome.PERMANENT),
        (400, None, Outcome.PERMANENT),
        (401, None, Outcome.PERMANENT),
        (403, None, Outcome.PERMANENT),
        (404, None, Outcome.PERMANENT),
        (409, None, Outcome.PERMANENT),
        (422, None, Outcome.PERMANENT),
        (408, None, Outcome.UNKNOWN),
        (425, None, Outcome.LATER),
        (429, None, Outcome.LATER),
        (429, "3", Outcome.LATER),
        (429, "rubbish", Outcome.LATER),
        (500, None, Outcome.UNKNOWN),
        (500, "3", Outcome.UNKNOWN),
        (502, None, Outcome.UNKNOWN),
        (503, None, Outcome.UNKNOWN),
        (503, "3", Outcome.LATER),
        (503, "Sun, 29 Mar 2026 01:31:00 GMT", Outcome.LATER),
        (503, "rubbish", Outcome.UNKNOWN),
        (504, None, Outcome.UNKNOWN),
        (599, None, Outcome.UNKNOWN),
    ],
)
def test_each_status_has_one_meaning(
    status: int, retry_after: str | None, outcome: Outcome | None
) -> None:
    assert http.classify(response(status, retry_after)) is outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 120 ", 120),
        ("1.5", 1.5),
        ("3600", 3600),
        ("86400", 86400),
        ("86401", 86400),
        ("999999999999999999", 86400),
        ("-1", 0),
        ("-99999", 0),
        ("Sun, 29 Mar 2026 01:31:00 GMT", 60),
        ("Sunday, 29-Mar-26 01:31:00 GMT", 60),
        ("Sun Mar 29 01:31:00 2026", 60),
        ("Sun, 29 Mar 2026 03:31:00 +0200", 60),
        ("Sun, 29 Mar 2026 01:31:00 -0000", 60),
        ("Sun, 29 Mar 2026 01:29:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Mon, 30 Mar 2037 01:31:00 GMT", 86400),
        ("", None),
        ("soon", None),
        ("1e9", None),
        ("nan", None),
        ("inf", None),
        ("0x10", None),
        ("12 seconds", None),
        ("1,5", None),
        ("١٢", None),
        ("Sun, 99 Mar 2026 01:31:00 GMT", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after_is_read_in_every_form_and_rubbish_is_none(
    value: str, seconds: float | None
) -> None:
    asked = http.retry_after(response(429, value), now=NOW)
    assert asked == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_no_retry_after_is_none() -> None:
    assert http.retry_after(response(429), now=NOW) is None


@given(st.text(max_size=60))
def test_no_retry_after_ever_crashes_or_leaves_the_window(value: str) -> None:
    asked = http.retry_after(response(503, value), now=NOW)
    assert asked is None or NOW <= asked <= NOW + timedelta(hours=24)


def test_a_date_in_another_zone_is_the_same_instant() -> None:
    tokyo = timezone(timedelta(hours=9))
    value = format_datetime(NOW.astimezone(tokyo) + timedelta(minutes=5))
    asked = http.retry_after(response(429, value), now=NOW)
    assert asked == NOW + timedelta(minutes=5)


def in_turn(*scripts: Script) -> Script:
    """Each request gets the next script; the last one goes on."""
    left = list(scripts)

    def script(sock: Any, heard: bytes) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(sock, heard)

    return script


QUICK = RetryPolicy(attempts=3, base=0.02, cap=0.05)


def call(server: Loopback, **given: Any) -> Response:
    given = {"service": "vendor", "deadline": 5.0, "retry": QUICK, **given}
    return http.request("POST", server.url, **given)


@pytest.mark.parametrize(
    "bad",
    [answer(500), answer(502), answer(503), answer(429), loopback.reset],
    ids=["500", "502", "503", "429", "reset"],
)
def test_a_call_declared_repeatable_is_made_again(serve: Serve, bad: Script) -> None:
    server = serve(in_turn(bad, bad, answer(200, b"third")))
    assert call(server).body == b"third"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "bad", [answer(500), answer(429), answer(503, b"", {"Retry-After": "0"})]
)
def test_a_call_not_declared_repeatable_is_made_once(serve: Serve, bad: Script) -> None:
    server = serve(in_turn(bad, answer()))
    assert not call(server, retry=None).ok
    assert len(server.requests) == 1


def test_a_permanent_no_is_not_tried_again(serve: Serve) -> None:
    for status in (400, 401, 403, 404, 422):
        server = serve(answer(status))
        assert call(server).status == status
        assert len(server.requests) == 1


def test_after_the_last_attempt_the_last_end_is_told(serve: Serve) -> None:
    server = serve(in_turn(answer(500), answer(500), answer(502)))
    assert call(server).status == 502
    reset = serve(loopback.reset)
    with pytest.raises(HttpError) as caught:
        call(reset, retry=RetryPolicy(attempts=2, base=0.01, cap=0.01))
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(reset.requests) == 2


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses a call makes, not slept."""
    made: list[float] = []
    monkeypatch.setattr("integrations.http.time.sleep", made.append)
    return made


def test_retry_after_is_obeyed_within_ten_percent(
    serve: Serve, pauses: list[float]
) -> None:
    server = serve(in_turn(answer(429, b"", {"Retry-After": "4"}), answer()))
    assert call(server).ok
    assert pauses == [pytest.approx(4, rel=0.1)]


def test_a_pause_past_the_deadline_is_not_begun(
    serve: Serve, pauses: list[float]
) -> None:
    server = serve(in_turn(answer(429, b"", {"Retry-After": "30"}), answer()))
    assert call(server, deadline=2).status == 429
    assert pauses == []
    assert len(server.requests) == 1


def test_all_attempts_share_one_deadline(serve: Serve) -> None:
    server = serve(loopback.hang)
    began = time.monotonic()
    with pytest.raises(HttpError):
        call(server, deadline=0.5, retry=RetryPolicy(attempts=9, base=0.01, cap=0.02))
    assert time.monotonic() - began < 2


def test_pauses_grow_up_to_the_cap_and_are_not_alike() -> None:
    policy = RetryPolicy(attempts=9, base=1, cap=4)
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 4), (60, 4)):
        pauses = {policy.pause(attempt, None) for _ in range(50)}
        assert most / 2 <= min(pauses) < max(pauses) <= most
    assert policy.pause(1, 7.5) == 7.5


@pytest.mark.parametrize(
    "bad", [{"attempts": 0}, {"base": -1.0}, {"base": 2.0, "cap": 1.0}]
)
def test_a_policy_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="RetryPolicy"):
        RetryPolicy(**bad)
