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
MAX_ANSWER = 200_000  # characters; more than the longest one that would be taken


class BadAnswer(ValueError):
    """What came is not what was asked for; the words say how, without quoting it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Cited(_Strict):
    """One claim: a sentence of the reply, and the words of a source that prove it."""

    words: str = Field(min_length=1, max_length=1_000)
    source: str = Field(max_length=80)
    quote: str = Field(min_length=1, max_length=2_000)


class Answer(_Strict):
    """All that a model may say. No recipient, score, state or tool."""

    reply: str = Field(min_length=1, max_length=6_000)
    claims: list[Cited] = Field(max_length=40)

    @property
    def sources(self) -> tuple[str, ...]:
        """What the reply leans on, each once."""
        return tuple(dict.fromkeys(claim.source for claim in self.claims))


class NamedAnswer(_Strict):
    """What prompts before reply-2 ask for: the bare names of the sources."""

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


def read_answer(
    text: str, *, sources: tuple[str, ...], loose: bool, cites: bool = True
) -> Answer | NamedAnswer:
    """The answer in a model's text. Raises BadAnswer.

    `cites`: the prompt asked for claims. `loose` for servers that cannot be told the
    format: thoughts before it and a code fence around it are taken off.
    """
    if len(text) > MAX_ANSWER:
        raise BadAnswer("it is far too long")
    if loose:
        text = _THOUGHTS.sub("", text)
        fenced = _FENCED.match(text)
        text = fenced[1] if fenced else text
    value = load_json(text)
    if not isinstance(value, dict):
        raise BadAnswer("it is not one JSON object")
    form = _form(cites)
    try:
        answer = form.model_validate(value)
    except ValidationError as error:
        raise BadAnswer(_in_words(error, form)) from None
    if set(answer.sources) - set(sources):
        raise BadAnswer("it names sources that were not given")
    return _cleaned(answer)


def _form(cites: bool) -> type[Answer] | type[NamedAnswer]:
    return Answer if cites else NamedAnswer


def _cleaned(answer: Answer | NamedAnswer) -> Answer | NamedAnswer:
    """The same as it may be stored; claims stay words of the reply."""
    reply = clean(answer.reply).strip()
    if not reply:
        raise BadAnswer("its reply is empty")
    if isinstance(answer, NamedAnswer):
        return answer.model_copy(update={"reply": reply})
    claims = [
        Cited(words=clean(one.words), source=one.source, quote=clean(one.quote))
        for one in answer.claims
    ]
    return answer.model_copy(update={"reply": reply, "claims": claims})


def _in_words(error: ValidationError, form: type[BaseModel]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    # Only our own field names: a stranger's may hold anything.
    ours = {*form.model_fields, *Cited.model_fields}
    named = [str(part) for part in first["loc"] if isinstance(part, str)]
    known = ".".join(name for name in named if name in ours)
    strange = not known or any(name not in ours for name in named)
    where = "another field" if strange else f"`{known}`"
    return f"{where} is not as asked ({first['type']})"


def wire_schema(sources: tuple[str, ...], *, cites: bool = True) -> dict[str, Any]:
    """The answer's schema as strict structured output takes it: every field required,
    nothing besides, no references, without the keywords that servers refuse. A
    source is one of an enum.
    """
    named = {"type": "string", "enum": list(sources)}
    items: dict[str, Any] = named
    if cites:
        items = _object(Cited)
        items["properties"]["source"] = named
    schema = _object(_form(cites))
    listed = "claims" if cites else "sources"
    schema["properties"][listed] = {"type": "array", "items": items}
    return schema


def _object(form: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = _stripped(form.model_json_schema())
    schema.pop("$defs", None)
    schema["additionalProperties"] = False
    schema["required"] = list(form.model_fields)
    return schema


def _stripped(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        kept = {k: v for k, v in schema.items() if k not in _NOT_ON_THE_WIRE}
        kept.pop("description", None)
        return {name: _stripped(value) for name, value in kept.items()}
    return [_stripped(one) for one in schema] if isinstance(schema, list) else schema
