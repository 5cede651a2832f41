"""The read side of `leads`: named sets instead of filters in views."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

if TYPE_CHECKING:
    from leads.models.lead import Lead  # noqa: F401 (named in a string)
    from leads.models.pipeline import Task  # noqa: F401 (named in a string)

HOT = 70
WARM = 40


class LeadQuerySet(models.QuerySet["Lead"]):
    """Named sets of leads."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "LeadQuerySet":
        """Leads that `user` may see, by the one visibility policy."""
        from leads.access import lead_filter

        return self.filter(lead_filter(user)).distinct()

    def hot(self) -> "LeadQuerySet":
        """Score 70 and more, hottest first."""
        return self.filter(score__gte=HOT).order_by("-score", "-created_at")

    def real(self) -> "LeadQuerySet":
        """Without simulated and demo leads."""
        return self.filter(simulated=False, demo=False)


class TaskQuerySet(models.QuerySet["Task"]):
    """Named sets of tasks."""

    def open(self) -> "TaskQuerySet":
        """Not done yet, most urgent first."""
        return self.filter(done_at=None).order_by("due_at", "pk")
