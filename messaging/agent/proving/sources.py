"""What a reply may rest on: the profile's fields, passages, questions; cut into lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.text import fold
from messaging.agent.model import Claim, CompanyFacts, Passage, Situation
from messaging.agent.passages import words_of
from messaging.agent.proving.sentences import clauses, sentences
from messaging.agent.proving.words import Reading, book_of, read
from messaging.agent.understanding.language import detect_language

_BLANKS = re.compile(r"[\s\"'*_]+")
# The name a model cites, and the one by which the built-in model cites the same.
_FIELDS = {
    "profile.name": ("name", "Company name", "company"),
    "profile.sells": ("sells", "What we sell", "product"),
    "profile.hours": (
        "hours",
        "Opening hours",
        "open every_time day week hour booking",
    ),
    "profile.phone": ("phone", "Phone number", "phone company"),
    "profile.email": ("email", "Mail address", "email company"),
    "profile.website": ("website", "Website", "website company"),
    "profile.address": ("postal_address", "Postal address", "address company"),
    "profile.booking": (
        "booking_url",
        "Booking page",
        "booking website every_time hour",
    ),
    "profile.assistant": ("assistant_name", "Assistant's name", ""),
}
ALIASES = {
    "profile.postal_address": "profile.address",
    "profile.booking_url": "profile.booking",
    "profile.assistant_name": "profile.assistant",
    "profile.price": "profile.sells",
    "profile.features": "profile.sells",
}


@dataclass(frozen=True)
class Line:
    """One sentence of a source. `limit` is the highest discount it allows, 0 for a
    line that allows none of its own.
    """

    reading: Reading
    clauses: tuple[Reading, ...]
    limit: int = 0

    @cached_property
    def known(self) -> frozenset[Key]:
        """The meanings of its figures, dates and addresses."""
        return self.reading.known


@dataclass(frozen=True)
class Source:
    """Something that may be cited. `labels` are words that name it without being in it.

    `answer` is "yes" or "no" where it begins with one, else "". `head` is the
    question or name above its text.
    """

    name: str
    title: str
    text: str
    language: str
    lines: tuple[Line, ...]
    head: Reading | None = None
    labels: frozenset[str] = frozenset()
    answer: str = ""
    passage: Passage | None = None

    @cached_property
    def bare(self) -> str:
        """Its words without the signs that quotations change."""
        return bare(self.text)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All its words, its title's among them."""
        found = {key for line in self.lines for key in line.reading.keys}
        return frozenset(found | (self.head.keys if self.head else set()))

    @property
    def is_offer(self) -> bool:
        """Whether it is an offer of ours."""
        return self.name.startswith("offer.")


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """A text folded, with blanks and quotation signs made alike."""
    return _BLANKS.sub(" ", fold(text).text).strip(" .,;:!?()")


def lines_of(text: str, language: str) -> tuple[Line, ...]:
    """The sentences of a source."""
    pieces = [text[start:end] for start, end in sentences(text)]
    return tuple(
        Line(read(piece, language), clauses(piece, language)) for piece in pieces
    )


@lru_cache(maxsize=64)
def of_profile(company: CompanyFacts, language: str) -> tuple[Source, ...]:
    """The profile's fields that are filled."""
    found = []
    for name, (field, title, labels) in _FIELDS.items():
        text = str(getattr(company, field)).strip()
        if not text:
            continue
        spoken = field in ("sells", "hours")
        code = detect_language(text, fallback=language) if spoken else language
        found.append(
            Source(
                name,
                title,
                text,
                code,
                lines_of(text, code) if field == "sells" else _as_one(text, code),
                labels=frozenset(f"={label}" for label in labels.split()),
            )
        )
    return (*found, *_together(found, language))


_REACH = ("hours", "phone", "email", "website", "address", "booking")


def _together(found: Sequence[Source], language: str) -> Iterator[Source]:
    """All ways to reach the company as one: "call us at 555, Monday to Friday"."""
    reach = [one for one in found if one.name.partition(".")[2] in _REACH]
    if len(reach) > 1:
        yield Source(
            "profile.contact",
            "Contact details",
            "\n".join(one.text for one in reach),
            language,
            tuple(line for one in reach for line in one.lines),
            labels=frozenset(label for one in reach for label in one.labels),
        )


def _as_one(text: str, language: str) -> tuple[Line, ...]:
    line = " ".join(text.split())
    return (Line(read(line, language), clauses(line, language)),)


@lru_cache(maxsize=256)
def of_passage(passage: Passage) -> Source:
    """A published article or an offer, with what an offer's fields state."""
    code = passage.language or "en"
    lines = [*lines_of(passage.text, code), *_offer_lines(passage, code)]
    labels: set[str] = set()
    if passage.price is not None:
        labels.add("=price")
    if passage.discount_limit:
        labels |= {"=discount", "=price"}
    return Source(
        passage.source,
        passage.title,
        "\n".join([*(line.reading.raw for line in lines), words_of(passage)]),
        code,
        tuple(lines),
        head=read(passage.title, code),
        labels=frozenset(labels),
        answer=_answer(lines, code),
        passage=passage,
    )


def _offer_lines(passage: Passage, language: str) -> Iterator[Line]:
    for text, limit in offer_texts(passage):
        yield Line(read(text, language), clauses(text, language), limit)


def offer_texts(passage: Passage) -> Iterator[tuple[str, int]]:
    """What an offer's fields state, as sentences; with the discount each allows."""
    if passage.price is not None:
        unit = f" per {passage.unit}" if passage.unit else ""
        yield f"{passage.title}: {money(passage)}{unit}", 0
    if passage.discount_limit:
        limit = passage.discount_limit
        conditions = f" - {passage.conditions}" if passage.conditions else ""
        yield f"{passage.title}: {limit} % discount{conditions}", limit
    if passage.conditions:
        yield passage.conditions, 0


_WHOLE = ("JPY", "KRW", "CLP", "ISK", "VND", "XOF", "XAF", "PYG", "UGX")


def money(passage: Passage) -> str:
    """An offer's price in its currency's own unit, "12 USD" or "12.50 USD"."""
    price = passage.price or 0
    digits = 0 if passage.currency in _WHOLE else 2
    amount = price / 10**digits
    shown = f"{amount:.0f}" if amount == int(amount) else f"{amount:.2f}"
    return f"{shown} {passage.currency}".strip()


def _answer(lines: Sequence[Line], language: str) -> str:
    if not lines:
        return ""
    book = book_of(language)
    first = lines[0].clauses[0].text if lines[0].clauses else ""
    if not book.pattern("affirm").match(first):
        return ""
    return "no" if book.has("negation", first) else "yes"


@lru_cache(maxsize=64)
def all_of(situation_key: "Known") -> tuple[Source, ...]:
    """Every source of a situation, the likeliest first."""
    passages = tuple(of_passage(one) for one in situation_key.knowledge)
    return (*passages, *of_profile(situation_key.company, situation_key.language))


@dataclass(frozen=True, slots=True)
class Known:
    """What of a situation sources are made of."""

    company: CompanyFacts
    language: str
    knowledge: tuple[Passage, ...]


def sources_of(situation: Situation) -> tuple[Source, ...]:
    """Every source that a reply in this situation may rest on."""
    known = Known(situation.company, situation.language, situation.knowledge)
    return all_of(known)


def not_of_others(sentence: Reading, passages: Sequence[Source]) -> list[Source]:
    """The passages that may bear a sentence out: of the offers, those that it names.

    A sentence that names none may rest on any.
    """
    offers = [one for one in passages if one.is_offer and one.head is not None]
    named = []
    for offer in offers:
        others = (one.head.keys for one in offers if one.head and one != offer)
        own = offer.head.keys.difference(*others) if offer.head else frozenset()
        if not own.isdisjoint(sentence.keys):
            named.append(offer.name)
    return [p for p in passages if not (named and p.is_offer and p.name not in named)]


def cited(
    sentence: str, claims: Sequence[Claim], sources: Sequence[Source]
) -> dict[str, str]:
    """The sources that a model rightly cites for a sentence, each with its quote.

    Right is a claim whose words lie in the sentence (or the other way round) and whose
    quote stands in the source's own words.
    """
    mine = bare(sentence)
    found: dict[str, str] = {}
    for claim in claims:
        words, quote = bare(claim.words), bare(claim.quote)
        if not words or not quote or not (words in mine or mine in words):
            continue
        name = ALIASES.get(claim.source, claim.source)
        source = next((one for one in sources if one.name == name), None)
        if source is not None and quote in source.bare:
            found.setdefault(name, claim.quote.strip())
    return found
