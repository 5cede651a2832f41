"""The optional third list of retrieval: what is like the question in meaning.

Vectors are rows, made by a job after what they are of was published; a search that
gets none in time does without.
"""

import hashlib
import logging
import uuid
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from operator import mul

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from leads import clock, jobs, policy, usage
from leads.kept import Kept
from leads.models import Job
from messaging.agent.embedding import Embedded, Embedder, choose_embedder
from messaging.agent.masking import mask
from messaging.agent.model import ModelError
from messaging.metering import caps_of
from messaging.models import Article, KnowledgeEntry, KnowledgeVector, Offer

log = logging.getLogger(__name__)

JOB = "messaging.embed_knowledge"
NEAREST = 6
"""So many of the nearest are fused with what the words found."""

QUESTION_SECONDS, BATCH_SECONDS = 2.0, 20.0
BATCH = 64
MOST_LETTERS = 6_000
GATHERED = timedelta(seconds=10)
_LETTERS_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class _Text:
    """What an article or an offer says, and what its vector is kept by."""

    article: int | None
    offer: int | None
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def embedder() -> Embedder:
    """The one that is set up."""
    return choose_embedder(settings.EMBEDDERS)


def schedule() -> None:
    """Have vectors made of what was just published; one job for all of ten seconds.
    Nothing where no embedder is set up.
    """
    if not embedder().model:
        return
    due = clock.now() + GATHERED
    key = f"{JOB}:{int(due.timestamp() // GATHERED.total_seconds())}"
    jobs.start_job(name=JOB, arguments={}, effect_key=key, due_at=due)


def run_job(job: Job) -> None:
    """Make the vectors that are missing."""
    embed_missing()


def embed_missing() -> int:
    """Make a vector of all that is published and has none of its present words;
    return how many. Raises ModelError; what was made before it stays.
    """
    using, made = embedder(), 0
    if not using.model:
        return 0
    missing = _missing(using.model)
    while batch := list(islice(missing, BATCH)):
        texts = [one.text for one in batch]
        vectors = _embed(using, texts, seconds=BATCH_SECONDS).vectors
        for one, vector in zip(batch, vectors, strict=True):
            _keep(one, using.model, packed(vector))
            made += 1
    _vectors.forget()
    return made


@transaction.atomic
def _keep(one: _Text, model: str, vector: bytes) -> None:
    """In the place of an older one. Never beside it: the job may run twice."""
    KnowledgeVector.objects.filter(
        Q(article=one.article) if one.offer is None else Q(offer=one.offer), model=model
    ).delete()
    KnowledgeVector.objects.create(
        article_id=one.article,
        offer_id=one.offer,
        model=model,
        digest=one.digest,
        vector=vector,
    )


def _missing(model: str) -> Iterator[_Text]:
    kept = KnowledgeVector.objects.filter(model=model)
    rows = kept.values_list("article_id", "offer_id", "digest")
    there: dict[tuple[int | None, int | None], str] = {
        (article, offer): digest for article, offer, digest in rows
    }
    for one in _said():
        if there.get((one.article, one.offer)) != one.digest:
            yield one


def _said() -> Iterator[_Text]:
    articles = Article.objects.filter(retired_at=None).exclude(published=None)
    rows = articles.values_list("pk", "published__title", "published__body")
    for pk, title, body in rows.order_by("pk").iterator():
        yield _Text(pk, None, f"{title}\n{body}"[:MOST_LETTERS])
    for offer in Offer.objects.filter(active=True).order_by("pk").iterator():
        text = f"{offer.name}\n{offer.description}\n{offer.conditions}"
        yield _Text(None, offer.pk, text[:MOST_LETTERS])


def packed(vector: Sequence[float]) -> bytes:
    """As stored: little-endian float32."""
    numbers = array("f", vector)
    if not _LITTLE:
        numbers.byteswap()
    return numbers.tobytes()


def unpacked(stored: bytes) -> "array[float]":
    """The numbers again."""
    numbers = array("f")
    numbers.frombytes(stored)
    if not _LITTLE:
        numbers.byteswap()
    return numbers


_LITTLE = array("H", [1]).tobytes() == b"\x01\x00"


def _read_vectors() -> dict[str, list[tuple[str, "array[float]"]]]:
    found: dict[str, list[tuple[str, array[float]]]] = {}
    rows = KnowledgeVector.objects.order_by("pk").values_list(
        "model", "article_id", "offer_id", "vector"
    )
    for model, article, offer, vector in rows.iterator():
        source = f"offer.{offer}" if article is None else f"article.{article}"
        found.setdefault(model, []).append((source, unpacked(bytes(vector))))
    return found


# Read whole: 256 numbers of 5,000 articles are 5 MB and took 0.1 s.
_vectors = Kept(_read_vectors, KnowledgeVector, seconds=60.0)


def nearest(text: str) -> tuple[str, ...]:
    """The sources nearest in meaning to a question, the nearest first; none when no
    embedder is set up or it does not answer in time. Not inside a transaction.
    """
    using = embedder()
    if not using.model or not text.strip():
        return ()
    kept = _vectors().get(using.model, [])
    if not kept:
        return ()
    try:
        asked = _embed(using, [mask(text)[:MOST_LETTERS]], seconds=QUESTION_SECONDS)
    except ModelError as error:
        log.warning("a search went without embeddings: %s", error.words)
        return ()
    (question,) = asked.vectors
    scored = [
        (sum(map(mul, question, vector)), source)
        for source, vector in kept
        if len(vector) == len(question)
    ]
    scored.sort(key=lambda one: (-one[0], one[1]))
    return tuple(source for _, source in scored[:NEAREST])


def _embed(using: Embedder, texts: Sequence[str], *, seconds: float) -> Embedded:
    """Ask within the day's cap of all tokens. Raises ModelError."""
    most = sum(len(text) for text in texts) // _LETTERS_A_TOKEN + len(texts)
    try:
        held = usage.reserve(
            lead=None,
            service=using.name,
            what=f"{using.model}:embedding",
            effect_key=f"embedding:{uuid.uuid4()}",
            most=usage.Amount(most, None, {"input": most}),
            caps=caps_of(None, policy.lately()),
        )
    except usage.OverCap as error:
        raise ModelError("permanent", error.words, code="budget") from None
    try:
        found = using.embed(texts, seconds=seconds)
    except ModelError as error:
        if error.outcome != "unknown":
            usage.release(reserved=held)
        raise
    used = most if found.tokens is None else found.tokens
    usage.settle(reserved=held, actual=usage.Amount(used, None, {"input": used}))
    if len(found.vectors) != len(texts):
        raise ModelError("unknown", "Not one vector for each text", code="bad_answer")
    return found


def entries_of(sources: Sequence[str]) -> "list[KnowledgeEntry]":
    """The entries of these articles and offers, in order."""
    keys: dict[str, list[int]] = {"article": [], "offer": []}
    for source in sources:
        kind, _, key = source.partition(".")
        keys[kind].append(int(key))
    found = KnowledgeEntry.objects.filter(article__in=keys["article"])
    found |= KnowledgeEntry.objects.filter(offer__in=keys["offer"])
    return list(found.order_by("pk"))
