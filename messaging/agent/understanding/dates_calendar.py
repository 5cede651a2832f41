"""Days, weeks and months seen from the lead's today; no words here."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class Scope:
    """What a relative date is relative to; ``month_first`` reads 3/4 as March 4."""

    now: datetime
    month_first: bool
    bare_day: bool

    @property
    def today(self) -> date:
        """The lead's day."""
        return self.now.date()


@dataclass(slots=True)
class Days:
    """Days from ``low`` up to but not including ``high``; tokens first to end."""

    first: int
    end: int
    low: date
    high: date
    grain: str
    shape: str = ""
    moment: datetime | None = None
    moment_end: datetime | None = None


def add_months(day: date, months: int) -> date:
    """The same day some months on, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def safe_date(year: int, month: int, day: int) -> date | None:
    """The date, or None where the calendar has no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1900 <= year <= 2199):
        return None
    return (
        date(year, month, day) if day <= calendar.monthrange(year, month)[1] else None
    )


def week_start(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def unit_range(scope: Scope, unit: str, step: int) -> tuple[date, date, str] | None:
    """First day, end and grain of this (0), next (1) or last (-1) day, week, month, …: from, until and grain."""
    today = scope.today
    if unit == "day":
        low = today + timedelta(days=step)
        return low, low + ONE_DAY, "day"
    if unit == "week":
        low = week_start(today) + timedelta(weeks=step)
        return low, low + timedelta(weeks=1), "week"
    if unit == "weekend":
        low = week_start(today) + timedelta(weeks=step, days=5)
        return low, low + timedelta(days=2), "weekend"
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit, 0)
    if not months:
        return None
    begin = today.replace(day=1, month=(today.month - 1) // months * months + 1)
    low = add_months(begin, months * step)
    return low, add_months(low, months), unit


def weekday_in(scope: Scope, weekday: int, step: int, nearest: bool) -> date:
    """The weekday after today; in this, the next or the last calendar week."""
    today = scope.today
    if step == 0 or nearest:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if step < 0:
        return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    return week_start(today) + timedelta(weeks=1, days=weekday)


def shifted(day: date, unit: str, count: int) -> tuple[date, str]:
    """The day some units on, and how exact that is."""
    if unit in ("week", "fortnight", "weekend"):
        weeks = count * (2 if unit == "fortnight" else 1)
        return day + timedelta(weeks=weeks), "week"
    if unit == "workday":
        for _ in range(abs(count)):
            day += ONE_DAY
            while day.weekday() > 4:
                day += ONE_DAY
        return day, "day"
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit, 0)
    if months:
        return add_months(day, months * count), unit
    return day + timedelta(days=count), "day"


def shift_by(days: Days, unit: str, count: int) -> None:
    """Move a day ("two weeks from Friday"); hours and minutes do not apply."""
    days.low, days.grain = shifted(days.low, unit, count)
    days.high, days.grain = days.low + ONE_DAY, "day"
