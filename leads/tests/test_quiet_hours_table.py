"""3,000 numbers and instants against the table written by hand: none outside, none
held over a day.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from leads import quiet
from leads.models import ContactPoint, Policy
from leads.seeding import ensure_ground
from leads.tests.quiet_table import (
    CHANGES,
    HOURS,
    NUMBERS,
    is_allowed,
    is_closed_all_day,
)

pytestmark = pytest.mark.django_db
PAIRS = 3_000
DAY = timedelta(days=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def pairs() -> Iterator[tuple[str, datetime]]:
    """Every number in turn: half in nights of a change, half at any time."""
    chance = random.Random(64_1200)
    for count in range(PAIRS):
        number = NUMBERS[count % len(NUMBERS)][0]
        if count % 2:
            night = chance.choice(CHANGES)
            at = datetime(night.year, night.month, night.day, tzinfo=UTC)
            at += timedelta(minutes=chance.randrange(-1_440, 2_880))
        else:
            at = YEAR + timedelta(seconds=chance.randrange(365 * 86_400))
        yield number, at


def test_no_text_goes_outside_and_none_is_held_over_a_day() -> None:
    ensure_ground()
    policy = Policy()
    outside, over, long, wrong, seen = [], [], [], [], 0
    for number, at in pairs():
        seen += 1
        point = ContactPoint(kind="phone", value=number)
        found = quiet.quiet(contact_point=point, at=at, policy=policy)
        goes = at if found is None else found.until
        if not is_allowed(number, goes):
            outside.append((number, at, goes))
        if found is not None and found.too_long:
            # Not held: a person decides. Only where a law closes a whole day.
            long.append(number)
            if not is_closed_all_day(number, at):
                wrong.append((number, at, found))
        elif goes - at > DAY:
            over.append((number, at, goes))
        until = quiet.quiet_until(contact_point=point, at=at, policy=policy)
        assert until is None or until - at <= DAY
    assert seen == PAIRS
    assert outside == []
    assert over == []
    assert wrong == []
    assert 0 < len(long) < PAIRS / 20


def test_what_the_table_allows_is_not_held() -> None:
    """Apart from days that only some states close, such as Pioneer Day."""
    ensure_ground()
    policy = Policy()
    plain = {n for n, _, p in NUMBERS if not HOURS[p].holidays}
    plain -= {"+61412345678"}  # has more zones than the table needs
    held = [
        (number, at)
        for number, at in pairs()
        if number in plain
        and is_allowed(number, at)
        and quiet.quiet_until(
            contact_point=ContactPoint(kind="phone", value=number),
            at=at,
            policy=policy,
        )
    ]
    assert held == []


def test_every_number_was_tried_by_day_and_by_night() -> None:
    tried: dict[str, set[bool]] = {}
    for number, at in pairs():
        tried.setdefault(number, set()).add(is_allowed(number, at))
    assert set(tried) == {number for number, _, _ in NUMBERS}
    assert all(found == {True, False} for found in tried.values())
