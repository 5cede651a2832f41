"""What is published is found: by stems, misspelt, in the lead's language, in time."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.kept import forget_all
from messaging.agent.knowledge import SURE
from messaging.knowledge import indexing, publishing
from messaging.models import Article, KnowledgeEntry, KnowledgeTerm, Offer, Phrasing
from messaging.tests.knowledge_found import TODAY, found, publish_all, titles
from messaging.tests.knowledge_world import draft, said

pytestmark = pytest.mark.django_db

PARKING, PARKED = "Is there parking?", "The garage has 20 spaces."
FAQ = [
    (PARKING, PARKED),
    ("How do I cancel my subscription?", "Write to us a month before it ends."),
    ("What is your warranty?", "Two years on frames, five on motors."),
    ("Do you ship to Canada?", "Yes, to all provinces, within a week."),
]


def offer(**more: object) -> Offer:
    values: dict[str, object] = {
        "name": "Team plan",
        "description": "Up to 20 seats with phone support.",
        "price": 4_900,
        "unit": "seat and month",
        "discount_limit": 10,
        "conditions": "billed yearly",
    }
    made = Offer.objects.create(**(values | more))
    indexing.index_offer(made)
    return made


def test_nothing_is_asked_while_nothing_is_published() -> None:
    draft("Is there parking?", "Not yet.")
    assert found(PARKING) == ()
    with CaptureQueriesContext(connection) as captured:
        assert found(PARKING) == ()
    assert len(captured) == 0


def test_a_search_takes_two_statements_and_a_third_for_what_is_misspelt() -> None:
    publish_all(FAQ)
    found(PARKING)
    with CaptureQueriesContext(connection) as captured:
        assert titles("is parking there")[0] == PARKING
    assert len(captured) == 2
    with CaptureQueriesContext(connection) as captured:
        assert titles("what about warrenty claims?")[0] == "What is your warranty?"
    assert len(captured) == 3
    with CaptureQueriesContext(connection) as captured:
        titles("what about warrenty claims?")
    assert len(captured) == 2


def test_the_answer_comes_with_its_published_words_and_is_sure() -> None:
    (source, *_) = publish_all(FAQ)
    best = found("Is there any parking at your place?")[0]
    assert (best.source, best.title, best.text) == (source, PARKING, PARKED)
    assert best.sure >= SURE
    assert not best.changing


def test_the_words_of_the_title_itself_are_all_but_certain() -> None:
    publish_all(FAQ)
    for title, _ in FAQ:
        assert found(title)[0].sure > 0.8, title


def test_other_questions_are_found_not_sure() -> None:
    publish_all(FAQ)
    for text in (
        "What is the capital of Pakistan?",
        "how long does it take to become an architect",
        "who is the coach of the chicago bulls",
    ):
        assert all(passage.sure < SURE for passage in found(text)), text


def test_each_question_of_a_long_message_is_answered() -> None:
    publish_all(FAQ)
    text = (
        "Hi there, I'm Jo Miller from Alder Street Bikes, we met at the fair in Leeds"
        " and liked what we saw on the stand. Is there parking? And what is your"
        " warranty?"
    )
    sure = {p.title: p.question for p in found(text) if p.sure >= SURE}
    assert sure == {
        PARKING: "Is there parking?",
        "What is your warranty?": "And what is your warranty?",
    }
    assert found("Is there parking?")[0].question == ""


def test_another_phrasing_finds_the_article() -> None:
    publish_all(FAQ)
    text = "Where can I leave my car?"
    assert all(passage.sure < SURE for passage in found(text))
    article = Article.objects.get(title=PARKING)
    Phrasing.objects.create(article=article, text="Where do I leave the car?")
    indexing.index_article(article)
    assert found(text)[0].title == PARKING
    assert found(text)[0].sure >= SURE


def test_a_draft_is_never_found_and_what_is_being_changed_says_so() -> None:
    article = said(PARKING, PARKED)
    article.body = "The garage has 90 spaces."
    publishing.save_draft(article=article)
    best = found(PARKING)[0]
    assert best.changing
    assert best.text == PARKED
    publishing.publish(article=article, user=None)
    best = found(PARKING)[0]
    assert (best.changing, best.text) == (False, "The garage has 90 spaces.")


def test_what_is_retired_is_found_no_more_until_it_is_brought_back() -> None:
    article = said(PARKING, PARKED)
    publishing.retire(article=article, user=None)
    assert found(PARKING) == ()
    assert not KnowledgeEntry.objects.exists()
    publishing.bring_back(article=article, user=None)
    assert titles(PARKING) == [PARKING]


def test_an_article_is_found_until_the_end_of_its_last_day() -> None:
    publish_all(FAQ[:1], valid_until=TODAY)
    assert titles(PARKING) == [PARKING]
    assert titles(PARKING, on=TODAY + timedelta(days=1)) == []


def test_what_is_over_takes_no_place_from_what_holds() -> None:
    old = [(f"Is there parking in {year}?", PARKED) for year in range(1990, 2015)]
    publish_all(old, valid_until=date(2020, 1, 1))
    publish_all([("Parking", PARKED)])
    assert titles("Is there parking in 2001?")[0] == "Parking"


def test_an_offer_is_found_by_its_price_and_carries_its_limit() -> None:
    made = offer()
    publish_all(FAQ)
    best = found("How much is the team plan?")[0]
    assert best.source == f"offer.{made.pk}"
    assert best.sure >= SURE
    assert (best.price, best.currency, best.unit) == (4_900, "USD", "seat and month")
    assert (best.discount_limit, best.conditions) == (10, "billed yearly")


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        ("de", "Hallo, was kostet der Team plan?"),
        ("es", "Hola, ¿cuánto cuesta el Team plan?"),
        ("fr", "Bonjour, combien coûte le Team plan ?"),
        ("pt", "Olá, quanto custa o Team plan?"),
    ],
)
def test_an_offer_is_asked_for_in_any_language(language: str, asked: str) -> None:
    publish_all(FAQ)
    made = offer()
    best = found(asked, language)[0]
    assert best.source == f"offer.{made.pk}"
    assert best.sure >= SURE


def test_an_offer_is_found_only_while_it_is_active_and_valid() -> None:
    made = offer(valid_until=TODAY)
    text = "What does the team plan cost?"
    assert titles(text) == ["Team plan"]
    assert titles(text, on=TODAY + timedelta(days=1)) == []
    made.active = False
    made.save()
    indexing.index_offer(made)
    assert titles(text) == []


def test_the_lead_s_language_comes_first_and_others_are_less_sure() -> None:
    publish_all([("Garage Berlin", "20 Plätze.")], language="de")
    publish_all([("Garage Berlin", "20 spaces.")], language="en")
    german, english = found("Garage Berlin?", "de")
    assert (german.language, english.language) == ("de", "en")
    assert german.sure > english.sure
    assert [p.language for p in found("Garage Berlin?", "en")] == ["en", "de"]


@pytest.mark.parametrize(
    ("language", "title", "asked"),
    [
        ("es", "¿Cómo cancelo mi suscripción?", "quiero cancelar las suscripciones"),
        (
            "fr",
            "Comment résilier mon abonnement ?",
            "je voudrais resilier l'abonnement",
        ),
        ("de", "Wie kündige ich meinen Vertrag?", "Kann man die Verträge kündigen?"),
        ("pt", "Como cancelo a minha assinatura?", "quero cancelar assinaturas"),
    ],
)
def test_questions_are_found_in_the_other_languages(
    language: str, title: str, asked: str
) -> None:
    publish_all(FAQ)
    publish_all([(title, "…"), ("Garage?", "…")], language=language)
    best = found(asked, language)[0]
    assert best.title == title
    assert best.sure >= SURE


def test_another_process_s_publishing_is_seen_when_the_memory_is_old() -> None:
    publish_all(FAQ[:2])
    assert "What is your warranty?" not in titles("What is your warranty?")
    publish_all(FAQ[2:])
    forget_all()  # as after five seconds
    assert titles("What is your warranty?")[0] == "What is your warranty?"


def test_the_words_are_counted_by_articles_and_mended_by_reindexing() -> None:
    publish_all(FAQ)
    publish_all([("Parking for trucks", "No parking, no parking.")])
    assert KnowledgeTerm.objects.get(word="park").documents == 2
    article = Article.objects.get(title=PARKING)
    indexing.remove(article)
    assert KnowledgeTerm.objects.get(word="park").documents == 1
    KnowledgeTerm.objects.update(documents=7)
    KnowledgeEntry.objects.filter(part="body").delete()
    assert indexing.reindex_all() == 5
    assert KnowledgeTerm.objects.get(word="park").documents == 2
    assert titles("20 spaces in a garage") == [PARKING]


def test_hostile_questions_break_no_statement() -> None:
    publish_all(FAQ)
    for text in (
        "'; DROP TABLE messaging_article; -- parking",
        'parking & ! | <-> :* \\ ( "',
        'NEAR("parking" AND) OR NOT *',
        "%s %% %(x)s {0} parking",
        "?" * 500,
        "parking " * 2_000,
        "\N{ZERO WIDTH SPACE}\x07 parking",
        "",
    ):
        assert PARKING in titles(text) or "parking" not in text, text[:40]


def test_the_search_tables_follow_whoever_deletes() -> None:
    publish_all(FAQ)
    Article.objects.filter(title=PARKING).update(published=None)
    assert titles(PARKING) == []
    KnowledgeEntry.objects.all().delete()
    forget_all()
    assert found("cancel my subscription") == ()
