"""The catalogue: services come by themselves, values are masked, nothing leaks."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from integrations import services, services_values
from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    catalogue,
    find_service,
)
from integrations.services_values import mask, secrets_of, shown, source_of, values_of

SERVICES = catalogue()
each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.key)
# There is always a database.
OPTIONAL = [one for one in SERVICES if one.key != "database"]
IN_PARTS = [one for one in OPTIONAL if len((*one.needs, *one.one_of)) > 1]


def a_service(test: Any, **more: Any) -> Service:
    given = {"key": "any", "label": "Any", "purpose": "A service.", **more}
    return Service(test=test, **given)


# --- the contract of every service -------------------------------------------


@each_service
def test_it_says_what_it_is_for_and_what_runs_without_it(service: Service) -> None:
    assert service.key.isidentifier() and service.key == service.key.lower()
    assert service.label and service.purpose.endswith(".")
    assert service.without or service.key == "database"
    assert service.costs and service.docs
    names = [need.setting for need in service.all_needs()]
    assert names and len(names) == len(set(names))


@pytest.mark.parametrize("service", OPTIONAL, ids=lambda one: one.key)
def test_with_nothing_set_it_is_off_and_is_not_called(
    service: Service, settings: Settings
) -> None:
    for need in (*service.needs, *service.one_of):
        setattr(settings, need.setting, "")
    found = services.check(service)
    assert found.state is ServiceState.OFF
    assert found.words == service.without


@pytest.mark.parametrize("service", IN_PARTS, ids=lambda one: one.key)
def test_half_set_it_stays_off_and_says_what_is_missing(
    service: Service, settings: Settings
) -> None:
    wanted = (*service.needs, *service.one_of)
    for need in wanted:
        setattr(settings, need.setting, "")
    setattr(settings, wanted[0].setting, "x" * 20)
    assert not service.is_on()
    found = services.check(service)
    assert found.state is ServiceState.MISCONFIGURED
    for missing in service.missing():
        assert missing in found.words and missing in found.fix


def test_the_providers_of_the_settings_are_there_by_themselves(
    settings: Settings,
) -> None:
    assert [one.key for one in SERVICES][:2] == ["database", "redis"]
    assert {"twilio", "openai"} <= {one.key for one in SERVICES}
    settings.WEBHOOKS = settings.MEDIA_FETCHERS = []
    settings.TRANSPORTS = {"sms": ["messaging.transports.LogTransport"]}
    assert find_service("twilio") is None


# --- a test that goes wrong --------------------------------------------------


def test_a_test_that_raises_is_a_finding_and_no_error() -> None:
    def broken(deadline: float) -> ServiceResult:
        raise ZeroDivisionError("secret words")

    found = services.check(a_service(broken))
    assert found.state is ServiceState.UNREACHABLE
    assert "fault of ours" in found.fix
    assert "secret words" not in repr(found)


def test_a_test_that_hangs_ends_with_its_deadline() -> None:
    import threading
    import time

    done = threading.Event()

    def hangs(deadline: float) -> ServiceResult:
        done.wait(10)
        return ServiceResult(ServiceState.OK, "late")

    started = time.monotonic()
    found = services.check(a_service(hangs), deadline=0.3)
    done.set()
    assert time.monotonic() - started < 2
    assert found.state is ServiceState.UNREACHABLE
    assert "Nothing is known of the keys" in found.fix


def test_no_secret_is_in_what_a_test_says(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = "first-secret-token, second-secret-token"

    def telling(deadline: float) -> ServiceResult:
        words = "no to first-secret-token and second-secret-token"
        return ServiceResult(ServiceState.REJECTED, words, detail=words)

    need = Need("TWILIO_AUTH_TOKEN", secret=True)
    found = services.check(a_service(telling, needs=(need,)))
    assert "secret-token" not in repr(found)


# --- what is shown -----------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("", ""),
        ("abc", "••••"),
        ("elevenchars", "••••"),
        ("twelve-chars", "••••hars"),
        ("sk-proj-1234567890abcd", "••••abcd"),
        ("a-first-long-token, short", "••••oken, ••••"),
    ],
)
def test_a_secret_shows_four_letters_and_a_short_one_none(
    value: str, masked: str
) -> None:
    assert mask(value) == masked


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:hunter2@db:6379/0", "redis://:••••@db:6379/0"),
        ("postgresql://u:pa:ss@[::1]:5432/n?x=1", "postgresql://u:••••@[::1]:5432/n"),
        ("redis://u@h", "redis://u@h"),
        ("redis://:p@h:99999999/0", "••••"),
    ],
)
def test_an_address_shows_no_password(
    settings: Settings, value: str, masked: str
) -> None:
    settings.REDIS_URL = value
    assert shown(Need("REDIS_URL", secret=True)) == masked


@pytest.fixture
def environment() -> Iterator[None]:
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)


def test_each_value_says_where_it_comes_from(
    settings: Settings, environment: None
) -> None:
    settings.SET_OUTSIDE = frozenset({"TWILIO_ACCOUNT_SID"})
    os.environ["TWILIO_ACCOUNT_SID"] = settings.TWILIO_ACCOUNT_SID = "AC1"
    os.environ["TWILIO_AUTH_TOKEN"] = settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_PHONE_NUMBER = "+1500"
    settings.TWILIO_BASE_URL = ""
    names = ("ACCOUNT_SID", "AUTH_TOKEN", "PHONE_NUMBER", "BASE_URL")
    found = [source_of(Need(f"TWILIO_{name}")) for name in names]
    assert found == ["environment", ".env", "default", "not set"]


def test_no_secret_of_any_service_is_shown(settings: Settings) -> None:
    planted: list[str] = []
    for service in SERVICES:
        for need in service.all_needs():
            if need.secret:
                value = f"planted-{need.setting.lower()}-9876"
                if need.setting.endswith("_URL"):
                    value = f"redis://:{value}@127.0.0.1:1/0"
                setattr(settings, need.setting, value)
                planted.append(value)
    assert len(planted) >= 3
    assert set(secrets_of(SERVICES)) == set(planted)
    lines = repr([values_of(service) for service in SERVICES])
    assert "planted" not in lines
    assert services_values.HIDDEN in lines
