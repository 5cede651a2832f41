"""When people work, and when the law lets them be texted."""

from django.db import models

from leads.models.team import Team

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def office_hours() -> dict[str, list[list[str]]]:
    """Monday to Friday, nine to five: what a calendar begins with."""
    return {day: [["09:00", "17:00"]] for day in DAYS[:5]}


class BusinessCalendar(models.Model):
    """When a team works. Without a team it is the house's.

    `hours` holds for each of `DAYS` a list of ["09:00", "12:00"] blocks, the clock
    of `time_zone` ("" is the company's). `country` and `subdivision` (ISO 3166)
    name the holidays on which it is closed, `closed_on` further days ("2026-12-24").
    """

    team = models.OneToOneField(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calendar",
        help_text="Nobody chosen: for every team without one of its own.",
    )
    time_zone = models.CharField(max_length=64, blank=True)
    hours = models.JSONField(default=office_hours)
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=10, blank=True)
    closed_on = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = "working hours"
        verbose_name_plural = "working hours"
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(team=None),
                name="one_house_calendar",
            )
        ]

    def __str__(self) -> str:
        return f"Working hours of {self.team or 'everybody'}"


class LegalWindow(models.Model):
    """The hours in which the law of a place lets people be texted, by its clock.

    `region` is a country ("US") or one of its states ("US-FL", ISO 3166-2). A day
    without hours is closed. `source` and `checked_on` say where it stands and when
    somebody last looked.
    """

    region = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=80)
    weekday_from = models.TimeField()
    weekday_until = models.TimeField()
    saturday_from = models.TimeField(null=True, blank=True)
    saturday_until = models.TimeField(null=True, blank=True)
    sunday_from = models.TimeField(null=True, blank=True)
    sunday_until = models.TimeField(null=True, blank=True)
    closed_on_holidays = models.BooleanField(default=False)
    source = models.CharField(max_length=300)
    checked_on = models.DateField()
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["region"]
        verbose_name = "legal window"

    def __str__(self) -> str:
        return self.name
