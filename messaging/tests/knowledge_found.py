"""Many published articles at once, and what is found in them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from messaging.agent.model import Passage
from messaging.knowledge.indexing import index_article
from messaging.knowledge.searching import find
from messaging.models import Article, ArticleRevision

TODAY = date(2026, 12, 1)


def publish_all(pairs: Iterable[tuple[str, str]], **more: Any) -> list[str]:
    """Published articles of (question, answer), by their sources."""
    sources = []
    for title, body in pairs:
        article = Article.objects.create(title=title[:200], body=body[:8000], **more)
        article.published = ArticleRevision.objects.create(
            article=article,
            number=1,
            title=article.title,
            body=article.body,
            language=article.language,
            valid_until=article.valid_until,
            published_by="a test",
        )
        article.save()
        index_article(article)
        sources.append(f"article.{article.pk}")
    return sources


def found(text: str, language: str = "en", on: date = TODAY) -> tuple[Passage, ...]:
    """What is found for a question."""
    return find(text=text, language=language, on=on)


def titles(text: str, language: str = "en", on: date = TODAY) -> list[str]:
    """The titles of what is found, in order."""
    return [passage.title for passage in found(text, language, on)]
