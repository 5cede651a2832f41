"""What leads asked before an answer that a person let go as it was written.

Each such question can become a phrasing of the article that the answer rests on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet

from leads import clock
from messaging.knowledge.impersonal import impersonal
from messaging.knowledge.publishing import confirm_phrasing, is_asked
from messaging.knowledge.states import source_of, turns_that_said
from messaging.models import Article, Conversation, Message, Phrasing, Turn

WINDOW: Final = timedelta(days=30)
MOST: Final = 5
_LOOKED_AT: Final = 40
CONFIRMED: Final = "as_written"


@dataclass(frozen=True)
class Asked:
    """A question without what tells who asked; `turn` is the answer's public id."""

    turn: UUID
    words: str


def confirmed_turns(article: Article, *, user: Any) -> "QuerySet[Turn]":
    """Answers of the last 30 days that rest on `article`, that a person approved as
    written and that `user` may see, the newest first.
    """
    seen = Conversation.objects.visible_to(user)
    approved = Message.objects.filter(
        answers=OuterRef("last_inbound"), details__decision=CONFIRMED
    )
    turns = Turn.objects.filter(
        Exists(approved),
        conversation__in=seen,
        created_at__gte=clock.now() - WINDOW,
    )
    named = turns_that_said(source_of(article), turns)
    return named.select_related("last_inbound").order_by("-pk")


def asked_lately(article: Article, *, user: Any) -> list[Asked]:
    """Questions by which `article` is not found yet, MOST at most."""
    found: dict[str, Asked] = {}
    for one in _asked(article, user):
        found.setdefault(one.words.casefold(), one)
        if len(found) == MOST:
            break
    return list(found.values())


def _asked(article: Article, user: Any) -> Iterator[Asked]:
    for turn in confirmed_turns(article, user=user)[:_LOOKED_AT]:
        words = impersonal(turn.last_inbound.body)
        if words and not is_asked(article, words):
            yield Asked(turn.public_id, words)


def confirm_question(*, article: Article, turn: UUID, user: User) -> Phrasing | None:
    """Make the question behind an answer a phrasing of `article`.

    None when nothing of it is left or it is one already. Raises Turn.DoesNotExist
    when no confirmed answer that `user` may see rests on the article.
    """
    found = confirmed_turns(article, user=user).get(public_id=turn)
    text = found.last_inbound.body
    return confirm_phrasing(article=article, text=text, user=user)
