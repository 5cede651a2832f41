"""What the company has published, as parts of a reply with what each rests on."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from messaging.agent.asking import Answered
from messaging.agent.cues import asks_price
from messaging.agent.discounts import Wish
from messaging.agent.excerpts import Excerpt, excerpt
from messaging.agent.model import Claim, Passage, Situation
from messaging.agent.passages import (
    ARTICLE,
    OFFER,
    discount_line,
    is_offer,
    money_in,
    percent_in,
    price_line,
    unit_in,
)
from messaging.agent.voice import Voice

_SENTENCES, _ROOM = {"sms": 2, "email": 3}, {"sms": 200, "email": 600}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a reply; the lightest go first when it is too long."""

    text: str
    weight: int
    claims: tuple[Claim, ...] = ()

    @property
    def is_published(self) -> bool:
        """Whether it says what an article or an offer says."""
        return any(one.source.startswith((ARTICLE, OFFER)) for one in self.claims)


def sources_of(parts: list[Part]) -> tuple[str, ...]:
    """What the parts rest on, each once."""
    return tuple(dict.fromkeys(one.source for part in parts for one in part.claims))


class Teller:
    """Tells what is published, in the lead's language as far as it is written so."""

    def __init__(self, situation: Situation, voice: Voice) -> None:
        self._at, self._voice = situation, voice

    def answer(self, answered: Answered, weight: int) -> Iterator[Part]:
        """The parts that answer one question."""
        passage = answered.passage
        if not is_offer(passage):
            yield from self._sentences(answered, weight)
            return
        priced = asks_price(answered.question)
        if not priced:
            yield from self._sentences(answered, weight)
        if passage.price is not None:
            yield self._price(passage, weight if priced else 6)

    def _sentences(self, answered: Answered, weight: int) -> Iterator[Part]:
        passage, channel = answered.passage, self._at.channel
        found = excerpt(
            passage.text,
            question=answered.question.message,
            asked_in=self._at.language,
            language=passage.language,
            most=_SENTENCES.get(channel, 2),
            room=_ROOM.get(channel, 200),
        )
        if found is not None:
            yield from self._told(passage, found, weight)

    def _told(self, passage: Passage, found: Excerpt, weight: int) -> Iterator[Part]:
        note = self._note(passage)
        claims = [Claim(one, passage.source, one) for one in found.said]
        claims[0] = replace(claims[0], words=note + claims[0].words)
        yield Part(note + " ".join(found.said), weight, tuple(claims))
        for one in found.more:
            yield Part(one, 5, (Claim(one, passage.source, one),))

    def _note(self, passage: Passage) -> str:
        """What stands before words in another language than the lead's: "(in German) "."""
        code = passage.language.partition("-")[0].lower()
        mine = self._voice.book.language
        note = "" if code == mine else self._voice.book.foreign(code)
        return f"{note} " if note else ""

    def _price(self, offer: Passage, weight: int) -> Part:
        book, terms = self._voice.book, offer.conditions.strip(" .")
        if terms and self._note(offer):
            terms = f"{self._note(offer).strip(' ()')}: {terms}"
        price = money_in(offer.price or 0, offer.currency, book.language)
        if offer.unit:
            unit = unit_in(offer.unit, written=offer.language, language=book.language)
            price = book.variants("per", "")[0].format(price=price, unit=unit)
        key = "offer_terms" if terms else "offer"
        text = self._voice.say(key, name=offer.title, price=price, terms=terms)
        return Part(text, weight, _cited(text, offer, price_line(offer)))

    def discount(self, wish: Wish, weight: int) -> Iterator[Part]:
        """What an offer allows of the discount that is wished for."""
        offer = wish.offer
        if offer is None:
            return
        if asks_price(self._at) and offer.price is not None:
            yield self._price(offer, weight)
        language, terms = self._voice.book.language, self._terms(offer)
        key = "discount_terms" if terms else "discount"
        percent = percent_in(wish.percent or offer.discount_limit, language)
        text = self._voice.say(
            key if wish.percent else "discount_upto",
            name=offer.title,
            percent=percent,
            terms=terms,
        )
        yield Part(text, weight, _cited(text, offer, discount_line(offer)))

    def _terms(self, offer: Passage) -> str:
        terms = offer.conditions.strip(" .")
        return f"{self._note(offer)}{terms}" if terms else ""


def _cited(text: str, offer: Passage, line: str) -> tuple[Claim, ...]:
    """Claims for each of an offer's lines that a text tells."""
    terms = offer.conditions.strip(" .")
    quotes = [line, f"Conditions: {terms}" if terms else ""]
    return tuple(Claim(text, offer.source, quote) for quote in quotes if quote)
