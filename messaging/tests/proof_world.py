"""An office with an article, an offer, and an answer of the AI about both."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import Group

from leads import clock
from messaging import queueing
from messaging.knowledge import indexing
from messaging.models import Article, ArticleRevision, Message, Offer, Turn
from messaging.tests.inbox_world import draft, office, rep, said

ASKED = "How much is it with 10% off for 40 seats?"
PRICE = "A seat costs 29 USD a month."
TRIAL = "You can try it for 14 days."
CUT = "You get 10% off."
BODY = f"{PRICE} {CUT} {TRIAL}"
HELD = {"kind": "percentage", "words": "10% off", "reason": "'10% off' is in no offer"}


def published(
    title: str, body: str, *, version: int = 1, days_ago: int = 30
) -> Article:
    """An article as people published it, for the `version`th time."""
    article = Article.objects.create(title=title, body=body)
    for number in range(1, version + 1):
        at = clock.now() - timedelta(days=days_ago - number)
        article.published = ArticleRevision.objects.create(
            article=article, number=number, title=title, body=body, language="en",
            published_at=at, published_by="user:1",
        )  # fmt: skip
    article.save()
    return article


def claim(words: str, kind: str, row: Any = None, quote: str = "") -> dict[str, str]:
    """One sentence as a turn keeps it."""
    source = f"{row._meta.model_name}.{row.pk}" if row is not None else ""
    title = str(row) if row is not None else ""
    return {
        "words": words, "kind": kind, "source": source, "title": title, "quote": quote,
    }  # fmt: skip


def proof_world(*, body: str = BODY, findings: Any = (HELD,)) -> SimpleNamespace:
    """Dana asks for a discount; the AI's draft names one that no offer holds.

    Mia is a manager who sees all; Ana and Ben are reps of Dana's team.
    """
    at = office()
    at.mia = rep("mia", at.team, reach="all", role="manager")
    at.article = published("How long is the trial?", "The trial takes 14 days.")
    at.offer = Offer.objects.create(name="Team", price=2900, unit="seat and month")
    indexing.index_article(at.article)
    indexing.index_offer(at.offer)
    at.asked = said(at.talk, ASKED, minutes_ago=2)
    at.turn = Turn.objects.create(
        conversation=at.talk,
        last_inbound=at.asked,
        state="done",
        intent="question",
        language="en",
        model="model-1",
        prompt_version="reply-2",
        sources=[f"offer.{at.offer.pk}", f"article.{at.article.pk}"],
        claims=[
            claim(PRICE, "sourced", at.offer, "Price: 29.00 USD per seat and month"),
            claim(CUT, "held"),
            claim(TRIAL, "sourced", at.article, "The trial takes 14 days."),
        ],
        sureness={"value": 0.82, "words": "82 % for price questions (41 of 50)"},
        usage={"input": 900, "output": 40, "micro": 4000},
        latency_ms=840,
    )
    at.draft = draft(
        at.talk,
        body,
        turn=at.turn,
        answers=at.asked,
        reason="'10% off' is in no offer",
        details={"findings": list(findings)},
    )
    queueing.ask_for_decision(at.draft, at.talk)
    return at


def manager_may(offer: Offer, role: str = "manager") -> None:
    """Let a role's people go beyond the offer's limit."""
    offer.may_exceed.add(Group.objects.get(name=role))


def stored(message: Message) -> Message:
    """The message as the database has it."""
    return Message.objects.get(pk=message.pk)
