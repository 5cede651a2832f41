"""Articles, offers and people for the tests of what the company says."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from leads.models import Event, Team
from messaging.knowledge.publishing import publish, save_draft
from messaging.models import Article
from messaging.tests.inbox_world import rep, signed_in

PARKING = "Is there parking?"
GARAGE = "The garage has 20 spaces. One is $120 a month."


def person(role: str) -> User:
    """Somebody with this role who sees every lead."""
    return rep(f"the-{role}", Team.default(), reach="all", role=role)


def browser(role: str) -> Client:
    """A browser in which somebody with this role is signed in."""
    return signed_in(person(role))


def draft(title: str = PARKING, body: str = GARAGE, **more: Any) -> Article:
    """An article that nobody has published."""
    return save_draft(article=Article(title=title, body=body, **more))


def said(title: str = PARKING, body: str = GARAGE, **more: Any) -> Article:
    """A published article."""
    article = draft(title, body, **more)
    publish(article=article, user=None)
    return article


def told() -> list[str]:
    """The kinds of the events, in order."""
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def form_of(article: Article | None = None, **fields: Any) -> dict[str, Any]:
    """What the article's admin form posts, with its phrasings as they are."""
    rows = list(article.phrasings.order_by("pk")) if article else []
    data: dict[str, Any] = {
        "title": article.title if article else PARKING,
        "body": article.body if article else GARAGE,
        "language": article.language if article else "en",
        "valid_until": "",
        "phrasings-TOTAL_FORMS": len(rows),
        "phrasings-INITIAL_FORMS": len(rows),
    }
    for place, row in enumerate(rows):
        data |= {
            f"phrasings-{place}-id": row.pk,
            f"phrasings-{place}-article": article.pk if article else "",
            f"phrasings-{place}-text": row.text,
        }
    return data | fields
