"""Working hours and legal hours in the admin: typed as words, kept as data."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from leads import clock
from leads.calendars import calendar_of
from leads.forms_hours import parse_blocks, parse_days
from leads.models import BusinessCalendar, LegalWindow
from leads.seeding import ensure_ground
from leads.tests.factories import TeamFactory, UserFactory

CALENDARS = "admin:leads_businesscalendar_"
WINDOWS = "admin:leads_legalwindow_"


@pytest.fixture
def web(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    return client


def hours(**more: str) -> dict[str, str]:
    week = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "9-12, 13:00-17:00")
    return {"time_zone": "Europe/Berlin", "country": "DE", "closed_days": ""} | (
        week | {"sat": "", "sun": ""} | more
    )


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("09:00-17:00", [["09:00", "17:00"]]),
        ("13:00–17:00, 9 to 12", [["09:00", "12:00"], ["13:00", "17:00"]]),
        ("0-24", [["00:00", "24:00"]]),
    ],
)
def test_hours_are_read_as_people_type_them(text: str, blocks: list[Any]) -> None:
    assert parse_blocks(text) == blocks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nine to five", "no span"),
        ("17:00-09:00", "ends before"),
        ("9-12, 11-15", "overlap at 11:00"),
        ("09:00-24:30", "00:00 to 24:00"),
        ("09:75-10:00", "00:00 to 24:00"),
        ("1-2,3-4,5-6,7-8,9-10,11-12,13-14", "At most 6"),
    ],
)
def test_hours_that_cannot_be_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parse_blocks(text)


def test_closed_days_are_dates_once_each() -> None:
    assert parse_days("2026-12-31\n\n2026-12-24\n2026-12-31") == [
        "2026-12-24",
        "2026-12-31",
    ]
    with pytest.raises(ValidationError, match="no date"):
        parse_days("Christmas")


def test_a_calendar_is_saved_and_used(web: Client) -> None:
    said = hours(closed_days="2026-03-03", subdivision="BY")
    answer = web.post(reverse(f"{CALENDARS}add"), said)
    assert answer.status_code == 302, answer.context["errors"]
    calendar = calendar_of(None)
    assert calendar.is_open(datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 3, 2, 11, 30, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 3, 3, 10, tzinfo=UTC))
    row = BusinessCalendar.objects.get()
    with clock.at(datetime(2026, 12, 20, tzinfo=UTC)):
        page = web.get(reverse(f"{CALENDARS}change", args=[row.pk]))
        listed = web.get(reverse(f"{CALENDARS}changelist")).content.decode()
    text = page.content.decode()
    assert 'value="09:00-12:00, 13:00-17:00"' in text
    assert "Fri 25 Dec 2026" in text
    assert "Fri 25 Dec 2026" in listed
    assert "Sat 26 Dec" not in text  # closed anyway


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"mon": "9-8"}, "ends before it begins"),
        ({"time_zone": "Mars/Base"}, "no time zone"),
        ({"subdivision": "FL"}, "Not a part of it"),
        ({"closed_days": "soon"}, "no date"),
        (dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ""), "no day of the week"),
    ],
)
def test_a_calendar_that_cannot_be_is_not_saved(
    web: Client, more: dict[str, str], words: str
) -> None:
    answer = web.post(reverse(f"{CALENDARS}add"), hours(**more))
    assert words in answer.content.decode()
    assert not BusinessCalendar.objects.exists()


def test_who_may_only_look_sees_the_hours_without_a_form(db: None) -> None:
    from django.contrib.auth.models import Group

    user = UserFactory()
    user.groups.add(Group.objects.get(name="rep"))
    client = Client()
    client.force_login(user)
    row = BusinessCalendar.objects.create(team=TeamFactory(name="North"))
    page = client.get(reverse(f"{CALENDARS}change", args=[row.pk]))
    assert page.status_code == 200
    assert "Mon-Fri 09:00-17:00" in page.content.decode()
    assert client.post(reverse(f"{CALENDARS}add"), hours()).status_code == 403


def test_the_seeded_windows_say_where_they_were_read_and_when(web: Client) -> None:
    ensure_ground()
    assert LegalWindow.objects.count() >= 20
    assert all(row.source and row.checked_on for row in LegalWindow.objects.all())
    text = web.get(reverse(f"{WINDOWS}changelist")).content.decode()
    assert "13-25a-103(3)" in text
    assert "to be checked" in text


@pytest.mark.django_db
def test_what_people_changed_of_the_windows_stays() -> None:
    ensure_ground()
    LegalWindow.objects.filter(region="US-UT").delete()
    LegalWindow.objects.filter(region="US-FL").update(weekday_until=time(19))
    ensure_ground()
    assert not LegalWindow.objects.filter(region="US-UT").exists()
    assert LegalWindow.objects.get(region="US-FL").weekday_until == time(19)


def window(**more: Any) -> dict[str, Any]:
    return {
        "name": "Utah",
        "region": "US-UT",
        "weekday_from": "08:00",
        "weekday_until": "21:00",
        "source": "Utah Code 13-25a-103(3)",
        "checked_on": "2026-12-01",
        "active": "on",
    } | more


def test_new_hours_need_a_new_source_or_date(web: Client) -> None:
    web.post(reverse(f"{WINDOWS}add"), window())
    row = LegalWindow.objects.get()
    there = reverse(f"{WINDOWS}change", args=[row.pk])
    refused = web.post(there, window(weekday_until="20:00"))
    assert "The hours are new" in refused.content.decode()
    row.refresh_from_db()
    assert row.weekday_until == time(21)
    web.post(there, window(weekday_until="20:00", checked_on="2026-12-02"))
    row.refresh_from_db()
    assert (row.weekday_until, row.checked_on) == (time(20), date(2026, 12, 2))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"region": "US-FLA"}, "Two letters of a country"),
        ({"region": "DE-BY"}, "Two letters of a country"),
        ({"saturday_from": "09:00"}, "both times, or neither"),
        ({"weekday_until": "07:00"}, "must end after"),
        ({"source": ""}, "required"),
    ],
)
def test_a_window_that_cannot_be_is_not_saved(
    web: Client, more: dict[str, str], words: str
) -> None:
    answer = web.post(reverse(f"{WINDOWS}add"), window(**more))
    assert words in answer.content.decode()
    assert not LegalWindow.objects.exists()
