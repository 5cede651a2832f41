"""What goes over the wire to either API, and what comes back, in our own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from integrations.openai_answers import BadAnswer, load_json
from integrations.openai_api import Account, Api, Heard
from integrations.openai_errors import refusal_of
from integrations.openai_prices import known_model, priced
from messaging.agent.costs import Usage
from messaging.agent.model import ModelError

MOST_TOKENS = 10_000_000  # a usage above this is no usage


class Rung(IntEnum):
    """How the answer's format is asked for, from the strictest down."""

    SCHEMA = 0
    OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: instructions, (role, text) in turns, the answer's schema (None
    for plain words) and how many tokens it may take.
    """

    instructions: str
    turns: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any] | None
    max_output: int

    @property
    def text(self) -> str:
        """All that is sent, to guess its size by."""
        parts = (self.instructions, *(text for _, text in self.turns))
        return "\n".join(parts) + str(self.schema or "")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An answer taken apart: its words or its trouble. `usage` is None when nobody
    said what it cost.
    """

    usage: Usage | None
    text: str = ""
    trouble: ModelError | None = None


def body_of(who: Account, ask: Ask, rung: Rung) -> dict[str, Any]:
    """The request's body for the account's API."""
    known = known_model(who.model)
    effort = known.effort if known and who.is_openai else ""
    build = _responses_body if who.api is Api.RESPONSES else _chat_body
    return build(who, ask, rung, effort)


def _responses_body(who: Account, ask: Ask, rung: Rung, effort: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": who.model,
        "instructions": ask.instructions,
        "input": [{"role": role, "content": text} for role, text in ask.turns],
        "max_output_tokens": ask.max_output,
        "store": False,
    }
    if effort:
        body["reasoning"] = {"effort": effort}
    if ask.schema is not None and rung is Rung.SCHEMA:
        body["text"] = {"format": {"type": "json_schema", **_named(ask.schema)}}
    elif ask.schema is not None and rung is Rung.OBJECT:
        body["text"] = {"format": {"type": "json_object"}}
    return body


def _chat_body(who: Account, ask: Ask, rung: Rung, effort: str) -> dict[str, Any]:
    system = [{"role": "system", "content": ask.instructions}]
    turns = [{"role": role, "content": text} for role, text in ask.turns]
    body: dict[str, Any] = {"model": who.model, "messages": system + turns}
    # OpenAI's own models refuse the old name, other servers know no other.
    limit = "max_completion_tokens" if who.is_openai else "max_tokens"
    body[limit] = ask.max_output
    if effort:
        body["reasoning_effort"] = effort
    if rung is not Rung.PLAIN or who.is_openai:
        body["store"] = False
    if ask.schema is not None and rung is Rung.SCHEMA:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": _named(ask.schema),
        }
    elif ask.schema is not None and rung is Rung.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def _named(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "reply", "schema": schema, "strict": True}


# --- what comes back ---------------------------------------------------------


def read_envelope(who: Account, heard: Heard) -> Envelope:
    """Take a 2xx answer apart. Never raises; trouble comes with its usage."""
    try:
        data = load_json(heard.body)
    except BadAnswer as error:
        return Envelope(None, trouble=_unreadable(who, str(error)))
    if not isinstance(data, dict):
        return Envelope(None, trouble=_unreadable(who, "it is no object"))
    responses = who.api is Api.RESPONSES
    usage = _usage(who, data, _RESPONSES_USAGE if responses else _CHAT_USAGE)
    if data.get("error"):
        return Envelope(usage, trouble=refusal_of(who.label, heard))
    try:
        text = _response_text(data) if responses else _chat_text(data)
    except _Trouble as trouble:
        words = f"{who.label} {trouble.words}"
        failed = ModelError(trouble.outcome, words, code=trouble.code)
        return Envelope(usage, trouble=failed)
    return Envelope(usage, text)


class _Trouble(Exception):
    def __init__(self, outcome: str, code: str, words: str) -> None:
        super().__init__(words)
        self.outcome, self.code, self.words = outcome, code, words


def _unreadable(who: Account, why: str) -> ModelError:
    words = f"{who.label} gave an answer that cannot be read: {why}"
    return ModelError("unknown", words, code="unreadable")


_CUT_OFF: Final = ("unknown", "cut_off", "did not finish its answer")
_FILTERED: Final = ("refused", "filtered", "held its answer back")
_DECLINED: Final = ("refused", "declined", "declined to answer")
_TOOL: Final = ("unknown", "tool", "asked for a tool instead of answering")
_NOTHING: Final = ("unknown", "empty", "gave no words")
_STRANGE: Final = ("unknown", "unreadable", "gave an answer of an unknown kind")
_SEVERAL: Final = ("unknown", "several", "gave several answers at once")

_FINISHED: Final = {
    "length": _CUT_OFF,
    "content_filter": _FILTERED,
    "tool_calls": _TOOL,
    "function_call": _TOOL,
}
_INCOMPLETE: Final = {"max_output_tokens": _CUT_OFF, "content_filter": _FILTERED}
_NOT_DONE: Final = {"incomplete": _CUT_OFF, "failed": _STRANGE}


def _chat_text(data: Mapping[str, Any]) -> str:
    choice = _only(_objects(data.get("choices")))
    reason = choice.get("finish_reason")
    if reason != "stop":
        raise _Trouble(*_looked_up(_FINISHED, reason))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise _Trouble(*_STRANGE)
    if message.get("refusal"):
        raise _Trouble(*_DECLINED)
    if message.get("tool_calls") or message.get("function_call"):
        raise _Trouble(*_TOOL)
    return _words(message.get("content"))


def _response_text(data: Mapping[str, Any]) -> str:
    status = data.get("status")
    if status != "completed":
        details = data.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        known = _INCOMPLETE.get(reason) if isinstance(reason, str) else None
        raise _Trouble(*(known or _looked_up(_NOT_DONE, status)))
    items = _objects(data.get("output"))
    kinds = [str(item.get("type", "")) for item in items]
    if any(kind.endswith("_call") for kind in kinds):
        raise _Trouble(*_TOOL)
    said = [item for item in items if item.get("type") == "message"]
    # Remarks on the way may stand before the answer; only it counts.
    final = [item for item in said if item.get("phase") == "final_answer"]
    parts = _objects(_only(final or said).get("content"))
    if any(part.get("type") == "refusal" for part in parts):
        raise _Trouble(*_DECLINED)
    if not parts or any(part.get("type") != "output_text" for part in parts):
        raise _Trouble(*(_STRANGE if parts else _NOTHING))
    return "".join(_words(part.get("text")) for part in parts)


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Trouble(*(_NOTHING if value is None else _STRANGE))
    return value


def _only(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if len(rows) != 1:
        raise _Trouble(*(_SEVERAL if rows else _NOTHING))
    return rows[0]


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise _Trouble(*(_NOTHING if value is None else _STRANGE))
    if not value.strip():
        raise _Trouble(*_NOTHING)
    return value


def _looked_up(
    table: Mapping[str, tuple[str, str, str]], key: Any
) -> tuple[str, str, str]:
    return table.get(key, _STRANGE) if isinstance(key, str) else _STRANGE


# Where each API says it: all input, cached, written to the cache, output.
_RESPONSES_USAGE: Final = ("input_tokens", "input_tokens_details", "output_tokens")
_CHAT_USAGE: Final = ("prompt_tokens", "prompt_tokens_details", "completion_tokens")


def _usage(
    who: Account, data: Mapping[str, Any], names: tuple[str, str, str]
) -> Usage | None:
    said = data.get("usage")
    if not isinstance(said, dict):
        return None
    taken, output = _count(said.get(names[0])), _count(said.get(names[2]))
    if taken is None or output is None:
        return None
    details = said.get(names[1])
    more = details if isinstance(details, dict) else {}
    cached = min(taken, _count(more.get("cached_tokens")) or 0)
    written = min(taken - cached, _count(more.get("cache_write_tokens")) or 0)
    return priced(who.model, input=taken, output=output, cached=cached, written=written)


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST_TOKENS else None
