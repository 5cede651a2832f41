"""Retrieval over many articles against one look-up by primary key.

`python -m bench.knowledge [--articles 5000] [--n 400]`: prints JSON. Both are
measured in turn in the same process on the same database, so that the ratio holds on
a noisy machine; every question is asked once. A fresh SQLite file, or the database
that DATABASE_URL names, which is filled where it has no articles. Targets: p95 ≤ 10 ×
the p95 of a look-up on PostgreSQL; p95 ≤ 20 ms on SQLite.
"""

import argparse
import gc
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import django

ON = date(2026, 12, 1)
SYLLABLES = [*map("".join, itertools.product("bcdfghklmnprstvwxz", "aeiou"))]
WORDS_A_TITLE, WORDS_A_BODY = 7, 60
ASIDE = ("how do i {}?", "is it possible to {}", "can you tell me about {}?", "{}")


def vocabulary(size: int = 12_000) -> list[str]:
    """Invented words; the first are the commonest."""
    invent = random.Random(11)
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(invent.choices(SYLLABLES, k=invent.randint(2, 4)))] = None
    return list(words)


def said(invent: random.Random, words: list[str], count: int) -> str:
    """Words as often as in real texts: the n-th commonest 1/n as often (Zipf)."""
    top = len(words)
    return " ".join(words[int(top ** invent.random()) - 1] for _ in range(count))


def fill(articles: int) -> None:
    """Published articles of such words."""
    from messaging.knowledge import indexing
    from messaging.models import Article, ArticleRevision

    invent, words = random.Random(7), vocabulary()
    texts = [
        (said(invent, words, WORDS_A_TITLE), said(invent, words, WORDS_A_BODY))
        for _ in range(articles)
    ]
    made = Article.objects.bulk_create(
        Article(title=title, body=body) for title, body in texts
    )
    revisions = ArticleRevision.objects.bulk_create(
        ArticleRevision(
            article=article,
            number=1,
            title=article.title,
            body=article.body,
            language="en",
            published_by="bench",
        )
        for article in made
    )
    for article, revision in zip(made, revisions, strict=True):
        article.published = revision
    Article.objects.bulk_update(made, ["published"], batch_size=500)
    indexing.reindex_all()


def asked(count: int) -> list[str]:
    """Questions that share some words with an article, some misspelt."""
    from messaging.models import Article

    invent, words = random.Random(5), vocabulary()
    titles = list(Article.objects.order_by("pk").values_list("title", flat=True))
    texts = []
    for number in range(count):
        kept = invent.sample(invent.choice(titles).split(), 4)
        if number % 4 == 0:
            kept[0] = kept[0][:-2] + kept[0][-1] + kept[0][-2:-1]
        kept.append(said(invent, words, 1))
        texts.append(invent.choice(ASIDE).format(" ".join(kept)))
    return texts


def milliseconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def p95(values: list[float]) -> float:
    """The 95th of a hundred."""
    return statistics.quantiles(values, n=20)[-1]


def measure(count: int) -> dict[str, Any]:
    """Ask and look up in turn."""
    from messaging.knowledge.searching import find
    from messaging.models import Article

    keys = list(Article.objects.order_by("pk").values_list("pk", flat=True))
    questions, invent = asked(count + 20), random.Random(3)
    found: list[float] = []
    looked: list[float] = []
    gc.collect()
    for number, text in enumerate(questions):
        key = invent.choice(keys)
        looked_up = milliseconds(lambda key=key: Article.objects.get(pk=key))
        searched = milliseconds(lambda text=text: find(text=text, language="en", on=ON))
        if number >= 20:  # the first read the vocabulary and compile the statements
            looked.append(looked_up)
            found.append(searched)
    return {
        "articles": len(keys),
        "find_ms": {
            "p50": round(statistics.median(found), 2),
            "p95": round(p95(found), 2),
        },
        "lookup_ms": {
            "p50": round(statistics.median(looked), 3),
            "p95": round(p95(looked), 3),
        },
        "p95_ratio": round(p95(found) / p95(looked), 1),
        "p50_ratio": round(statistics.median(found) / statistics.median(looked), 1),
    }


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument("--n", type=int, default=400)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bench-")
    os.environ["DOORBELLS"] = "false"
    os.environ["LOG_LEVEL"] = "ERROR"
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from messaging.models import Article

    if not Article.objects.exists():
        fill(options.articles)
    report = {"database": connection.vendor, **measure(options.n)}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
