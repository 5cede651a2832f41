"""The built-in model never writes what its own guard refuses."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.agent.builtin import BuiltinModel
from messaging.agent.guard import allowed_for, inspect, with_disclosure
from messaging.agent.model import CALL_TIME, Situation
from messaging.agent.policy import plan_turn
from messaging.tests.agent_situations import (
    BARE,
    COMPANY,
    LANGUAGES,
    QUESTIONS,
    TONES,
    Named,
    open_questions,
    situation,
    talk,
)

INTENTS = (
    "interested", "not_interested", "question", "objection", "meeting", "confirm",
    "deny", "thanks", "wrong_person", "person_requested", "complaint", "opt_in",
    "help", "other",
)  # fmt: skip
TOPICS = (
    "price", "discount", "are_you_ai", "availability", "contract", "features",
    "location", "competitor", "urgent", "call_me", "demo", "greeting",
)  # fmt: skip
# What was said, the field it fills, the canonical value and its quote.
SAID = {
    "en": (
        ("2k per month", "budget", "2000 USD per month", "2k per month"),
        ("about $6,000 a month", "budget", "6000 USD per month", "$6,000 a month"),
        ("between 10 and 15k", "budget", "10000-15000 USD", "10 and 15k"),
        ("we need 40 seats", "need", "40 seats", "40 seats"),
        ("from next month", "timeline", "December 2026", "next month"),
        ("we pay 20% less at Acme", "current_solution", "Acme", "Acme"),
        ("a free trial", "need", "free trial", "free trial"),
    ),
    "es": (
        ("unos 6k al mes", "budget", "6000 USD per month", "6k al mes"),
        ("para enero", "timeline", "January 2027", "enero"),
        ("40 puestos", "need", "40 puestos", "40 puestos"),
    ),
    "fr": (
        ("5000 euros par mois", "budget", "5000 EUR per month", "5000 euros par mois"),
        ("en janvier", "timeline", "January 2027", "janvier"),
        ("40 postes", "need", "40 postes", "40 postes"),
    ),
    "de": (
        ("1500 im Monat", "budget", "1500 EUR per month", "1500 im Monat"),
        (
            "10.000 Euro pro Jahr",
            "budget",
            "10000 EUR per year",
            "10.000 Euro pro Jahr",
        ),
        ("ab Januar", "timeline", "January 2027", "Januar"),
        ("40 Plätze", "quantity", "40", "40 Plätze"),
    ),
    "pt": (
        ("2 mil por mês", "budget", "2000 BRL per month", "2 mil por mês"),
        ("em janeiro", "timeline", "January 2027", "janeiro"),
        ("40 lugares", "need", "40 lugares", "40 lugares"),
    ),
}
OURS = ("", "us: Hello", "us: Great, thanks.", "us: You're welcome! Just write.")
SELLS = (
    COMPANY.sells,
    "We rent desks in Lisbon, Berlin and Austin. A desk costs $290 a month.",
    "Web design. Packages from 900 EUR, 20% off for schools. Free first call!",
    "",
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    language = draw(st.sampled_from(LANGUAGES))
    parts = draw(st.lists(st.sampled_from(SAID[language]), max_size=3, unique=True))
    asks = draw(st.sampled_from(("", "?", " what do you sell?", " how much is it?")))
    message = ", ".join(part[0] for part in parts) + asks
    fields = {field: (value, quote) for _, field, value, quote in parts}
    company = draw(st.sampled_from((COMPANY, BARE)))
    company = replace(
        company,
        tone=draw(st.sampled_from(TONES)),
        sells=draw(st.sampled_from(SELLS)),
        assistant_name=draw(st.sampled_from(("", "Ada"))),
    )
    when = draw(st.sampled_from(((), (Named("tomorrow at 3pm"),))))
    message += "".join(f" {one.text}" for one in when)
    mine = draw(st.sampled_from(OURS))
    return situation(
        message,
        channel=draw(st.sampled_from(("sms", "email"))),
        language=language,
        intent=draw(st.sampled_from(INTENTS)),
        topics=tuple(draw(st.lists(st.sampled_from(TOPICS), max_size=2, unique=True))),
        facts={field: value for field, (value, _) in fields.items()},
        quotes={field: quote for field, (_, quote) in fields.items()},
        new_facts=tuple(fields),
        missing=open_questions(language, *fields),
        asked=draw(st.sampled_from(("", CALL_TIME, *QUESTIONS["en"]))),
        when=when,
        company=company,
        history=talk("hi", mine) if mine else (),
        first_automatic=draw(st.booleans()),
        instruction=draw(st.sampled_from(("", "shorter please"))),
    )


@settings(max_examples=400, deadline=None)
@given(situations())
def test_what_needs_no_person_passes_the_guard(at: Situation) -> None:
    plan = plan_turn(at)
    if not plan.speaks or plan.draft_reason:
        return
    body = with_disclosure(BuiltinModel().write(at, plan).body, situation=at)
    found = inspect(body, allowed=allowed_for(at))
    assert not found, f"{body!r}: {found}"
    assert body.count("?") <= 1


@settings(max_examples=200, deadline=None)
@given(situations())
def test_the_same_situation_gets_the_same_words(at: Situation) -> None:
    plan = plan_turn(at)
    first, second = (BuiltinModel().write(at, plan).body for _ in range(2))
    assert first == second
