"""The built-in model's sentences, from data/phrases_<language>.json."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from messaging.agent.guarding.numbers import DATA
from messaging.agent.guarding.text import Folded

LANGUAGES = ("en", "es", "fr", "de", "pt")
_FALLBACK = {"brief": "formal", "formal": "friendly", "friendly": "formal"}


@dataclass(frozen=True)
class Phrases:
    """One language's sentences; `known` is False when English stands in for it."""

    language: str
    known: bool
    data: Mapping[str, Any] = field(repr=False)

    def variants(self, key: str, tone: str) -> tuple[str, ...]:
        """The ways to say `key` in a tone, at least one."""
        found = self.data[key]
        if isinstance(found, list):
            return tuple(found)
        while tone not in found:
            tone = _FALLBACK.get(tone, "friendly")
        return tuple(found[tone])

    def every(self, key: str) -> tuple[str, ...]:
        """The ways to say `key` in any tone."""
        found = self.data[key]
        groups = [found] if isinstance(found, list) else list(found.values())
        return tuple(sentence for group in groups for sentence in group)

    def again(self, wanted: str) -> tuple[str, ...]:
        """Other wordings of the question for a field, possibly none."""
        return tuple(self.data["ask_again"].get(wanted, ()))

    def fact(self, name: str) -> str:
        """How a fact is named in an acknowledgement, "" for one left unsaid."""
        return str(self.data["facts"].get(name, ""))

    def asks_for(self, key: str, folded: Folded) -> bool:
        """Whether a lead's words are of the kind `key`: "quote" or "later"."""
        return _compiled(str(self.data[key])).search(folded.text) is not None

    def with_lead(self, words: str, text: str, folded: Folded) -> str:
        """A time with what stands before it: "after 2pm" means more than "2pm"."""
        at = text.find(words)
        if at < 0 or len(folded.text) != len(text):
            return words
        lead = _before(str(self.data["when_lead"])).search(folded.text, 0, at)
        return text[lead.start() : at + len(words)] if lead else words

    def foreign(self, language: str) -> str:
        """The note that words are in another language, "" for one unknown."""
        return str(self.data["in_language"].get(language, ""))

    def without_wants(self, folded: str) -> str:
        """A folded text without what asks for something of the company profile."""
        for body in self.data["wants"].values():
            folded = _compiled(body).sub(" ", folded)
        return folded

    def also_asks(self, folded: str) -> list[int]:
        """Where in a folded sentence a further question begins."""
        found = _compiled(str(self.data["also_asks"])).finditer(folded)
        return [one.start() for one in found if one.start()]

    def leans(self, folded: str) -> bool:
        """Whether a folded sentence makes no sense without the one before it."""
        return _compiled(str(self.data["leans"])).match(folded) is not None

    def wants(self, folded: Folded) -> tuple[str, ...]:
        """What of the company profile a lead asks for, in the file's order."""
        return tuple(
            key
            for key, body in self.data["wants"].items()
            if _compiled(body).search(folded.text)
        )


@lru_cache(maxsize=128)
def _compiled(body: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{body})(?![a-z])")


@lru_cache(maxsize=16)
def _before(body: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z'])(?:{body}[ ']){{1,4}}$")


@lru_cache(maxsize=16)
def phrases(language: str) -> Phrases:
    """The sentences of a language, English for one that has no file."""
    code = language.partition("-")[0].lower()
    known = code in LANGUAGES
    path = DATA / f"phrases_{code if known else 'en'}.json"
    return Phrases(code if known else "en", known, json.loads(path.read_text("utf-8")))
