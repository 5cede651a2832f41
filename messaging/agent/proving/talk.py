"""What in a reply states nothing about us: courtesies, handing on, the lead's words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from messaging.agent.cues import words_of_lead
from messaging.agent.disclosure import states_ai
from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.text import fold
from messaging.agent.guarding.values import agrees, keys_of
from messaging.agent.model import Situation
from messaging.agent.phrases import phrases
from messaging.agent.proving.bends import offers, settles
from messaging.agent.proving.sentences import sentences
from messaging.agent.proving.sources import Source, bare
from messaging.agent.proving.words import (
    Reading,
    Term,
    book_of,
    read,
    stem,
    supported,
    templates,
)

_NAME = 4  # words that a name has at most
_FIXED = 4  # letters that a built-in sentence has besides its slots
_SLOT = re.compile(r"\{\w+\}")
_ORPHANS = re.compile(r"[^\W_]+")
_PARTED = re.compile(r"[,!.]\s*")


@dataclass(frozen=True)
class World:
    """What may be said in a situation besides what sources state."""

    situation: Situation
    sources: tuple[Source, ...]

    @property
    def language(self) -> str:
        """The language of the reply."""
        return self.situation.language

    @cached_property
    def names(self) -> frozenset[str]:
        """Words of the company's and the assistant's name."""
        company = self.situation.company
        named = f"{company.name} {company.assistant_name}"
        return frozenset(_ORPHANS.findall(fold(named).text))

    @cached_property
    def called(self) -> frozenset[str]:
        """Words of the lead's name. Anybody may choose it, so that it counts only where
        somebody is spoken to; what is no name by its length is none.
        """
        words = _ORPHANS.findall(fold(self.situation.lead_name).text)
        return frozenset(words if len(words) <= _NAME else ())

    @cached_property
    def lead(self) -> frozenset[str]:
        """All words of the lead's, as they may be found."""
        texts = words_of_lead(self.situation)
        found = (key for t in texts for key in read(t[:2000], self.language).keys)
        return frozenset(found)

    @cached_property
    def heard(self) -> frozenset[Key]:
        """All figures, dates and times of the lead's."""
        texts = words_of_lead(self.situation)
        return frozenset(key for text in texts for key in keys_of(text))

    @cached_property
    def asked(self) -> frozenset[str]:
        """Words of the questions that are open."""
        texts = [one.wording for one in self.situation.missing]
        return frozenset(k for text in texts for k in read(text, self.language).keys)

    @cached_property
    def questions(self) -> dict[str, str]:
        """The field of each open question, by its words."""
        return {bare(one.wording): one.field for one in self.situation.missing}


def is_small_talk(part: Reading, world: World) -> bool:
    """Whether a part only greets, thanks, hands on, or does the like.

    It holds a phrase of the allowed list and no word outside it; after such a phrase
    the lead's own words may stand as what it is about.
    """
    book = book_of(part.language)
    found = book.pattern("anchors").search(part.text)
    known = book.talk | world.names
    for term in part.terms:
        if not term.keys.isdisjoint(known) or is_called(term, part, world):
            continue
        if found is None or not _is_topic(term, part, found.start(), world):
            return False
    if not all(agrees(item, world.heard) for item in part.items):
        return False
    if any(key for item in part.items for key in item.keys if key[0] in ("l", "a")):
        return False
    if settles(part):
        return False
    return found is not None or (not part.items and _only_names(part, world))


def _only_names(part: Reading, world: World) -> bool:
    """Whether somebody is spoken to, and nothing is said of anything."""
    words = _ORPHANS.findall(part.text)
    book = book_of(part.language)
    joined = book.pattern("joiners").match(part.text.lstrip())
    if part.has("ours") or joined or not book.verbs.isdisjoint(words):
        return False
    return bool(part.terms) and all(
        not term.keys.isdisjoint(world.names) or is_called(term, part, world)
        for term in part.terms
    )


def is_called(term: Term, part: Reading, world: World) -> bool:
    """Whether a word is part of the lead's name, written as one."""
    sign = part.folded.raw[part.folded.at[term.start]]
    return term.word in world.called and not sign.islower()


def _is_topic(term: Term, part: Reading, anchor: int, world: World) -> bool:
    """Whether a word only names what is passed on: "your question about chairs".

    It is the lead's own, or a source's, and no statement is made of it.
    """
    if term.keys.isdisjoint(world.lead) and not any(
        not term.keys.isdisjoint(source.keys) for source in world.sources
    ):
        return False
    book = book_of(part.language)
    about = book.pattern("about").search(part.text, 0, term.start)
    if about is None or term.start < anchor:
        return False
    between = part.text[about.end() : term.start]
    after = part.text[term.start :]
    stated = {*_ORPHANS.findall(between), *_ORPHANS.findall(after)} & book.verbs
    return not stated and not book.has("subject", between)


def is_echo(part: Reading, sentence: Reading, world: World) -> bool:
    """Whether a part gives the lead's own words back as theirs."""
    book = book_of(part.language)
    echoed = book.has("echo", part.text)
    acts = {stem(word, part.language) for word in book.verbs}
    said = {stem(word, part.language) for word in _ORPHANS.findall(part.text)}
    bare_words = not part.has("ours") and acts.isdisjoint(said)
    if not echoed and not (bare_words and _noted(sentence)):
        return False
    if part.has("ours") and not echoed:
        return False
    known = book.talk | world.lead | world.names
    own = any(not term.keys.isdisjoint(world.lead) for term in part.terms)
    return (
        (own or bool(part.items))
        and all(not term.keys.isdisjoint(known) for term in part.terms)
        and all(agrees(item, world.heard) for item in part.items)
        and not any(item.kind in ("link",) for item in part.items)
    )


def linking(part: Reading) -> str:
    """For words that only link others "link", for none "aside", else ""."""
    glue = book_of(part.language).glue
    if part.items or not all(not term.keys.isdisjoint(glue) for term in part.terms):
        return ""
    return "link" if part.terms or part.has("ours") else "aside"


def without_note(words: str, language: str) -> str:
    """Words without the built-in note "(in English)" before them."""
    for note in phrases(language).data["in_language"].values():
        if words.startswith(note):
            return words[len(note) :].lstrip()
    return words


def repeats(reading: Reading, world: World) -> bool:
    """Whether words are the lead's own, figures and times among them."""
    known = world.lead | book_of(reading.language).talk | world.names
    said = any(not term.keys.isdisjoint(world.lead) for term in reading.terms)
    return (
        (said or bool(reading.items))
        and all(not term.keys.isdisjoint(known) for term in reading.terms)
        and all(agrees(item, world.heard) for item in reading.items)
    )


def is_notice(part: Reading, world: World) -> bool:
    """Whether a part only says that an AI writes, or how to stop the messages."""
    book = book_of(part.language)
    if not (states_ai(part.raw) or book.has("stops", part.text)) or part.items:
        return False
    known = book.talk | world.names
    return all(not term.keys.isdisjoint(known) for term in part.terms)


def _noted(sentence: Reading) -> bool:
    book = book_of(sentence.language)
    return book.has("echo", sentence.text) or book.has("anchors", sentence.text)


def is_question(part: Reading, world: World, *, last: bool) -> bool:
    """Whether a part of a question asks without telling anything new."""
    book = book_of(part.language)
    words = _ORPHANS.findall(part.text)
    asks = any(word in book.interrogative for word in words[:4])
    if book.has("presuppose", part.text) or not (asks or last):
        return False
    if part.has("ours") and not asks:
        return False
    if offers(part) and not any(bare(part.raw) in asked for asked in world.questions):
        return False
    known = book.talk | book.question | book.glue | world.asked | world.names
    open_terms = [
        term
        for term in part.terms
        if not supported(term, known | world.lead, part.language)
    ]
    if not all(_asked_of(item.keys, world) for item in part.items):
        return False
    return not open_terms or any(
        all(not term.keys.isdisjoint(source.keys) for term in open_terms)
        for source in world.sources
    )


_SPANS = ("this_month", "this_year", "next_month", "next_quarter", "next_year")


def _asked_of(keys: frozenset[Key], world: World) -> bool:
    if not keys.isdisjoint(world.heard) or keys <= {("rel", one) for one in _SPANS}:
        return True
    return any(
        not keys.isdisjoint(keys_of(source.text)) for source in world.sources
    ) or any(not keys.isdisjoint(keys_of(m.wording)) for m in world.situation.missing)


def agreement(said: Reading) -> str:
    """For words that are only that "yes", "no" or a courteous "sure", else ""."""
    book = book_of(said.language)
    pieces = [one.strip(" .!,;:-\u00a1") for one in _PARTED.split(said.text)]
    kinds = {_one_agreement(piece, book.code) for piece in pieces if piece}
    if not kinds or "" in kinds:
        return ""
    return "sure" if kinds == {"sure"} else ("no" if "no" in kinds else "yes")


@lru_cache(maxsize=512)
def _one_agreement(piece: str, language: str) -> str:
    book = book_of(language)
    if book.pattern("soft").fullmatch(piece):
        return "sure"
    if book.pattern("affirm").fullmatch(piece):
        return "no" if book.has("negation", piece) else "yes"
    return ""


@lru_cache(maxsize=8)
def _template_patterns(language: str) -> re.Pattern[str]:
    """The built-in model's sentences without slots, to be met word for word."""
    whole = set()
    for template in templates(phrases(language)):
        for start, end in sentences(template):
            sentence = bare(template[start:end])
            if not _SLOT.search(sentence):
                whole.add(re.escape(sentence))
    return re.compile("|".join(sorted(whole, key=len, reverse=True)))


def is_built_in(sentence: str, language: str) -> bool:
    """Whether it is a sentence of the built-in model's that has no slot."""
    return _template_patterns(language).fullmatch(bare(sentence)) is not None


@lru_cache(maxsize=8)
def _openings(language: str) -> tuple[re.Pattern[str], ...]:
    """The built-in model's sentences with a slot, which stands for a group each."""
    found = []
    for template in templates(phrases(language)):
        for start, end in sentences(template):
            sentence = template[start:end]
            slots = [one for one in _SLOT.findall(sentence) if one != "{company}"]
            fixed = sum(sign.isalpha() for sign in _SLOT.sub("", sentence))
            # Two values in one sentence must belong together: they are read as a whole.
            if not _SLOT.search(sentence) or len(slots) > 1 or fixed < _FIXED:
                continue
            pieces = [re.escape(fold(one).text) for one in _SLOT.split(sentence)]
            shape = "(.+?)".join(pieces).rstrip("\\.!")
            found.append(re.compile(shape + "[.!]*"))
    return tuple(found)


def slots_of(sentence: str, language: str) -> Iterator[tuple[str, ...]]:
    """What fills the slots, for each of the built-in sentences that it may be."""
    folded = fold(sentence)
    for shape in _openings(language):
        found = shape.fullmatch(folded.text)
        if found:
            spans = (found.span(group) for group in range(1, shape.groups + 1))
            yield tuple(folded.words(start, end) for start, end in spans)
