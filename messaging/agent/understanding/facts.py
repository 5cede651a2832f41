"""What a lead says about itself, each fact with its own words as evidence.

Rules and word lists are in ``data/<language>_facts.toml``. A wrong fact is worse
than none: negated, asked-about and hypothetical statements give nothing, and
neither do absence notices and texts that give the assistant orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from messaging.agent.cues import gives_orders
from messaging.agent.understanding.dates import When, read_when
from messaging.agent.understanding.facts_amounts import (
    read_budget,
    read_need,
    read_quantity,
)
from messaging.agent.understanding.facts_answers import read_answer
from messaging.agent.understanding.facts_people import (
    read_authority,
    read_company,
    read_name,
    read_place,
    read_role,
    read_solutions,
    read_urgency,
)
from messaging.agent.understanding.facts_reach import (
    read_contact,
    read_mail,
    read_phone,
    region_for,
)
from messaging.agent.understanding.facts_text import (
    FactReading,
    Found,
    Message,
    Placed,
    clauses,
    patterns,
)
from messaging.agent.understanding.facts_timeline import read_timeline
from messaging.agent.understanding.intents import is_out_of_office
from messaging.agent.understanding.money import scan
from messaging.agent.understanding.textfold import (
    fold,
    language_and_region,
    mask,
)

__all__ = ["FactReading", "read_facts"]

_LAST_WINS = frozenset({"budget"})
_LONGEST = 3000  # facts stand early; the rest of a long mail is quotes and notices


def _placed(text: str, whens: Iterable[When]) -> list[Placed]:
    placed, position = [], 0
    for when in whens:
        start = max(text.find(when.text, position), text.find(when.text))
        position = start
        placed.append(Placed(start, start + len(when.text), when))
    return placed


def _business(message: Message) -> list[Found]:
    """Budget, need, quantity, timeline."""
    needs = list(read_need(message))
    return [
        *read_budget(message),
        *needs,
        *read_quantity(message, needs),
        *read_timeline(message, needs),
    ]


def _person(message: Message) -> list[Found]:
    """Who they are and how to reach them."""
    known = [*read_name(message), *read_role(message)]
    return [
        *known,
        *read_company(message, known),
        *read_place(message),
        *read_solutions(message),
        *read_contact(message),
        *read_authority(message),
        *read_urgency(message),
        *read_mail(message.folded),
        *read_phone(message.find, message.folded, message.region),
    ]


def _one_each(found: list[Found]) -> list[Found]:
    """The first of a field, or the surest; of budgets the last one said."""
    best: dict[str, Found] = {}
    for item in sorted(found, key=lambda item: item.start):
        held = best.get(item.field)
        if (
            held is None
            or item.confidence > held.confidence
            or (item.field in _LAST_WINS and item.confidence == held.confidence)
        ):
            best[item.field] = item
    return sorted(best.values(), key=lambda item: item.start)


def _checked(text: str, found: Iterable[Found]) -> tuple[FactReading, ...]:
    readings = []
    for item in found:
        quote = text[item.start : item.end]
        value = " ".join(item.value.split())
        if quote and value and quote in text:
            readings.append(FactReading(item.field, value, quote, item.confidence))
    return tuple(readings)


def read_facts(
    text: str,
    *,
    now: datetime,
    tz: ZoneInfo,
    language: str,
    asked: str = "",
    default_currency: str = "USD",
    sells: str = "",
) -> tuple[FactReading, ...]:
    """Facts in the order of the text, at most one a field.

    ``asked`` is the field our last question asked for, so that a bare "20k", "next
    month", "just me" or "Dana Reyes" is read as its answer. ``default_currency``
    (ISO 4217) stands where the text names none. ``sells`` is what the company sells:
    a bare answer that names some of it is a need.
    """
    text = text[:_LONGEST]
    if gives_orders(text) or is_out_of_office(text, language=language):
        return ()
    tag, region = language_and_region(language)
    folded = fold(text)
    amounts = scan(
        text, language=language, default_currency=default_currency, loose=True
    )
    whens = read_when(text, now=now, tz=tz, language=language)
    message = Message(
        find=patterns(tag),
        text=text,
        folded=folded,
        masked=mask(folded),
        parts=clauses(folded),
        whens=_placed(text, whens),
        amounts=list(amounts),
        currency=default_currency,
        language=tag,
        region=region_for(tag, region, tz.key),
        now=now.astimezone(tz),
        asked=asked,
        sells=sells,
    )
    found = [*_business(message), *_person(message)]
    if asked:
        found += read_answer(message, {item.field for item in found})
    return _checked(text, _one_each(found))
