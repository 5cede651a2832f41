"""Who is away, or asks to be written to later, is left alone until then."""

from datetime import UTC, datetime, timedelta

import pytest

from leads import clock, policy
from leads.models import BusinessCalendar, Lead, Task
from messaging.happenings import happenings
from messaging.mail.facts import MachineKind
from messaging.models.sequence import Enrollment
from messaging.sequences import parking
from messaging.tests.mail_talk import machine, mail_in
from messaging.tests.sequence_world import (
    DAY,
    MAIL,
    NOON,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    runs,
    sequence,
)
from messaging.tests.talk import text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

BEGUN = datetime(2026, 2, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def begun() -> tuple[Lead, Enrollment]:
    open_house()
    with clock.at(BEGUN):
        lead = dana()
        lead.time_zone = "America/New_York"
        lead.save()
        return lead, begin(sequence({}, {}), lead)


def hears(words: str) -> None:
    with clock.at(BEGUN + timedelta(hours=2)):
        text_in(words)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("call me in March", "1 Mar"),
        ("Not now, write me in two weeks", "16 Feb"),
        ("can you call me back in March?", "1 Mar"),
        ("Bitte melden Sie sich im März", "1 Mar"),
        ("Rappelez-moi en mars", "1 Mar"),
        ("Llámeme en marzo", "1 Mar"),
        ("Me ligue em março", "1 Mar"),
        ("I am out of office until February 20", "20 Feb"),
        ("on vacation, back on February 20", "20 Feb"),
    ],
)
def test_words_that_name_a_day_park_it_there(words: str, day: str) -> None:
    lead, row = begun()
    hears(words)
    row = now_of(row)
    assert (row.state, row.cause) == ("waiting", "")
    assert row.reason == f"Parked to {day}: “{words}”"
    at(BEGUN + 3 * DAY)
    assert follow_ups(lead) == []
    assert now_of(row).reason == f"Parked to {day}: “{words}”"
    parked = row.parked_until
    assert parked is not None
    at(parked)
    assert [m.body for m in follow_ups(lead)] == ["Follow-up 1"]
    assert now_of(row).parked_until is None
    at(parked + DAY)
    assert [m.body for m in follow_ups(lead)] == ["Follow-up 1", "Follow-up 2"]
    assert any("parked until" in line.words for line in happenings(lead))


@pytest.mark.parametrize(
    "words",
    [
        "can you deliver in March?",
        "we need it in March",
        "call me tomorrow at 3",
        "not now",
        "let's do Tuesday at 3pm",
    ],
)
def test_other_words_stop_it(words: str) -> None:
    _, row = begun()
    hears(words)
    assert now_of(row).state == "stopped"


def test_an_answer_after_it_was_parked_stops_it() -> None:
    lead, row = begun()
    hears("call me in March")
    with clock.at(BEGUN + DAY):
        text_in("actually, how much is a desk?")
    assert (now_of(row).state, now_of(row).cause) == ("stopped", "replied")
    assert follow_ups(lead) == []


def test_it_is_parked_to_when_the_team_next_works() -> None:
    _, row = begun()
    office = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    BusinessCalendar.objects.update_or_create(
        team=None, defaults={"hours": office, "time_zone": "America/New_York"}
    )
    hears("call me in March")
    # 1 March 2026 is a Sunday; New York opens on Monday at nine.
    assert now_of(row).due_at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    assert now_of(row).reason.startswith("Parked to 2 Mar: ")


def test_a_mail_program_s_absence_parks_to_the_return_date() -> None:
    open_house()
    back = NOON + 6 * DAY
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence(mail_step(), {}), lead)
    with clock.at(NOON + timedelta(hours=1)):
        mail_in(
            "I am away.",
            sender=MAIL,
            machine=machine(MachineKind.OUT_OF_OFFICE, until=back),
        )
    row = now_of(row)
    assert (row.state, row.parked_until) == ("waiting", back)
    assert row.reason == "Parked to 8 Mar: away, by their mail"
    at(NOON + 3 * DAY)
    assert follow_ups(lead) == []
    at(back)
    assert [m.body for m in follow_ups(lead)] == ["Follow-up 1"]


def test_an_absence_without_a_day_changes_nothing() -> None:
    lead, row = begun()
    with clock.at(BEGUN + timedelta(hours=2)):
        mail_in("I am away.", sender=MAIL, machine=machine(MachineKind.OUT_OF_OFFICE))
    assert now_of(row).state == "waiting"
    at(BEGUN + DAY)
    assert len(follow_ups(lead)) == 1


def test_nothing_is_brought_forward() -> None:
    open_house()
    with clock.at(BEGUN):
        row = begin(sequence({"delay": 60}), dana())
    hears("Not now, write me in two weeks")
    assert now_of(row).due_at == BEGUN + 60 * DAY


@pytest.mark.parametrize("by_mail", [True, False])
def test_a_step_that_waits_to_leave_goes_anew_after_the_rest(by_mail: bool) -> None:
    lead, row = begun()
    policy.change(actor="system", sending=False)
    at(BEGUN + DAY)
    assert follow_ups(lead)[0].state == "held"
    with clock.at(BEGUN + DAY + timedelta(hours=1)):
        if by_mail:
            until = BEGUN + 8 * DAY
            away = machine(MachineKind.OUT_OF_OFFICE, until=until)
            mail_in("I am away.", sender=MAIL, machine=away)
        else:
            text_in("not now, write me in a week please")
    policy.change(actor="system", sending=True)
    at(BEGUN + 3 * DAY)
    assert [m.state for m in follow_ups(lead)] == ["cancelled"]
    parked = now_of(row).parked_until
    assert parked is not None
    at(parked)
    assert [m.state for m in follow_ups(lead)] == ["cancelled", "sent"]
    assert {m.body for m in follow_ups(lead)} == {"Follow-up 1"}
    at(parked + DAY + timedelta(minutes=1))
    assert follow_ups(lead)[-1].body == "Follow-up 2"


def test_away_without_a_day_rests_three_working_days() -> None:
    lead, row = begun()
    hears("I am out of office")
    row = now_of(row)
    assert (row.state, row.parked_until) == ("waiting", row.due_at)
    assert row.due_at - BEGUN - 3 * DAY - 2 * HOUR < timedelta(seconds=5)
    assert row.reason == "Parked to 5 Feb: away without a day, “I am out of office”"
    at(BEGUN + 2 * DAY)
    assert follow_ups(lead) == []
    at(row.due_at)
    assert [m.body for m in follow_ups(lead)] == ["Follow-up 1"]


def test_a_draft_that_waits_goes_anew_after_the_rest() -> None:
    open_house()
    with clock.at(BEGUN):
        lead = dana()
        row = begin(sequence({"body": "Hi {{ company }}"}, {}), lead)
    at(BEGUN + DAY)
    assert [m.state for m in follow_ups(lead)] == ["draft"]
    with clock.at(BEGUN + DAY + HOUR):
        text_in("call me in March")
    assert [m.state for m in follow_ups(lead)] == ["cancelled"]
    assert not Task.objects.open().filter(kind=Task.Kind.DRAFT).exists()
    parked = now_of(row).parked_until
    assert parked is not None
    at(parked)
    assert [m.state for m in follow_ups(lead)] == ["cancelled", "draft"]
    assert runs(row) == [(1, "drafted")]


@pytest.mark.parametrize("stale", [True, False])
def test_what_has_ended_is_not_parked_and_loses_nothing(stale: bool) -> None:
    lead, row = begun()
    policy.change(actor="system", sending=False)
    at(BEGUN + DAY)
    seen = Enrollment.objects.select_related("lead", "next_step").get(pk=row.pk)
    Enrollment.objects.filter(pk=row.pk).update(state="dead")
    if not stale:
        seen.refresh_from_db()
    with clock.at(BEGUN + DAY + HOUR):
        until = clock.now() + DAY
        assert not parking.park(seen, until=until, words="rest", actor="user:1")
    assert [m.state for m in follow_ups(lead)] == ["held"]
    assert runs(row) == [(1, "queued")]
