"""What it means when OpenAI does not give an answer, in one table and in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from django.utils import timezone

from integrations import http
from integrations.openai_answers import BadAnswer, load_json
from messaging.agent.model import ModelError


class Answer(Protocol):
    """An answer of any status."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that ignore case."""

    @property
    def body(self) -> bytes:
        """The whole body."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a vendor's code means: the class of the end, our code, and words."""

    outcome: str
    code: str
    words: str


_NO_CREDIT: Final = Meaning(
    "permanent", "quota", "has no credit left for this account (insufficient_quota)"
)
_NO_ACCESS: Final = Meaning("permanent", "key", "does not accept the API key")
_NO_MODEL: Final = Meaning("permanent", "model", "does not know this model")
_TOO_MANY: Final = Meaning("later", "rate_limited", "takes no more requests for now")
# OpenAI's `code`, else its `type`. Source: developers.openai.com, error codes.
MEANINGS: Final[dict[str, Meaning]] = {
    "insufficient_quota": _NO_CREDIT,
    "billing_hard_limit_reached": _NO_CREDIT,
    "billing_not_active": _NO_CREDIT,
    "credit_balance_too_low": _NO_CREDIT,
    "invalid_api_key": _NO_ACCESS,
    "account_deactivated": _NO_ACCESS,
    "invalid_organization": _NO_ACCESS,
    "organization_deactivated": _NO_ACCESS,
    "mismatched_organization": _NO_ACCESS,
    "unsupported_country_region_territory": Meaning(
        "permanent", "key", "does not serve the country we call from"
    ),
    "model_not_found": _NO_MODEL,
    "model_not_available": _NO_MODEL,
    "rate_limit_exceeded": _TOO_MANY,
    "context_length_exceeded": Meaning(
        "permanent", "too_long", "cannot take a conversation of this length"
    ),
    "content_filter": Meaning("refused", "filtered", "held its answer back"),
    "content_policy_violation": Meaning("refused", "filtered", "declined to answer"),
    "invalid_prompt": Meaning("refused", "filtered", "declined to answer"),
    "server_error": Meaning("unknown", "server", "had a fault of its own"),
}
_BY_STATUS: Final[dict[int, Meaning]] = {401: _NO_ACCESS, 429: _TOO_MANY}
_UNHEARD: Final = {
    "timeout": "did not answer in time",
    "deadline": "did not answer in time",
    "reset": "broke the connection off",
    "protocol": "gave no whole answer",
    "unreadable": "gave an answer that cannot be read",
    "too_large": "gave an answer that is far too long",
}
_WAIT = re.compile(r"try again in (\d{1,6}(?:\.\d{1,6})?)(ms|s)\b")


def unanswered(label: str, error: http.HttpError) -> ModelError:
    """A call that got no answer."""
    words = _UNHEARD.get(error.code)
    return ModelError(
        error.outcome.value,
        f"{label} {words}" if words else f"{label}: {error.words}",
        code=error.code,
        retry_at=error.retry_at,
    )


def refusal_of(label: str, answer: Answer) -> ModelError:
    """What an answer outside 2xx, or an error inside a 2xx, means."""
    error = error_in(answer.body)
    meaning = meaning_of(error) or _BY_STATUS.get(answer.status)
    if meaning is None and answer.status == 403 and error:
        meaning = Meaning("permanent", "key", "does not allow this key to do that")
    if meaning is None:
        return _by_class(label, answer, error)
    retry_at = _retry_at(answer, error) if meaning.outcome == "later" else None
    return ModelError(
        meaning.outcome,
        f"{label} {meaning.words}",
        code=meaning.code,
        retry_at=retry_at,
    )


def _by_class(label: str, answer: Answer, error: Mapping[str, Any]) -> ModelError:
    outcome = http.classify(answer) or http.Outcome.UNKNOWN
    retry_at = http.retry_after(answer, now=timezone.now())
    said = _said(error)
    words = f"{label} answered {answer.status}" + (f": {said}" if said else "")
    later = outcome is http.Outcome.LATER
    return ModelError(
        outcome.value, words, code="status", retry_at=retry_at if later else None
    )


def _said(error: Mapping[str, Any]) -> str:
    message = error.get("message")
    if not isinstance(message, str):
        return ""
    return http.redact(" ".join(message.split()))[:160]


def error_in(body: bytes) -> Mapping[str, Any]:
    """The `error` object of a body, empty when there is none to be read."""
    try:
        data = load_json(body)
    except BadAnswer:
        return {}
    found = data.get("error") if isinstance(data, dict) else None
    if isinstance(found, str):
        return {"message": found}
    return found if isinstance(found, dict) else {}


def meaning_of(error: Mapping[str, Any]) -> Meaning | None:
    """What the vendor's own code says, None when it is not known."""
    words = (error.get("code"), error.get("type"))
    known = (MEANINGS.get(word) for word in words if isinstance(word, str))
    return next((meaning for meaning in known if meaning), None)


def _retry_at(answer: Answer, error: Mapping[str, Any]) -> datetime | None:
    """When we may come back: the header's milliseconds or seconds, else the words."""
    now = timezone.now()
    millis = answer.headers.get("retry-after-ms", "").strip()
    if re.fullmatch(r"\d{1,8}", millis, re.ASCII):
        return now + timedelta(milliseconds=int(millis))
    asked = http.retry_after(answer, now=now)
    if asked is not None:
        return asked
    found = _WAIT.search(_said(error))
    if found is None:
        return None
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    return now + timedelta(seconds=min(seconds, 3600))


def refuses_format(answer: Answer) -> bool:
    """Whether a server turned the request down for how the answer was asked for.

    Servers that only speak like OpenAI do not know every way to ask.
    """
    if answer.status not in (400, 404, 415, 422, 501):
        return False
    error = error_in(answer.body)
    if meaning_of(error) is not None:
        return False
    # Some name the field in `param`, others in a list of their own.
    told = f"{error.get('param') or ''} {answer.body[:4000].decode('utf-8', 'replace')}"
    return _FORMAT.search(told) is not None


_FORMAT = re.compile(
    r"response_format|json_schema|json_object|text\.format|structured output"
    r"|['\"`]?store['\"`]?\b.{0,60}(?:not|extra|unsupported|unknown|unrecogni[sz]ed)"
    r"|(?:not|extra|unsupported|unknown|unrecogni[sz]ed)\b.{0,60}\bstore\b",
    re.IGNORECASE | re.DOTALL,
)
