"""Where an embedder is set up, what is like the question in meaning is found too."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from leads import policy
from leads.kept import forget_all
from leads.models import Job, UsageRecord
from messaging.agent.embedding import Embedded, NullEmbedder, choose_embedder
from messaging.agent.model import ModelError
from messaging.knowledge import publishing, vectors
from messaging.models import Article, KnowledgeVector
from messaging.tests.knowledge_found import TODAY, found, publish_all, titles

pytestmark = pytest.mark.django_db

PARKING = "Is there parking?"
FAQ = [
    (PARKING, "The garage has 20 spaces."),
    ("What is your warranty?", "Two years on frames."),
]
# One direction for each meaning.
MEANINGS = {"park": 0, "automobile": 0, "warranty": 1, "guarantee": 1}


class Meaning:
    """An embedder in this process."""

    name = "meaning"
    model = "meaning-1"
    heard: list[str] = []
    trouble: ModelError | None = None

    def is_configured(self) -> bool:
        return True

    def embed(self, texts: Sequence[str], *, seconds: float) -> Embedded:
        if Meaning.trouble:
            raise Meaning.trouble
        Meaning.heard += texts
        return Embedded(tuple(map(self.vector, texts)), 7 * len(texts))

    def vector(self, text: str) -> tuple[float, ...]:
        places = [place for word, place in MEANINGS.items() if word in text.lower()]
        return tuple(float(place in places[:1]) for place in range(3))


@pytest.fixture(autouse=True)
def meaning(settings: Settings) -> Iterator[None]:
    settings.EMBEDDERS = [f"{__name__}.Meaning"]
    Meaning.heard, Meaning.trouble = [], None
    yield
    Meaning.trouble = None


def test_without_one_set_up_there_are_no_vectors_and_no_job(settings: Any) -> None:
    settings.EMBEDDERS = ["messaging.agent.embedding.NullEmbedder"]
    publish_all(FAQ)
    assert vectors.embed_missing() == 0
    assert not Job.objects.exists()
    assert titles(PARKING)[0] == PARKING
    assert isinstance(choose_embedder([]), NullEmbedder)


def test_what_is_published_together_is_embedded_by_one_job_or_two() -> None:
    publish_all(FAQ)
    jobs = list(Job.objects.filter(name=vectors.JOB))
    assert 1 <= len(jobs) <= 2
    vectors.run_job(jobs[0])
    assert KnowledgeVector.objects.count() == 2
    assert sorted(Meaning.heard) == sorted(f"{q}\n{a}" for q, a in FAQ)
    assert vectors.embed_missing() == 0


def test_only_what_changed_is_embedded_again() -> None:
    publish_all(FAQ)
    vectors.embed_missing()
    Meaning.heard.clear()
    article = Article.objects.get(title=PARKING)
    article.body = "Parking is behind the house."
    publishing.save_draft(article=article)
    assert vectors.embed_missing() == 0
    publishing.publish(article=article, user=None)
    assert vectors.embed_missing() == 1
    assert Meaning.heard == [f"{PARKING}\nParking is behind the house."]
    assert KnowledgeVector.objects.count() == 2


def test_other_words_of_the_same_meaning_find_the_article_but_make_it_no_surer() -> (
    None
):
    publish_all(FAQ)
    asked = "Any place for an automobile?"
    assert titles(asked) == []
    vectors.embed_missing()
    assert found(asked)[0].title == PARKING
    assert found(asked)[0].sure < 0.1
    assert titles("Is there a guarantee?")[0] == "What is your warranty?"


def test_the_vectors_of_what_is_over_or_retired_find_nothing() -> None:
    publish_all(FAQ[:1], valid_until=TODAY)
    publish_all(FAQ[1:])
    vectors.embed_missing()
    asked = "Any place for an automobile?"
    assert PARKING in titles(asked)
    assert PARKING not in titles(asked, on=TODAY + timedelta(days=1))
    publishing.retire(article=Article.objects.get(title=PARKING), user=None)
    assert PARKING not in titles(asked)


def test_a_search_does_without_when_the_embedder_fails() -> None:
    publish_all(FAQ)
    vectors.embed_missing()
    Meaning.trouble = ModelError("unknown", "no answer in time")
    assert titles("is parking there?")[0] == PARKING


def test_what_it_uses_is_written_down_and_stops_at_the_day_s_cap() -> None:
    publish_all(FAQ)
    vectors.embed_missing()
    record = UsageRecord.objects.get()
    assert (record.service, record.what) == ("meaning", "meaning-1:embedding")
    assert (record.quantity, record.micro) == (14, None)
    policy.change(actor="test", ai_tokens_day=15)
    forget_all()
    assert found("Any place for an automobile?") == ()
    assert UsageRecord.objects.count() == 1


def test_card_numbers_never_reach_the_embedder() -> None:
    publish_all(FAQ)
    vectors.embed_missing()
    found("Does 4111 1111 1111 1111 pay for parking?")
    assert "4111" not in Meaning.heard[-1]


def test_vectors_come_back_as_they_were_stored() -> None:
    numbers = (0.25, -1.0, 0.5)
    assert tuple(vectors.unpacked(vectors.packed(numbers))) == numbers
    assert vectors.packed((1.0,)) == b"\x00\x00\x80\x3f"
