"""What people do with an article: publish it, retire it, let it be found by more words.

Each change is one transaction with its event, its line in the history and its index.
"""

from datetime import date
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Model

from leads import claims, clock, outbox
from messaging.knowledge.impersonal import LONGEST, impersonal
from messaging.knowledge.indexing import index_article
from messaging.knowledge.states import today
from messaging.models import Article, ArticleRevision, Phrasing

WRITTEN = ("title", "body", "language", "valid_until")


class NotPublishable(ValueError):
    """The article cannot be said as it stands; the words say why."""


@transaction.atomic
def save_draft(*, article: Article) -> Article:
    """Store what people write on; what is published stays as it is."""
    article.updated_at = clock.now()
    if article.pk is None:
        article.save()
    else:
        # Never `published`: somebody else may just have published another version.
        article.save(update_fields=[*WRITTEN, "updated_at"])
    return article


@transaction.atomic
def undo_changes(*, article: Article, user: User | None) -> bool:
    """Throw away what was written since it was published. False when nothing was."""
    stored = claims.lock(Article, article.pk)
    said = stored.published
    if said is None or not stored.is_changing:
        return False
    for field in WRITTEN:
        setattr(stored, field, getattr(said, field))
    _settle(stored, article, user, "undone", "Threw the changes away.")
    return True


@transaction.atomic
def publish(*, article: Article, user: User | None) -> ArticleRevision:
    """Say what is stored of `article` from now on, as its next version.

    Nothing happens when just that is said already. `user` None is the product itself.
    Raises NotPublishable for a retired, an empty or an outdated article.
    """
    stored = claims.lock(Article, article.pk)
    _check(stored)
    said = stored.published
    if said is not None and not stored.is_changing:
        _take(article, stored)
        return said
    stored.published = revision = _next_version(stored, user)
    _settle(stored, article, user, "published", f"Published version {revision.number}.")
    return revision


def _check(article: Article) -> None:
    if article.retired_at is not None:
        raise NotPublishable("It is retired: bring it back first.")
    try:
        article.clean_fields()
    except ValidationError as error:
        raise NotPublishable(" ".join(error.messages)) from error
    if article.valid_until is not None and article.valid_until < today():
        raise NotPublishable("Its “valid until” lies in the past: choose a later day.")


def _next_version(article: Article, user: User | None) -> ArticleRevision:
    last = article.revisions.aggregate(last=Max("number"))["last"] or 0
    return ArticleRevision.objects.create(
        article=article,
        number=last + 1,
        title=article.title,
        body=article.body,
        language=article.language,
        valid_until=article.valid_until,
        published_at=clock.now(),
        published_by=name_of(user),
    )


@transaction.atomic
def retire(*, article: Article, user: User | None) -> bool:
    """Say it no more; its words stay. False when it was retired before."""
    stored = claims.lock(Article, article.pk)
    if stored.retired_at is not None:
        _take(article, stored)
        return False
    stored.retired_at = clock.now()
    _settle(stored, article, user, "retired", "Retired.")
    return True


@transaction.atomic
def bring_back(*, article: Article, user: User | None) -> bool:
    """Say again what was said when it was retired. False when it was not retired."""
    stored = claims.lock(Article, article.pk)
    if stored.retired_at is None:
        _take(article, stored)
        return False
    stored.retired_at = None
    _settle(stored, article, user, "brought_back", "Brought back.")
    return True


@transaction.atomic
def mark_checked(
    *, article: Article, user: User | None, valid_until: date | None
) -> ArticleRevision:
    """Say what is said already until another day: somebody read it, and it holds.

    What is being written on it stays, but for its day. Makes the next version, none
    when the day is the same. Raises NotPublishable when nothing is published.
    """
    stored = claims.lock(Article, article.pk)
    said = stored.published
    if said is None or stored.retired_at is not None:
        raise NotPublishable("Nothing of it is published.")
    if valid_until is not None and valid_until < today():
        raise NotPublishable("That day lies in the past.")
    if said.valid_until == valid_until:
        return said
    draft = (stored.title, stored.body, stored.language)
    stored.title, stored.body, stored.language = said.title, said.body, said.language
    stored.valid_until = valid_until
    stored.published = revision = _next_version(stored, user)
    stored.title, stored.body, stored.language = draft
    until = f"until {valid_until:%d %b %Y}" if valid_until else "without an end"
    _settle(stored, article, user, "published", f"Checked: it holds {until}.")
    return revision


@transaction.atomic
def confirm_phrasing(
    *, article: Article, text: str, user: User | None, origin: str = "lead"
) -> Phrasing | None:
    """Let `article` be found by these words too, without what tells who said them.

    `origin` is "lead" (its words, an answer that a person confirmed) or "person". None
    when nothing impersonal is left, or when it is found by these words already.
    """
    words = impersonal(text) if origin == "lead" else " ".join(text.split())[:LONGEST]
    stored = claims.lock(Article, article.pk)
    if not words or is_asked(stored, words):
        return None
    phrasing = Phrasing.objects.create(
        article=stored,
        text=words,
        origin=origin,
        created_by=name_of(user),
        created_at=clock.now(),
    )
    tell("article.phrased", stored, user, f"Also asked as “{words}”.")
    index_article(stored)
    return phrasing


def is_asked(article: Article, words: str) -> bool:
    """Whether these words are its question or one of its phrasings already."""
    asked = {_fold(text) for text in article.phrasings.values_list("text", flat=True)}
    asked.add(_fold(article.title))
    if article.published is not None:
        asked.add(_fold(article.published.title))
    return _fold(words) in asked


def _fold(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip("?¿.! ")


def _settle(
    stored: Article, shown: Article, user: User | None, verb: str, words: str
) -> None:
    stored.updated_at = clock.now()
    stored.save()
    _take(shown, stored)
    tell(f"article.{verb}", stored, user, words)
    index_article(stored)


def _take(shown: Article, stored: Article) -> None:
    """Let the caller's own row show what is stored now."""
    if shown is not stored:
        for field in Article._meta.concrete_fields:
            setattr(shown, field.attname, getattr(stored, field.attname))
        shown.published = stored.published


def name_of(user: User | None) -> str:
    """What a row keeps of who did it."""
    return (user.get_full_name() or user.get_username())[:80] if user else "Leadsite"


def tell(kind: str, row: Model, user: User | None, words: str) -> None:
    """Write the event of a change and, of a person's, the line in the history."""
    payload: dict[str, Any] = {str(row._meta.model_name): str(row.public_id)}  # type: ignore[attr-defined]
    version = getattr(getattr(row, "published", None), "number", None)
    if version is not None:
        payload["version"] = version
    actor = f"user:{user.pk}" if user else "system"
    outbox.emit(kind=kind, actor=actor, payload=payload)
    if user is not None:
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, words, single_object=True)
