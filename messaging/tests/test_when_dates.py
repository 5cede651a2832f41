from __future__ import annotations

import random
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.agent.understanding.dates import When, read_when

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=NEW_YORK)  # a Wednesday


def read(text: str, language: str = "en", now: datetime = NOW) -> tuple[When, ...]:
    return read_when(text, now=now, tz=NEW_YORK, language=language)


def starts(text: str, language: str = "en") -> list[str]:
    return [f"{when.start:%Y-%m-%d %H:%M}" for when in read(text, language)]


@pytest.mark.parametrize(
    ("text", "start", "grain"),
    [
        ("tomorrow", "2026-11-26 00:00", "day"),
        ("the day after tomorrow", "2026-11-27 00:00", "day"),
        ("on Friday", "2026-11-27 00:00", "day"),
        ("next Friday", "2026-12-04 00:00", "day"),
        ("Monday next week", "2026-11-30 00:00", "day"),
        ("the 9th", "2026-12-09 00:00", "day"),
        ("the 9th of next month", "2026-12-09 00:00", "day"),
        ("March 5th", "2027-03-05 00:00", "day"),
        ("5 March 2027", "2027-03-05 00:00", "day"),
        ("Dec. 31", "2026-12-31 00:00", "day"),
        ("2026-12-01", "2026-12-01 00:00", "day"),
        ("12/15/2026", "2026-12-15 00:00", "day"),
        ("in 2 weeks", "2026-12-09 00:00", "week"),
        ("two weeks from Friday", "2026-12-11 00:00", "day"),
        ("next month", "2026-12-01 00:00", "month"),
        ("Q1 2027", "2027-01-01 00:00", "quarter"),
        ("end of the year", "2026-10-01 00:00", "part of year"),
        ("this weekend", "2026-11-28 00:00", "weekend"),
        ("half past 3", "2026-11-25 15:30", "minute"),
        ("at quarter to 5 in the evening", "2026-11-25 16:45", "minute"),
        ("3pm", "2026-11-25 15:00", "hour"),
        ("at noon", "2026-11-25 12:00", "hour"),
        ("tomorrow morning", "2026-11-26 08:00", "part_of_day"),
        ("tonight at 10", "2026-11-25 22:00", "hour"),
        ("EOD Friday", "2026-11-27 17:00", "hour"),
        ("in an hour", "2026-11-25 11:00", "hour"),
        ("Friday at 3:30 pm", "2026-11-27 15:30", "minute"),
    ],
)
def test_a_form_is_read_at_its_start_and_grain(
    text: str, start: str, grain: str
) -> None:
    [when] = read(f"Could we do {text}?")
    assert f"{when.start:%Y-%m-%d %H:%M}" == start
    assert when.grain == grain


def test_a_day_and_a_time_far_apart_are_one_proposal() -> None:
    [when] = read("Let's meet on the 9th, if that suits. Quarter past 4 works.")
    assert f"{when.start:%Y-%m-%d %H:%M}" == "2026-12-09 16:15"


def test_alternatives_share_the_day_or_the_time() -> None:
    assert starts("Tuesday or Wednesday at 3") == [
        "2026-12-01 15:00",
        "2026-12-02 15:00",
    ]
    assert starts("tomorrow at 2 or 3") == ["2026-11-26 14:00", "2026-11-26 15:00"]
    assert starts("Next week, Tuesday or Thursday") == [
        "2026-12-01 00:00",
        "2026-12-03 00:00",
    ]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("Friday 2-4pm", "11-27 14:00", "11-27 16:00"),
        ("between 2 and 4 on Friday", "11-27 14:00", "11-27 16:00"),
        ("from Dec 3 to Dec 9", "12-03 00:00", "12-10 00:00"),
        ("tomorrow before 11", "11-26 08:00", "11-26 11:00"),
    ],
)
def test_a_range_has_both_its_ends(text: str, start: str, end: str) -> None:
    [when] = read(text)
    assert f"{when.start:%m-%d %H:%M}" == start
    assert f"{when.end:%m-%d %H:%M}" == end


@pytest.mark.parametrize(
    "text",
    [
        "Not Monday, Tuesday works",
        "I'm busy Monday but free Tuesday",
        "Monday doesn't work, Tuesday does",
        "I can't do Monday. Tuesday?",
    ],
)
def test_a_day_that_is_ruled_out_is_not_proposed(text: str) -> None:
    assert starts(text) == ["2026-12-01 00:00"]


@pytest.mark.parametrize(
    "text",
    [
        "Bugis 12, room 3",
        "we need 40 seats",
        "budget is 20k",
        "call +1 415 555 0123 or 415-555-0123",
        "24/7 support, version 2.1.3, a 4:3 screen",
        "good morning!",
        "we may 2 more",
        "I sat down in the sun",
        "every Monday we have standup",
        "happy new year",
        "about 5 people came",
        "30 February 2027",
    ],
)
def test_numbers_and_words_that_are_no_dates_give_nothing(text: str) -> None:
    assert read(text) == ()


def test_a_time_that_has_passed_is_the_next_days() -> None:
    late = NOW.replace(hour=18)
    [when] = read("call me at 3pm", now=late)
    assert f"{when.start:%Y-%m-%d %H:%M}" == "2026-11-26 15:00"


def test_the_region_or_else_the_zone_decides_the_order_of_day_and_month() -> None:
    def month(tag: str, zone: str) -> int:
        tz = ZoneInfo(zone)
        [when] = read_when("03/04/2027", now=NOW, tz=tz, language=tag)
        return when.start.month

    assert month("en", "America/New_York") == 3
    assert month("en-GB", "America/New_York") == 4
    assert month("en", "Europe/London") == 4
    assert month("en-US", "Europe/London") == 3
    assert month("de", "America/New_York") == 4


def test_a_time_the_clocks_skip_moves_past_the_gap() -> None:
    [when] = read("2:30 am on 14 March 2027")
    assert when.start.isoformat() == "2027-03-14T03:30:00-04:00"


def test_hours_from_now_are_real_hours_over_a_clock_change() -> None:
    before = datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK)
    [when] = read("in 3 hours", now=before)
    assert when.start.isoformat() == "2026-11-01T02:30:00-05:00"


@pytest.mark.parametrize(
    ("language", "text", "start"),
    [
        ("es", "mañana a las 3 de la tarde", "2026-11-26 15:00"),
        ("es", "el lunes que viene a las 10:30", "2026-11-30 10:30"),
        ("es", "el lunes no puedo, mejor el martes", "2026-12-01 00:00"),
        ("es", "buenos días, ¿puede ser pasado mañana?", "2026-11-27 00:00"),
        ("es", "del 3 al 9 de diciembre", "2026-12-03 00:00"),
        ("fr", "demain à 15h30", "2026-11-26 15:30"),
        ("fr", "vendredi à 3 heures et demie", "2026-11-27 15:30"),
        ("fr", "le 9 mars 2027", "2027-03-09 00:00"),
        ("fr", "pas lundi, plutôt mardi", "2026-12-01 00:00"),
        ("de", "am Dienstagnachmittag um halb vier", "2026-12-01 15:30"),
        ("de", "am 9. März um 14 Uhr", "2027-03-09 14:00"),
        ("de", "Guten Morgen, geht übermorgen?", "2026-11-27 00:00"),
        ("de", "Montag geht nicht, lieber Dienstag", "2026-12-01 00:00"),
        ("pt", "amanhã às 15h", "2026-11-26 15:00"),
        ("pt", "na sexta às 3 da tarde", "2026-11-27 15:00"),
        ("pt", "semana que vem", "2026-11-30 00:00"),
        ("pt", "em março", "2027-03-01 00:00"),
    ],
)
def test_other_languages_are_read(language: str, text: str, start: str) -> None:
    assert starts(text, language) == [start]


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=120),
    language=st.sampled_from(["en", "es", "fr", "de", "pt", "zh", ""]),
)
def test_any_text_is_read_without_error(text: str, language: str) -> None:
    for when in read(text, language):
        assert when.text in text
        assert when.start <= when.end
        assert when.start.tzinfo is not None


WORDS = [
    "next",
    "last",
    "this",
    "monday",
    "march",
    "may",
    "the",
    "9th",
    "5",
    "12",
    "31",
    "at",
    "to",
    "and",
    "or",
    "-",
    ",",
    ".",
    "in",
    "of",
    "week",
    "month",
    "year",
    "3pm",
    "14:30",
    "tomorrow",
    "morning",
    "half",
    "past",
    "between",
    "from",
    "end",
    "q3",
    "2027",
    "not",
    "two",
    "a",
    "every",
    "before",
    "after",
    "ago",
    "3/4",
    "noon",
    "tonight",
]


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9), size=st.integers(1, 14))
def test_any_mix_of_date_words_is_read_without_error(seed: int, size: int) -> None:
    text = " ".join(random.Random(seed).choices(WORDS, k=size))
    for when in read(text):
        assert when.text in text
        assert when.start <= when.end
