"""Whether a lead asks to be written to later, or is away, and until when.

Only days count: who names an hour makes an appointment, and is answered.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from messaging.agent.guarding.text import fold
from messaging.agent.phrases import phrases
from messaging.agent.understanding.dates import When, read_when
from messaging.agent.understanding.intents import Intent, read_intent
from messaging.agent.understanding.language import detect_language

_FILE = Path(__file__).parent / "data" / "later.toml"
_CLOCKS = ("minute", "hour", "part_of_day")
# A nearer day is one to answer for, not one to wait until.
NEAR = timedelta(days=2)


@dataclass(frozen=True)
class Later:
    """A lead's words that put a follow-up off. `until` is None for who is away without
    a day; `quote` are the words that name the day.
    """

    until: datetime | None
    quote: str


def read_later(
    text: str, *, now: datetime, zone: ZoneInfo, language: str
) -> Later | None:
    """Return until when the lead puts us off, None when it is an ordinary answer."""
    code = detect_language(text, fallback=language or "en")
    intent = read_intent(text, language=code).intent
    whens = read_when(text, now=now, tz=zone, language=code)
    day = _first_day(whens, now)
    if intent == Intent.out_of_office:
        return Later(day.start if day is not None else None, text.strip()[:80])
    if day is None:
        return None
    folded = fold(text[:600])
    puts_off = "?" not in text and phrases(code).asks_for("later", folded)
    cues = _cues(code)
    if puts_off or any(cue.search(folded.text) for cue in cues):
        return Later(day.start, text.strip()[:80])
    return None


def _first_day(whens: Sequence[When], now: datetime) -> When | None:
    days = (one for one in whens if one.grain not in _CLOCKS)
    return next((one for one in days if one.start - now >= NEAR), None)


@lru_cache(maxsize=8)
def _cues(language: str) -> tuple[re.Pattern[str], ...]:
    known = tomllib.loads(_FILE.read_text("utf-8"))
    code = language.partition("-")[0].lower()
    lists = known.get(code, known["en"])
    bodies = ("|".join(lists[name]) for name in ("ask", "away"))
    return tuple(re.compile(rf"(?<![a-z])(?:{body})(?![a-z])") for body in bodies)
