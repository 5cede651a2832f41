"""OpenAI's SDK, and servers that speak like OpenAI, over the one door out."""

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
from django.conf import settings
from django.utils import timezone

from integrations import http
from integrations.openai_errors import refusal_of, unanswered
from messaging.agent.model import ModelError

SERVICE = "openai"
OPENAI_URL = "https://api.openai.com/v1"
OPENAI_HOST = "api.openai.com"
# An answer is a few hundred words; more than this is no answer.
MAX_BYTES = 512_000
LEAST = 0.05  # seconds that a call needs to be worth making
REST = timedelta(seconds=5)  # after a 429 that does not say how long

# The SDK's own lines would hold whole requests at level DEBUG.
logging.getLogger("openai").setLevel(logging.WARNING)


class Api(StrEnum):
    """The two ways to ask for words."""

    RESPONSES = "responses"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom we call, as whom, for which model."""

    key: str
    base_url: str
    model: str
    api: Api

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI itself and not a server that speaks like it."""
        return urlsplit(self.base_url).hostname == OPENAI_HOST

    @property
    def label(self) -> str:
        """How people know it."""
        host = urlsplit(self.base_url).hostname or "?"
        return "OpenAI" if self.is_openai else f"OpenAI ({host})"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Misconfigured(ValueError):
    """Something in the settings cannot be right; the words name it."""


def account() -> Account:
    """The account that the settings name. Raises Misconfigured."""
    key = str(settings.OPENAI_API_KEY).strip()
    if not key:
        raise Misconfigured("OPENAI_API_KEY is not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise Misconfigured("OPENAI_API_KEY holds signs that no key has")
    base_url = str(settings.OPENAI_BASE_URL or OPENAI_URL).strip().rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misconfigured("OPENAI_BASE_URL is no address (https://host/v1)")
    model = str(settings.OPENAI_MODEL).strip()
    if not model:
        raise Misconfigured("OPENAI_MODEL is empty")
    return Account(key, base_url, model, _api(parts.hostname))


def _api(host: str) -> Api:
    wanted = str(settings.OPENAI_API).strip().lower()
    if not wanted:
        return Api.RESPONSES if host == OPENAI_HOST else Api.CHAT
    if wanted not in list(Api):
        raise Misconfigured("OPENAI_API is neither responses nor chat")
    return Api(wanted)


def post(who: Account, body: Mapping[str, Any], *, until: float) -> Heard:
    """Ask once, before `until` (monotonic). Raises ModelError without an answer; an
    answer of any status is returned.
    """
    client = _client(who.key, who.base_url)
    create: Any = (
        client.responses.with_raw_response.create
        if who.api is Api.RESPONSES
        else client.chat.completions.with_raw_response.create
    )
    return _hear(who, lambda timeout: create(**body, timeout=timeout), until)


def get_models(who: Account, *, until: float) -> Heard:
    """The list of models that this key may use. Raises ModelError as `post`."""
    call: Any = _client(who.key, who.base_url).models.with_raw_response.list
    return _hear(who, lambda timeout: call(timeout=timeout), until)


def _hear(who: Account, call: Any, until: float) -> Heard:
    left = until - time.monotonic()
    if left < LEAST:
        words = f"{who.label} did not answer in time"
        raise ModelError("later", words, code="deadline")
    _refuse_while_resting(who)
    try:
        raw = call(left)
        heard = Heard(raw.status_code, raw.headers, raw.content)
    except openai.APIStatusError as error:
        answer = error.response
        heard = Heard(answer.status_code, answer.headers, answer.content)
    except http.HttpError as error:
        raise unanswered(who.label, error) from None
    except openai.APIConnectionError as error:
        # Which of the two comes is the SDK's choice, and has changed before.
        if not isinstance(error.__cause__, http.HttpError):
            raise  # a fault of ours, such as a call inside a transaction
        raise unanswered(who.label, error.__cause__) from None
    _rest_if_asked(who, heard)
    return heard


@lru_cache(maxsize=8)
def _client(key: str, base_url: str) -> openai.OpenAI:
    transport = http.SdkTransport(
        service=SERVICE,
        account=f"{urlsplit(base_url).netloc} {_fingerprint(key)}",
        # Each request names what is left of the whole call's time.
        deadline=120.0,
        max_bytes=MAX_BYTES,
    )
    return openai.OpenAI(
        api_key=key,
        base_url=base_url,
        max_retries=0,
        http_client=httpx2.Client(transport=transport, trust_env=False),
    )


def _fingerprint(key: str) -> str:
    """Tells keys apart for the breaker, without a sign of them."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


# --- resting after "too many requests" ---------------------------------------

_resting: dict[tuple[str, str, str], datetime] = {}
_lock = threading.Lock()


def _refuse_while_resting(who: Account) -> None:
    with _lock:
        until = _resting.get((who.base_url, who.key, who.model))
    if until is not None and until > timezone.now():
        words = f"{who.label} asked us to wait until {until:%H:%M:%S} UTC"
        raise ModelError("later", words, code="rate_limited", retry_at=until)


def _rest_if_asked(who: Account, heard: Heard) -> None:
    """Obey a Retry-After: until then nothing is asked of this model."""
    if http.classify(heard) is not http.Outcome.LATER:
        return
    refusal = refusal_of(who.label, heard)
    if refusal.outcome != "later":
        return  # no credit left is no matter of time
    until = refusal.retry_at or timezone.now() + REST
    with _lock:
        _resting[(who.base_url, who.key, who.model)] = until


def forget_rests() -> None:
    """Ask again at once (after the settings changed, between tests)."""
    with _lock:
        _resting.clear()
