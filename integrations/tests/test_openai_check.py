"""The services page's test of OpenAI, and the warnings on models."""

import json
import socket
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations import openai_models
from integrations.openai_models import end_warning, list_models, model_warnings
from integrations.openai_prices import known_model, price_list, priced
from integrations.providers.openai import SERVICE, OpenAIModel
from integrations.services import ServiceState, find_service
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    drip,
    fresh_door,
    hang,
    reset,
    serve,
)
from integrations.tests.openai_server import (
    APIS,
    BAD_KEY,
    JSON,
    LIMIT,
    QUOTA,
    fails,
    fresh_model,
    point_at,
    says,
    sent_body,
)
from messaging.agent.model import ModelError

__all__ = ["fresh_door", "fresh_model", "serve"]  # fixtures

Serve = Callable[[Script], Loopback]


@pytest.mark.parametrize("api", APIS)
def test_one_sentence_is_written(api: str, serve: Serve, settings: Settings) -> None:
    server = serve(says(api, "I am ready to help."))
    point_at(settings, server, api)
    result = OpenAIModel().test()
    assert (result.state, result.detail) == (ServiceState.OK, "I am ready to help.")
    assert result.latency_ms is not None and result.fix == ""
    assert "gpt-6-luna" in result.words
    body = sent_body(server)
    assert not {"text", "response_format"} & set(body)


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        (fails(401, BAD_KEY), "rejected", "does not accept the API key"),
        (fails(429, QUOTA), "rejected", "no credit left"),
        (fails(429, LIMIT, {"Retry-After": "9"}), "rate_limited", "again from"),
        (fails(404, {"code": "model_not_found"}), "misconfigured", "this model"),
        (answer(200, b"<html>hi</html>"), "misconfigured", "cannot be read"),
        (answer(404, b"not here"), "misconfigured", "answered 404"),
        (fails(500, "x"), "unreachable", "answered 500"),
        (hang, "unreachable", "did not answer in time"),
        (drip, "unreachable", "did not answer in time"),
        (reset, "unreachable", "broke the connection off"),
    ],
)
def test_what_is_wrong_is_said_with_the_fix(
    script: Script, state: str, words: str, serve: Serve, settings: Settings
) -> None:
    point_at(settings, serve(script), "responses")
    started = time.monotonic()
    result = OpenAIModel().test(1.0)
    assert time.monotonic() - started < 3
    assert (result.state, words in result.words) == (state, True), result
    assert result.fix
    if state == "unreachable":
        assert "Nothing is known of the key" in result.fix
        assert "key" not in result.words


def test_nobody_at_the_address_is_not_a_bad_key(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{port}/v1"
    assert OpenAIModel().test(2.0).state == ServiceState.UNREACHABLE


def test_settings_that_cannot_be_right_are_named(settings: Settings) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_API = "sk-test", "soap"
    result = OpenAIModel().test(1.0)
    assert result.state == ServiceState.MISCONFIGURED
    assert "OPENAI_API is neither" in result.words
    assert result.latency_ms is None


def test_the_catalogue_knows_it() -> None:
    assert find_service("openai") is SERVICE
    assert [need.setting for need in SERVICE.needs] == ["OPENAI_API_KEY"]


# --- models and prices -------------------------------------------------------


def listing(*models: dict[str, object]) -> Script:
    rows = [{"object": "model", "created": 1, "owned_by": "o", **m} for m in models]
    data = {"object": "list", "data": rows}
    return answer(200, json.dumps(data).encode(), JSON)


def test_the_list_of_models_is_kept(serve: Serve, settings: Settings) -> None:
    server = serve(listing({"id": "gpt-6-luna", "shutdown_date": None}))
    point_at(settings, server, "chat")
    for _ in range(3):
        assert [m.name for m in list_models()] == ["gpt-6-luna"]
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"GET /v1/models ")
    assert model_warnings() == ()


def test_a_model_that_ends_soon_is_warned_of(serve: Serve, settings: Settings) -> None:
    soon = timezone.now().date() + timedelta(days=30)
    rows = listing({"id": "gpt-6-luna", "shutdown_date": soon.isoformat()})
    point_at(settings, serve(rows), "chat")
    (warning,) = model_warnings()
    assert f"ends on {soon:%d %B %Y}" in warning


def test_a_model_that_the_key_may_not_use_is_warned_of(
    serve: Serve, settings: Settings
) -> None:
    point_at(settings, serve(listing({"id": "gpt-9"})), "chat")
    assert model_warnings() == ("The key may not use the model gpt-6-luna.",)


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b"[]", b'{"data": 1}', b'{"data": [{"id": 5}, null]}']
)
def test_a_list_that_cannot_be_read_warns_of_nothing(
    body: bytes, serve: Serve, settings: Settings
) -> None:
    server = serve(answer(200, body, JSON))
    point_at(settings, server, "chat")
    assert model_warnings() == ()
    assert model_warnings() == ()
    assert len(server.requests) == 1, "a failure is remembered for a while too"


def test_without_a_list_the_dated_file_warns(
    serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(settings, serve(fails(500, "x")), "chat")
    settings.OPENAI_MODEL = "gpt-4o-mini"
    monkeypatch.setattr(openai_models, "SOON", timedelta(days=100_000))
    (warning,) = model_warnings()
    assert "14 January 2027" in warning
    with pytest.raises(ModelError):
        list_models()


def test_without_a_key_there_is_nothing_to_warn_of() -> None:
    assert model_warnings() == ()


def test_no_end_is_no_warning() -> None:
    assert end_warning("gpt-6-luna") == ""
    assert end_warning("anything", date(2020, 1, 1)).startswith(
        "The model anything ended"
    )


def test_prices_are_dated_and_whole() -> None:
    prices = price_list()
    assert prices.as_of >= date(2026, 11, 1) and prices.source
    for name, model in prices.models.items():
        assert 0 < model.cached < model.input <= model.written, name
        assert model.output > model.input, name


def test_costs_are_counted_by_the_million_and_rounded_up() -> None:
    usage = priced("gpt-6-luna", input=1_000_000, output=1_000_000, cached=400_000)
    assert usage.micro == 60_000 + 4_000 + 500_000
    assert priced("gpt-6-luna", input=1, output=0).micro == 1
    written = priced("gpt-6-luna", input=1_000_000, output=0, written=1_000_000)
    assert written.micro == 125_000
    assert priced("gpt-6-luna-2026-09-22", input=10, output=10).micro == 6
    assert priced("somebody-elses", input=10, output=10).micro is None
    assert known_model("gpt-6-luna-mini") is None
