"""Finds the published words that may answer a question."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from leads.prepared import Select
from messaging.agent.knowledge import Asking, Candidate, Found, rank
from messaging.agent.model import Passage
from messaging.agent.retrieval.spelling import SHORTEST, alike
from messaging.agent.retrieval.words import base_language
from messaging.knowledge.statements import Hit, Sought, look_alikes, look_up
from messaging.knowledge.vectors import entries_of, nearest
from messaging.knowledge.vocabulary import Known, Spellings, known
from messaging.models import KnowledgeEntry

MOST = 3
"""So many passages are shown to a model."""

MOST_TERMS, MOST_UNKNOWN = 12, 6
COMMON = 250
"""Words that stand in more articles than this, together, are only looked up beside a
rarer one.
"""


def find(*, text: str, language: str, on: date) -> tuple[Passage, ...]:
    """The passages that may answer `text`, the likeliest first, three at most.

    Only published revisions and active offers that are valid on the day `on`. What is
    in `language` comes before the same in another. `Passage.sure` says whether it
    answers: from `messaging.agent.knowledge.SURE` on it does. Asks the database
    nothing while nothing is published.
    """
    there = known()
    if there is None:
        return ()
    asking = _asking(text, language, there)
    hits = look_up(_sought(asking, there), on=on)
    near = nearest(text)
    hits += _beside(hits, near, on)
    candidates, titles = _candidates(hits, language)
    found = rank(asking, candidates, there.vocabulary, nearest=near)[:MOST]
    return _passages(found, titles)


def _beside(hits: list[Hit], near: Sequence[str], on: date) -> list[Hit]:
    """The entries of what is near in meaning and was not found by its words."""
    there = {_source(hit) for hit in hits}
    if not (more := [source for source in near if source not in there]):
        return []
    return [
        Hit(e.pk, e.article_id, e.offer_id, e.part, e.language, e.text, e.words)
        for e in entries_of(more)
        if e.valid_until is None or e.valid_until >= on
    ]


def _asking(text: str, language: str, there: Known) -> Asking:
    mine = base_language(language)
    read_as = [mine] if mine in there.languages else there.languages
    words = _stems(Asking(text, language), read_as)
    counts = there.vocabulary.counts
    unknown = [w for w in words if len(w) >= SHORTEST and w not in counts]
    return Asking(text, language, there.rescued(unknown[:MOST_UNKNOWN], _spelled))


def _spelled(words: list[str]) -> dict[str, Spellings]:
    return {word: alike(word, others) for word, others in look_alikes(words).items()}


def _stems(asking: Asking, languages: Iterable[str]) -> list[str]:
    """All stems of the question, as words of each of these languages."""
    sets = (part for language in languages for part in asking.terms(language))
    return sorted({stem for part in sets for stem in part})


def _sought(asking: Asking, there: Known) -> list[Sought]:
    """What to look up, the rarest first; common words only beside a rare one."""
    counts, weight = there.vocabulary.counts, there.vocabulary.weight
    weights: dict[str, float] = {}
    for stem in _stems(asking, there.languages):
        if stem in counts:
            weights[stem] = weight(stem)
        for other, part in asking.rescued.get(stem, {}).items():
            weights.setdefault(other, weight(other) * part)
    rarest = sorted(weights, key=lambda stem: (counts.get(stem, 0), stem))
    return _parted(rarest[:MOST_TERMS], weights, counts)


def _parted(
    stems: Iterable[str], weights: Mapping[str, float], counts: Mapping[str, int]
) -> list[Sought]:
    alone: list[str] = []
    sought: list[Sought] = []
    holding = 0
    for stem in stems:
        holding += counts.get(stem, 0)
        common = bool(alone) and holding > COMMON
        sought.append(Sought(stem, weights[stem], tuple(alone) if common else ()))
        if not common:
            alone.append(stem)
    return sought


def _candidates(
    hits: list[Hit], language: str
) -> tuple[list[Candidate], dict[str, int]]:
    """What was found, put together; and the entry of each title, by source."""
    parts: dict[str, list[Hit]] = {}
    for hit in hits:
        parts.setdefault(_source(hit), []).append(hit)
    candidates = [_candidate(source, of, language) for source, of in parts.items()]
    title = KnowledgeEntry.Part.TITLE
    return candidates, {_source(h): h.entry for h in hits if h.part == title}


def _candidate(source: str, hits: list[Hit], language: str) -> Candidate:
    """An offer, which is asked for in every language, is read in the lead's."""
    body, title = KnowledgeEntry.Part.BODY, KnowledgeEntry.Part.TITLE
    spoken = {base_language(hit.language) for hit in hits}
    own = next((hit.language for hit in hits if hit.part == title), hits[0].language)
    if (mine := base_language(language)) in spoken:
        own = mine
    asked = [
        hit
        for hit in hits
        if hit.part == title
        or (hit.part != body and base_language(hit.language) == base_language(own))
    ]
    return Candidate(
        source=source,
        language=own,
        questions=tuple(tuple(hit.words.split()) for hit in asked),
        folded=tuple(hit.text for hit in asked),
        body=tuple(w for h in hits if h.part == body for w in h.words.split()),
    )


def _source(hit: Hit) -> str:
    return f"offer.{hit.offer}" if hit.article is None else f"article.{hit.article}"


_titles: Select[KnowledgeEntry] = Select(
    lambda place: KnowledgeEntry.objects.filter(
        pk__in=[place("first"), place("second"), place("third")]
    ).select_related("article__published", "offer")
)


def _passages(found: tuple[Found, ...], titles: dict[str, int]) -> tuple[Passage, ...]:
    if not found:
        return ()
    keys = [titles[one.source] for one in found]
    first, second, third = (*keys, *[0] * (MOST - len(keys)))
    rows = {row.pk: row for row in _titles.all(first=first, second=second, third=third)}
    told = (
        passage_of(rows[key], sure=one.sure, question=one.question)
        for key, one in zip(keys, found, strict=True)
        if key in rows
    )
    return tuple(passage for passage in told if passage is not None)


def passage_of(
    entry: KnowledgeEntry, *, sure: float, question: str = ""
) -> Passage | None:
    """The published words behind an entry; None when they were just taken back."""
    article, offer = entry.article, entry.offer
    if offer is not None and offer.active:
        return Passage(
            source=f"offer.{offer.pk}",
            title=offer.name,
            text=offer.description,
            language=offer.language,
            sure=sure,
            question=question,
            price=offer.price,
            currency=offer.currency,
            unit=offer.unit,
            discount_limit=offer.discount_limit,
            conditions=offer.conditions,
        )
    if article is None or article.published is None or article.retired_at is not None:
        return None
    return Passage(
        source=f"article.{article.pk}",
        title=article.published.title,
        text=article.published.body,
        language=article.published.language,
        sure=sure,
        question=question,
        changing=article.is_changing,
    )
