"""What stands out in a lead's message besides its intent."""

import re
from dataclasses import dataclass

from messaging.agent.guarding.text import Folded, fold, join_letters
from messaging.agent.guarding.values import plain, read_items
from messaging.agent.guarding.words import find, says
from messaging.agent.model import CompanyFacts, Said, Situation, When
from messaging.agent.phrases import phrases

_FROM_TOPIC = {"features": "sells", "location": "address", "availability": "hours"}
_CALL_GRAINS = ("minute", "hour", "part_of_day", "day", "week", "weekend", "")
_SHORT_NEED = 3
_BARE_WORDS = 4
_FILLED = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\d)[^.!?\n]*)*[.!?]?")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the lead asked of the profile: `given` is in it, `lacking` is not."""

    given: tuple[str, ...]
    lacking: tuple[str, ...]


def profile_value(company: CompanyFacts, key: str) -> str:
    """The profile's words for an answer key, "" when it holds none."""
    values = {
        "who": company.name,
        "sells": company.sells,
        "hours": company.hours,
        "address": company.postal_address,
        "website": company.website,
        "phone": company.phone,
        "email": company.email,
        "booking": company.booking_url,
        "price": stated_price(company.sells),
    }
    return values[key].strip()


def stated_price(sells: str) -> str:
    """The sentences of "what we sell" that name an amount, "" for none."""
    priced = [
        sentence.strip()
        for sentence in _SENTENCE.findall(sells)
        if any(item.kind == "amount" for item in read_items(sentence))
    ]
    return " ".join(priced)


def read_answers(situation: Situation) -> Answers:
    """What the lead wants to know of the profile, and whether it is there."""
    asked = [_FROM_TOPIC[t] for t in situation.topics if t in _FROM_TOPIC]
    if "?" in situation.message or situation.intent in ("question", "interested"):
        asked += phrases(situation.language).wants(fold(situation.message[:600]))
    if asks_price(situation) and stated_price(situation.company.sells):
        asked.append("price")
    keys = tuple(dict.fromkeys(asked))
    given = tuple(key for key in keys if profile_value(situation.company, key))
    return Answers(given, tuple(key for key in keys if key not in given))


def call_times(situation: Situation) -> tuple[When, ...]:
    """The times the lead named that are exact enough for a call."""
    return tuple(when for when in situation.when if when.grain in _CALL_GRAINS)


def asks_price(situation: Situation) -> bool:
    """Whether a price is wanted; naming one's own budget is no question for one."""
    told = "budget" in situation.new_facts and "?" not in situation.message
    return "price" in situation.topics and not told


def asks_discount(situation: Situation) -> bool:
    """Whether the lead wants a discount, also one in percent."""
    if situation.intent == "objection" and "?" not in situation.message:
        return False
    if "discount" in situation.topics:
        return True
    if "?" not in situation.message:
        return False
    percent = any(one.kind == "percentage" for one in read_items(situation.message))
    return percent or says("discount", fold(situation.message[:600]))


def own_words(situation: Situation, field: str) -> str:
    """How the lead put a fact in this message, "" when it is not in its words."""
    value, message = situation.facts.get(field, ""), situation.message
    if field == "budget":
        return _own_amount(value, message)
    if field == "timeline":
        texts = [when.text for when in situation.when if when.text in message]
        return value if value in message else next(iter(texts), "")
    at = message.casefold().find(value.casefold())
    if not value or at < 0:
        return ""
    short = len(value.split()) <= _SHORT_NEED or any(sign.isdigit() for sign in value)
    return message[at : at + len(value)] if short else ""


def _own_amount(value: str, message: str) -> str:
    wanted = {key[1] for item in read_items(value) for key in item.keys}
    folded = plain(message)
    for item in read_items(message):
        stated = {key[1] for key in item.keys if key[0] == "m"}
        if wanted & stated:
            return folded.words(item.start, item.end)
    return ""


def gives_orders(text: str) -> bool:
    """Whether a message tries to instruct the assistant rather than talk to it."""
    return says("orders", join_letters(fold(text)))


def legal_words(text: str) -> str:
    """The lead's own words that speak of lawyers or courts, "" for none."""
    folded: Folded = fold(text[:2000])
    return next((folded.words(*one.span()) for one in find("legal", folded)), "")


def is_bare(text: str) -> bool:
    """A few words that ask and tell nothing: "ok", "thanks a lot", a thumb."""
    return "?" not in text and len(_WORD.findall(text)) <= _BARE_WORDS


def last_of_us(history: tuple[Said, ...]) -> str:
    """Our latest message, "" when we have not written yet."""
    return next((said.text for said in reversed(history) if said.author == "us"), "")


def times_asked(situation: Situation, wanted: str, wording: str) -> int:
    """How many of our messages asked for a field, in any of our wordings."""
    forms = (wording, *phrases(situation.language).again(wanted))
    return sum(
        any(form and form in said.text for form in forms)
        for said in situation.history
        if said.author == "us"
    )


def ever_said(situation: Situation, *keys: str) -> bool:
    """Whether any message of ours holds a built-in sentence for `keys`."""
    ours = [said.text for said in situation.history if said.author == "us"]
    book = phrases(situation.language)
    marks = [
        max(_FILLED.split(sentence), key=len)
        for key in keys
        for sentence in book.every(key)
    ]
    return any(mark in text for mark in marks for text in ours)


def we_said(situation: Situation, *keys: str) -> bool:
    """Whether our latest message holds one of the built-in sentences for `keys`."""
    last = last_of_us(situation.history)
    book = phrases(situation.language)
    return any(
        sentence in last
        for key in keys
        for sentence in book.every(key)
        if "{" not in sentence
    )
