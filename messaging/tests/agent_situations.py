"""Builds situations for the tests of the agent: an invented company and leads."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from messaging.agent.builtin import BuiltinModel
from messaging.agent.guard import Finding, allowed_for, inspect, with_disclosure
from messaging.agent.model import CompanyFacts, Missing, Plan, Said, Situation
from messaging.agent.policy import plan_turn

NOW = datetime(2026, 3, 2, 10, 42, tzinfo=UTC)
LANGUAGES = ("en", "es", "fr", "de", "pt")
TONES = ("friendly", "formal", "brief")

COMPANY = CompanyFacts(
    name="Northwind Desks",
    sells="Standing desks and chairs for offices. Desks start at $399.",
    website="https://northwind.example",
    phone="+1 415 555 0100",
    email="hello@northwind.example",
    hours="Mon-Fri 9am-5pm",
    postal_address="12 Harbor Street, Oakland, CA 94607",
    booking_url="https://northwind.example/book",
    currency="USD",
    time_zone="America/Los_Angeles",
)
BARE = CompanyFacts(name="Northwind Desks", sells="Standing desks and chairs.")

QUESTIONS = {
    "en": {
        "budget": "What budget do you have in mind?",
        "authority": "Who decides with you?",
        "need": "How many seats do you need?",
        "timeline": "When would you like to start?",
    },
    "es": {
        "budget": "¿Qué presupuesto tienen previsto?",
        "authority": "¿Quién decide con usted?",
        "need": "¿Cuántos puestos necesitan?",
        "timeline": "¿Cuándo les gustaría empezar?",
    },
    "fr": {
        "budget": "Quel budget avez-vous prévu ?",
        "authority": "Qui décide avec vous ?",
        "need": "Combien de postes vous faut-il ?",
        "timeline": "Quand souhaitez-vous commencer ?",
    },
    "de": {
        "budget": "Welches Budget ist vorgesehen?",
        "authority": "Wer entscheidet mit?",
        "need": "Wie viele Plätze werden gebraucht?",
        "timeline": "Wann soll es losgehen?",
    },
    "pt": {
        "budget": "Qual é o orçamento previsto?",
        "authority": "Quem decide com você?",
        "need": "De quantos lugares precisa?",
        "timeline": "Quando gostaria de começar?",
    },
}


@dataclass(frozen=True)
class Named:
    """A time that a lead named."""

    text: str
    start: datetime | None = None
    grain: str = "hour"


def open_questions(language: str = "en", *without: str) -> tuple[Missing, ...]:
    """The BANT questions but for those named."""
    questions = QUESTIONS.get(language, QUESTIONS["en"]).items()
    return tuple(
        Missing(field, text) for field, text in questions if field not in without
    )


def situation(message: str = "Hello", **changes: Any) -> Situation:
    """A first text of Dana's, changed as the test needs."""
    language = changes.get("language", "en")
    plain = Situation(
        channel="sms",
        language=language,
        lead_name="Dana Reyes",
        history=(),
        message=message,
        intent="other",
        topics=(),
        facts={},
        new_facts=(),
        missing=open_questions(language),
        asked="",
        when=(),
        company=COMPANY,
        first_automatic=False,
        local_now=NOW,
        max_chars=459,
    )
    return replace(plain, **changes)


def talk(*texts: str) -> tuple[Said, ...]:
    """A history; "us: …" is ours, everything else the lead's."""
    said = []
    for place, text in enumerate(texts):
        author = "us" if text.startswith("us: ") else "lead"
        at = NOW - timedelta(minutes=len(texts) - place)
        said.append(Said(author, text.removeprefix("us: "), at))
    return tuple(said)


def answer(at: Situation) -> tuple[Plan, str]:
    """The built-in model's reply as it would leave, "" when it says nothing."""
    plan = plan_turn(at)
    if not plan.speaks:
        return plan, ""
    body = BuiltinModel().write(at, plan).body
    return plan, with_disclosure(body, situation=at)


def findings(body: str, at: Situation) -> tuple[Finding, ...]:
    """What the guard says of a reply in a situation."""
    return inspect(body, allowed=allowed_for(at))
