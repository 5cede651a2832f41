"""Asking a model, call by call: metered, within one deadline, down the ladder.

Servers that speak like OpenAI do not know every way to ask for a format. One that
turns a way down is asked the next one, and is remembered for a while.
"""

import threading
import time
from typing import Final

from integrations.openai_api import Account, Heard, post
from integrations.openai_errors import refusal_of, refuses_format
from integrations.openai_prices import most
from integrations.openai_wire import Ask, Rung, body_of, read_envelope
from messaging.agent.costs import Charge, Meter, Usage
from messaging.agent.model import ModelError

REMEMBERED: Final = 3600.0  # seconds
NOTHING: Final = Usage()

_known: dict[tuple[str, str, str], tuple[Rung, float]] = {}
_lock = threading.Lock()


class Talk:
    """One whole exchange with a model. `usage` is what its calls cost so far.

    `rung` is how the last answer was asked for.
    """

    def __init__(self, who: Account, meter: Meter, *, seconds: float) -> None:
        self.who = who
        self.usage = Usage()
        self.rung = Rung.SCHEMA
        self._meter = meter
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the whole exchange must be over."""
        return self._until - time.monotonic()

    def ask(self, ask: Ask) -> str:
        """Return the words of the answer. Raises ModelError."""
        rungs = list(Rung)[_first_rung(self.who) :] if ask.schema else [Rung.PLAIN]
        for rung in rungs:
            self.rung = rung
            heard, charge = self._call(ask, rung)
            if rung is not rungs[-1] and refuses_format(heard):
                charge.settle(NOTHING)
                _remember(self.who, Rung(rung + 1))
                continue
            return self._words(heard, charge)
        raise AssertionError("the last rung always answers or raises")

    def _call(self, ask: Ask, rung: Rung) -> tuple[Heard, Charge]:
        body = body_of(self.who, ask, rung)
        guess = most(self.who.model, text=ask.text, output=ask.max_output)
        charge = self._meter.begin(self.who.model, guess)
        try:
            return post(self.who, body, until=self._until), charge
        except ModelError as error:
            # What may have been heard may be billed, whether we heard back or not.
            end = charge.keep if error.outcome == "unknown" else charge.cancel
            end()
            raise

    def _words(self, heard: Heard, charge: Charge) -> str:
        if not 200 <= heard.status < 300:
            charge.settle(NOTHING)
            raise refusal_of(self.who.label, heard)
        found = read_envelope(self.who, heard)
        if found.usage is None:
            charge.keep()
        else:
            charge.settle(found.usage)
            self.usage += found.usage
        if found.trouble is not None:
            raise found.trouble
        return found.text


def _key(who: Account) -> tuple[str, str, str]:
    return (who.base_url, who.model, who.api)


def _first_rung(who: Account) -> Rung:
    with _lock:
        rung, until = _known.get(_key(who), (Rung.SCHEMA, 0.0))
    return rung if time.monotonic() < until else Rung.SCHEMA


def _remember(who: Account, rung: Rung) -> None:
    with _lock:
        _known[_key(who)] = (rung, time.monotonic() + REMEMBERED)


def forget_ladders() -> None:
    """Begin at the strictest way again (tests)."""
    with _lock:
        _known.clear()
