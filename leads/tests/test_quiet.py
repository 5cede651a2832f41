"""Quiet hours by the recipient's clock: laws, Sundays, changes of the clock, mail."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import quiet, walls
from leads.models import ContactPoint, LegalWindow, Policy

pytestmark = pytest.mark.django_db
DENVER = ZoneInfo("America/Denver")
SALT_LAKE = ContactPoint(kind="phone", value="+18015550123")  # Salt Lake City


def utah(**more: Any) -> LegalWindow:
    fields = {
        "region": "US-UT",
        "name": "Utah",
        "weekday_from": time(8),
        "weekday_until": time(21),
        "saturday_from": time(8),
        "saturday_until": time(21),
        "closed_on_holidays": True,
        "source": "by hand",
        "checked_on": date(2026, 12, 1),
    }
    return LegalWindow.objects.create(**{**fields, **more})


def there(text: str, zone: ZoneInfo = DENVER) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def ask(
    at: datetime, point: ContactPoint = SALT_LAKE, **more: Any
) -> quiet.Quiet | None:
    policy = more.pop("policy", None) or Policy()
    return quiet.quiet(contact_point=point, at=at, policy=policy, **more)


def test_saturday_night_in_utah_is_too_long_to_hold() -> None:
    utah()
    at = there("2026-03-07T20:30")  # a Saturday; that night the clock changes
    found = ask(at)
    assert found is not None
    assert found.until == there("2026-03-09T09:00")
    assert found.too_long
    assert found.law == "Utah: none on Sundays"
    held = quiet.quiet_until(contact_point=SALT_LAKE, at=at, policy=Policy())
    assert held == at + timedelta(hours=24)
    assert (
        quiet.first_allowed(contact_point=SALT_LAKE, at=at, policy=Policy())
        == found.until
    )


def test_sunday_itself_is_held_to_monday() -> None:
    utah()
    found = ask(there("2026-03-01T12:00"))
    assert found is not None
    assert found.until == there("2026-03-02T09:00")
    assert not found.too_long
    assert found.law == "Utah: none on Sundays"


def test_a_holiday_is_named() -> None:
    utah()
    found = ask(there("2026-07-24T12:00"))
    assert found is not None
    assert found.law == "Utah: none on holidays (Pioneer Day)"


def test_pennsylvania_has_holidays_of_its_own() -> None:
    names = walls.holidays_of("US", "PA", 2026)
    assert names[date(2026, 4, 3)] == "Good Friday"
    assert names[date(2026, 11, 3)] == "Election Day"
    assert walls.holidays_of("US", "PA", 2027)[date(2027, 11, 2)] == "Election Day"
    assert walls.holiday(date(2026, 1, 1), "XX") == ""


def test_the_stricter_of_house_and_law_is_kept() -> None:
    utah(weekday_from=time(10), weekday_until=time(18))
    for clock_time, goes in (("09:30", "10:00"), ("10:00", None), ("17:59", None)):
        found = ask(there(f"2026-03-03T{clock_time}"))
        expected = there(f"2026-03-03T{goes}") if goes else None
        assert (found.until if found else None) == expected
    late = ask(there("2026-03-03T18:00"))
    assert late is not None
    assert late.until == there("2026-03-04T10:00")


def test_a_row_that_is_switched_off_counts_for_nothing() -> None:
    row = utah()
    at = there("2026-03-01T12:00")
    assert ask(at) is not None
    row.active = False
    row.save()
    assert ask(at) is None


def test_house_and_law_without_a_common_hour_keep_the_law() -> None:
    utah()
    policy = Policy(quiet_from=time(6), quiet_until=time(5))
    assert ask(there("2026-03-03T05:30"), policy=policy) is not None
    found = ask(there("2026-03-03T05:30"), policy=policy)
    assert found is not None
    assert found.until == there("2026-03-03T08:00")


def test_quiet_hours_in_the_middle_of_the_day() -> None:
    policy = Policy(quiet_from=time(12), quiet_until=time(13))
    found = ask(there("2026-03-03T12:10"), policy=policy)
    assert found is not None
    assert found.until == there("2026-03-03T13:00")
    assert ask(there("2026-03-03T03:00"), policy=policy) is None


def test_every_zone_must_be_awake() -> None:
    alaska = ContactPoint(kind="phone", value="+19075550123")
    found = ask(there("2026-03-03T09:30", ZoneInfo("America/Anchorage")), alaska)
    assert found is not None  # 08:30 on Adak
    assert found.until == there("2026-03-03T09:00", ZoneInfo("America/Adak"))


def test_the_stated_zone_alone_counts() -> None:
    at = there("2026-03-03T10:00", ZoneInfo("Europe/Berlin"))  # 02:00 in Denver
    assert ask(at) is not None
    assert ask(at, stated="Europe/Berlin") is None


def test_mail_is_quiet_when_the_house_says_so_and_for_follow_ups() -> None:
    mail = ContactPoint(kind="email", value="dana@acme.de")
    night = there("2026-03-03T03:00", ZoneInfo("Europe/Berlin"))
    morning = there("2026-03-03T09:00", ZoneInfo("Europe/Berlin"))
    assert ask(night, mail) is None
    follow_up = ask(night, mail, follow_up=True)
    assert follow_up is not None
    assert follow_up.until == morning
    kept = ask(night, mail, policy=Policy(quiet_email=True))
    assert kept is not None
    assert kept.until == morning


def test_a_mail_knows_no_law_of_texts() -> None:
    utah()
    mail = ContactPoint(kind="email", value="dana@acme.com")
    sunday = there("2026-03-01T12:00")
    found = ask(sunday, mail, follow_up=True, stated="America/Denver")
    assert found is None


def test_switched_off_nothing_is_quiet() -> None:
    utah()
    policy = Policy(quiet_hours=False)
    assert ask(there("2026-03-01T03:00"), policy=policy) is None


def test_the_windows_are_read_once(django_assert_num_queries: Any) -> None:
    utah()
    at = there("2026-03-03T12:00")
    with django_assert_num_queries(1):
        for _ in range(5):
            ask(at)


@given(
    st.integers(0, 366 * 24 * 60),
    st.sampled_from(
        ["America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Europe/Dublin"]
    ),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_what_opens_at_any_hour_is_open_by_the_clock_there(
    minute: int, name: str, starts: int, ends: int
) -> None:
    zone = ZoneInfo(name)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    policy = Policy(quiet_from=time(ends), quiet_until=time(starts))
    mail = ContactPoint(kind="email", value="dana@acme.com")
    found = ask(at, mail, follow_up=True, stated=name, policy=policy)
    local = (found.until if found else at).astimezone(zone)
    shown = walls.minutes(local.time())
    if starts < ends:
        assert starts * 60 <= shown < ends * 60
    elif starts > ends:
        assert shown >= starts * 60 or shown < ends * 60
    else:
        assert found is None
