"""Frozen situations: whole after thawing, and nothing of the lead in them."""

import json
import random
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from messaging.agent.builtin import BuiltinModel
from messaging.agent.model import Goal, Passage, Plan, Situation
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.dates import read_when
from messaging.agent.understanding.facts import read_facts
from messaging.agent.understanding.textfold import fold
from messaging.evaluating.freezing import (
    Personal,
    Unreadable,
    freeze,
    redacted,
    redaction_of,
    thaw,
    thaw_plan,
)
from messaging.tests.agent_situations import COMPANY, situation, talk

ZONE = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 3, 2, 10, 42, tzinfo=ZONE)
PASSAGE = Passage(
    source="article.7",
    title="How fast do you deliver?",
    text="Desks arrive within 10 working days.",
    language="en",
    sure=0.8,
    changing=True,
    price=39_900,
    currency="USD",
    unit="desk",
    discount_limit=10,
    conditions="from 20 desks",
)

FIRST = ["Dana", "José", "Zoë", "Jürgen", "Mary-Ann", "Inês", "D'Angelo", "Will", "李"]
LAST = [
    "Reyes",
    "Núñez",
    "O'Brien",
    "Müller-Lüdenscheidt",
    "Gonçalves",
    "Price",
    "小龙",
]
MAILS = ["{f}.{l}@acme-partners.com", "{l}{n}@mail.co.uk", "{f}+desks@web.de"]
PHONES = ["+1 415 555 {n}", "(415) 555-{n}", "+49 30 2093{n}", "0171 555{n}"]
PHONES += ["+34 612 34 {n}", "06 12 34 {n}", "+55 11 9{n}-{n}", "415.555.{n}"]
LINKS = ["https://www.acme-{n}.com/team?id={n}", "acme{n}.de", "linkedin.com/in/x{n}"]
PLACES = ["{n} Maple Street", "Lindenstraße {n}", "Calle Mayor {n}"]
PLACES += ["{n} rue de la Paix", "Rua das Flores, {n}", "{n} Old Mill Rd, Apt 4"]
TEXTS = {
    "en": [
        "Hi, this is {name}. Mail me at {mail} or call {phone}, thanks, {first}",
        "we sit at {place} and our site is {link}. {upper} here, budget $20,000",
    ],
    "es": [
        "Hola, me llamo {name}, mi correo es {mail} y mi teléfono {phone}",
        "Estamos en {place}, la web es {link}. Saludos, {lower}",
    ],
    "fr": [
        "Bonjour, je m'appelle {name}. Mon numéro : {phone}, {mail}",
        "Nous sommes au {place}, voir {link}. Merci, {first}",
    ],
    "de": [
        "Guten Tag, mein Name ist {name}, erreichbar unter {phone} oder {mail}",
        "Wir sitzen in der {place}, Seite {link}. Gruß {upper}",
    ],
    "pt": [
        "Olá, o meu nome é {name}, ligue para {phone} ou {mail}",
        "Estamos na {place}, o site é {link}. Obrigado, {lower}",
    ],
}


def invented(luck: random.Random, language: str) -> tuple[Situation, list[str]]:
    """A talk with a lead who says all of itself, and what it said."""
    first, last = luck.choice(FIRST), luck.choice(LAST)
    plain = fold(first + last).replace("'", "").replace("-", "")
    mail_name = plain if plain.isascii() else "someone"

    def one(forms: list[str]) -> str:
        number = luck.randint(1000, 9999)
        return luck.choice(forms).format(f=mail_name, l="person", n=number)

    said = {
        "name": f"{first} {last}",
        "mail": one(MAILS),
        "phone": one(PHONES),
        "link": one(LINKS),
        "place": one(PLACES),
    }
    ways = said | {"first": first, "upper": first.upper(), "lower": last.lower()}
    texts = [text.format(**ways) for text in TEXTS[language]]
    facts = {
        reading.field: reading
        for text in texts
        for reading in read_facts(text, now=NOW, tz=ZONE, language=language)
    }
    at = situation(
        texts[1],
        language=language,
        lead_name=said["name"],
        history=talk(
            texts[0], f"us: Thanks, {first}! We will write to {said['mail']}."
        ),
        facts={name: reading.value for name, reading in facts.items()},
        quotes={name: reading.quote for name, reading in facts.items()},
        when=tuple(read_when(texts[1], now=NOW, tz=ZONE, language=language)),
        instruction=f"be kind to {first}",
        local_now=NOW,
    )
    return at, [first, last, *(said[k] for k in ("mail", "phone", "link", "place"))]


def survivors(frozen: object, personal: list[str]) -> list[str]:
    """Personal values that a reader of the JSON could still find."""
    text = fold(json.dumps(frozen, ensure_ascii=False))
    digits = "".join(sign for sign in text if sign.isdigit())
    found = [
        value
        for value in personal
        if fold(value) in text and fold(value) not in ("will", "price")
    ]
    numbers = ["".join(filter(str.isdigit, value)) for value in personal]
    return found + [n for n in numbers if len(n) >= 7 and n[-7:] in digits]


def test_no_personal_value_survives_in_five_languages() -> None:
    luck = random.Random(5)
    for number in range(400):
        language = list(TEXTS)[number % 5]
        at, personal = invented(luck, language)
        frozen = freeze(at, Plan(Goal.ASK, "budget"))
        assert survivors(frozen, personal) == [], (at.message, at.history[0].text)
        assert survivors(freeze(at, plan_turn(at)), personal) == []


def test_what_the_lead_s_own_row_says_goes_as_well() -> None:
    at = situation("It is for the Walnut project, ask Benedikt")
    known = Personal(names=("Benedikt Stone",), values=("walnut project",))
    assert survivors(freeze(at, Plan(Goal.ASK), personal=known), ["Benedikt"]) == []


def test_one_value_has_one_stand_in_all_through() -> None:
    at = situation(
        "Call +1 415-555-0123, Dana",
        lead_name="Dana Reyes",
        history=talk("I'm Dana, (415) 555-0123", "us: Thanks Dana, noted 4155550123"),
        facts={"phone": "+14155550123"},
        quotes={"phone": "(415) 555-0123"},
    )
    clean = redacted(at, redaction_of(at))
    number = clean.facts["phone"]
    first = clean.lead_name.split()[0]
    assert clean.message == f"Call {number}, {first}"
    assert clean.history[0].text == f"I'm {first}, {number}"
    assert clean.history[1].text == f"Thanks {first}, noted {number}"
    assert clean.quotes["phone"] in clean.history[0].text


def test_what_is_ours_and_what_says_nothing_of_the_lead_stays() -> None:
    text = (
        "I will take 40 desks for $20,000 or 15.000-20.000 €, from 2026-03-10 on. Is"
        " https://northwind.example your site and 415 555 0100 your number?"
    )
    at = situation(text, lead_name="Will May", facts={"budget": "$20,000"})
    clean = redacted(at, redaction_of(at))
    assert clean.message == text
    assert clean.company == COMPANY
    assert clean.facts == {"budget": "$20,000"}


def test_cards_are_masked_and_named_words_are_no_names() -> None:
    at = situation("May I pay with 4111 1111 1111 1111? May", lead_name="May Price")
    clean = redacted(at, redaction_of(at))
    assert "4111" not in clean.message
    assert clean.message.startswith(clean.lead_name.split()[0] + " I pay")


def test_a_thawed_situation_is_the_redacted_one_to_the_field() -> None:
    at = situation(
        "Could we talk Tuesday at 3pm, 8 August or 10 am?",
        lead_name="",
        facts={"need": "40 desks"},
        quotes={"need": "about 40 desks"},
        topics=("price", "call_me"),
        new_facts=("need",),
        asked="budget",
        knowledge=(PASSAGE,),
        history=talk("Hi", "us: Hello"),
        local_now=NOW,
        instruction="shorter",
    )
    at = replace(at, when=tuple(read_when(at.message, now=NOW, tz=ZONE, language="en")))
    assert at.when
    plan = Plan(Goal.CONFIRM, task_kind="call", signals=("replied",))
    frozen = json.loads(json.dumps(freeze(at, plan)))
    thawed = thaw(frozen)
    plain = replace(at, when=())
    assert replace(thawed, when=()) == plain
    assert thawed.local_now.tzinfo == ZONE
    for one, other in zip(thawed.when, at.when, strict=True):
        assert (one.start, one.text, one.grain) == (
            other.start,
            other.text,
            other.grain,
        )
    assert thaw_plan(frozen) == plan
    assert plan_turn(thawed) == plan_turn(at)
    model = BuiltinModel()
    assert model.write(thawed, plan).body == model.write(at, plan).body


def test_what_an_older_program_froze_takes_new_fields_by_default() -> None:
    frozen = freeze(situation(), Plan(Goal.GREET))
    del frozen["situation"]["instruction"]
    frozen["situation"]["a_field_of_tomorrow"] = 1
    assert thaw(frozen).instruction == ""


@pytest.mark.parametrize(
    "broken", [{}, {"version": 99}, {"version": 1, "situation": {"message": "x"}}]
)
def test_what_cannot_be_read_says_so(broken: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        thaw(broken)
