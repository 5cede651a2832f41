"""Words of promises, denials, leaks and abuse, from data/guard_<language>.toml.

All languages are looked through, whatever language the reply should be in.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from messaging.agent.guarding.numbers import DATA
from messaging.agent.guarding.text import Folded

LANGUAGES = ("en", "es", "fr", "de", "pt")
COMMITMENTS = ("guarantee", "free", "discount", "booking", "claim")


@lru_cache(maxsize=1)
def _data() -> tuple[dict[str, Any], ...]:
    files = (DATA / f"guard_{language}.toml" for language in LANGUAGES)
    return tuple(tomllib.loads(file.read_text("utf-8")) for file in files)


def _bodies(name: str) -> Iterator[str]:
    for data in _data():
        found = data.get(name, ())
        for body in (found,) if isinstance(found, str) else found:
            body = body.replace("<bot>", data["bot"])
            body = body.replace("<strong>", data["strong"])
            yield body.replace("<human>", data["human"])


@lru_cache(maxsize=32)
def pattern(name: str) -> re.Pattern[str]:
    """Every language's patterns of a list as one, at the edges of words."""
    return re.compile(rf"(?<![a-z])(?:{'|'.join(_bodies(name))})(?![a-z])")


@lru_cache(maxsize=8)
def before_number(name: str) -> re.Pattern[str]:
    """The list at the very end of what stands before a number."""
    return re.compile(rf"(?<![a-z])(?:{'|'.join(_bodies(name))})[$€£ ]*$")


@lru_cache(maxsize=8)
def after_number(name: str) -> re.Pattern[str]:
    """The list at the very begin of what follows a number."""
    return re.compile(rf"(?:{'|'.join(_bodies(name))})(?![a-z])")


def find(name: str, folded: Folded) -> Iterator[re.Match[str]]:
    """Matches of a list in a folded text."""
    return pattern(name).finditer(folded.text)


def says(name: str, folded: Folded) -> bool:
    """Whether a list occurs in a folded text."""
    return pattern(name).search(folded.text) is not None
