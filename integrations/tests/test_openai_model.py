"""OpenAI behind the language model port: what is sent, and what is made of it."""

import json
import socket
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from integrations.providers.openai import OpenAIModel
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.openai_server import (
    APIS,
    BAD_KEY,
    BADS,
    FORMAT,
    GOOD,
    LIMIT,
    QUOTA,
    Bad,
    enveloped,
    fails,
    fresh_model,
    in_turn,
    point_at,
    says,
    sent_body,
)
from messaging.agent.builtin import BuiltinModel
from messaging.agent.costs import Usage
from messaging.agent.model import Goal, LanguageModel, ModelError, Plan, choose_model
from messaging.agent.prompting import CURRENT
from messaging.tests.agent_situations import situation
from messaging.tests.model_cases import Counting, ModelCases

__all__ = ["fresh_door", "fresh_model", "serve"]  # fixtures

Serve = Callable[[Script], Loopback]
GREET = Plan(Goal.GREET, "budget")
SPENT = Usage(900, 100, 60, 111)  # 800 · 0.1 + 100 · 0.01 + 60 · 0.5 millionths


class TestBuiltin(ModelCases):
    def model(self) -> LanguageModel:
        return BuiltinModel()


class _OpenAI(ModelCases):
    api = ""

    @pytest.fixture(autouse=True)
    def _server(self, serve: Serve, settings: Settings) -> None:
        self.settings, self.serve = settings, serve
        point_at(settings, serve(says(self.api)), self.api)

    def model(self) -> LanguageModel:
        return OpenAIModel()

    def broken(self) -> LanguageModel:
        point_at(self.settings, self.serve(fails(500, "x")), self.api)
        return OpenAIModel()


class TestResponses(_OpenAI):
    api = "responses"


class TestChat(_OpenAI):
    api = "chat"


@pytest.mark.parametrize("api", APIS)
def test_an_answer_becomes_a_proposal_with_its_cost(
    api: str, serve: Serve, settings: Settings
) -> None:
    point_at(settings, serve(says(api)), api)
    meter = Counting()
    proposal = OpenAIModel().write(situation(), GREET, meter)
    assert proposal.body == "Thanks, noted. What is your budget?"
    assert proposal.usage == SPENT
    assert (proposal.model, proposal.prompt_version) == ("gpt-6-luna", CURRENT)
    assert meter.settled == [SPENT]
    assert meter.begun[0].tokens > SPENT.tokens
    assert (meter.begun[0].micro or 0) > (SPENT.micro or 0)


@pytest.mark.parametrize("api", APIS)
def test_the_request_stores_nothing_and_asks_for_the_schema(
    api: str, serve: Serve, settings: Settings
) -> None:
    server = serve(says(api))
    point_at(settings, server, api)
    OpenAIModel().write(situation("Hello there"), GREET)
    body = sent_body(server)
    assert body["store"] is False
    assert "stream" not in body and "tools" not in body
    given = body["response_format"]["json_schema"] if api == "chat" else body["text"]
    given = given if api == "chat" else given["format"]
    assert given["strict"] is True
    schema = given["schema"]
    assert schema["required"] == ["reply", "claims"]
    assert schema["additionalProperties"] is False
    claim = schema["properties"]["claims"]["items"]
    assert claim["required"] == ["words", "source", "quote"]
    assert claim["additionalProperties"] is False
    assert "question.budget" in claim["properties"]["source"]["enum"]
    assert "$ref" not in json.dumps(schema)
    for word in ("default", "maxLength", "minLength", "minimum", "title", "maxItems"):
        assert f'"{word}"' not in json.dumps(schema)
    path = b"/v1/chat/completions" if api == "chat" else b"/v1/responses"
    assert server.requests[0].startswith(b"POST " + path)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("bad", BADS, ids=str)
def test_no_bad_answer_is_more_than_a_model_error(
    bad: Bad, api: str, serve: Serve, settings: Settings
) -> None:
    server = serve(bad.script(api))
    point_at(settings, server, api, deadline=1.0)
    meter = Counting()
    started = time.monotonic()
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(situation(), GREET, meter)
    assert time.monotonic() - started < 3.0
    assert raised.value.outcome in ("refused", "later", "permanent", "unknown")
    assert raised.value.words.startswith("OpenAI")
    assert "sk-test" not in raised.value.words
    assert 1 <= len(meter.begun) <= 2
    assert len(meter.ends) == len(meter.begun)
    assert "cancel" not in meter.ends  # all of them were sent
    if bad.counted:
        assert meter.settled and set(meter.settled) == {SPENT}


@pytest.mark.parametrize("api", APIS)
def test_a_wrong_answer_may_be_mended_once(
    api: str, serve: Serve, settings: Settings
) -> None:
    server = serve(in_turn(says(api, "Sure, here you go"), says(api)))
    point_at(settings, server, api)
    proposal = OpenAIModel().write(situation(), GREET)
    assert proposal.body.startswith("Thanks")
    assert proposal.usage == SPENT + SPENT
    body = sent_body(server)
    turns = body["messages"][1:] if api == "chat" else body["input"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert "not JSON" in turns[-1]["content"]


@pytest.mark.parametrize("api", APIS)
def test_it_is_never_mended_twice(api: str, serve: Serve, settings: Settings) -> None:
    server = serve(says(api, "no"))
    point_at(settings, server, api)
    with pytest.raises(ModelError, match="cannot be used: it is not JSON"):
        OpenAIModel().write(situation(), GREET)
    assert len(server.requests) == 2


def test_a_repair_over_the_cap_is_not_asked_for(
    serve: Serve, settings: Settings
) -> None:
    server = serve(says("responses", "no"))
    point_at(settings, server, "responses")
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(situation(), GREET, Counting(refuse_from=1))
    assert raised.value.code == "budget"
    assert len(server.requests) == 1


def test_a_call_over_the_cap_is_not_made(serve: Serve, settings: Settings) -> None:
    server = serve(says("chat"))
    point_at(settings, server, "chat")
    with pytest.raises(ModelError):
        OpenAIModel().write(situation(), GREET, Counting(refuse_from=0))
    assert server.requests == []


def test_repair_and_ladder_keep_one_deadline(serve: Serve, settings: Settings) -> None:
    def slow(sock: socket.socket, heard: bytes) -> None:
        time.sleep(0.45)
        says("chat", "no")(sock, heard)

    point_at(settings, serve(slow), "chat", deadline=0.7)
    started = time.monotonic()
    with pytest.raises(ModelError):
        OpenAIModel().write(situation(), GREET)
    assert time.monotonic() - started < 1.0


class TestLadder:
    @pytest.fixture(autouse=True)
    def _set(self, serve: Serve, settings: Settings) -> None:
        self.serve, self.settings = serve, settings

    def test_a_server_without_schemas_is_asked_the_next_way(self) -> None:
        server = self.serve(in_turn(fails(400, FORMAT), says("chat")))
        point_at(self.settings, server, "chat")
        meter = Counting()
        OpenAIModel().write(situation(), GREET, meter)
        assert sent_body(server)["response_format"] == {"type": "json_object"}
        assert meter.settled == [Usage(), SPENT]

    def test_what_it_refused_is_remembered(self) -> None:
        server = self.serve(in_turn(fails(400, FORMAT), says("chat")))
        point_at(self.settings, server, "chat")
        for _ in range(3):
            OpenAIModel().write(situation(), GREET)
        assert len(server.requests) == 4

    def test_the_last_way_is_plain_and_takes_a_fence(self) -> None:
        fenced = f"<think>well</think>\n```json\n{GOOD}\n```"
        refused = fails(400, FORMAT)
        server = self.serve(in_turn(refused, refused, says("chat", fenced)))
        point_at(self.settings, server, "chat")
        assert OpenAIModel().write(situation(), GREET).body.startswith("Thanks")
        assert set(sent_body(server)) == {"model", "messages", "max_tokens"}

    def test_a_server_that_forbids_other_fields_is_asked_the_plain_way(self) -> None:
        detail = [{"type": "extra_forbidden", "loc": ["body", "store"]}]
        body = json.dumps({"detail": detail, "message": "store: extra inputs"})

        def strict(sock: socket.socket, heard: bytes) -> None:
            data = json.loads(heard.partition(b"\r\n\r\n")[2])
            if "store" in data:
                from integrations.tests.http_loopback import answer

                answer(422, body.encode())(sock, heard)
            else:
                says("chat")(sock, heard)

        point_at(self.settings, self.serve(strict), "chat")
        assert OpenAIModel().write(situation(), GREET).body.startswith("Thanks")

    def test_another_400_is_not_asked_again(self) -> None:
        server = self.serve(fails(400, {"message": "too many tokens"}))
        point_at(self.settings, server, "chat")
        with pytest.raises(ModelError):
            OpenAIModel().write(situation(), GREET)
        assert len(server.requests) == 1

    def test_responses_climbs_down_too(self) -> None:
        error = {"message": "json_schema is not supported", "param": "text.format"}
        server = self.serve(in_turn(fails(400, error), says("responses")))
        point_at(self.settings, server, "responses")
        OpenAIModel().write(situation(), GREET)
        assert sent_body(server)["text"] == {"format": {"type": "json_object"}}


def trouble(settings: Settings, server: Loopback, api: str = "responses") -> ModelError:
    point_at(settings, server, api)
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(situation(), GREET)
    return raised.value


@pytest.mark.parametrize("api", APIS)
def test_no_credit_is_permanent_and_named(
    api: str, serve: Serve, settings: Settings
) -> None:
    error = trouble(settings, serve(fails(429, QUOTA)), api)
    assert (error.outcome, error.code) == ("permanent", "quota")
    assert "no credit left" in error.words


@pytest.mark.parametrize(
    ("status", "error"), [(401, BAD_KEY), (401, "?"), (403, {"message": "no"})]
)
def test_a_key_that_is_not_taken_is_permanent_and_named(
    status: int, error: object, serve: Serve, settings: Settings
) -> None:
    found = trouble(settings, serve(fails(status, error)))
    assert (found.outcome, found.code) == ("permanent", "key")
    assert "key" in found.words


def test_a_403_of_somebody_in_between_is_not_about_the_key(
    serve: Serve, settings: Settings
) -> None:
    from integrations.tests.http_loopback import answer

    found = trouble(settings, serve(answer(403, b"<h1>Forbidden by proxy</h1>")))
    assert (found.outcome, found.code) == ("permanent", "status")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3600"}, 3600),
        ({"Retry-After": "1"}, 1),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": "rubbish"}, 20),  # the words say: try again in 20s
        ({}, 20),
    ],
)
def test_a_rate_limit_says_when(
    headers: dict[str, str], seconds: float, serve: Serve, settings: Settings
) -> None:
    error = trouble(settings, serve(fails(429, LIMIT, headers)))
    assert (error.outcome, error.code) == ("later", "rate_limited")
    assert error.retry_at is not None
    wait = error.retry_at - timezone.now()
    assert abs(wait - timedelta(seconds=seconds)) < timedelta(seconds=1)


def test_nothing_is_asked_before_the_wait_is_over(
    serve: Serve, settings: Settings
) -> None:
    limited = fails(429, LIMIT, {"retry-after-ms": "700"})
    server = serve(in_turn(limited, says("responses")))
    trouble(settings, server)
    meter = Counting()
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(situation(), GREET, meter)
    assert raised.value.outcome == "later"
    assert (len(server.requests), meter.ends) == (1, ["cancel"])
    time.sleep(0.75)
    assert OpenAIModel().write(situation(), GREET).body
    assert len(server.requests) == 2


def test_what_was_never_sent_costs_nothing(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
    settings.OPENAI_API_KEY = "sk-test"
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{port}/v1"
    meter = Counting()
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(situation(), GREET, meter)
    assert raised.value.outcome == "refused"
    assert meter.ends == ["cancel"]


def test_an_answer_in_the_final_phase_counts_and_remarks_do_not(
    serve: Serve, settings: Settings
) -> None:
    data = enveloped("responses", GOOD)
    data["output"][1]["phase"] = "final_answer"
    part = {"type": "output_text", "text": "Let me see", "annotations": []}
    remark = {"type": "message", "phase": "commentary", "content": [part]}
    whole = says("responses", output=[remark, data["output"][1]])
    point_at(settings, serve(whole), "responses")
    assert OpenAIModel().write(situation(), GREET).body.startswith("Thanks")


def test_an_unknown_model_has_tokens_and_no_cost(
    serve: Serve, settings: Settings
) -> None:
    point_at(settings, serve(says("chat")), "chat")
    settings.OPENAI_MODEL = "llama-9"
    usage = OpenAIModel().write(situation(), GREET).usage
    assert (usage.input, usage.output, usage.micro) == (900, 60, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"OPENAI_API_KEY": ""},
        {"OPENAI_API_KEY": "two words"},
        {"OPENAI_API": "carrier-pigeon"},
        {"OPENAI_BASE_URL": "api.openai.com"},
    ],
)
def test_half_set_it_stays_off_and_the_builtin_model_runs(
    changed: dict[str, str], settings: Settings
) -> None:
    settings.OPENAI_API_KEY = "sk-test-1234567890"
    for name, value in changed.items():
        setattr(settings, name, value)
    assert not OpenAIModel().is_configured()
    assert choose_model(settings.LANGUAGE_MODELS).name == "builtin"
    with pytest.raises(ModelError):
        OpenAIModel().write(situation(), GREET)


def test_with_a_key_it_comes_before_the_builtin_model(settings: Settings) -> None:
    settings.OPENAI_API_KEY = "sk-test-1234567890"
    assert choose_model(settings.LANGUAGE_MODELS).name == "openai"
    found = choose_model(settings.LANGUAGE_MODELS, author="builtin")
    assert found.name == "builtin"


def test_the_api_follows_the_host(settings: Settings) -> None:
    from integrations.openai_api import Api, account

    settings.OPENAI_API_KEY, settings.OPENAI_API = "sk-test", ""
    assert account().api is Api.RESPONSES
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1234/v1/"
    assert account().api is Api.CHAT
    settings.OPENAI_API = "responses"
    assert account().api is Api.RESPONSES
