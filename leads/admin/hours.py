"""When people work, and when the law lets them be texted."""

from datetime import timedelta
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leads import clock
from leads.admin.base import StaffAdmin, tone
from leads.calendars import calendar_from
from leads.forms_hours import DAY_NAMES, CalendarForm, WindowForm, show_blocks
from leads.models import BusinessCalendar, LegalWindow
from leads.models.hours import DAYS
from leads.places import house_zone, named

AHEAD = 366
SHOWN = 8
MONTHS_FRESH = 365


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(StaffAdmin):
    """Working hours: one calendar for everybody, and one for each team that differs.

    Follow-ups in working time, answer clocks and reminders go by them.
    """

    form = CalendarForm
    list_display = ["whose", "zone", "week", "next_closed"]
    list_select_related = ["team"]
    list_before_template = "leads/hours_note.html"
    autocomplete_fields: list[str] = []
    ordinary = [
        ("Whose", {"fields": (("team", "time_zone"),)}),
        ("Open", {"fields": tuple(DAYS)}),
        (
            "Closed",
            {"fields": (("country", "subdivision"), "closed_days", "closed_soon")},
        ),
    ]
    to_read = [(None, {"fields": ("whose", "zone", "week", "closed_soon")})]

    def get_fieldsets(
        self, request: HttpRequest, obj: BusinessCalendar | None = None
    ) -> Any:
        """The form for who may change it; else the same to read."""
        if obj is not None and not self.has_change_permission(request, obj):
            return self.to_read
        return self.ordinary

    def get_readonly_fields(
        self, request: HttpRequest, obj: BusinessCalendar | None = None
    ) -> list[str]:
        """What is worked out."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ["whose", "zone", "week", "closed_soon"]
        return ["closed_soon"]

    @admin.display(description="Whose")
    def whose(self, row: BusinessCalendar) -> str:
        """The team's name; everybody's."""
        return row.team.name if row.team else "Everybody without their own"

    @admin.display(description="By the clock of")
    def zone(self, row: BusinessCalendar) -> str:
        """Its time zone."""
        return str(named(row.time_zone) or house_zone())

    @admin.display(description="Open")
    def week(self, row: BusinessCalendar) -> str:
        """The weekdays with their hours, those alike in a row together."""
        runs = groupby(DAYS, key=lambda name: show_blocks(row.hours.get(name, [])))
        open_runs = [(words, list(days)) for words, days in runs if words]
        return " · ".join(f"{_days(days)} {words}" for words, days in open_runs)

    @admin.display(description="Next closed day")
    def next_closed(self, row: BusinessCalendar) -> str:
        """The first holiday or named day to come."""
        found = _closed_days(row, 1)
        return f"{found[0][0]}, {found[0][1]}" if found else "none in a year"

    @admin.display(description="The next closed days")
    def closed_soon(self, row: BusinessCalendar) -> SafeString | str:
        """The holidays and named days to come, as saved."""
        if row.pk is None:
            return "Shown when it is saved."
        found = _closed_days(row, SHOWN)
        if not found:
            return "None in a year, apart from the weekdays without hours."
        items = format_html_join("", "<li>{}: {}</li>", found)
        return format_html('<ul class="ls-plain-list">{}</ul>', items)


def _days(names: list[str]) -> str:
    first, last = DAY_NAMES[names[0]][:3], DAY_NAMES[names[-1]][:3]
    return first if first == last else f"{first}-{last}"


def _closed_days(row: BusinessCalendar, count: int) -> list[tuple[str, str]]:
    calendar = calendar_from(row)
    today = clock.now().astimezone(calendar.zone).date()
    found: list[tuple[str, str]] = []
    for number in range(AHEAD):
        day = today + timedelta(days=number)
        why = calendar.closed_because(day)
        if why and calendar.hours.get(day.weekday()):
            found.append((f"{day:%a} {day.day} {day:%b %Y}", why))
        if len(found) == count:
            break
    return found


@admin.register(LegalWindow)
class LegalWindowAdmin(StaffAdmin):
    """Legal hours of texts: the strictest of ours and the place's are kept.

    A number may lie in several places; then all of them count.
    """

    form = WindowForm
    list_display = ["name", "region", "hours_words", "source", "looked", "active"]
    list_filter = ["active", "closed_on_holidays"]
    search_fields = ["name", "region", "source"]
    list_before_template = "leads/legal_note.html"
    fields = [
        ("name", "region"),
        ("weekday_from", "weekday_until"),
        ("saturday_from", "saturday_until"),
        ("sunday_from", "sunday_until"),
        "closed_on_holidays",
        "source",
        ("checked_on", "active"),
    ]

    @admin.display(description="Texts allowed, there")
    def hours_words(self, row: LegalWindow) -> str:
        """Weekdays, Saturday and Sunday, those alike together."""
        spans = {
            "Mon-Fri": (row.weekday_from, row.weekday_until),
            "Sat": (row.saturday_from, row.saturday_until),
            "Sun": (row.sunday_from, row.sunday_until),
        }
        if len(set(spans.values())) == 1:
            words = f"every day {_span(*spans['Sat'])}"
        else:
            words = ", ".join(f"{day} {_span(*span)}" for day, span in spans.items())
        return f"{words}, none on holidays" if row.closed_on_holidays else words

    @admin.display(description="Looked up", ordering="checked_on")
    def looked(self, row: LegalWindow) -> SafeString:
        """The day; amber when the source was never seen or it is long ago."""
        day = f"{row.checked_on.day} {row.checked_on:%b %Y}"
        if "to be checked" in row.source:
            return tone(f"{day}, to be checked", "amber")
        old = clock.now().date() - row.checked_on > timedelta(days=MONTHS_FRESH)
        return tone(day, "amber" if old else "")


def _span(starts: Any, ends: Any) -> str:
    return f"{starts:%H:%M}-{ends:%H:%M}" if starts and ends else "none"
