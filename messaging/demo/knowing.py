"""What the demo's company says: its articles and offers, and how they leave again."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet

from leads import clock
from leads.models import Event
from messaging.demo.cast import read
from messaging.knowledge.offers import deactivate, save_offer
from messaging.knowledge.publishing import (
    confirm_phrasing,
    publish,
    retire,
    save_draft,
)
from messaging.knowledge.states import today
from messaging.models import Article, Offer

BEGAN = timedelta(days=13)  # within the demo's two weeks


def make_knowledge() -> None:
    """Write and publish what is not there yet, as if two weeks ago."""
    data = read("knowledge")
    with clock.at(clock.now() - BEGAN):
        for row in data["articles"]:
            _make_article(row)
        for row in data["offers"]:
            _make_offer(row)


@transaction.atomic
def _make_article(row: dict[str, Any]) -> None:
    key = {"title": row["title"], "language": row["language"]}
    if Article.objects.filter(**key).exists():
        return
    ended = row.get("ended_days")
    article = Article(**key, body=row["body"], demo=True, created_at=clock.now())
    if ended is not None:
        article.valid_until = today() + BEGAN - timedelta(days=ended)
    save_draft(article=article)
    for text in row["phrasings"]:
        confirm_phrasing(article=article, text=text, user=None, origin="person")
    if not row.get("draft"):
        publish(article=article, user=None)


@transaction.atomic
def _make_offer(row: dict[str, Any]) -> None:
    if Offer.objects.filter(name=row["name"]).exists():
        return
    values = {key: value for key, value in row.items() if key != "may_exceed"}
    groups = Group.objects.filter(name__in=row["may_exceed"])
    save_offer(offer=Offer(**values, demo=True), user=None, may_exceed=groups)


def demo_articles() -> "QuerySet[Article]":
    """The demo's articles that nobody rewrote."""
    rows = {
        (row["title"], row["language"]): row for row in read("knowledge")["articles"]
    }
    ours = [
        article.pk
        for article in Article.objects.filter(demo=True)
        if article.body == rows.get((article.title, article.language), {}).get("body")
    ]
    return Article.objects.filter(pk__in=ours)


def demo_offers() -> "QuerySet[Offer]":
    """The demo's offers that nobody rewrote."""
    rows = {row["name"]: row for row in read("knowledge")["offers"]}
    told = ("description", "price", "unit", "discount_limit", "conditions")
    ours = [
        offer.pk
        for offer in Offer.objects.filter(demo=True)
        if offer.name in rows
        and all(getattr(offer, key) == rows[offer.name][key] for key in told)
    ]
    return Offer.objects.filter(pk__in=ours)


def forget_knowledge() -> None:
    """Remove what nobody rewrote. What a person rewrote stays, but is said no more:
    it was written for the invented company.
    """
    articles, offers = demo_articles(), demo_offers()
    _forget_events("article", articles.values_list("public_id", flat=True))
    _forget_events("offer", offers.values_list("public_id", flat=True))
    articles.delete()
    offers.delete()
    for article in Article.objects.filter(demo=True):
        retire(article=article, user=None)
    for offer in Offer.objects.filter(demo=True):
        deactivate(offer=offer, user=None)
    Article.objects.filter(demo=True).update(demo=False)
    Offer.objects.filter(demo=True).update(demo=False)


def _forget_events(name: str, ids: Iterable[Any]) -> None:
    wanted = Q(**{f"payload__{name}__in": [str(one) for one in ids]})
    Event.objects.filter(wanted, lead=None, kind__startswith=f"{name}.").delete()
