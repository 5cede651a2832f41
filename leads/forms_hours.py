"""The forms of working hours and of legal hours: what people type, and what is kept."""

import re
from datetime import date
from itertools import pairwise
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from leads.models import BusinessCalendar, LegalWindow
from leads.models.hours import DAYS
from leads.places import named

DAY_NAMES = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
MOST_BLOCKS = 6
_BLOCK = re.compile(r"(\d{1,2}):?(\d{2})?\s*(?:-|–|to)\s*(\d{1,2}):?(\d{2})?")
_REGION = re.compile(r"[A-Z]{2}|US-[A-Z]{2}")


def parse_blocks(text: str) -> list[list[str]]:
    """Read "09:00-12:00, 13:00-17:00"; "" is closed. Raises ValidationError."""
    blocks = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        found = _BLOCK.fullmatch(part)
        if found is None:
            raise ValidationError(f"“{part}” is no span such as 09:00-12:00.")
        from_hour, from_minute, to_hour, to_minute = (
            int(g or 0) for g in found.groups()
        )
        starts, ends = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if max(from_minute, to_minute) > 59 or ends > 24 * 60:
            raise ValidationError(f"“{part}”: a day has times from 00:00 to 24:00.")
        if starts >= ends:
            raise ValidationError(f"“{part}” ends before it begins.")
        blocks.append((starts, ends))
    blocks.sort()
    if len(blocks) > MOST_BLOCKS:
        raise ValidationError(f"At most {MOST_BLOCKS} spans a day.")
    for (_, ends), (starts, _) in pairwise(blocks):
        if starts < ends:
            raise ValidationError(f"Two spans overlap at {_clock(starts)}.")
    return [[_clock(starts), _clock(ends)] for starts, ends in blocks]


def show_blocks(blocks: list[list[str]]) -> str:
    """Blocks as they are typed."""
    return ", ".join(f"{starts}-{ends}" for starts, ends in blocks)


def parse_days(text: str) -> list[str]:
    """Read one date a line, "2026-12-24". Raises ValidationError."""
    days = set()
    for line in filter(None, (line.strip() for line in text.splitlines())):
        try:
            days.add(date.fromisoformat(line).isoformat())
        except ValueError:
            raise ValidationError(f"“{line}” is no date such as 2026-12-24.") from None
    return sorted(days)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def countries() -> dict[str, list[str]]:
    """The countries whose holidays are known, with the codes of their parts."""
    import holidays

    return {k: v for k, v in holidays.list_supported_countries().items() if len(k) == 2}


def _day(name: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        required=False,
        label=DAY_NAMES[name],
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "closed"}),
        help_text=help_text,
    )


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """Working hours: a line a weekday, a country's holidays, and further days."""

    mon = _day("mon", "Such as 09:00-12:00, 13:00-17:00.")
    tue = _day("tue")
    wed = _day("wed")
    thu = _day("thu")
    fri = _day("fri")
    sat = _day("sat")
    sun = _day("sun")
    country = forms.ChoiceField(
        required=False,
        label="Holidays of",
        widget=UnfoldAdminSelectWidget,
        help_text="Closed on the public holidays of this country.",
    )
    closed_days = forms.CharField(
        required=False,
        label="Also closed on",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="One day a line, such as 2026-12-24.",
    )

    class Meta:
        model = BusinessCalendar
        fields = ("team", "time_zone", "country", "subdivision")
        labels: ClassVar[dict[str, str]] = {"subdivision": "Part of the country"}
        help_texts: ClassVar[dict[str, str]] = {
            "time_zone": "Such as Europe/Berlin. Empty: the company's.",
            "subdivision": "Such as BY for Bavaria. Empty: the whole country's only.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hours, row = self.instance.hours or {}, self.instance
        for name in DAYS:
            self.fields[name].initial = show_blocks(hours.get(name, []))
        field: Any = self.fields["country"]
        field.choices = [("", "No holidays"), *((c, c) for c in sorted(countries()))]
        self.fields["closed_days"].initial = "\n".join(row.closed_on or [])

    def clean_time_zone(self) -> str:
        """A zone that exists."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name and named(name) is None:
            raise ValidationError(f"There is no time zone “{name}”.")
        return name

    def clean_closed_days(self) -> list[str]:
        """The days as they are kept."""
        return parse_days(str(self.cleaned_data["closed_days"]))

    def clean(self) -> dict[str, Any]:
        """Some hour of the week is open, and the part belongs to the country."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for name in DAYS:
            try:
                said[name] = parse_blocks(str(said.get(name) or ""))
            except ValidationError as error:
                self.add_error(name, error)
        if not any(said.get(name) for name in DAYS) and not self.errors:
            raise ValidationError("Open on no day of the week: enter some hours.")
        part, country = said.get("subdivision", ""), said.get("country", "")
        if part and part not in countries().get(country, []):
            known = ", ".join(countries().get(country, [])[:20]) or "none"
            self.add_error("subdivision", f"Not a part of it. Known: {known}.")
        return said

    def save(self, commit: bool = True) -> BusinessCalendar:
        """Keep the lines as hours and days."""
        said = self.cleaned_data
        self.instance.hours = {name: said[name] for name in DAYS if said[name]}
        self.instance.closed_on = said["closed_days"]
        return super().save(commit)  # type: ignore[no-any-return]


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """Legal hours: who changes them says where they stand and when he looked."""

    class Meta:
        model = LegalWindow
        fields = (
            *("name", "region", "weekday_from", "weekday_until", "saturday_from"),
            *("saturday_until", "sunday_from", "sunday_until", "closed_on_holidays"),
            *("source", "checked_on", "active"),
        )
        help_texts: ClassVar[dict[str, str]] = {
            "region": "A country such as FR, or a state of the US such as US-FL.",
            "saturday_from": "Empty: no texts on Saturdays.",
            "sunday_from": "Empty: no texts on Sundays.",
            "closed_on_holidays": "On the region's public holidays none at all.",
            "source": "The law or rule, and where it was read.",
            "checked_on": "The day somebody last looked there.",
            "active": "Off: kept here, but not applied.",
        }

    def clean_region(self) -> str:
        """A country, or a state of the only country whose states are told apart."""
        region = str(self.cleaned_data["region"]).strip().upper()
        if not _REGION.fullmatch(region):
            raise ValidationError("Two letters of a country, or US- and a state's.")
        return region

    def clean(self) -> dict[str, Any]:
        """Each day has both times or none, in order; new hours have a new source."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for day in ("weekday", "saturday", "sunday"):
            starts, ends = said.get(f"{day}_from"), said.get(f"{day}_until")
            if (starts is None) != (ends is None):
                self.add_error(f"{day}_until", "Give both times, or neither.")
            elif starts is not None and ends is not None and starts >= ends:
                self.add_error(f"{day}_until", "It must end after it begins.")
        changed = set(self.changed_data)
        times = {name for name in changed if name.endswith(("_from", "_until"))}
        if self.instance.pk and times and not changed & {"source", "checked_on"}:
            words = "The hours are new: say where they stand, and when you looked."
            self.add_error("checked_on", words)
        return said
