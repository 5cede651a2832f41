"""What is kept of a test and of real calls; a test runs once at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from integrations import http, services_checks
from integrations.models import ServiceCheck
from integrations.services import Service, ServiceResult, ServiceState
from integrations.services_checks import notes, record, run_check
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    fresh_door,
    hang,
    serve,
)
from integrations.tests.twilio_loopback import Twilio, twilio, vendor_error
from integrations.tests.webhook_requests import twilio_settings
from messaging.tests.talk import person

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

State = ServiceState


def service(answer: Callable[[float], ServiceResult], key: str = "any") -> Service:
    return Service(key=key, label="Any", purpose="A service.", test=answer)


def finding(state: ServiceState, words: str = "So it is.") -> ServiceResult:
    return ServiceResult(state, words, latency_ms=7)


def kept(key: str = "any") -> ServiceCheck:
    return ServiceCheck.objects.get(key=key)


def wait_for(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def ana(db: None) -> User:
    return person("ana")


@pytest.mark.django_db
def test_a_test_keeps_who_found_what_and_when(ana: User) -> None:
    found = run_check(service(lambda d: finding(State.OK)), user_id=ana.pk)
    row = kept()
    assert (row.state, row.words, row.latency_ms) == ("ok", found.words, 7)
    assert row.checked_by == ana
    assert row.last_ok_at == row.checked_at is not None
    assert row.last_failure_at is None


@pytest.mark.django_db
def test_a_success_leaves_the_last_failure_standing(ana: User) -> None:
    record("any", finding(State.REJECTED, "No such key."))
    record("any", finding(State.OK))
    row = kept()
    assert row.state == "ok"
    assert row.last_failure == "No such key."
    assert row.last_failure_at is not None and row.last_ok_at is not None
    assert row.last_failure_at <= row.last_ok_at


@pytest.mark.django_db
def test_off_is_neither_a_success_nor_a_failure() -> None:
    record("any", finding(State.OFF))
    row = kept()
    assert row.last_ok_at is row.last_failure_at is None


@pytest.mark.django_db(transaction=True)
def test_tests_run_side_by_side_and_each_once(ana: User) -> None:
    go, running = threading.Event(), []

    def slow(deadline: float) -> ServiceResult:
        running.append(threading.current_thread().name)
        go.wait(10)
        return finding(State.OK)

    both = [service(slow, "one"), service(slow, "two")]
    assert services_checks.start(both, user=ana) == ["one", "two"]
    wait_for(lambda: len(running) == 2)
    assert services_checks.is_running(kept("one"))
    assert services_checks.start(both, user=ana) == []
    go.set()
    wait_for(lambda: kept("one").running_since is None)
    wait_for(lambda: kept("two").running_since is None)
    assert len(running) == 2
    assert kept("one").checked_by == ana


@pytest.mark.django_db
def test_a_test_whose_process_died_does_not_run_for_ever(ana: User) -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    row = ServiceCheck.objects.create(key="any", running_since=long_ago)
    assert not services_checks.is_running(row)
    assert services_checks._begin("any")


# --- real calls --------------------------------------------------------------


@pytest.fixture
def heard(db: None) -> Iterator[None]:
    notes.forget()
    yield
    notes.forget()


def call(url: str) -> None:
    try:
        http.request("GET", url, service="twilio", account="a", deadline=2)
    except http.HttpError:
        return


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (answer(200), State.OK),
        (answer(401), State.REJECTED),
        (answer(429), State.RATE_LIMITED),
        (answer(503), State.UNREACHABLE),
        (hang, State.UNREACHABLE),
    ],
)
def test_a_real_call_tells_how_the_service_is(
    heard: None, serve: Callable[[Script], Loopback], script: Script, state: str
) -> None:
    call(serve(script).url)
    row = kept("twilio")
    assert row.state == state
    assert row.checked_by is None
    assert (row.last_ok_at is not None) == (state == State.OK)


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_refusal_of_one_message_says_nothing_of_the_service(
    heard: None, serve: Callable[[Script], Loopback], status: int
) -> None:
    call(serve(answer(status)).url)
    assert not ServiceCheck.objects.exists()


def test_the_same_answer_is_written_once_a_minute_and_a_change_at_once(
    heard: None, serve: Callable[[Script], Loopback], monkeypatch: Any
) -> None:
    written: list[str] = []
    write = services_checks._write

    def counted(key: str, found: ServiceResult, ms: int) -> None:
        written.append(found.state)
        write(key, found, ms)

    monkeypatch.setattr(services_checks, "_write", counted)
    good, bad = serve(answer(200)).url, serve(answer(500)).url
    for url in (good, good, good, bad, bad, good):
        call(url)
    assert written == [State.OK, State.UNREACHABLE, State.OK]
    assert kept("twilio").state == State.OK


def test_a_good_call_does_not_hide_what_a_test_found_wrong(
    heard: None, serve: Callable[[Script], Loopback]
) -> None:
    record("twilio", finding(State.MISCONFIGURED, "Texts come in nowhere."))
    call(serve(answer(200)).url)
    row = kept("twilio")
    assert (row.state, row.words) == ("misconfigured", "Texts come in nowhere.")
    assert row.last_ok_at is not None


def test_an_unknown_caller_writes_nothing(
    heard: None, serve: Callable[[Script], Loopback]
) -> None:
    http.request("GET", serve(answer(200)).url, service="nobody", deadline=1)
    assert not ServiceCheck.objects.exists()


def test_trouble_with_the_database_is_no_trouble_of_the_call(
    heard: None, serve: Callable[[Script], Loopback], monkeypatch: Any
) -> None:
    def away(*given: Any) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(services_checks, "_write", away)
    found = http.request("GET", serve(answer(200)).url, service="twilio", deadline=1)
    assert found.ok


def test_a_tests_own_calls_are_told_by_the_test(heard: None, twilio: Twilio) -> None:
    from integrations.providers.twilio import SERVICE

    twilio.instead = vendor_error(401, 20003)
    run_check(SERVICE)
    row = kept("twilio")
    assert row.state == State.REJECTED
    assert "auth token does not belong" in row.fix


def test_no_secret_is_kept(heard: None, twilio: Twilio, settings: Settings) -> None:
    from integrations.providers.twilio import SERVICE

    twilio.instead = vendor_error(400, 99999)
    run_check(SERVICE)
    row = kept("twilio")
    assert settings.TWILIO_AUTH_TOKEN not in f"{row.words}{row.fix}{row.last_failure}"
