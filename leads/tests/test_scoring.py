"""The score: lines with evidence that add up, fade, and follow the facts."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import clock
from leads.models import Event, LeadContact, ScoreChange, ScoreLine, ScoreRule
from leads.scoring import Signal, fade, score_at, score_history, score_view, top_reasons
from leads.seeding import ensure_ground
from leads.tests.factories import (
    MONDAY,
    ContactPointFactory,
    FactFactory,
    LeadContactFactory,
    LeadFactory,
)
from leads.tests.saying import DAY, MINUTE, keys, score, seats_lead, signal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ground() -> None:
    ensure_ground()


@pytest.mark.parametrize(
    "noticed",
    [
        ("asked_for_call",),
        ("asked_for_call", "said_interested", "replied"),
        (
            "asked_for_call",
            "asked_for_meeting",
            "asked_for_person",
            "asked_question",
            "said_interested",
        ),
    ],
)
def test_a_sentence_that_names_all_and_asks_for_a_call_is_hot(
    noticed: Iterable[str],
) -> None:
    lead, message = seats_lead()
    view = score(lead, *(signal(key, message=message) for key in noticed))
    assert view.value == 90
    assert lead.score == 90
    assert lead.temperature == "Hot"
    assert {(line.key, line.points) for line in view.lines} == {
        ("asked_for_call", 30),
        ("budget", 25),
        ("need_quantity", 20),
        ("timeline_soon", 15),
    }


def test_every_line_carries_words_and_message() -> None:
    lead, message = seats_lead()
    view = score(
        lead, signal("asked_for_call", "can someone call me?", message=message)
    )
    assert {line.key: line.quote for line in view.lines} == {
        "asked_for_call": "can someone call me?",
        "budget": "budget is 20k",
        "need_quantity": "we need about 40 seats",
        "timeline_soon": "next month",
    }
    assert {line.message for line in view.lines} == {message}
    assert all(line.removable and line.public_id for line in view.lines)


def test_a_bare_hi_is_cool() -> None:
    view = score(LeadFactory(), signal("replied", "hi"), signal("asked_question", "hi"))
    assert 0 < view.value < 40


def test_a_signal_without_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a quote or a message"):
        Signal(key="asked_for_call", quote=" ", message=None, at=MONDAY)


def test_a_signal_without_a_rule_gives_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ScoreRule.objects.filter(key="asked_for_call").update(active=False)
    assert score(LeadFactory(), signal("asked_for_call"), signal("rich")).value == 0
    assert "'rich'" in caplog.text


def test_a_signal_cannot_give_the_points_of_a_fact() -> None:
    assert score(LeadFactory(), signal("budget", "20k")).value == 0


def test_the_same_message_read_twice_counts_once() -> None:
    lead, asked = LeadFactory(), signal("asked_for_call")
    score(lead, asked)
    view = score(lead, asked, at=MONDAY + MINUTE)
    assert (view.value, view.change) == (30, 0)
    assert ScoreLine.objects.count() == 1


def test_a_repeated_signal_refreshes_instead_of_piling_up() -> None:
    lead = LeadFactory()
    score(lead, signal("asked_for_call", "call me"))
    later = MONDAY + 60 * DAY
    assert score(lead, at=later).value == 15
    view = score(lead, signal("asked_for_call", "please ring", at=later), at=later)
    assert [(line.points, line.quote) for line in view.lines] == [(30, "please ring")]
    old = ScoreLine.objects.get(quote="call me")
    assert old.removed_as == ScoreLine.Removed.STALE


def test_an_older_message_that_comes_late_changes_nothing() -> None:
    lead = LeadFactory()
    score(lead, signal("asked_for_call", "new", at=MONDAY))
    view = score(lead, signal("asked_for_call", "old", at=MONDAY - DAY))
    assert [line.quote for line in view.lines] == ["new"]


def test_not_interested_ends_earlier_interest_and_the_other_way_round() -> None:
    lead = LeadFactory()
    score(lead, signal("said_interested", "sounds good"))
    view = score(lead, signal("said_not_interested", "no thanks", at=MONDAY + MINUTE))
    assert keys(view) == {"said_not_interested", "limit"}
    view = score(lead, signal("said_interested", "I was wrong", at=MONDAY + 2 * MINUTE))
    assert keys(view) == {"said_interested"}


def test_late_old_interest_does_not_return_after_a_newer_no() -> None:
    lead = LeadFactory()
    score(lead, signal("said_not_interested", "no thanks", at=MONDAY))
    view = score(lead, signal("said_interested", "sounds good", at=MONDAY - DAY))
    assert "said_interested" not in keys(view)


def test_a_late_old_no_does_not_end_what_was_said_after_it() -> None:
    lead = LeadFactory()
    score(lead, signal("confirmed", "yes, Tuesday"), signal("asked_price", "price"))
    view = score(lead, signal("said_not_interested", "no", at=MONDAY - DAY))
    assert "confirmed" in keys(view)


def test_a_message_dated_ahead_of_the_clock_counts_no_more_than_its_points() -> None:
    lead = LeadFactory()
    assert score(lead, signal("asked_for_call", at=MONDAY + 90 * DAY)).value == 30


@pytest.mark.parametrize(
    ("noticed", "value", "label"),
    [
        (("spam",), 0, "never below 0"),
        (
            ("asked_for_call", "said_interested", "asked_price", "said_urgent"),
            100,
            "limit of 100",
        ),
    ],
)
def test_the_limits_are_a_line_of_their_own(
    noticed: Iterable[str], value: int, label: str
) -> None:
    lead, _ = seats_lead() if value else (LeadFactory(), None)
    view = score(lead, *(signal(key, key) for key in noticed))
    assert view.value == value == sum(line.points for line in view.lines)
    assert view.lines[-1].label == label
    assert not view.lines[-1].removable


def test_absurd_points_on_the_card_stay_within_the_limits() -> None:
    ScoreRule.objects.filter(key="asked_for_call").update(points=32_000)
    lead = LeadFactory()
    assert score(lead, signal("asked_for_call")).value == 100
    lead.refresh_from_db()
    assert lead.score == 100


def test_behaviour_fades_by_its_half_life_and_fit_does_not() -> None:
    lead, message = seats_lead()
    asked = score(lead, signal("asked_for_call", message=message))
    assert fade(asked, days=7) == -3
    assert score_view(lead, at=MONDAY + timedelta(hours=23)).value == 90
    assert score_view(lead, at=MONDAY + 60 * DAY).value == 75
    assert score_view(lead, at=MONDAY + 3650 * DAY).value == 60
    assert fade(score_view(lead, at=MONDAY + 3650 * DAY), days=30) == 0


def test_fading_lifts_a_score_that_a_negative_line_held_down() -> None:
    lead = LeadFactory()
    FactFactory(lead=lead)
    view = score(lead, signal("complained", "bad service"))
    assert view.value == 15
    assert fade(view, days=60) == 5


def test_a_company_mail_earns_and_a_free_one_costs() -> None:
    lead = LeadFactory()
    free = ContactPointFactory(mail=True, value="dana.fit@gmail.com")
    LeadContactFactory(lead=lead, contact_point=free)
    FactFactory(lead=lead)
    assert score(lead).value == 22
    own = ContactPointFactory(mail=True, value="dana@acme.example")
    LeadContactFactory(lead=lead, contact_point=own, primary=False)
    view = score(lead)
    assert keys(view) == {"budget", "company_mail"}
    assert view.value == 30


def test_a_mail_that_was_only_typed_earns_nothing() -> None:
    lead = LeadFactory()
    LeadContactFactory(
        lead=lead,
        contact_point=ContactPointFactory(mail=True),
        known_by=LeadContact.Known.PROPOSAL,
    )
    assert score(lead).lines == ()


def test_a_changed_card_moves_fit_lines_at_the_next_update() -> None:
    lead = LeadFactory()
    FactFactory(lead=lead)
    score(lead)
    rule = ScoreRule.objects.get(key="budget")
    rule.points = 40
    rule.save()
    assert score(lead, at=MONDAY + MINUTE).value == 40
    assert score_at(lead, MONDAY) == 25


def test_a_move_of_the_score_leaves_history_and_an_event() -> None:
    lead = LeadFactory()
    score(lead, signal("asked_for_call"), cause="wrote: asked for a call")
    change = ScoreChange.objects.get(lead=lead)
    assert (change.before, change.after) == (0, 30)
    assert (change.cause, change.actor) == ("wrote: asked for a call", "builtin")
    event = Event.objects.get(kind="score.changed")
    assert event.payload == {"before": 0, "after": 30}
    score(lead, at=MONDAY + MINUTE)
    assert ScoreChange.objects.count() == 1


def test_top_reasons_are_the_strongest_of_each_side_without_the_limit() -> None:
    lead, message = seats_lead()
    noticed = ("asked_for_call", "asked_price", "said_urgent", "objected", "complained")
    view = score(lead, *(signal(key, key, message=message) for key in noticed))
    ups, downs = top_reasons(view, n=3)
    assert [line.key for line in ups] == ["asked_for_call", "budget", "need_quantity"]
    assert [line.key for line in downs] == ["complained", "objected"]


def test_history_gives_the_value_at_the_end_of_each_day() -> None:
    lead = LeadFactory()
    score(lead, signal("asked_price", "how much"), at=MONDAY)
    score(lead, signal("asked_for_call", at=MONDAY + DAY), at=MONDAY + DAY)
    with clock.at(MONDAY + 2 * DAY):
        history = score_history(lead, days=4)
    assert [(day.day, value) for day, value in history] == [
        (1, 0),
        (2, 8),
        (3, 37),
        (4, 36),
    ]


def test_a_clock_that_was_moved_back_hides_nothing() -> None:
    lead = LeadFactory()
    score(lead, signal("asked_for_call", at=MONDAY + DAY), at=MONDAY + DAY)
    view = score(lead, signal("asked_price", "how much"), at=MONDAY)
    assert keys(view) == {"asked_for_call", "asked_price"}
    with clock.at(MONDAY):
        assert score_view(lead).value == view.value
        assert score_history(lead, days=1)[-1][1] == view.value


def test_a_usual_turn_needs_few_queries_and_a_view_one() -> None:
    lead, message = seats_lead()
    score(lead, signal("replied", "hi", at=MONDAY - DAY), at=MONDAY - DAY)
    with CaptureQueriesContext(
        connection,
    ) as used:
        score(lead, signal("asked_for_call", message=message))
    assert len(used) <= 12, [query["sql"][:90] for query in used]
    with CaptureQueriesContext(connection) as used:
        score_view(lead)
    assert len(used) == 1
