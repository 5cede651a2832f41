"""Whether OpenAI works, for the services page: it writes one sentence."""

import time
from collections.abc import Mapping
from typing import Final

from integrations.openai_api import Misconfigured, account
from integrations.openai_models import end_warning
from integrations.openai_talk import Talk
from integrations.openai_wire import Ask
from integrations.services import ServiceResult, ServiceState
from messaging.agent.costs import UNMETERED
from messaging.agent.model import ModelError
from messaging.text import clean

ASKED: Final = "Write one short friendly sentence that says you are ready to help."
MAX_OUTPUT: Final = 400  # tokens, thinking included
_KEYS: Final = "platform.openai.com/api-keys"
_BILLING: Final = "platform.openai.com/settings/organization/billing"

# By the code of the trouble: what it is for a person, and what mends it.
_MEANT: Final[Mapping[str, tuple[ServiceState, str]]] = {
    "key": (
        ServiceState.REJECTED,
        f"Make a key at {_KEYS} and set it as OPENAI_API_KEY.",
    ),
    "quota": (
        ServiceState.REJECTED,
        f"Add credit at {_BILLING}, then resume the AI on the policy page.",
    ),
    "model": (
        ServiceState.MISCONFIGURED,
        "Set OPENAI_MODEL to a model that this key may use.",
    ),
    "rate_limited": (
        ServiceState.RATE_LIMITED,
        "It works; wait a little, or ask OpenAI for a higher limit.",
    ),
    "unreadable": (
        ServiceState.MISCONFIGURED,
        "Check that OPENAI_BASE_URL leads to an API; it usually ends in /v1.",
    ),
    "guard": (
        ServiceState.MISCONFIGURED,
        "Name the host in OPENAI_BASE_URL or in OUTBOUND_ALLOW.",
    ),
    "tls": (
        ServiceState.UNREACHABLE,
        "Nothing is known of the key. Check the address and its certificate.",
    ),
    "status": (
        ServiceState.MISCONFIGURED,
        "Check OPENAI_BASE_URL (it usually ends in /v1), OPENAI_API and OPENAI_MODEL.",
    ),
}
_WORKS: Final = ("declined", "filtered", "cut_off", "several", "empty", "tool")
_NOT_HEARD: Final = (
    ServiceState.UNREACHABLE,
    "Nothing is known of the key. Try again; then look at status.openai.com.",
)


def check(deadline: float = 8.0) -> ServiceResult:
    """Have one sentence written within `deadline` seconds. Never raises ModelError;
    a call that got no answer says nothing of the key.
    """
    try:
        who = account()
    except Misconfigured as error:
        fix = "Set it in the environment or in .env and start again."
        return ServiceResult(ServiceState.MISCONFIGURED, f"{error}.", fix=fix)
    started = time.monotonic()
    ask = Ask("Answer in plain words.", (("user", ASKED),), None, MAX_OUTPUT)
    try:
        said = Talk(who, UNMETERED, seconds=deadline).ask(ask)
    except ModelError as error:
        return _trouble(error, _since(started))
    warning = end_warning(who.model)
    return ServiceResult(
        ServiceState.OK,
        f"{who.label} answers with {who.model}." + (f" {warning}" if warning else ""),
        fix="Choose another OPENAI_MODEL in time." if warning else "",
        latency_ms=_since(started),
        detail=" ".join(clean(said).split())[:300],
    )


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _trouble(error: ModelError, took: int) -> ServiceResult:
    if error.code in _WORKS:
        words = f"{error.words}, but it is there and takes the key."
        return ServiceResult(ServiceState.OK, words, latency_ms=took)
    state, fix = _MEANT.get(error.code, _NOT_HEARD)
    if error.code == "status" and error.outcome != "permanent":
        state, fix = _NOT_HEARD
    words = f"{error.words}."
    if error.retry_at is not None:
        words = f"{error.words}; again from {error.retry_at:%H:%M:%S} UTC."
    return ServiceResult(state, words, fix=fix, latency_ms=took)
