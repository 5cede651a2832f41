"""Vectors from OpenAI, or from a server that speaks like it, at `/v1/embeddings`.

Off unless OPENAI_EMBEDDING_MODEL and OPENAI_API_KEY are set.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from integrations import http
from integrations.openai_api import SERVICE, Account, Misconfigured, account
from integrations.openai_errors import refusal_of, unanswered
from messaging.agent.embedding import Embedded
from messaging.agent.model import ModelError

MAX_BYTES = 8_000_000
DIMENSIONS = 256
"""Asked of the models that can be cut short; more finds little more, and is slower."""

_SHORTENED = "text-embedding-3"


class OpenAIEmbedder:
    """One call for all texts."""

    name = SERVICE

    @property
    def model(self) -> str:
        """As set in the environment."""
        return str(settings.OPENAI_EMBEDDING_MODEL).strip()

    def is_configured(self) -> bool:
        """Whether a key and a model are set, and the address can be right."""
        try:
            return bool(self.model and account())
        except Misconfigured:
            return False

    def embed(self, texts: Sequence[str], *, seconds: float) -> Embedded:
        """A vector for each text. Raises ModelError."""
        try:
            who = replace(account(), model=self.model)
        except Misconfigured as error:
            raise ModelError("permanent", str(error), code="settings") from None
        try:
            heard = http.request(
                "POST",
                f"{who.base_url}/embeddings",
                service=SERVICE,
                account=f"{urlsplit(who.base_url).netloc} embeddings",
                headers={"Authorization": f"Bearer {who.key}"},
                json=_order(who.model, texts),
                deadline=seconds,
                max_bytes=MAX_BYTES,
            )
        except http.HttpError as error:
            raise unanswered(who.label, error) from None
        if http.classify(heard) is not None:
            raise refusal_of(who.label, heard)
        return _read(who, heard.body, len(texts))


def _order(model: str, texts: Sequence[str]) -> dict[str, Any]:
    order = {"model": model, "input": list(texts), "encoding_format": "float"}
    return order | ({"dimensions": DIMENSIONS} if model.startswith(_SHORTENED) else {})


def _read(who: Account, body: bytes, count: int) -> Embedded:
    """The vectors in the order of the texts, whatever order they came in."""
    try:
        answer = json.loads(body)
        rows = {int(row["index"]): row["embedding"] for row in answer["data"]}
        vectors = tuple(_unit(rows[place]) for place in range(count))
        if len({len(vector) for vector in vectors}) > 1:
            raise ValueError("vectors of several lengths")
        used = answer.get("usage") or {}
        return Embedded(vectors, _tokens(used.get("total_tokens")))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        words = f"{who.label} answered with something that is no list of vectors"
        raise ModelError("unknown", words, code="bad_answer") from None


def _unit(numbers: Any) -> tuple[float, ...]:
    vector = tuple(float(number) for number in numbers)
    length = math.sqrt(sum(number * number for number in vector))
    if not math.isfinite(length) or not length:
        raise ValueError("no direction")
    return tuple(number / length for number in vector)


def _tokens(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
