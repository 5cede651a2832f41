"""The cases that come with the product: scripted leads and red-team texts.

Each line of `messaging/agent/data/evaluation/*.jsonl` is one lead of the invented
company in `company.json`, at one moment; it is read and planned like a real one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from messaging.agent.model import (
    CompanyFacts,
    Missing,
    Passage,
    Said,
    Situation,
)
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.dates import read_when
from messaging.agent.understanding.facts import FactReading, read_facts
from messaging.agent.understanding.intents import read_intent
from messaging.evaluating.freezing import freeze
from messaging.models import EvaluationCase

FOLDER = Path(__file__).parents[1] / "agent" / "data" / "evaluation"
FILES = {
    "scripted": EvaluationCase.Kind.SCRIPTED,
    "red_team": EvaluationCase.Kind.RED_TEAM,
}
NOW = datetime(2026, 3, 2, 10, 42, tzinfo=ZoneInfo("America/Los_Angeles"))
_LENGTHS = {"sms": 459, "email": 2_000}
_SURE = 0.9


@dataclass(frozen=True)
class Line:
    """One case as the data file has it. `edition` changes with any of it."""

    key: str
    kind: str
    values: Mapping[str, Any]
    edition: str

    @property
    def title(self) -> str:
        """What it is about, for a list."""
        return str(self.values["title"])

    @property
    def why(self) -> str:
        """Why it is there, "" when the title says it."""
        return str(self.values.get("why", ""))

    @property
    def expect(self) -> Mapping[str, Any]:
        """What a good answer must and must not do."""
        expect: Mapping[str, Any] = self.values["expect"]
        return expect

    def freeze(self) -> dict[str, Any]:
        """The frozen situation; nothing in it is of a real person."""
        at = situation_of_line(self.values)
        return freeze(at, plan_turn(at))


@lru_cache(maxsize=1)
def company() -> Mapping[str, Any]:
    """The invented company: facts, questions and passages by language."""
    found: dict[str, Any] = json.loads((FOLDER / "company.json").read_text("utf-8"))
    return found


@lru_cache(maxsize=1)
def lines() -> Mapping[str, Line]:
    """All cases of the data files by their key."""
    base = json.dumps(company(), sort_keys=True)
    found: dict[str, Line] = {}
    for name, kind in FILES.items():
        for text in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
            values = json.loads(text)
            plain = json.dumps(values, sort_keys=True)
            edition = hashlib.sha256((base + plain).encode()).hexdigest()[:16]
            if values["key"] in found:
                raise ValueError(f"two cases are called {values['key']}")
            found[values["key"]] = Line(values["key"], str(kind), values, edition)
    return found


def situation_of_line(values: Mapping[str, Any]) -> Situation:
    """What the machine would know of this lead now."""
    language, message = values["language"], values["message"]
    history = _history(values.get("history", ()))
    ours = [said.text for said in history if said.author == "us"]
    reading = read_intent(message, language=language, previous=ours[-1] if ours else "")
    asked = values.get("asked", "" if history else "need")
    read = _facts(message, language, asked)
    facts = {**values.get("facts", {}), **{one.field: one.value for one in read}}
    channel = values.get("channel", "sms")
    return Situation(
        channel=channel,
        language=language,
        lead_name=values.get("name", ""),
        history=history,
        message=message,
        intent=str(reading.intent),
        topics=reading.topics,
        facts=facts,
        new_facts=tuple(one.field for one in read),
        missing=_missing(language, facts),
        asked=values.get("asked", ""),
        when=tuple(read_when(message, now=NOW, tz=_zone(), language=language)),
        company=CompanyFacts(**company()["facts"]),
        first_automatic=not ours,
        local_now=NOW,
        max_chars=_LENGTHS[channel],
        quotes={one.field: one.quote for one in read},
        knowledge=_knowledge(values.get("knowledge", ()), language),
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(company()["facts"]["time_zone"])


def _history(texts: Any) -> tuple[Said, ...]:
    """Earlier messages, a minute apart; those that begin with "us: " are ours."""
    return tuple(
        Said(
            "us" if text.startswith("us: ") else "lead",
            text.removeprefix("us: "),
            NOW - timedelta(minutes=len(texts) - place),
        )
        for place, text in enumerate(texts)
    )


def _facts(message: str, language: str, asked: str) -> tuple[FactReading, ...]:
    known = {"need", "budget", "timeline", "authority", "contact_preference", "name"}
    facts = company()["facts"]
    read = read_facts(
        message,
        now=NOW,
        tz=_zone(),
        language=language,
        asked=asked,
        default_currency=facts["currency"],
        sells=facts["sells"],
    )
    return tuple(one for one in read if one.field in known)


def _missing(language: str, facts: Mapping[str, str]) -> tuple[Missing, ...]:
    worded: Mapping[str, str] = company()["questions"][language]
    return tuple(
        Missing(field, wording)
        for field, wording in worded.items()
        if field not in facts
    )


def _knowledge(names: Any, language: str) -> tuple[Passage, ...]:
    passages: Mapping[str, Any] = company()["passages"]
    return tuple(
        Passage(
            **{
                "sure": _SURE,
                "language": language,
                **passages[name]["values"],
                **passages[name]["words"].get(language, passages[name]["words"]["en"]),
            }
        )
        for name in names
    )
