"""Replies for the tests of the claims: their worlds, read from fixtures/claims_honest.toml."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from messaging.agent.claims import check_claims
from messaging.agent.guard import allowed_for, inspect
from messaging.agent.model import CompanyFacts, Passage, Situation
from messaging.tests.agent_situations import LANGUAGES, situation

_FILE = Path(__file__).with_name("fixtures") / "claims_honest.toml"
WORLDS: dict[str, dict[str, Any]] = tomllib.loads(_FILE.read_text("utf-8"))
_COMPANY = (
    "name",
    "sells",
    "hours",
    "phone",
    "email",
    "website",
    "postal_address",
    "booking_url",
)


def world(language: str, message: str = "Hello", **changes: Any) -> Situation:
    """A lead's message to the company of a language, all its passages found."""
    data = WORLDS[language]
    passages = tuple(Passage(language=language, **one) for one in data["passages"])
    company = CompanyFacts(**{name: data[name] for name in _COMPANY})
    at = situation(message, language=language, company=company, knowledge=passages)
    return replace(at, lead_name=data["lead"], **changes)


def honest() -> list[tuple[Situation, str]]:
    """Every honest reply with its situation; passages as retrieval would order them."""
    return [
        (world(language, message), draft)
        for language in LANGUAGES
        for message, draft in WORLDS[language]["drafts"]
    ]


def held(body: str, at: Situation) -> list[str]:
    """Why a reply may not leave: what the guard finds, and sentences without source."""
    found = [one.reason for one in inspect(body, allowed=allowed_for(at))]
    found += [s.words for s in check_claims(body, situation=at) if s.kind == "held"]
    return found


_PLANTED = Path(__file__).with_name("fixtures") / "claims_planted.toml"
ASKING = {
    "en": "Do you ship to Canada, and what does it cost?",
    "es": "¿Instalan en Canarias y cuánto cuesta?",
    "fr": "Vous reprenez les vélos ? Quel prix ?",
    "de": "Unterstützen Sie Linux? Was kostet das?",
    "pt": "Limpam vidros? Quanto custa?",
}


def planted(language: str) -> list[str]:
    """Replies to `ASKING` with one thing in them that no source states."""
    data = tomllib.loads(_PLANTED.read_text("utf-8"))[language]
    return [
        around.format(words) for words in data["planted"] for around in data["around"]
    ]
