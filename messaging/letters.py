"""The words around our mail that a lead reads, from data/letter_<language>.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es", "fr", "de", "pt")


@dataclass(frozen=True)
class LetterWords:
    """One language's words. English stands in for a language without."""

    language: str
    data: Mapping[str, str] = field(repr=False)

    def say(self, key: str, **values: str) -> str:
        """The words for `key` with the values put in as they are."""
        return self.data[key].format(**values)

    @property
    def edition(self) -> str:
        """Which words these are, for a record of what somebody agreed to."""
        text = json.dumps(self.data, sort_keys=True)
        return f"{self.language} {sha256(text.encode()).hexdigest()[:10]}"


def letter_words(language: str) -> LetterWords:
    """The words for a lead's language ("de", "de-AT"; "" is not known)."""
    short = language.lower().replace("_", "-").partition("-")[0]
    return _read(short if short in LANGUAGES else "en")


@cache
def _read(language: str) -> LetterWords:
    text = (DATA / f"letter_{language}.json").read_text("utf-8")
    return LetterWords(language, json.loads(text))
