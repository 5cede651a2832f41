"""When one road definitely refuses a message, the next one carries it, once.

What was tried is kept on `Message.details["roads"]`, oldest first, as
`{"road", "at", "outcome", "code", "words", "retry_at", "then"}`; `then` names the
road that the next claim takes. A turn is a row that waits again: it passes the gate
anew, and a process that dies between two calls leaves nothing in doubt but the call
that had begun.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from leads import clock
from messaging.models import Message
from messaging.transports import (
    Outcome,
    Transport,
    TransportError,
    next_transport,
)

NOT_CALLED: Final = "breaker_open"
# For so long a refusal says something of its road.
FRESH: Final = timedelta(minutes=15)
_KEPT: Final = 12
_OPEN: Final = (Outcome.REFUSED, Outcome.LATER)

Entry = dict[str, Any]


def road_of(message: Message) -> str:
    """The road that this message takes now, because the usual one refused it; ""
    for the usual one.
    """
    last = _last(message)
    return str(last.get("then", "")) if last and _is_fresh(last) else ""


def last_road(message: Message) -> str:
    """The road whose call came last, as far as it is known; "" when it is not."""
    last = _last(message)
    return road_of(message) or (str(last["road"]) if last else message.provider)


def stand_in(
    message: Message, refused: Transport, error: TransportError
) -> Transport | None:
    """The road to turn to after this refusal, None when there is none.

    Never after an unknown end, never a second time, and never one that has just
    said that it takes nothing from us.
    """
    if error.outcome == Outcome.UNKNOWN or message.simulated or road_of(message):
        return None
    used_up = error.outcome in _OPEN and message.attempts >= message.MAX_ATTEMPTS
    if not (error.elsewhere or used_up):
        return None
    found = next_transport(message.kind, after=refused.name)
    closed = {row["road"] for row in _history(message) if _is_closed(row)}
    return None if found is None or found.name in closed else found


def noted(
    message: Message, road: str, error: TransportError, *, then: str = ""
) -> dict[str, Any]:
    """The message's details with one more road that did not take it."""
    entry = {
        "road": road,
        "at": clock.now().isoformat(),
        "outcome": error.outcome.value,
        "code": error.code,
        "words": error.words[:300],
        "retry_at": error.retry_at.isoformat() if error.retry_at else "",
        "then": then,
    }
    rows = [*_history(message), entry][-_KEPT:]
    return {**message.details, "roads": rows}


def road_after(message: Message, error: TransportError) -> str:
    """The road of the next try: the stand-in again while the usual road has asked
    us to wait, "" for the usual one.
    """
    road, now = road_of(message), clock.now()
    asked = [
        row["retry_at"]
        for row in _history(message)
        if row["road"] != road and row["code"] != NOT_CALLED
    ]
    waits = any(at and datetime.fromisoformat(at) > now for at in asked)
    return road if waits and error.outcome in _OPEN else ""


def summed_up(message: Message, road: str, error: TransportError) -> TransportError:
    """What both roads' refusals mean together, when this was the second one.

    What the second says of the message itself, or leaves unknown, stands alone.
    """
    first = _last(message)
    about_road = error.elsewhere or error.outcome in _OPEN
    if first is None or not road_of(message) or not about_road:
        return error
    if first["road"] == road:
        return error
    words = f"{first['words']}; then {road}: {error.words}"
    ends = [_as_error(first), error]
    open_ends = [end for end in ends if end.outcome in _OPEN]
    if not open_ends:
        return TransportError(Outcome.PERMANENT, words, code=error.code)
    times = [end.retry_at for end in open_ends if end.retry_at is not None]
    waits = len(times) == len(open_ends)
    not_called = all(end.code == NOT_CALLED for end in open_ends)
    return TransportError(
        Outcome.LATER if waits else Outcome.REFUSED,
        words,
        retry_at=min(times) if waits else None,
        code=NOT_CALLED if not_called else error.code,
    )


def _history(message: Message) -> list[Entry]:
    rows: list[Entry] = message.details.get("roads", [])
    return rows


def _last(message: Message) -> Entry | None:
    rows = _history(message)
    return rows[-1] if rows else None


def _is_fresh(entry: Entry) -> bool:
    return clock.now() - datetime.fromisoformat(entry["at"]) < FRESH


def _is_closed(entry: Entry) -> bool:
    return entry["outcome"] == Outcome.PERMANENT and _is_fresh(entry)


def _as_error(entry: Entry) -> TransportError:
    at = entry["retry_at"]
    return TransportError(
        Outcome(entry["outcome"]),
        entry["words"],
        retry_at=datetime.fromisoformat(at) if at else None,
        code=entry["code"],
    )
