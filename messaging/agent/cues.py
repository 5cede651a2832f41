"""What stands out in a lead's message besides its intent."""

import re
from dataclasses import dataclass
from functools import lru_cache

from messaging.agent.guarding.text import Folded, fold, join_letters
from messaging.agent.guarding.values import plain, read_items
from messaging.agent.guarding.words import after_number, find, says
from messaging.agent.model import CompanyFacts, Said, Situation, When
from messaging.agent.phrases import LANGUAGES as LANGUAGES_WE_WRITE
from messaging.agent.phrases import Phrases, phrases
from messaging.agent.retrieval.words import base_language, stem, stop_words
from messaging.agent.retrieval.words import fold as spelt
from messaging.agent.understanding.lexicon import LANGUAGES, lexicon

_CALL_GRAINS = ("minute", "hour", "part_of_day", "day", "week", "weekend", "")
_SHORT_NEED = 6
_BARE_WORDS = 4
_SHORT, _STEM = 3, 5
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
    asked: list[str] = []
    if "?" in situation.message or situation.intent in ("question", "interested"):
        asked += phrases(situation.language).wants(fold(situation.message[:600]))
    if asks_price(situation) and stated_price(situation.company.sells):
        asked.append("price")
    if not asked and "?" in situation.message and on_topic(situation):
        asked.append("features")
    keys = tuple(dict.fromkeys(asked))
    given = tuple(key for key in keys if answer_to(situation, key))
    return Answers(given, tuple(key for key in keys if key not in given))


def answer_to(situation: Situation, key: str) -> str:
    """The profile's words for an answer key in this situation."""
    if key == "features":
        return on_topic(situation)
    return profile_value(situation.company, key)


def on_topic(situation: Situation) -> str:
    """The sentence of "what we sell" that speaks of what the lead asks, or "".

    Nearly all that the question is about must be in it, or it would be beside the
    point.
    """
    wanted = _stems(situation.message[:300], situation.language)
    found = [
        (len(wanted & _stems(sentence, "")), -at, sentence.strip())
        for at, sentence in enumerate(_SENTENCE.findall(situation.company.sells))
    ]
    best = max(found, default=(0, 0, ""))
    return best[2] if best[0] and best[0] * 3 >= len(wanted) * 2 else ""


def _stems(text: str, language: str) -> set[str]:
    """The begins of a text's words, without the language's everyday ones."""
    words = {word for word in _WORD.findall(fold(text).text) if len(word) >= _SHORT}
    return {word[:_STEM] for word in words - everyday(language)}


@lru_cache(maxsize=16)
def everyday(language: str) -> frozenset[str]:
    """The words that every message of a language has, folded."""
    if language not in LANGUAGES:
        return frozenset()
    return frozenset(lexicon(language).words("language", "words"))


def subjects_of(text: str, language: str) -> frozenset[str]:
    """The stems of the words that say what a text is about."""
    plain = base_language(language)
    idle = stop_words(plain) | everyday(plain)
    words = _WORD.findall(spelt(text))
    return frozenset(
        stem(word, plain) for word in words if len(word) > 1 and word not in idle
    )


def asks_quote(situation: Situation) -> bool:
    """Whether the lead wants a written offer."""
    book = phrases(situation.language)
    return book.asks_for("quote", fold(situation.message[:600]))


def announces_question(situation: Situation) -> bool:
    """Whether a question is only announced: "do you have time for a question?"."""
    book = phrases(situation.language)
    return book.asks_for("may_ask", fold(situation.message[:200]))


def says_bye(situation: Situation) -> bool:
    """Whether a short text does no more than part."""
    book = phrases(situation.language)
    short = is_bare(situation.message)
    return short and book.asks_for("bye", fold(situation.message))


def puts_off(situation: Situation) -> bool:
    """Whether the lead wants time: "I'll think about it", "maybe next year"."""
    book = phrases(situation.language)
    return book.asks_for("later", fold(situation.message[:600]))


def call_times(situation: Situation) -> tuple[When, ...]:
    """The times the lead named that are exact enough for a call."""
    return tuple(when for when in situation.when if when.grain in _CALL_GRAINS)


def asks_price(situation: Situation) -> bool:
    """Whether a price is wanted; naming one's own budget is no question for one."""
    told = "budget" in situation.new_facts or situation.intent == "objection"
    return "price" in situation.topics and not (told and "?" not in situation.message)


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
    quote = situation.quotes.get(field, "")
    if field == "budget":
        return _own_amount(value, message)
    if field == "quantity" and value.isdigit():
        return quote if quote in message and not quote.isdigit() else ""
    if field == "timeline" and quote and quote in message:
        return in_full(situation, quote)
    if field == "timeline":
        texts = [when.text for when in situation.when if when.text in message]
        return value if value in message else next(iter(texts), "")
    at = message.casefold().find(value.casefold())
    if not value or at < 0:
        return ""
    short = len(value.split()) <= _SHORT_NEED or any(sign.isdigit() for sign in value)
    return message[at : at + len(value)] if short else ""


def sentence_of(words: str, message: str) -> str:
    """The sentence of a message that holds some words, "" for none."""
    return next((s for s in _SENTENCE.findall(message) if words and words in s), "")


def in_full(situation: Situation, time: str) -> str:
    """A time of the lead's with its "after", "before" or "any day"."""
    message = situation.message
    return phrases(situation.language).with_lead(time, message, fold(message))


def _own_amount(value: str, message: str) -> str:
    wanted = {key[1] for item in read_items(value) for key in item.keys}
    folded = plain(message)
    for item in read_items(message):
        stated = {key[1] for key in item.keys if key[0] == "m"}
        if wanted & stated:
            return _without_unit(folded, item.start, item.end)
    return ""


def _without_unit(folded: Folded, start: int, end: int) -> str:
    """The figure without "per month", which would read like a price of ours."""
    for at in range(start + 1, end):
        if folded.text[at] in " /" and after_number("price_after").match(
            folded.text, at
        ):
            return folded.words(start, at)
    return folded.words(start, end)


@lru_cache(maxsize=16)
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
    forms = (wording, *(way for book in _books() for way in book.again(wanted)))
    return sum(
        any(form and form in said.text for form in forms)
        for said in situation.history
        if said.author == "us"
    )


def _books() -> tuple[Phrases, ...]:
    """What we say in every language: a lead may have changed it in between."""
    return tuple(phrases(language) for language in LANGUAGES_WE_WRITE)


def ever_said(situation: Situation, *keys: str) -> bool:
    """Whether any message of ours holds a built-in sentence for `keys`."""
    ours = [said.text for said in situation.history if said.author == "us"]
    marks = [
        max(_FILLED.split(sentence), key=len)
        for book in _books()
        for key in keys
        for sentence in book.every(key)
    ]
    return any(mark in text for mark in marks for text in ours)


def we_said(situation: Situation, *keys: str) -> bool:
    """Whether our latest message holds one of the built-in sentences for `keys`."""
    last = last_of_us(situation.history)
    return any(
        sentence in last
        for book in _books()
        for key in keys
        for sentence in book.every(key)
        if "{" not in sentence
    )


def words_of_lead(situation: Situation) -> tuple[str, ...]:
    """All that the lead said or is known for, the newest first."""
    earlier = [said.text for said in situation.history if said.author == "lead"]
    facts = [f"{field} {value}" for field, value in situation.facts.items()]
    times = [
        f"{when.start:%A %Y-%m-%d %H:%M} {when.start.day} {when.start:%B}"
        for when in situation.when
        if when.start is not None
    ]
    newest = (situation.message, *facts, *times, situation.lead_name)
    words = (*newest, *reversed(earlier))
    return tuple(text for text in words if text)
