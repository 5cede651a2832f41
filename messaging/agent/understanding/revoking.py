"""Reads whether a stop means everything: texts and mail, every address we have."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from messaging.agent.understanding.normalise import fold_pattern, read_words
from messaging.agent.understanding.optout import OptOut, read_opt_out

_DATA = Path(__file__).with_name("data") / "everything.toml"


def wants_everything(text: str) -> bool:
    """STOP ALL, "unsubscribe me from everything", "remove all my data": a clear stop
    that speaks of more than the channel it came on.
    """
    if read_opt_out(text).decision is not OptOut.STOP:
        return False
    return bool(_everything().search(" ".join(read_words(text).folded)))


@lru_cache(maxsize=1)
def _everything() -> re.Pattern[str]:
    with _DATA.open("rb") as file:
        data = tomllib.load(file)
    patterns = (fold_pattern(one) for found in data.values() for one in found)
    return re.compile("|".join(f"(?:{one})" for one in patterns))
