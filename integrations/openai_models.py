"""Which models the key may use, and what will soon be wrong with the chosen one."""

import threading
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils import timezone

from integrations.openai_answers import BadAnswer, load_json
from integrations.openai_api import Account, Misconfigured, account, get_models
from integrations.openai_errors import refusal_of
from integrations.openai_prices import known_model, price_list
from messaging.agent.model import ModelError

FRESH: Final = 6 * 3600.0  # seconds that a list is believed
FAILED: Final = 300.0  # seconds before a list that could not be had is asked again
SECONDS: Final = 5.0
SOON: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as the vendor lists it; `ends` when its end is announced."""

    name: str
    ends: date | None = None


_kept: dict[tuple[str, str], tuple[tuple[ListedModel, ...] | None, float]] = {}
_lock = threading.Lock()


def list_models(*, seconds: float = SECONDS) -> tuple[ListedModel, ...]:
    """The models of this key, at most six hours old. Raises ModelError."""
    try:
        who = account()
    except Misconfigured as error:
        raise ModelError("permanent", str(error), code="settings") from None
    key = (who.base_url, who.key)
    with _lock:
        known, until = _kept.get(key, (None, 0.0))
    if time.monotonic() < until:
        if known is None:
            words = f"{who.label} did not give its list of models"
            raise ModelError("later", words, code="deadline")
        return known
    found: tuple[ListedModel, ...] | None = None
    try:
        found = _fetch(who, seconds)
    finally:
        keep = FRESH if found is not None else FAILED
        with _lock:
            _kept[key] = (found, time.monotonic() + keep)
    return found


def _fetch(who: Account, seconds: float) -> tuple[ListedModel, ...]:
    heard = get_models(who, until=time.monotonic() + seconds)
    if not 200 <= heard.status < 300:
        raise refusal_of(who.label, heard)
    try:
        data = load_json(heard.body)
        rows = data["data"] if isinstance(data, dict) else None
        if not isinstance(rows, list):
            raise BadAnswer("it is no list")
        return tuple(_listed(row) for row in rows if _is_model(row))
    except (BadAnswer, KeyError) as error:
        words = f"{who.label} gave a list of models that cannot be read"
        raise ModelError("unknown", words, code="unreadable") from error


def _is_model(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str)


def _listed(row: dict[str, Any]) -> ListedModel:
    try:
        ends = date.fromisoformat(str(row.get("shutdown_date") or ""))
    except ValueError:
        ends = None
    return ListedModel(row["id"][:120], ends)


def end_warning(model: str, ends: date | None = None) -> str:
    """Words on a model that ends soon, "" for one that does not. `ends` is what the
    vendor lists; without it the dated file is asked.
    """
    known = known_model(model)
    last = ends or (known.ends if known else None)
    today = timezone.now().date()
    if last is None or last - today > SOON:
        return ""
    verb = "ended" if last < today else "ends"
    return f"The model {model} {verb} on {last:%d %B %Y}: choose another OPENAI_MODEL."


def model_warnings(*, seconds: float = SECONDS) -> tuple[str, ...]:
    """What is or will be wrong with the chosen model, in words; empty when nothing
    is, and when OpenAI is not set up. Never raises; may call out (see `list_models`).
    """
    try:
        who = account()
    except Misconfigured:
        return ()
    listed = None
    found: list[str] = []
    try:
        models = list_models(seconds=seconds)
    except ModelError:
        models = ()  # the test of the service says why it cannot be reached
    if models:
        listed = next((m for m in models if m.name == who.model), None)
        if listed is None:
            found.append(f"The key may not use the model {who.model}.")
    found.append(end_warning(who.model, listed.ends if listed else None))
    if who.is_openai and known_model(who.model) is None:
        found.append(
            f"No price is known for {who.model} (list of {price_list().as_of:%d %B %Y}):"
            " its costs are not counted, only its tokens."
        )
    return tuple(words for words in found if words)


def forget_models() -> None:
    """Ask anew at the next look (tests)."""
    with _lock:
        _kept.clear()
