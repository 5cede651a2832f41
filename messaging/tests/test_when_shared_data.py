"""Bookings nobody on this project wrote; skipped where the data is not at hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from messaging.agent.understanding.dates import When, read_when

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
BOOKINGS = SHARED / "dates" / "sgd_booking_shared.jsonl"
TEXTS = SHARED / "replies" / "nus_sms_shared.jsonl"
UTC = ZoneInfo("UTC")


def rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        pytest.skip(f"the evaluation data {path.name} is not beside the checkout")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def agrees(when: When, row: dict[str, Any]) -> bool:
    day, time = f"{when.start:%Y-%m-%d}", f"{when.start:%H:%M}"
    return row.get("date", day) == day and row.get("time", time) == time


def test_at_least_95_percent_of_bookings_are_read_as_one_right_proposal() -> None:
    bookings = rows(BOOKINGS)
    right = 0
    for row in bookings:
        now = datetime.fromisoformat(row["reference"]).replace(hour=9, tzinfo=UTC)
        found = read_when(row["text"], now=now, tz=UTC, language="en")
        right += len(found) == 1 and agrees(found[0], row)
    assert right >= 0.95 * len(bookings), f"{right} of {len(bookings)}"


def test_few_ordinary_texts_seem_to_name_a_time() -> None:
    texts = rows(TEXTS)[::10]
    now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    named = sum(
        bool(read_when(row["text"], now=now, tz=UTC, language="en")) for row in texts
    )
    assert 0.05 * len(texts) < named < 0.16 * len(texts), f"{named} of {len(texts)}"
