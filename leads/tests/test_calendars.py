"""Working time: several blocks a day, holidays, nights in which the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.calendars import Calendar, NeverOpen, calendar_from, calendar_of
from leads.models import BusinessCalendar
from leads.tests.factories import TeamFactory

BERLIN = ZoneInfo("Europe/Berlin")
LUNCH = ((540, 720), (780, 1020))  # 9 to 12, 13 to 17
WEEK = dict.fromkeys(range(5), LUNCH)
PLAIN = Calendar(BERLIN, WEEK)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_a_working_hour_skips_lunch_and_the_night() -> None:
    assert PLAIN.add(at("2026-03-02T11:30"), 1, "hours", working=True) == at(
        "2026-03-02T13:30"
    )
    assert PLAIN.add(at("2026-03-02T16:30"), 1, "hours", working=True) == at(
        "2026-03-03T09:30"
    )


def test_nothing_to_add_waits_for_the_next_opening() -> None:
    for unit in ("minutes", "hours", "days"):
        assert PLAIN.add(at("2026-03-07T11:00"), 0, unit, working=True) == at(
            "2026-03-09T09:00"
        )


def test_a_working_day_is_the_same_time_on_the_next_open_day() -> None:
    friday = at("2026-03-06T10:20")
    assert PLAIN.add(friday, 1, "days", working=True) == at("2026-03-09T10:20")
    assert PLAIN.add(friday, 3, "days", working=True) == at("2026-03-11T10:20")


@pytest.mark.parametrize(
    ("clock_time", "moved"),
    [("07:00", "09:00"), ("12:15", "13:00"), ("22:00", "16:59"), ("16:59", "16:59")],
)
def test_a_working_day_is_moved_into_its_hours(clock_time: str, moved: str) -> None:
    found = PLAIN.add(at(f"2026-03-02T{clock_time}"), 1, "days", working=True)
    assert found == at(f"2026-03-03T{moved}")


def test_a_plain_day_keeps_the_clock_over_a_change_of_it() -> None:
    saturday = at("2026-03-28T10:00")  # the night to Sunday loses an hour
    assert PLAIN.add(saturday, 1, "days", working=False) == at("2026-03-29T10:00")
    assert PLAIN.add(saturday, 24, "hours", working=False) == at("2026-03-29T11:00")


def test_open_around_the_clock_loses_no_minute_in_such_a_night() -> None:
    always = Calendar(BERLIN, dict.fromkeys(range(7), ((0, 1440),)))
    start, end = at("2026-03-28T12:00"), at("2026-03-29T12:00")
    assert always.open_minutes(start, end) == 23 * 60
    start, end = at("2026-10-24T12:00"), at("2026-10-25T12:00")
    assert always.open_minutes(start, end) == 25 * 60


def test_holidays_and_closed_days_are_closed() -> None:
    bavaria = Calendar(BERLIN, WEEK, "DE", "BY", frozenset({date(2026, 1, 5)}))
    assert bavaria.next_open(at("2026-01-01T10:00")) == at("2026-01-02T09:00")
    # The 5th is a named day, the 6th is Epiphany, in Bavaria only.
    assert bavaria.next_open(at("2026-01-03T10:00")) == at("2026-01-07T09:00")
    prussia = Calendar(BERLIN, WEEK, "DE", "BE")
    assert prussia.is_open(at("2026-01-06T10:00"))
    assert bavaria.closed_because(date(2026, 1, 6))


def test_the_end_of_a_block_is_closed() -> None:
    assert PLAIN.is_open(at("2026-03-02T11:59"))
    assert not PLAIN.is_open(at("2026-03-02T12:00"))
    assert PLAIN.is_open(at("2026-03-02T13:00"))


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="no length of time"):
        PLAIN.add(at("2026-03-02T10:00"), 1, "weeks", working=True)


def test_a_calendar_that_never_opens_says_so() -> None:
    with pytest.raises(NeverOpen):
        Calendar(BERLIN, {}).next_open(at("2026-03-02T10:00"))


@pytest.mark.django_db
def test_the_teams_own_calendar_comes_before_the_houses() -> None:
    team, other = TeamFactory(), TeamFactory()
    assert calendar_of(team).zone == ZoneInfo("UTC")
    assert calendar_of(None).is_open(datetime(2026, 3, 2, 9, tzinfo=UTC))
    BusinessCalendar.objects.create(time_zone="Europe/Berlin")
    BusinessCalendar.objects.create(
        team=team, time_zone="Asia/Tokyo", hours={"sat": [["10:00", "24:00"]]}
    )
    assert calendar_of(team).zone == ZoneInfo("Asia/Tokyo")
    assert calendar_of(team).is_open(
        datetime(2026, 3, 7, 23, 59, tzinfo=ZoneInfo("Asia/Tokyo"))
    )
    assert calendar_of(other).zone == BERLIN
    assert calendar_of(None).zone == BERLIN


def test_a_calendar_without_any_hours_is_taken_as_office_hours() -> None:
    row = BusinessCalendar(hours={}, time_zone="Europe/Berlin")
    assert calendar_from(row).next_open(at("2026-03-07T10:00")) == at(
        "2026-03-09T09:00"
    )


zones = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Chatham",
            "America/Havana",
        )
    ]
)
blocks = st.sampled_from(
    [(), ((540, 1020),), LUNCH, ((0, 1440),), ((90, 150), (1380, 1440))]
)
calendars = st.builds(
    Calendar,
    zones,
    st.fixed_dictionaries(dict.fromkeys(range(6), blocks) | {6: st.just(LUNCH)}),
    st.sampled_from(["", "DE", "US"]),
)
instants = st.integers(0, 60 * 24 * 730).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
amounts = st.tuples(
    st.integers(0, 400), st.sampled_from(["minutes", "hours"])
) | st.tuples(st.integers(0, 12), st.just("days"))


@given(calendars, instants, amounts)
def test_what_is_added_ends_in_open_time(
    calendar: Calendar, start: datetime, amount: tuple[int, str]
) -> None:
    end = calendar.add(start, *amount, working=True)
    assert end >= start
    assert calendar.is_open(end)


@given(calendars, instants, st.integers(0, 5000), amounts)
def test_who_begins_later_ends_no_earlier(
    calendar: Calendar, start: datetime, later: int, amount: tuple[int, str]
) -> None:
    begun, begun_later = start, start + timedelta(minutes=later)
    if amount[1] == "days":  # the clock time of a closed hour is not one of work
        begun, begun_later = calendar.next_open(begun), calendar.next_open(begun_later)
    first = calendar.add(begun, *amount, working=True)
    second = calendar.add(begun_later, *amount, working=True)
    assert first <= second


@given(calendars, instants, st.integers(0, 20_000), st.integers(0, 20_000))
def test_open_minutes_add_up(
    calendar: Calendar, start: datetime, one: int, two: int
) -> None:
    middle = start + timedelta(minutes=one)
    end = middle + timedelta(minutes=two)
    whole = calendar.open_minutes(start, end)
    assert whole == calendar.open_minutes(start, middle) + calendar.open_minutes(
        middle, end
    )
    assert 0 <= whole <= one + two


@given(calendars, instants, st.integers(0, 3000))
def test_so_many_open_minutes_lie_before_the_end(
    calendar: Calendar, start: datetime, amount: int
) -> None:
    end = calendar.add(start, amount, "minutes", working=True)
    assert calendar.open_minutes(start, end) == amount
