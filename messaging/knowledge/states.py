"""Where an article or an offer stands, and how often it was said."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from leads import clock
from messaging.models import Article, Conversation, Offer, Turn


class Standing(StrEnum):
    """What the AI may do with it now; the value is shown."""

    DRAFT = "draft"  # never published: nothing is said
    PUBLISHED = "published"
    CHANGING = "being changed"  # somebody wrote on it: answers become drafts
    EXPIRED = "expired"  # its date is over: nothing is said
    RETIRED = "retired"


def today() -> date:
    """The day it is now where the page is read: the company's, on staff pages."""
    return timezone.localdate(clock.now())


def standing_of(article: Article, *, on: date) -> Standing:
    """Where `article` stands on the day `on`."""
    said = article.published
    if article.retired_at is not None:
        return Standing.RETIRED
    if said is None:
        return Standing.DRAFT
    if said.valid_until is not None and said.valid_until < on:
        return Standing.EXPIRED
    return Standing.CHANGING if article.is_changing else Standing.PUBLISHED


def with_standing(
    articles: "QuerySet[Article]", standing: Standing, *, on: date
) -> "QuerySet[Article]":
    """Those of `articles` of which `standing_of` says `standing`."""
    if standing is Standing.RETIRED:
        return articles.exclude(retired_at=None)
    articles = articles.filter(retired_at=None)
    if standing is Standing.DRAFT:
        return articles.filter(published=None)
    articles = articles.exclude(published=None)
    if standing is Standing.EXPIRED:
        return articles.filter(published__valid_until__lt=on)
    articles = articles.exclude(published__valid_until__lt=on)
    same = _as_published(articles).values("pk")
    if standing is Standing.CHANGING:
        return articles.exclude(pk__in=same)
    return articles.filter(pk__in=same)


def _as_published(articles: "QuerySet[Article]") -> "QuerySet[Article]":
    """Those on which nobody wrote; asked without a "not", which NULL would upset."""
    same_day = Q(valid_until=F("published__valid_until")) | Q(
        valid_until=None, published__valid_until=None
    )
    return articles.filter(
        same_day,
        title=F("published__title"),
        body=F("published__body"),
        language=F("published__language"),
    )


def source_of(row: Article | Offer) -> str:
    """What a turn calls it: "article.<id>" or "offer.<id>"."""
    return f"{row._meta.model_name}.{row.pk}"


def row_of(source: str) -> Article | Offer | None:
    """The article or offer that `source` names, None for any other source."""
    kind, _, key = source.partition(".")
    model: Any = {"article": Article, "offer": Offer}.get(kind)
    if model is None or not re.fullmatch(r"[0-9]{1,18}", key):
        return None
    row: Article | Offer | None = model.objects.filter(pk=int(key)).first()
    return row


def turns_that_said(source: str, turns: "QuerySet[Turn]") -> "QuerySet[Turn]":
    """Those of `turns` whose answer names `source`."""
    mark = f'"{source}"'
    named = turns.annotate(
        named=Cast("sources", TextField()), cited=Cast("claims", TextField())
    )
    return named.filter(Q(named__contains=mark) | Q(cited__contains=mark))


def times_said(*, user: Any, since: datetime) -> Counter[str]:
    """How many answers and drafts that `user` may see named each source."""
    seen = Conversation.objects.visible_to(user)
    turns = Turn.objects.filter(conversation__in=seen, created_at__gte=since)
    named = turns.annotate(
        named=Cast("sources", TextField()), cited=Cast("claims", TextField())
    )
    ours = Q()
    for mark in ('"article.', '"offer.'):
        ours |= Q(named__contains=mark) | Q(cited__contains=mark)
    rows = named.filter(ours).values_list("sources", "claims")
    return Counter(source for row in rows.iterator() for source in _named(*row))


def _named(sources: Iterable[Any], claims: Iterable[Any]) -> set[str]:
    """Each source once a turn, however many of its sentences rest on it."""
    found = {str(source) for source in sources}
    found |= {str(c.get("source")) for c in claims if isinstance(c, dict)}
    return {one for one in found if one.startswith(("article.", "offer."))}
