"""Articles: what is published, by whom, and what a published version never does."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import transaction

from leads.models import AppendOnlyError, Company, Event
from leads.tests.factories import LeadFactory
from messaging.knowledge import publishing
from messaging.knowledge.impersonal import impersonal
from messaging.knowledge.publishing import NotPublishable
from messaging.knowledge.searching import find
from messaging.knowledge.states import Standing, standing_of, today, with_standing
from messaging.models import Article, KnowledgeEntry
from messaging.tests.knowledge_world import (
    GARAGE,
    PARKING,
    draft,
    person,
    said,
    told,
)

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


def stored(article: Article) -> Article:
    return Article.objects.select_related("published").get(pk=article.pk)


def found(text: str) -> list[str]:
    return [one.title for one in find(text=text, language="en", on=today())]


# --- publishing --------------------------------------------------------------


def test_a_published_article_is_numbered_told_of_and_in_the_history() -> None:
    mia, article = person("manager"), draft()
    revision = publishing.publish(article=article, user=mia)
    assert (revision.number, revision.title, revision.body) == (1, PARKING, GARAGE)
    assert revision.published_by == "The-Manager"
    assert stored(article).published == article.published == revision
    event = Event.objects.get(kind="article.published")
    assert event.actor == f"user:{mia.pk}"
    assert event.payload == {"article": str(article.public_id), "version": 1}
    assert LogEntry.objects.get(user=mia).change_message == "Published version 1."


def test_the_event_holds_no_word_of_the_article() -> None:
    said()
    payload = str(Event.objects.get(kind="article.published").payload)
    assert "parking" not in payload.lower()


def test_publishing_what_is_said_already_makes_no_version() -> None:
    article = said()
    again = publishing.publish(article=stored(article), user=None)
    assert again.number == 1
    assert told().count("article.published") == 1


def test_a_draft_says_nothing_new_until_it_is_published() -> None:
    article = said()
    article.body = "Parking is free."
    publishing.save_draft(article=article)
    assert stored(article).is_changing
    assert stored(article).published.body == GARAGE  # type: ignore[union-attr]
    publishing.publish(article=article, user=None)
    now = stored(article)
    assert (now.published.number, now.published.body) == (2, "Parking is free.")  # type: ignore[union-attr]
    assert [one.number for one in article.revisions.all()] == [2, 1]


def test_saving_a_draft_never_takes_back_what_somebody_else_published() -> None:
    article = draft()
    stale = stored(article)
    publishing.publish(article=article, user=None)
    stale.body = "Another answer."
    publishing.save_draft(article=stale)
    assert stored(article).published is not None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"body": ""}, "cannot be blank"),
        ({"title": ""}, "cannot be blank"),
        ({"valid_until": date(2020, 1, 1)}, "lies in the past"),
    ],
)
def test_what_cannot_be_said_is_not_published(fields: Any, why: str) -> None:
    article = draft(**fields)
    with pytest.raises(NotPublishable, match=why):
        publishing.publish(article=article, user=None)
    assert told() == []
    assert not article.revisions.exists()


def test_a_version_can_be_neither_changed_nor_deleted() -> None:
    revision = said().revisions.get()
    revision.body = "Everything is free."
    for act in (revision.save, revision.delete):
        with pytest.raises(AppendOnlyError):
            act()
    revision.refresh_from_db()
    assert revision.body == GARAGE


def test_when_the_index_fails_nothing_was_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    article = draft()

    def fails(article: Article) -> None:
        raise RuntimeError("no index")

    monkeypatch.setattr(publishing, "index_article", fails)
    with pytest.raises(RuntimeError), transaction.atomic():
        publishing.publish(article=article, user=None)
    assert stored(article).published is None
    assert told() == []


# --- retiring ----------------------------------------------------------------


def test_retired_it_is_found_no_more_and_brought_back_it_is() -> None:
    article = said()
    assert found("is there parking?") == [PARKING]
    assert publishing.retire(article=article, user=None)
    assert not publishing.retire(article=article, user=None)
    assert found("is there parking?") == []
    with pytest.raises(NotPublishable, match="bring it back"):
        publishing.publish(article=article, user=None)
    assert publishing.bring_back(article=article, user=None)
    assert not publishing.bring_back(article=article, user=None)
    assert found("is there parking?") == [PARKING]
    assert told() == ["article.published", "article.retired", "article.brought_back"]


def test_a_draft_is_never_found() -> None:
    draft()
    assert found("is there parking?") == []
    assert not KnowledgeEntry.objects.exists()


def test_changes_can_be_thrown_away() -> None:
    article = said()
    article.title, article.body = "Where do I park?", "Anywhere."
    publishing.save_draft(article=article)
    assert publishing.undo_changes(article=article, user=None)
    assert not stored(article).is_changing
    assert (article.title, article.body) == (PARKING, GARAGE)
    assert not publishing.undo_changes(article=article, user=None)


def test_checked_it_holds_longer_and_what_is_being_written_stays() -> None:
    mia, article = person("manager"), said(valid_until=today())
    article.body = "A new answer."
    publishing.save_draft(article=article)
    later = today() + timedelta(days=90)
    revision = publishing.mark_checked(article=article, user=mia, valid_until=later)
    assert (revision.number, revision.body, revision.valid_until) == (2, GARAGE, later)
    now = stored(article)
    assert (now.body, now.valid_until) == ("A new answer.", later)
    assert now.published == revision
    assert now.is_changing
    same = publishing.mark_checked(article=article, user=mia, valid_until=later)
    assert same == revision
    with pytest.raises(NotPublishable, match="past"):
        publishing.mark_checked(
            article=article, user=mia, valid_until=today() - TOMORROW
        )
    with pytest.raises(NotPublishable, match="Nothing"):
        publishing.mark_checked(article=draft("Other?"), user=mia, valid_until=later)


# --- where it stands ---------------------------------------------------------


def test_the_filter_and_the_chip_agree_about_every_article() -> None:
    day = today()
    lasting = {"valid_until": day}
    articles = [
        draft("draft"),
        draft("draft with a day", **lasting),
        said("said"),
        said("said with a day", **lasting),
        said("expired", **lasting),
        said("retired"),
        said("expired and retired", **lasting),
        said("other words"),
        said("other day", **lasting),
        said("a day at last"),
        said("no day any more", **lasting),
        said("other language"),
    ]
    for article in articles:
        if "expired" in article.title:
            old = article.revisions.filter(pk=article.published_id)
            old.update(valid_until=day - TOMORROW)
        if "retired" in article.title:
            publishing.retire(article=article, user=None)
    by_title = {article.title: article for article in articles}
    by_title["other words"].body = "other"
    by_title["other day"].valid_until = day + TOMORROW
    by_title["a day at last"].valid_until = day
    by_title["no day any more"].valid_until = None
    by_title["other language"].language = "de"
    for article in articles:
        publishing.save_draft(article=article)
    everything = Article.objects.select_related("published")
    stands = {one.title: standing_of(one, on=day) for one in everything}
    assert set(stands.values()) == set(Standing)
    for standing in Standing:
        rows = with_standing(Article.objects.all(), standing, on=day)
        wanted = {title for title, it in stands.items() if it is standing}
        assert {row.title for row in rows} == wanted, standing
    assert stands["retired"] is stands["expired and retired"] is Standing.RETIRED
    assert stands["said with a day"] is Standing.PUBLISHED


# --- phrasings ---------------------------------------------------------------


def test_a_confirmed_question_lets_the_article_be_found_by_its_words() -> None:
    mia, article = person("manager"), said()
    asked = "Where could we leave our vehicles overnight?"
    phrasing = publishing.confirm_phrasing(article=article, text=asked, user=mia)
    assert phrasing is not None
    assert (phrasing.text, phrasing.origin) == (asked, "lead")
    assert phrasing.created_by == "The-Manager"
    assert found("leave vehicles overnight") == [PARKING]
    assert told()[-1] == "article.phrased"
    assert LogEntry.objects.filter(user=mia).count() == 1


def test_the_same_question_twice_is_kept_once() -> None:
    article = said()
    first = publishing.confirm_phrasing(article=article, text="Can I park?", user=None)
    assert first is not None
    for text in ("can i park", "  Can I  park ?", PARKING.upper(), "Hi! Can I park?"):
        assert (
            publishing.confirm_phrasing(article=article, text=text, user=None) is None
        )
    assert article.phrasings.count() == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "Hi, this is Dana Reyes from Acme. Is there parking? Call +1 415 555 0123",
            "Is there parking?",
        ),
        ("My name is Bo Lind, do you have parking?", "do you have parking?"),
        ("Is parking included? My mail is dana@acme.example", "Is parking included?"),
        (
            "Can you deliver to 12 Long Beach Road on Friday?",
            "Can you deliver to on Friday?",
        ),
        ("Liefern Sie in die Lindenstraße 12?", "Liefern Sie in die?"),
        (
            "Do you take 4111 1111 1111 1111 as payment?",
            "Do you take as payment?",
        ),
        ("Ist das Passwort: geheim!23 richtig für den Zugang?", None),
        ("Can Dana Reyes get a parking space?", "Can get a parking space?"),
        ("Can Umbra get a parking space?", "Can get a parking space?"),
        ("Hola, soy Marisol. ¿Hay aparcamiento?", "¿Hay aparcamiento?"),
        ("We have dogs.\nAre they allowed?\n\nKind regards\nDana", "Are they allowed?"),
        ("+1 415 555 0123", ""),
        ("Dana Reyes", ""),
        ("", ""),
    ],
)
def test_nothing_of_who_asked_is_kept(text: str, kept: str | None) -> None:
    LeadFactory(name="Dana Reyes", company=Company.objects.create(name="Umbra"))
    words = impersonal(text)
    if kept is not None:
        assert words == kept
    for personal in ("Dana", "Reyes", "Lind", "Acme", "Umbra", "Marisol"):
        assert personal not in words
    for personal in ("@", "555", "4111", "Road", "straße", "geheim"):
        assert personal not in words


def test_a_long_question_is_cut_between_words() -> None:
    words = impersonal("Do you have room for " + "many " * 200 + "people?")
    assert 200 < len(words) <= 300
    assert words.endswith("many")


def test_a_person_s_own_phrasing_stays_as_written() -> None:
    article = said()
    phrasing = publishing.confirm_phrasing(
        article=article, text="  the Reyes  garage ", user=None, origin="person"
    )
    assert phrasing is not None
    assert (phrasing.text, phrasing.origin) == ("the Reyes garage", "person")
