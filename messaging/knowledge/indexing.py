"""Writes what retrieval reads: the entries of published articles and active offers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet

from leads.databases import look_over
from messaging.agent.phrases import LANGUAGES
from messaging.agent.retrieval.words import offer_phrasings, telling, terms
from messaging.knowledge import vectors, vocabulary
from messaging.models import Article, KnowledgeEntry, KnowledgeTerm, Offer

Known = Article | Offer
K = TypeVar("K", Article, Offer)
BATCH = 500
_COUNT = (
    "INSERT INTO messaging_knowledgeterm (word, documents) VALUES {places}"
    " ON CONFLICT (word) DO UPDATE SET"
    " documents = messaging_knowledgeterm.documents + excluded.documents"
)


def is_said(known: Known) -> bool:
    """Whether it may be found at all, whatever the day."""
    if isinstance(known, Offer):
        return known.active
    return known.published_id is not None and known.retired_at is None


@transaction.atomic
def index_article(article: Article) -> None:
    """Write the entries of what is published of it anew; none when it is retired or
    never was published. Call it in the transaction that changes it, after the change,
    with the article locked.
    """
    _write(article, _entries_of_article(article) if is_said(article) else [])


@transaction.atomic
def index_offer(offer: Offer) -> None:
    """Write the offer's entries anew; none when it is not active."""
    _write(offer, _entries_of_offer(offer) if is_said(offer) else [])


@transaction.atomic
def remove(known: Known) -> None:
    """Take the entries of an article or an offer out, before it is deleted."""
    _write(known, [])


def reindex_all() -> int:
    """Write every entry anew, and count the words; return how many articles and
    offers can be found now. In short transactions: others may work meanwhile.
    """
    said = 0
    for article in _all(Article.objects.select_related("published")):
        index_article(article)
        said += is_said(article)
    for offer in _all(Offer.objects.all()):
        index_offer(offer)
        said += is_said(offer)
    _count_anew()
    look_over(KnowledgeEntry, KnowledgeTerm)
    vocabulary.forget()
    return said


def _all(rows: "QuerySet[K]") -> Iterator[K]:
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _entries_of_article(article: Article) -> list[KnowledgeEntry]:
    said = article.published
    if said is None:
        return []
    part, language = KnowledgeEntry.Part, said.language
    phrasings = article.phrasings.order_by("pk").values_list("text", flat=True)
    return [
        _entry(part.TITLE, said.title, language, article=article),
        *(_entry(part.PHRASING, p, language, article=article) for p in phrasings),
        _entry(part.BODY, said.body, language, article=article),
    ]


def _entries_of_offer(offer: Offer) -> list[KnowledgeEntry]:
    part, language = KnowledgeEntry.Part, offer.language
    said = " ".join(filter(None, (offer.description, offer.conditions, offer.unit)))
    return [
        _entry(part.TITLE, offer.name, language, offer=offer),
        # A price is the same in every language: it is asked for in all that we know.
        *(
            _entry(part.PHRASING, phrasing, spoken, offer=offer)
            for spoken in LANGUAGES
            for phrasing in offer_phrasings(offer.name, spoken)
        ),
        _entry(part.BODY, said, language, offer=offer),
    ]


def _entry(
    part: KnowledgeEntry.Part,
    text: str,
    language: str,
    *,
    article: Article | None = None,
    offer: Offer | None = None,
) -> KnowledgeEntry:
    return KnowledgeEntry(
        article=article,
        offer=offer,
        valid_until=_last_day(article, offer),
        part=part,
        language=language,
        # The answer is found by its words only.
        text=""
        if part == KnowledgeEntry.Part.BODY
        else " ".join(telling(text, language)),
        words=" ".join(terms(text, language)),
    )


def _last_day(article: Article | None, offer: Offer | None) -> date | None:
    said = article.published if article is not None else offer
    return said.valid_until if said is not None else None


def _write(known: Known, entries: Sequence[KnowledgeEntry]) -> None:
    """Put these in the place of what there was, and keep count of the words."""
    field = "article" if isinstance(known, Article) else "offer"
    stored = KnowledgeEntry.objects.filter(**{field: known})
    before = _words(stored.values_list("words", flat=True))
    after = _words(entry.words for entry in entries)
    stored.delete()
    KnowledgeEntry.objects.bulk_create(entries)
    _count({**dict.fromkeys(after - before, 1), **dict.fromkeys(before - after, -1)})
    vocabulary.forget()
    if entries:
        vectors.schedule()


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in text.split()}


def _count(changes: dict[str, int]) -> None:
    """Add to the counts of words. In one order, so that two publishers never wait
    for each other in a circle.
    """
    rows = sorted(changes.items())
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        places = ", ".join(["(%s, %s)"] * len(batch))
        with connection.cursor() as cursor:
            cursor.execute(
                _COUNT.format(places=places), [value for row in batch for value in row]
            )


def _count_anew() -> None:
    """Mend counts that went wrong, such as by rows that were deleted by hand."""
    documents: dict[tuple[int | None, int | None], set[str]] = {}
    rows = KnowledgeEntry.objects.order_by("pk").values_list(
        "article_id", "offer_id", "words"
    )
    for article, offer, words in rows.iterator():
        documents.setdefault((article, offer), set()).update(words.split())
    right = Counter(word for words in documents.values() for word in words)
    for word, count in KnowledgeTerm.objects.values_list("word", "documents"):
        right[word] -= count
    changes = [(word, change) for word, change in right.items() if change]
    for start in range(0, len(changes), BATCH):
        _count(dict(changes[start : start + BATCH]))
