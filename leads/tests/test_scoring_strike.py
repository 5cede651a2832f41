"""*Not true* on a line of the score, and its undo."""

from uuid import uuid4

import pytest

from leads import clock
from leads.models import ScoreChange, ScoreLine
from leads.scoring import restore_line, score_at, strike_line
from leads.seeding import ensure_ground
from leads.tests.factories import MONDAY, FactFactory, LeadFactory, UserFactory
from leads.tests.saying import DAY, MINUTE, line_of, score, signal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ground() -> None:
    ensure_ground()


def test_not_true_moves_the_score_at_once_and_undo_brings_it_back() -> None:
    lead, user = LeadFactory(), UserFactory()
    before = score(lead, signal("asked_for_call"), signal("asked_price", "how much"))
    with clock.at(MONDAY + MINUTE):
        struck = strike_line(line=line_of(lead, "asked_for_call"), user=user)
    assert (struck.value, struck.change) == (8, -30)
    lead.refresh_from_db()
    assert lead.score == 8
    row = ScoreLine.objects.get(key="asked_for_call")
    assert (row.removed_as, row.removed_by) == ("struck", f"user:{user.pk}")
    with clock.at(MONDAY + 2 * MINUTE):
        undone = restore_line(line=row, user=user)
    assert undone.value == before.value
    assert [(x.key, x.points, x.occurred_at) for x in undone.lines] == [
        (x.key, x.points, x.occurred_at) for x in before.lines
    ]
    changes = ScoreChange.objects.order_by("occurred_at")
    assert [(c.before, c.after) for c in changes] == [(0, 38), (38, 8), (8, 38)]
    assert changes[1].actor == f"user:{user.pk}"


def test_history_still_shows_the_time_between_strike_and_undo() -> None:
    lead, user = LeadFactory(), UserFactory()
    score(lead, signal("asked_for_call"))
    with clock.at(MONDAY + 10 * MINUTE):
        strike_line(line=line_of(lead, "asked_for_call"), user=user)
    with clock.at(MONDAY + 20 * MINUTE):
        restore_line(line=ScoreLine.objects.get(), user=user)
    assert score_at(lead, MONDAY - MINUTE) == 0
    assert score_at(lead, MONDAY + 5 * MINUTE) == 30
    assert score_at(lead, MONDAY + 15 * MINUTE) == 0
    assert score_at(lead, MONDAY + 25 * MINUTE) == 30


def test_undo_and_not_true_twice_do_nothing_more() -> None:
    lead, user = LeadFactory(), UserFactory()
    score(lead, signal("asked_for_call"))
    line = line_of(lead, "asked_for_call")
    with clock.at(MONDAY + MINUTE):
        strike_line(line=line, user=user)
        assert strike_line(line=line, user=user).change == 0
        restore_line(line=line, user=user)
        assert restore_line(line=line, user=user).value == 30
    assert ScoreLine.objects.filter(removed_at=None).count() == 1


def test_struck_evidence_never_counts_again_but_new_evidence_does() -> None:
    lead, user, message = LeadFactory(), UserFactory(), uuid4()
    score(lead, signal("asked_for_call", "call me", message=message))
    strike_line(line=line_of(lead, "asked_for_call"), user=user)
    later = clock.now() + DAY
    same = signal("asked_for_call", "please do", message=message, at=later)
    assert score(lead, same).value == 0
    assert score(lead, signal("asked_for_call", "Call  me", at=later)).value == 0
    view = score(lead, signal("asked_for_call", "ring me at 5", at=later), at=later)
    assert view.value == 30


def test_a_struck_fit_line_stays_away_while_its_evidence_is_the_same() -> None:
    lead, user = LeadFactory(), UserFactory()
    FactFactory(lead=lead, message=uuid4())
    score(lead)
    strike_line(line=line_of(lead, "budget"), user=user)
    assert score(lead).value == 0


def test_undo_keeps_a_newer_line_of_the_same_kind() -> None:
    lead, user = LeadFactory(), UserFactory()
    score(lead, signal("asked_for_call", "call me"))
    old = line_of(lead, "asked_for_call")
    strike_line(line=old, user=user)
    later = clock.now() + DAY
    score(lead, signal("asked_for_call", "ring me at 5", at=later), at=later)
    view = restore_line(line=old, user=user)
    assert [line.quote for line in view.lines] == ["ring me at 5"]
