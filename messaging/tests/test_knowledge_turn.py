"""What is published reaches the turn that asks for it, and costs it little."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import clock
from messaging.agent.knowledge import SURE
from messaging.models import Profile, Turn
from messaging.replies import answer
from messaging.situations import Understood, understand
from messaging.tests.knowledge_found import publish_all
from messaging.tests.talk import FakeCarrier, mode, talk, text_in

pytestmark = pytest.mark.django_db

PARKING = "Is there parking at your place?"
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
MOST_QUERIES = 46


def burst(text: str) -> Understood:
    stored = text_in(text)
    return understand(talk(), stored)


@pytest.fixture(autouse=True)
def parking(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    publish_all(
        [
            (PARKING, "The garage has 20 spaces."),
            ("Do you ship to Canada?", "Yes, to all provinces, within a week."),
        ]
    )


def test_a_question_brings_what_is_published_on_it() -> None:
    best = burst("Hi! Do you have parking?").knowledge[0]
    assert (best.title, best.text) == (PARKING, "The garage has 20 spaces.")
    assert best.sure >= SURE


def test_where_nothing_is_asked_nothing_is_looked_up() -> None:
    text_in("ok thanks")
    with CaptureQueriesContext(connection) as captured:
        assert burst("ok thanks, we park there already").knowledge == ()
    assert not [q for q in captured.captured_queries if "knowledge" in q["sql"]]


def test_the_day_is_the_company_s() -> None:
    profile = Profile.current()
    profile.time_zone = "Pacific/Auckland"
    profile.save()
    publish_all([("Is lunch free?", "Today it is.")], valid_until="2026-12-01")
    text = "Is lunch free?"
    noon = clock.now().replace(year=2026, month=12, day=1, hour=10, minute=50)
    with clock.at(noon):  # ten to midnight there
        assert burst(text).knowledge[0].title == text
    with clock.at(noon + timedelta(minutes=20)):
        assert all(p.title != text for p in burst(text).knowledge)


def test_a_turn_with_knowledge_stays_within_its_queries() -> None:
    text_in("Hi, we need 40 desks")
    turns = Turn.objects.order_by("-pk").values_list("pk", flat=True)
    with clock.shifted(timedelta(minutes=5)):
        answer(turn_id=turns[0])
        text_in("Do you have parkign there?")
        with clock.shifted(timedelta(minutes=5)):
            pk = turns[0]
            with CaptureQueriesContext(connection) as captured:
                answer(turn_id=pk)
    said = [query["sql"].strip() for query in captured.captured_queries]
    asked = [sql for sql in said if not sql.startswith(CONTROL)]
    assert len([sql for sql in asked if "messaging_knowledge" in sql]) <= 3
    assert len(asked) <= MOST_QUERIES
