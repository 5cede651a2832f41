"""The statements of the search, the same question in the words of each database.

PostgreSQL: `tsvector` with GIN, and pg_trgm. SQLite: FTS5, and its trigram tokenizer.
Both look the same stems up and weigh them the same, so both bring the same articles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import Any

from django.db import connection

from messaging.agent.knowledge import BODY

POOL = 12
"""So many articles and offers are brought to be weighed in full."""

_ALIKE = 40


@dataclass(frozen=True, slots=True)
class Sought:
    """A stem to look up, and its weight. With `beside`, it counts only where one of
    these stands too: a common word alone brings half of all articles.
    """

    stem: str
    weight: float
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry of an article or an offer that was found; the other id is None."""

    entry: int
    article: int | None
    offer: int | None
    part: str
    language: str
    text: str
    words: str


# A title counts once however many phrasings hold the word too.
_STATEMENT = """
WITH hit AS ({hits}),
best AS (
  SELECT article_id, offer_id, term, max(weight) AS weight FROM hit
  GROUP BY article_id, offer_id, term
),
pool AS (
  SELECT article_id, offer_id FROM best GROUP BY article_id, offer_id
  ORDER BY sum(weight) DESC, article_id, offer_id LIMIT {pool}
)
SELECT e.id, e.article_id, e.offer_id, e.part, e.language, e.text, e.words
FROM pool p JOIN messaging_knowledgeentry e
  ON e.article_id = p.article_id OR e.offer_id = p.offer_id
ORDER BY e.id
"""
# PostgreSQL: one scan of the index for each stem, whatever the planner thinks of them.
_EACH = """
  SELECT e.article_id, e.offer_id, q.number AS term,
    CASE e.part WHEN 'body' THEN q.weight * {body} ELSE q.weight END AS weight
  FROM unnest(%s::tsquery[], %s::float8[]) WITH ORDINALITY AS q (sought, weight, number)
  CROSS JOIN LATERAL (
    SELECT article_id, offer_id, part FROM messaging_knowledgeentry
    WHERE search @@ q.sought AND (valid_until IS NULL OR valid_until >= %s) OFFSET 0
  ) e"""
_ONE = """
  SELECT e.article_id, e.offer_id, {number} AS term,
    CASE e.part WHEN 'body' THEN %s * {body} ELSE %s END AS weight
  FROM messaging_knowledge_words w JOIN messaging_knowledgeentry e ON e.id = w.rowid
  WHERE messaging_knowledge_words MATCH %s
    AND (e.valid_until IS NULL OR e.valid_until >= %s)"""
_ALIKES = {
    "postgresql": "(SELECT {number}, word FROM messaging_knowledgeterm"
    " WHERE word %% %s ORDER BY similarity(word, %s) DESC, word LIMIT {limit})",
    "sqlite": "SELECT * FROM (SELECT {number}, word FROM messaging_knowledge_alike"
    " WHERE messaging_knowledge_alike MATCH %s ORDER BY rank LIMIT {limit})",
}
_AND = {"postgresql": " & ", "sqlite": " AND "}
_OR = {"postgresql": " | ", "sqlite": " OR "}
_QUOTE = {"postgresql": "'", "sqlite": '"'}


def look_up(sought: Sequence[Sought], *, on: date) -> list[Hit]:
    """The entries of the twelve articles and offers, valid on that day, that hold the
    most of what is sought.
    """
    if not sought:
        return []
    vendor = connection.vendor
    matches = [_match(one, vendor) for one in sought]
    weights = [one.weight for one in sought]
    params: list[Any] = [matches, weights, on]
    if vendor == "sqlite":
        each = zip(weights, weights, matches, repeat(on.isoformat()), strict=False)
        params = [value for values in each for value in values]
    with connection.cursor() as cursor:
        cursor.execute(_statement(vendor, len(sought)), params)
        return [Hit(*row) for row in cursor.fetchall()]


@lru_cache(maxsize=128)
def _statement(vendor: str, terms: int) -> str:
    hits = _EACH.format(body=BODY)
    if vendor == "sqlite":
        ones = (_ONE.format(number=n, body=BODY) for n in range(terms))
        hits = " UNION ALL ".join(ones)
    return _STATEMENT.format(hits=hits, pool=POOL)


def _match(one: Sought, vendor: str) -> str:
    """The stem as a query of full text. Stems are letters and digits only."""
    sign = _QUOTE[vendor]
    stem = f"{sign}{one.stem}{sign}"
    if not one.beside:
        return stem
    others = _OR[vendor].join(f"{sign}{other}{sign}" for other in one.beside)
    return f"{stem}{_AND[vendor]}({others})"


def look_alikes(words: Sequence[str]) -> dict[str, list[str]]:
    """For each word, words of the index that share trigrams with it, the likest
    first.
    """
    vendor = connection.vendor
    params: list[str] = []
    for word in words:
        params += [word, word] if vendor == "postgresql" else [_trigrams(word)]
    parts = (
        _ALIKES[vendor].format(number=number, limit=_ALIKE)
        for number in range(len(words))
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        found: dict[str, list[str]] = {word: [] for word in words}
        for number, other in cursor.fetchall():
            found[words[number]].append(other)
    return found


def _trigrams(word: str) -> str:
    parts = dict.fromkeys(word[at : at + 3] for at in range(len(word) - 2))
    return " OR ".join(f'"{part}"' for part in parts)
