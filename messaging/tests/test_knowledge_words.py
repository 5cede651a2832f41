"""Questions and articles meet as stems, in five languages and misspelt."""

import pytest

from messaging.agent.phrases import LANGUAGES
from messaging.agent.retrieval.spelling import JOINED, MISSPELT, alike, distance
from messaging.agent.retrieval.words import (
    fold,
    offer_phrasings,
    questions,
    similarity,
    stem,
    stop_words,
    terms,
    trigrams,
)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "How do I cancel my subscription?", "cancelling subscriptions"),
        ("en", "Can I get e-mails?", "emailed"),
        (
            "es",
            "¿Cuáles son las condiciones de la instalación?",
            "condicion instalaciones",
        ),
        ("es", "¿Hay devoluciones?", "devolucion"),
        ("fr", "L'abonnement, puis-je le résilier ?", "résilier des abonnements"),
        ("de", "Wann kündige ich die Verträge?", "kundigen Vertrage"),
        ("pt", "Qual é o prazo das devoluções?", "prazos da devolucao"),
    ],
)
def test_two_ways_to_write_a_question_have_the_same_stems(
    language: str, one: str, other: str
) -> None:
    assert set(terms(one, language)) == set(terms(other, language))


def test_a_regional_language_is_read_as_its_base() -> None:
    assert terms("as devoluções", "pt-BR") == terms("as devoluções", "pt")


def test_in_a_language_that_we_do_not_know_every_word_counts_as_it_is() -> None:
    assert terms("Hoe werkt de levering?", "nl") == ("hoe", "werkt", "de", "levering")


def test_a_question_of_plain_words_only_keeps_them() -> None:
    assert terms("How does it work?", "en")
    assert set(terms("How does it work?", "en")) == set(terms("how it does work", "en"))


def test_stop_words_are_folded_and_no_language_lacks_them() -> None:
    for language in LANGUAGES:
        words = stop_words(language)
        assert len(words) > 200
        assert all(word == fold(word) for word in words)
    assert not stop_words("nl")


def test_terms_never_hold_what_would_break_a_query_of_full_text() -> None:
    hostile = 'a\'b "c" d:* (e) & | ! <-> \\ NEAR OR AND * ^ {x} ; -- 100% _y_ ümlaut ß'
    for language in (*LANGUAGES, "xx"):
        found = terms(hostile, language)
        assert found and all(term.isalnum() for term in found)
    assert len(stem("x" * 500, "en")) <= 40


def test_each_question_of_a_message_is_asked_by_itself_too() -> None:
    text = "Hi, I am Jo.\nWe sell shoes. Is there parking? And what about dogs?"
    whole, *asked = questions(text)
    assert whole == text
    assert asked == ["Is there parking?", "And what about dogs?"]
    assert questions("Is there parking?") == ("Is there parking?",)


def test_similarity_is_what_pg_trgm_counts() -> None:
    # SELECT similarity('word', 'two words') in PostgreSQL 15.
    assert similarity(trigrams("word"), trigrams("two words")) == pytest.approx(4 / 11)


def test_misspelt_and_joined_words_are_known_again() -> None:
    known = ("receive", "strikethrough", "kundigung", "send", "warranty", "price")
    assert alike("recieve", known) == {"receive": MISSPELT}
    assert alike("warrenty", known) == {"warranty": MISSPELT}
    assert alike("stikethrough", known) == {"strikethrough": MISSPELT}
    assert alike("kundigungsfrist", known) == {"kundigung": JOINED}


def test_another_word_is_not_taken_for_a_misspelt_one() -> None:
    known = ("send", "exit", "options", "store", "2026")
    for word in ("spend", "brexit", "onions", "score", "2025", "abc"):
        assert not alike(word, known), word


def test_distance_counts_swapped_neighbours_once_and_stops_early() -> None:
    assert distance("teh", "the", most=2) == 1
    assert distance("cancel", "cancel", most=1) == 0
    assert distance("cancel", "cancelled", most=1) == 2
    assert distance("abcdef", "uvwxyz", most=2) == 3


def test_an_offer_is_asked_for_by_its_price_in_its_language() -> None:
    for language in LANGUAGES:
        assert all("Pro plan" in line for line in offer_phrasings("Pro plan", language))
        assert offer_phrasings("Pro plan", language)
    assert offer_phrasings("Pro plan", "nl") == ()
