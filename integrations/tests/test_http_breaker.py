"""Trouble at a vendor stays small (P10): few calls while it is out, quick recovery."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.filebased import FileBasedCache
from django.utils import timezone
from pytest_django import Settings

from integrations import http, http_breaker
from integrations.http import HttpError, Outcome
from integrations.http_breaker import PROBE_SECONDS, THRESHOLD, Breakers, CacheBoard
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, Script, answer

fresh_door, serve = loopback.fresh_door, loopback.serve

Serve = Callable[[Script], Loopback]


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The breakers' own time; the calls' deadlines stay on the real clock."""
    clock = Clock()
    monkeypatch.setattr(http_breaker.breakers, "clock", clock)
    return clock


def call(server: Loopback, account: str = "a", method: str = "POST") -> Any:
    return http.request(
        method, server.url, service="vendor", account=account, deadline=2
    )


def outage(server: Loopback) -> None:
    for _ in range(THRESHOLD):
        assert call(server).status == 500


def test_five_minutes_of_500_cost_at_most_one_call_in_ten_seconds(
    serve: Serve, clock: Clock
) -> None:
    server = serve(answer(500))
    outage(server)
    calls: list[float] = []
    for _ in range(300 * 4):
        clock.now += 0.25
        heard = len(server.requests)
        try:
            call(server)
        except HttpError as error:
            assert (error.outcome, error.code) == (Outcome.LATER, "breaker_open")
        if len(server.requests) > heard:
            calls.append(clock.now)
    assert 28 <= len(calls) <= 30
    gaps = [later - sooner for sooner, later in pairwise(calls)]
    assert min(gaps) >= PROBE_SECONDS


def test_it_recovers_within_a_minute_of_healing(serve: Serve, clock: Clock) -> None:
    healed: list[bool] = []
    server = serve(lambda sock, heard: answer(200 if healed else 500)(sock, heard))
    outage(server)
    clock.now += 123
    assert call(server).status == 500
    healed.append(True)
    began = clock.now
    while True:
        try:
            assert call(server).ok
            break
        except HttpError:
            clock.now += 1
    assert clock.now - began <= 11
    assert all(call(server).ok for _ in range(20))
    assert http.breaker_state("vendor", "a").state == "closed"


def test_while_open_it_says_later_and_when(serve: Serve, clock: Clock) -> None:
    server = serve(answer(500))
    outage(server)
    clock.now += 4
    with pytest.raises(HttpError) as caught:
        call(server)
    error = caught.value
    assert error.outcome is Outcome.LATER
    assert error.retry_at is not None
    assert 5 <= (error.retry_at - timezone.now()).total_seconds() <= 6
    assert "vendor is not answering" in error.words
    assert "answered 500" in error.words
    assert len(server.requests) == THRESHOLD


def test_the_services_page_sees_each_state(serve: Serve, clock: Clock) -> None:
    assert http.breaker_state("vendor", "a") == http.BreakerState("closed")
    server = serve(answer(502))
    call(server)
    state = http.breaker_state("vendor", "a")
    assert (state.state, state.failures) == ("closed", 1)
    for _ in range(THRESHOLD - 1):
        call(server)
    state = http.breaker_state("vendor", "a")
    assert (state.state, state.failures) == ("open", THRESHOLD)
    assert state.opened_at is not None
    assert abs((timezone.now() - state.opened_at).total_seconds()) < 5
    assert state.last_error == "127.0.0.1 answered 502"
    clock.now += PROBE_SECONDS
    assert http.breaker_state("vendor", "a").state == "half_open"
    http.reset_breakers()
    assert http.breaker_state("vendor", "a").state == "closed"


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_4xx_is_never_an_outage(serve: Serve, status: int) -> None:
    server = serve(answer(status))
    for _ in range(THRESHOLD * 3):
        assert call(server).status == status


def test_an_answer_in_between_starts_the_count_anew(serve: Serve) -> None:
    good: list[bool] = []
    server = serve(lambda sock, heard: answer(200 if good else 500)(sock, heard))
    for _ in range(4):
        for _ in range(THRESHOLD - 1):
            call(server)
        good.append(True)
        call(server)
        good.clear()
    assert http.breaker_state("vendor", "a").state == "closed"


def test_connections_refused_and_answers_lost_count_as_outages(
    serve: Serve, settings: Settings
) -> None:
    reset = serve(loopback.reset)
    for _ in range(THRESHOLD):
        with pytest.raises(HttpError) as caught:
            call(reset, "resets")
        assert caught.value.outcome is Outcome.UNKNOWN
    with pytest.raises(HttpError) as caught:
        call(reset, "resets")
    assert caught.value.code == "breaker_open"

    settings.OUTBOUND_ALLOW = ["127.0.0.1:1"]
    codes = []
    for _ in range(THRESHOLD + 1):
        with pytest.raises(HttpError) as caught:
            http.request("GET", "http://127.0.0.1:1/", service="off", deadline=2)
        codes.append(caught.value.code)
    assert codes == ["connect"] * THRESHOLD + ["breaker_open"]


def test_what_is_our_own_fault_never_opens_it(serve: Serve, settings: Settings) -> None:
    server = serve(answer(200, b"x" * 100))
    for _ in range(THRESHOLD * 2):
        with pytest.raises(HttpError) as caught:
            http.request("GET", "http://10.0.0.1/", service="vendor", deadline=2)
        assert caught.value.code == "guard"
        with pytest.raises(HttpError) as caught:
            http.request("GET", server.url, service="vendor", deadline=2, max_bytes=10)
        assert caught.value.code == "too_large"
    assert http.breaker_state("vendor").failures == 0


def test_one_accounts_trouble_leaves_the_others_alone(serve: Serve) -> None:
    server = serve(answer(500))
    outage(server)
    with pytest.raises(HttpError):
        call(server, "a")
    assert call(server, "b").status == 500
    other = serve(answer())
    assert http.request("GET", other.url, service="mail", deadline=2).ok


def test_a_vendors_retry_after_puts_the_probe_off_but_not_past_a_minute(
    serve: Serve, clock: Clock
) -> None:
    for asked, wait in ((30, 30), (3600, 50)):
        http.reset_breakers()
        server = serve(answer(503, b"", {"Retry-After": str(asked)}))
        for _ in range(THRESHOLD):
            assert call(server).status == 503
        clock.now += wait - 1
        with pytest.raises(HttpError):
            call(server)
        clock.now += 2
        assert call(server).status == 503


def test_many_threads_at_once_send_one_probe(clock: Clock) -> None:
    breakers = Breakers(clock=clock)
    for _ in range(THRESHOLD):
        breakers.failed("v", "a", "out")
    clock.now += PROBE_SECONDS
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: breakers.admit("v", "a"), range(200)))
    assert waits.count(None) == 1


@pytest.fixture
def shared_cache(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(tmp_path),
        }
    }
    yield


@dataclass
class Process:
    """A process's breakers: own memory, own clock, the same cache and wall."""

    clock: Clock
    breakers: Breakers


def process(wall: Clock) -> Process:
    clock = Clock(wall.now * 3)  # monotonic clocks of two processes never agree
    board = CacheBoard(clock=clock)
    return Process(clock, Breakers(clock=clock, wall=wall, board=board))


def pass_time(seconds: float, *clocks: Clock) -> None:
    for clock in clocks:
        clock.now += seconds


@pytest.mark.usefixtures("shared_cache")
def test_processes_that_share_a_cache_open_and_close_together() -> None:
    wall = Clock(time.time())
    one, two = process(wall), process(wall)
    for _ in range(THRESHOLD):
        one.breakers.failed("v", "a", "out")
    assert two.breakers.admit("v", "a") == pytest.approx(PROBE_SECONDS, abs=0.1)
    assert two.breakers.state("v", "a").last_error == "out"
    assert two.breakers.admit("v", "b") is None

    pass_time(3, wall, one.clock, two.clock)
    one.breakers.succeeded("v", "a")  # a call that was under way came back
    pass_time(2.1, wall, one.clock, two.clock)
    assert two.breakers.admit("v", "a") is None
    assert two.breakers.state("v", "a").state == "closed"


@pytest.mark.usefixtures("shared_cache")
def test_processes_that_share_a_cache_share_one_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_breaker, "PROBE_SECONDS", 1.0)
    one, two = Breakers(), Breakers()
    for _ in range(THRESHOLD):
        one.failed("v", "a", "out")
    probes: list[float] = []
    began = time.monotonic()
    while time.monotonic() - began < 4.3:
        for breakers in (one, two):
            if breakers.admit("v", "a") is None:
                probes.append(time.monotonic())
        time.sleep(0.02)
    gaps = [later - sooner for sooner, later in pairwise(probes)]
    assert 2 <= len(probes) <= 4
    assert min(gaps) >= 0.95


@pytest.mark.usefixtures("shared_cache")
def test_a_cache_that_hangs_or_fails_holds_no_call_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*args: Any, **kwargs: Any) -> None:
        time.sleep(5)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("the cache is away")

    server = serve(answer())
    for broken in (hang, fail):
        monkeypatch.setattr(FileBasedCache, "get", broken)
        http.reset_breakers()
        began = time.monotonic()
        assert all(call(server).ok for _ in range(10))
        assert time.monotonic() - began < 3


@pytest.mark.usefixtures("shared_cache")
def test_a_cache_that_hides_its_failures_does_not_stop_the_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for method, value in (("get", None), ("set", False), ("add", False)):
        monkeypatch.setattr(FileBasedCache, method, lambda *a, v=value, **k: v)
    clock = Clock()
    breakers = Breakers(clock=clock, board=CacheBoard(clock=clock))
    for _ in range(THRESHOLD):
        breakers.failed("v", "a", "out")
    assert breakers.admit("v", "a") is not None
    clock.now += PROBE_SECONDS
    assert breakers.admit("v", "a") is None
