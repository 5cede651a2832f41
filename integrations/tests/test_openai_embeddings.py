"""Vectors over HTTP from a server on loopback that speaks like OpenAI."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from integrations.openai_embeddings import OpenAIEmbedder
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    fresh_door,
    hang,
    serve,
)
from messaging.agent.embedding import choose_embedder
from messaging.agent.model import ModelError

__all__ = ["fresh_door", "serve"]

KEY = "sk-invented-for-tests"
JSON = {"Content-Type": "application/json"}


def listed(*rows: Any, **more: Any) -> Script:
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in rows]
    body = {"object": "list", "data": data, "usage": {"total_tokens": 9}} | more
    return answer(200, json.dumps(body).encode(), JSON)


@pytest.fixture
def embedder(
    settings: Settings, serve: Callable[[Script], Loopback]
) -> Callable[[Script], tuple[OpenAIEmbedder, Loopback]]:
    def start(script: Script) -> tuple[OpenAIEmbedder, Loopback]:
        server = serve(script)
        settings.OPENAI_API_KEY = KEY
        settings.OPENAI_BASE_URL = f"{server.url}v1"
        settings.OPENAI_EMBEDDING_MODEL = "text-embedding-3-small"
        return OpenAIEmbedder(), server

    return start


def test_it_is_off_unless_a_model_and_a_key_are_set(settings: Settings) -> None:
    settings.OPENAI_API_KEY = KEY
    settings.OPENAI_EMBEDDING_MODEL = ""
    assert not OpenAIEmbedder().is_configured()
    assert choose_embedder(settings.EMBEDDERS).name == "none"
    settings.OPENAI_EMBEDDING_MODEL = "text-embedding-3-small"
    assert choose_embedder(settings.EMBEDDERS).model == "text-embedding-3-small"
    settings.OPENAI_API_KEY = ""
    assert not OpenAIEmbedder().is_configured()


def test_each_text_gets_its_own_vector_of_length_one(embedder: Any) -> None:
    model, server = embedder(listed((1, [0, 3.0]), (0, [3.0, 4.0])))
    found = model.embed(["one", "two"], seconds=5)
    assert found.vectors == ((0.6, 0.8), (0.0, 1.0))
    assert found.tokens == 9
    assert all(math.isclose(math.hypot(*vector), 1) for vector in found.vectors)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/embeddings ")
    assert f"Bearer {KEY}".encode() in head
    asked = json.loads(body)
    assert asked["input"] == ["one", "two"]
    assert (asked["model"], asked["dimensions"]) == ("text-embedding-3-small", 256)


@pytest.mark.parametrize(
    "script",
    [
        answer(200, b"<html>", JSON),
        answer(200, b"[]", JSON),
        answer(200, b'{"data": 7}', JSON),
        listed((0, [1.0])),
        listed((0, [1.0]), (1, [0.0])),
        listed((0, [1.0]), (1, ["x"])),
        listed((0, [1.0]), (1, [1.0, 2.0])),
        listed((0, [1.0]), (1, [float("nan")])),
        listed((0, [1.0]), (1, None)),
    ],
)
def test_an_answer_that_is_no_list_of_vectors_is_refused(
    embedder: Any, script: Script
) -> None:
    model, _ = embedder(script)
    with pytest.raises(ModelError) as raised:
        model.embed(["one", "two"], seconds=5)
    assert (raised.value.outcome, raised.value.code) == ("unknown", "bad_answer")


def test_a_refusal_and_a_silence_are_model_errors(embedder: Any) -> None:
    error = {"message": "Incorrect API key", "code": "invalid_api_key"}
    model, _ = embedder(answer(401, json.dumps({"error": error}).encode(), JSON))
    with pytest.raises(ModelError) as raised:
        model.embed(["one"], seconds=5)
    assert (raised.value.outcome, raised.value.code) == ("permanent", "key")
    assert KEY not in raised.value.words
    model, _ = embedder(hang)
    with pytest.raises(ModelError) as raised:
        model.embed(["one"], seconds=0.3)
    assert raised.value.outcome == "unknown"
