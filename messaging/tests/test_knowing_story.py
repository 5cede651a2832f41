"""From the published article to the text that leaves: the built-in model, whole."""

import pytest
from pytest_django import Settings

from messaging.knowledge.offers import save_offer
from messaging.knowledge.publishing import publish
from messaging.models import Article, Message, Offer, Turn
from messaging.tests.talk import FakeCarrier, later, mode, sent, text_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def builtin(settings: Settings, carrier: type[FakeCarrier]) -> None:
    settings.LANGUAGE_MODELS = ["messaging.agent.builtin.BuiltinModel"]


def published(title: str, body: str, language: str = "en") -> Article:
    article = Article.objects.create(title=title, body=body, language=language)
    publish(article=article, user=None)
    return article


def planned(**changes: object) -> Offer:
    told = {"name": "Team plan", "price": 2900, "unit": "seat and month"}
    offer = Offer(**{**told, **changes})
    save_offer(offer=offer, user=None)
    return offer


def draft() -> Message:
    return Message.objects.get(state=Message.State.DRAFT)


def test_a_question_is_answered_from_an_article_with_its_source() -> None:
    mode("auto")
    article = published(
        "Do you ship to Canada?", "Yes, we ship to all provinces of Canada."
    )
    text_in("Do you ship to Canada?")
    later(seconds=30)
    assert "Yes, we ship to all provinces of Canada." in sent()[0]
    cited = [one for one in Turn.objects.get().claims if one["kind"] == "sourced"]
    assert cited[0]["source"] == f"article.{article.pk}"
    assert cited[0]["quote"] in article.body


def test_a_price_comes_from_an_offer_in_the_leads_language() -> None:
    mode("auto")
    planned(price=120_000, currency="EUR", language="de", unit="Platz und Monat")
    text_in("Hallo, was kostet der Team plan?")
    later(seconds=30)
    assert "Team plan: 1.200 EUR pro Platz und Monat." in sent()[0]


def test_what_nothing_answers_waits_for_a_person() -> None:
    mode("auto")
    published("Do you ship to Canada?", "Yes, we ship to all provinces of Canada.")
    text_in("Do your desks fit in a van?")
    later(seconds=30)
    assert sent() == []
    assert "does not answer this" in draft().reason


def test_a_discount_over_the_limit_waits_for_a_manager() -> None:
    mode("auto")
    planned(discount_limit=10, conditions="paid a year ahead")
    text_in("Can I get 20% off the team plan?")
    later(seconds=30)
    assert sent() == []
    assert "'20 %' is over the limit of Team plan (10 %)" in draft().reason


def test_a_discount_within_it_leaves_with_its_conditions() -> None:
    mode("auto")
    planned(discount_limit=10, conditions="paid a year ahead")
    text_in("Can I get 5% off the team plan?")
    later(seconds=30)
    assert "5% off" in sent()[0]
    assert "paid a year ahead" in sent()[0]


def test_of_two_questions_the_open_one_is_named_in_the_draft() -> None:
    mode("auto")
    published("Do you ship to Canada?", "Yes, we ship to all provinces of Canada.")
    text_in("Do you ship to Canada? And do your desks fit in a van?")
    later(seconds=30)
    assert sent() == []
    assert "desks fit in a van" in draft().reason
    assert "Yes, we ship to all provinces of Canada." in draft().body
