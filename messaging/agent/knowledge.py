"""How surely published words answer a question: pure functions, no database.

The databases bring candidates; here they are put in order and weighed, so that every
database gives the same answer.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from messaging.agent.retrieval.clauses import clauses_of
from messaging.agent.retrieval.words import (
    base_language,
    questions,
    similarity,
    telling,
    terms,
    trigrams,
)

SURE = 0.62
"""From here on a passage counts as an answer to the question."""

FUSION = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)."""

BODY = 0.5
"""What a word counts that stands in the answer only, not in a question."""

OTHER_LANGUAGE = 0.85
"""What is left of `sure` for words in another language than the lead's."""

FEWEST_DOCUMENTS = 60
"""A small collection tells nothing of how rare a word is; it counts as so large."""

_UNKNOWN = 0.7  # what a word counts that stands nowhere: often only another word
_DOUBT = 0.7  # doubt, in words that stand nowhere: one word alone proves little
_TITLE = 0.35  # how much depends on the title being asked for in full
_RIVAL = 0.2  # what a second answer that covers as much takes away
_SCALE = 0.31  # stretches the weighed value over 0 to 1
_HIGHEST = 0.97
_SAME_WORDS = 0.93

T = TypeVar("T", bound=Hashable)
Rescued = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Vocabulary:
    """The stems that stand in the articles and offers, and in how many of them."""

    documents: int
    counts: Mapping[str, int]
    _weights: dict[int, float] = field(default_factory=dict, repr=False)

    def weight(self, term: str) -> float:
        """How much a term tells: the inverse document frequency of BM25."""
        holding = self.counts.get(term, 0)
        found = self._weights.get(holding)
        if found is None:
            found = self._weights[holding] = self._weight(holding)
        return found

    def _weight(self, holding: int) -> float:
        documents = max(self.documents, FEWEST_DOCUMENTS)
        return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


@dataclass(frozen=True)
class Candidate:
    """The index's words of one article or offer. `questions` are the stems of the
    title and of each phrasing, `folded` its telling words in letters.
    """

    source: str
    language: str
    questions: tuple[tuple[str, ...], ...]
    folded: tuple[str, ...]
    body: tuple[str, ...] = ()

    @cached_property
    def asked(self) -> frozenset[str]:
        """All stems of the title and the phrasings."""
        return frozenset(term for question in self.questions for term in question)

    @cached_property
    def said(self) -> frozenset[str]:
        """All stems of the answer."""
        return frozenset(self.body)


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate in its place; `sure`, 0 to 1, is how surely it answers, and
    `question` which of several questions, "" for the whole message.
    """

    source: str
    sure: float
    question: str = ""


@dataclass(frozen=True)
class Asking:
    """What is asked, and what the words stand for that are spelled otherwise."""

    text: str
    language: str
    rescued: Rescued = field(default_factory=dict)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The whole message and each question in it."""
        whole, *asked = questions(self.text)
        found = [whole, *asked]
        for sentence in asked or [whole]:
            found += clauses_of(sentence, self.language)
        return tuple(dict.fromkeys(found))[:MOST_PARTS]

    @cached_property
    def _letters(self) -> dict[str, tuple[frozenset[str], ...]]:
        return {}

    def letters(self, language: str) -> tuple[frozenset[str], ...]:
        """The trigrams of each part's telling words, read as words of `language`."""
        if language not in self._letters:
            self._letters[language] = tuple(
                trigrams(" ".join(telling(part, language))) for part in self.parts
            )
        return self._letters[language]

    @cached_property
    def _terms(self) -> dict[str, tuple[frozenset[str], ...]]:
        return {}

    def terms(self, language: str) -> tuple[frozenset[str], ...]:
        """The terms of each part, read as words of `language`."""
        if language not in self._terms:
            self._terms[language] = tuple(
                frozenset(terms(part, language)) for part in self.parts
            )
        return self._terms[language]


MOST_PARTS = 6


def fuse(*rankings: Sequence[T]) -> dict[T, float]:
    """Reciprocal rank fusion: what each gets for its place in every ranking."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (FUSION + place)
    return scores


def rank(
    asking: Asking,
    candidates: Sequence[Candidate],
    vocabulary: Vocabulary,
    *,
    nearest: Sequence[str] = (),
) -> tuple[Found, ...]:
    """The candidates that share anything with the question, the likeliest first.

    Fuses full text, trigrams and, where there are vectors, `nearest` (sources).
    """
    by_words = {c.source: _relevance(asking, c, vocabulary) for c in candidates}
    by_letters = {c.source: _likeness(asking, c) for c in candidates}
    read = {c.source: _covered(asking, c, vocabulary) for c in candidates}
    covered = {source: value for source, (value, _) in read.items()}
    scores = fuse(
        _descending(by_words), _descending(by_letters), _descending(covered), nearest
    )
    mine = base_language(asking.language)
    scores = {c.source: scores.get(c.source, 0.0) for c in candidates}
    foreign = {c.source for c in candidates if base_language(c.language) != mine}
    order = sorted(
        (c.source for c in candidates),
        key=lambda source: (
            -scores.get(source, 0.0) * (OTHER_LANGUAGE if source in foreign else 1),
            -covered[source],
            source,
        ),
    )
    rivals = sorted(covered.values(), reverse=True)
    found = []
    for source in order:
        rival = rivals[1] if covered[source] == rivals[0] and rivals[1:] else rivals[0]
        sure = answerability(covered[source], rival if rivals[1:] else 0.0)
        sure *= OTHER_LANGUAGE if source in foreign else 1
        found.append(Found(source, sure, read[source][1]))
    return tuple(found)


def answerability(covered: float, rival: float) -> float:
    """How surely a passage answers, 0 to 1: `covered` is how much of the question it
    covers, `rival` the same of the best other passage.
    """
    if covered <= 0:
        return 0.0
    margin = 1 - _RIVAL * min(1.0, rival / covered) ** 2
    return min(_HIGHEST, 1 - math.exp(-covered * margin / _SCALE))


def _descending(scores: Mapping[str, float]) -> list[str]:
    shared = (source for source, score in scores.items() if score > 0)
    return sorted(shared, key=lambda source: (-scores[source], source))


def _relevance(asking: Asking, candidate: Candidate, vocabulary: Vocabulary) -> float:
    """Full text: the weight of the words that are shared; those of a title count
    whole, those of an answer by how often they stand there.
    """
    sought = frozenset().union(*asking.terms(candidate.language))
    score = 0.0
    for term in sought:
        asked, said, counts = _match(term, candidate, asking.rescued)
        often = said * 2.2 / (said + 1.2) if said else 0.0
        score += vocabulary.weight(term) * counts * (asked + BODY * often)
    return score


def _match(term: str, candidate: Candidate, rescued: Rescued) -> tuple[int, int, float]:
    """Whether the questions hold the term, how often the answer does, and what it
    counts.
    """
    if term in candidate.asked or term in candidate.said:
        return int(term in candidate.asked), candidate.body.count(term), 1.0
    best = (0, 0, 0.0)
    for other, counts in rescued.get(term, {}).items():
        asked, said = int(other in candidate.asked), candidate.body.count(other)
        if (asked or said) and (asked, counts) > (best[0], best[2]):
            best = (asked, said, counts)
    return best


def _likeness(asking: Asking, candidate: Candidate) -> float:
    """Trigrams: how alike the question and the likest title or phrasing are."""
    parts = asking.letters(candidate.language)
    asked = [trigrams(folded) for folded in candidate.folded]
    return max((similarity(p, a) for p in parts for a in asked), default=0.0)


def _covered(
    asking: Asking, candidate: Candidate, vocabulary: Vocabulary
) -> tuple[float, str]:
    """How much it covers of the part that it covers best, and which part that is."""
    best, of = 0.0, ""
    for part, sought in zip(
        asking.parts, asking.terms(candidate.language), strict=True
    ):
        value = _coverage(sought, candidate, vocabulary, asking.rescued)
        if value > best:
            best, of = value, "" if part == asking.parts[0] else part
    return best, of


def _coverage(
    sought: Iterable[str],
    candidate: Candidate,
    vocabulary: Vocabulary,
    rescued: Rescued,
) -> float:
    """How much of a question's weight a candidate covers, and it of its title's."""
    wanted, met = _DOUBT * vocabulary.weight(""), 0.0
    matched: set[str] = set()
    for term in sought:
        weight = vocabulary.weight(term)
        asked, said, counts = _match(term, candidate, rescued)
        unknown = term not in vocabulary.counts
        wanted += weight * (_UNKNOWN if unknown and not counts else 1.0)
        met += weight * counts * (1.0 if asked else BODY if said else 0.0)
        matched |= {term, *rescued.get(term, ())} if asked else set()
    title = max(
        (_share(q, matched, vocabulary) for q in candidate.questions), default=0
    )
    value = met / wanted * (1 - _TITLE + _TITLE * min(1.0, 1.5 * title))
    same = any(frozenset(sought) == frozenset(q) for q in candidate.questions)
    return max(value, -_SCALE * math.log(1 - _SAME_WORDS)) if same else value


def _share(question: Sequence[str], matched: set[str], vocabulary: Vocabulary) -> float:
    """How much of a title's weight the question asks for."""
    weights = {term: vocabulary.weight(term) for term in question}
    total = sum(weights.values())
    return sum(weights[t] for t in weights if t in matched) / total if total else 0.0
