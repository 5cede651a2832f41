"""OpenAI on loopback: answers of both APIs, right ones and every kind of wrong one."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pytest_django import Settings

from integrations import openai_api, openai_models, openai_talk
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    drip,
    drip_headers,
    hang,
    hang_in_body,
    reset,
    reset_in_body,
)

APIS = ("responses", "chat")
JSON = {"Content-Type": "application/json"}
USAGE = (900, 100, 60)  # input, of it cached, output
GOOD = json.dumps({"reply": "Thanks, noted. What is your budget?", "claims": []})


def usage_of(api: str) -> dict[str, Any]:
    taken, cached, output = USAGE
    if api == "chat":
        return {
            "prompt_tokens": taken,
            "completion_tokens": output,
            "total_tokens": taken + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
    return {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": taken + output,
    }


def enveloped(api: str, text: Any, **changes: Any) -> dict[str, Any]:
    """A whole answer of one API around a text."""
    if api == "chat":
        message = {"role": "assistant", "content": text, "refusal": None}
        data: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
    else:
        part = {"type": "output_text", "text": text, "annotations": []}
        said = {"type": "message", "role": "assistant", "content": [part]}
        data = {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "error": None,
            "output": [{"type": "reasoning", "summary": []}, said],
        }
    return {**data, "usage": usage_of(api), **changes}


def says(api: str, text: Any = GOOD, **changes: Any) -> Script:
    """A script that answers every request with this text."""
    return answer(200, json.dumps(enveloped(api, text, **changes)).encode(), JSON)


def in_turn(*scripts: Script) -> Script:
    """One script a request, the last one for all that follow."""
    left = list(scripts)

    def run(sock: Any, heard: bytes) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(sock, heard)

    return run


def fails(status: int, error: Any, headers: dict[str, str] | None = None) -> Script:
    body = json.dumps({"error": error}).encode()
    return answer(status, body, {**JSON, **(headers or {})})


QUOTA = {"message": "You exceeded your current quota", "type": "insufficient_quota"}
QUOTA |= {"code": "insufficient_quota", "param": None}
LIMIT = {"message": "Rate limit reached. Please try again in 20s.", "type": "requests"}
LIMIT |= {"code": "rate_limit_exceeded", "param": None}
BAD_KEY = {"message": "Incorrect API key provided: sk-te*****7890", "param": None}
BAD_KEY |= {"type": "invalid_request_error", "code": "invalid_api_key"}
FORMAT = {"message": "response_format is not supported", "param": "response_format"}


@dataclass(frozen=True)
class Bad:
    """One kind of bad answer. `counted`: it came with a usage that must be kept."""

    name: str
    script: Callable[[str], Script]
    counted: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def patience(self) -> float:
        """Seconds to wait: little for what never ends, enough on a busy machine."""
        return 0.6 if "hang" in self.name or "drip" in self.name else 5.0


def raw(body: bytes, kind: str = "application/json", status: int = 200) -> Any:
    return lambda api: answer(status, body, {"Content-Type": kind})


def text(value: Any) -> Any:
    return lambda api: says(api, value)


def chat_or(chat: dict[str, Any], responses: dict[str, Any]) -> Any:
    """Changes of the envelope that differ by API."""
    return lambda api: says(api, **(chat if api == "chat" else responses))


def _choice(**changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": GOOD, **changes.pop("message", {})}
    choice = {"index": 0, "finish_reason": "stop", "message": message, **changes}
    return {"choices": [choice]}


def _item(*parts: Any, **changes: Any) -> dict[str, Any]:
    said = {"type": "message", "role": "assistant", "content": list(parts)}
    return {"output": [{**said, **changes}]}


def _text(words: Any = GOOD) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


def garbled(api: str) -> Script:
    headers = {**JSON, "Content-Encoding": "gzip"}
    return answer(200, b"\x1f\x8b\x08rubbish" * 20, headers)


def bomb(api: str) -> Script:
    headers = {**JSON, "Content-Encoding": "gzip"}
    return answer(200, gzip.compress(b'{"a":"' + b"x" * 20_000_000 + b'"}'), headers)


def slow_json(sock: Any, heard: bytes) -> None:
    body = json.dumps(enveloped("chat", GOOD)).encode()
    sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    for at in range(len(body)):
        sock.sendall(body[at : at + 1])
        time.sleep(0.05)


def claimed(api: str, *, times: int = 1, **changes: Any) -> Script:
    """A reply with one claim, changed; None takes a field away."""
    claim = {"words": "hi", "source": "message", "quote": "Hello", **changes}
    kept = {name: value for name, value in claim.items() if value is not None}
    return says(api, json.dumps({"reply": "hi", "claims": [kept] * times}))


def _long(api: str) -> Script:
    return says(api, json.dumps({"reply": "a" * 1_000_000, "claims": []}))


_TOOL = {"type": "function_call", "name": "send", "arguments": "{}", "call_id": "c"}
_CALL = {"id": "c", "type": "function", "function": {"name": "x", "arguments": "{}"}}
_DEEP = b"[" * 100_000 + b"]" * 100_000
_NESTED = '{"reply": ' + "[" * 200 + "]" * 200 + ', "claims": []}'

BADS = [
    # not even an answer of the API
    Bad("html", raw(b"<html><body>Welcome</body></html>", "text/html")),
    Bad("html as json", raw(b"<!doctype html><title>503</title>")),
    Bad("empty body", raw(b"")),
    Bad("blank body", raw(b"   \n")),
    Bad("null", raw(b"null")),
    Bad("a number", raw(b"42")),
    Bad("a string", raw(b'"hello"')),
    Bad("a list", raw(b"[]")),
    Bad("an empty object", raw(b"{}")),
    Bad("cut in mid-json", lambda api: _cut(api)),
    Bad("two objects", lambda api: _twice(api)),
    Bad("nested to the depth", raw(_DEEP)),
    Bad("doubled keys outside", raw(b'{"status":"completed","status":"failed"}')),
    Bad("nan outside", raw(b'{"usage": NaN}')),
    Bad("not utf-8", raw(b'{"a": "\xff\xfe"}')),
    Bad("utf-16", lambda api: _utf16(api)),
    Bad("plain words", raw(b"I am sorry", "text/plain")),
    Bad("an event stream", raw(b"data: {}\n\ndata: [DONE]\n\n", "text/event-stream")),
    Bad("gzip rubbish", garbled),
    Bad("gzip bomb", bomb),
    Bad("one megabyte", _long),
    Bad("one megabyte of blanks", raw(b" " * 1_000_000)),
    Bad("an error in a 200", lambda api: fails(200, {"message": "no", "code": "x"})),
    Bad("quota in a 200", lambda api: fails(200, QUOTA)),
    Bad("an error text in a 200", lambda api: fails(200, "overloaded")),
    # an answer without words
    Bad("choices missing", chat_or({"choices": None}, {"output": None}), True),
    Bad("choices empty", chat_or({"choices": []}, {"output": []}), True),
    Bad("choices no list", chat_or({"choices": "x"}, {"output": {"a": 1}}), True),
    Bad("choices of null", chat_or({"choices": [None]}, {"output": [None]}), True),
    Bad("content null", chat_or(_choice(message={"content": None}), _item()), True),
    Bad("content empty", text(""), True),
    Bad("content blank", text("  \n "), True),
    Bad("content a number", text(7), True),
    Bad("content an object", text({"reply": "hi", "claims": []}), True),
    Bad("message missing", chat_or({"choices": [{}]}, {"output": [{}]}), True),
    Bad(
        "several answers",
        chat_or(
            {"choices": _choice()["choices"] * 2},
            {"output": _item(_text())["output"] * 2},
        ),
        True,
    ),
    Bad(
        "a refusal",
        chat_or(
            _choice(message={"content": None, "refusal": "I cannot"}),
            _item({"type": "refusal", "refusal": "I cannot"}),
        ),
        True,
    ),
    Bad(
        "held by the filter",
        chat_or(
            _choice(finish_reason="content_filter"),
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
            },
        ),
        True,
    ),
    Bad(
        "too long to finish",
        chat_or(
            _choice(finish_reason="length"),
            {
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
            },
        ),
        True,
    ),
    Bad(
        "a tool call",
        chat_or(
            _choice(finish_reason="tool_calls", message={"tool_calls": [_CALL]}),
            {"output": [_TOOL]},
        ),
        True,
    ),
    Bad(
        "a tool call beside words",
        chat_or(
            _choice(message={"tool_calls": [_CALL]}),
            {"output": [_TOOL, *_item(_text())["output"]]},
        ),
        True,
    ),
    Bad(
        "ended for no reason",
        chat_or(_choice(finish_reason=None), {"status": "cancelled"}),
        True,
    ),
    Bad(
        "ended for a strange reason",
        chat_or(_choice(finish_reason={"a": 1}), {"status": ["completed"]}),
        True,
    ),
    Bad(
        "failed inside",
        chat_or(
            {"error": {"code": "server_error", "message": "x"}},
            {"status": "failed", "error": {"code": "server_error", "message": "x"}},
        ),
        True,
    ),
    # words that are not what was asked for
    Bad("prose", text("Sure! We can offer you 50% off."), True),
    Bad("json cut off", text('{"reply": "Hel'), True),
    Bad("a reply of another type", text('{"reply": 5, "claims": []}'), True),
    Bad("a reply of null", text('{"reply": null, "claims": []}'), True),
    Bad("an empty reply", text('{"reply": "", "claims": []}'), True),
    Bad("a blank reply", text('{"reply": " \\n", "claims": []}'), True),
    Bad("no reply", text('{"claims": []}'), True),
    Bad("no claims", text('{"reply": "hi"}'), True),
    Bad("claims a word", text('{"reply": "hi", "claims": "message"}'), True),
    Bad("claims of names", text('{"reply": "hi", "claims": ["message"]}'), True),
    Bad("sources for claims", text('{"reply": "hi", "sources": ["message"]}'), True),
    Bad("an unknown source", lambda api: claimed(api, source="lead.42"), True),
    Bad("a source of another lead", lambda api: claimed(api, source="fact.x"), True),
    Bad("an empty source", lambda api: claimed(api, source=""), True),
    Bad("a claim without a source", lambda api: claimed(api, source=None), True),
    Bad("a claim without a quote", lambda api: claimed(api, quote=None), True),
    Bad("a claim with an empty quote", lambda api: claimed(api, quote=""), True),
    Bad("a claim without words", lambda api: claimed(api, words=None), True),
    Bad("a claim with more fields", lambda api: claimed(api, score=100), True),
    Bad("a claim of numbers", lambda api: claimed(api, quote=5), True),
    Bad("a quote of one megabyte", lambda api: claimed(api, quote="x" * 10**6)),
    Bad("a quote a bit too long", lambda api: claimed(api, quote="x" * 2_001), True),
    Bad("ten thousand claims", lambda api: claimed(api, times=10_000)),
    Bad("a thousand claims", lambda api: claimed(api, times=1_000), True),
    Bad("forty-one claims", lambda api: claimed(api, times=41), True),
    Bad("more fields", text('{"reply":"hi","claims":[],"score":100}'), True),
    Bad("a recipient", text('{"reply":"hi","claims":[],"to":"+15550001"}'), True),
    Bad("doubled keys", text('{"reply":"hi","reply":"free","claims":[]}'), True),
    Bad("nan inside", text('{"reply": NaN, "claims": []}'), True),
    Bad("infinity inside", text('{"reply": "hi", "claims": Infinity}'), True),
    Bad("nested inside", text(_NESTED), True),
    Bad("a list inside", text('[{"reply": "hi", "claims": []}]'), True),
    Bad("fenced json", text("```json\n" + GOOD + "\n```"), True),
    Bad("usage rubbish", lambda api: says(api, "{}", usage={"total_tokens": "many"})),
    Bad("usage negative", lambda api: says(api, "{}", usage=_negative(api))),
    # statuses
    Bad("429 of the rate", lambda api: fails(429, LIMIT, {"Retry-After": "20"})),
    Bad("429 of the quota", lambda api: fails(429, QUOTA)),
    Bad("429 without words", raw(b"", "text/plain", 429)),
    Bad("401", lambda api: fails(401, BAD_KEY)),
    Bad("403", lambda api: fails(403, {"message": "no", "code": "forbidden"})),
    Bad("404 of the model", lambda api: fails(404, {"code": "model_not_found"})),
    Bad("400", lambda api: fails(400, {"message": "what?", "code": None})),
    Bad("422", raw(b'{"detail": [{"loc": ["body"]}]}', status=422)),
    Bad("500", lambda api: fails(500, {"message": "The server had an error"})),
    Bad("500 html", raw(b"<h1>Oops</h1>", "text/html", 500)),
    Bad("502 empty", raw(b"", "text/html", 502)),
    Bad("503 with a wait", lambda api: answer(503, b"", {"Retry-After": "7"})),
    Bad("a redirect", lambda api: answer(302, b"", {"Location": "http://a.test/"})),
    Bad("204", lambda api: answer(204, b"")),
    # no answer
    Bad("a hang", lambda api: hang),
    Bad("a hang in the body", lambda api: hang_in_body),
    Bad("a reset", lambda api: reset),
    Bad("a reset in the body", lambda api: reset_in_body),
    Bad("a drip", lambda api: drip),
    Bad("a drip of headers", lambda api: drip_headers),
    Bad("a drip of json", lambda api: slow_json),
]


def _cut(api: str) -> Script:
    body = json.dumps(enveloped(api, GOOD)).encode()
    return answer(200, body[: len(body) // 2], JSON)


def _twice(api: str) -> Script:
    return answer(200, json.dumps(enveloped(api, GOOD)).encode() * 2, JSON)


def _utf16(api: str) -> Script:
    return answer(
        200, json.dumps(enveloped(api, GOOD)).encode("utf-16") + b"\xff", JSON
    )


def _negative(api: str) -> dict[str, Any]:
    return {name: -5 for name, value in usage_of(api).items() if isinstance(value, int)}


def sent_body(server: Loopback, at: int = -1) -> dict[str, Any]:
    """The JSON of a request that the server heard."""
    body: dict[str, Any] = json.loads(server.requests[at].partition(b"\r\n\r\n")[2])
    return body


def point_at(
    settings: Settings, server: Loopback, api: str, *, deadline: float = 5.0
) -> None:
    """Let the product call this server by one of the APIs."""
    settings.OPENAI_API_KEY = "sk-test-1234567890abcdef"
    settings.OPENAI_BASE_URL = f"{server.url}v1"
    settings.OPENAI_MODEL = "gpt-6-luna"
    settings.OPENAI_API = api
    settings.OPENAI_DEADLINE = deadline


@pytest.fixture(autouse=True)
def fresh_model() -> Iterator[None]:
    """No rest, ladder or list of models of another test."""
    yield
    openai_api.forget_rests()
    openai_talk.forget_ladders()
    openai_models.forget_models()
