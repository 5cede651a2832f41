"""What a model wrote, checked before any of it is believed.

Strict on purpose: a second value for the same key, NaN, a field nobody asked for or
a wrong type is no answer. Nothing is guessed or mended here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from messaging.text import clean

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
_FENCED = re.compile(r"\A\s*```(?:json)?[ \t]*\n(.*)\n```\s*\Z", re.DOTALL)
_NOT_ON_THE_WIRE = frozenset(
    {"title", "default", "minLength", "maxLength", "minItems", "maxItems", "pattern"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format"}
)
MAX_DEPTH = 20


class BadAnswer(ValueError):
    """What came is not what was asked for; the words say how, without quoting it."""


class Answer(BaseModel):
    """All that a model may say. No recipient, score, state or tool."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reply: str = Field(min_length=1, max_length=6_000)
    sources: list[str] = Field(max_length=40)


def load_json(text: str | bytes) -> Any:
    """Strict JSON. Raises BadAnswer for anything else."""
    try:
        value = json.loads(
            text, object_pairs_hook=_no_doubles, parse_constant=_no_constant
        )
    except BadAnswer:
        raise
    except RecursionError:
        raise BadAnswer("it is nested too deeply") from None
    except (ValueError, UnicodeError):
        raise BadAnswer("it is not JSON") from None
    if _deeper_than(value, MAX_DEPTH):
        raise BadAnswer("it is nested too deeply")
    return value


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadAnswer("it gives one field twice")
    return found


def _no_constant(name: str) -> Any:
    raise BadAnswer(f"it holds {name}, which is no JSON")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def read_answer(text: str, *, sources: tuple[str, ...], loose: bool) -> Answer:
    """The answer in a model's text. Raises BadAnswer.

    `loose` for servers that cannot be told the format: thoughts before it and a
    code fence around it are taken off.
    """
    if loose:
        text = _THOUGHTS.sub("", text)
        fenced = _FENCED.match(text)
        text = fenced[1] if fenced else text
    value = load_json(text)
    if not isinstance(value, dict):
        raise BadAnswer("it is not one JSON object")
    try:
        answer = Answer.model_validate(value)
    except ValidationError as error:
        raise BadAnswer(_in_words(error)) from None
    strange = set(answer.sources) - set(sources)
    if strange:
        raise BadAnswer("it names sources that were not given")
    reply = clean(answer.reply).strip()
    if not reply:
        raise BadAnswer("its reply is empty")
    return answer.model_copy(update={"reply": reply})


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    # Only our own field names: a stranger's may hold anything.
    field = str(first["loc"][0]) if first["loc"] else ""
    where = f"`{field}`" if field in Answer.model_fields else "another field"
    return f"{where} is not as asked ({first['type']})"


def wire_schema(sources: tuple[str, ...]) -> dict[str, Any]:
    """The answer's schema as strict structured output takes it: every field required,
    nothing besides, without the keywords that servers refuse. `sources` is an enum.
    """
    schema: dict[str, Any] = _stripped(Answer.model_json_schema())
    schema["additionalProperties"] = False
    schema["required"] = list(Answer.model_fields)
    schema["properties"]["sources"]["items"] = {
        "type": "string",
        "enum": list(sources),
    }
    return schema


def _stripped(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        kept = {k: v for k, v in schema.items() if k not in _NOT_ON_THE_WIRE}
        kept.pop("description", None)
        return {name: _stripped(value) for name, value in kept.items()}
    return [_stripped(one) for one in schema] if isinstance(schema, list) else schema
