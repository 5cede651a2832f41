"""What the pages of privacy show, read."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse

from leads import access, exporting, retention
from leads.models import Job, PrivacyRequest, RetentionRule
from leads.retention import DataClass

Kind = PrivacyRequest.Kind
NOTHING = "Nothing was there."


def visible(user: AbstractBaseUser | AnonymousUser) -> "QuerySet[PrivacyRequest]":
    """Requests on leads that the person may see, and on those who are gone."""
    seen = access.lead_filter(user, prefix="lead__")
    if seen not in (Q(), access.NOTHING):
        seen |= Q(lead=None)
    rows = PrivacyRequest.objects.filter(seen)
    return rows.select_related("lead", "job", "asked_by")


def request_or_404(
    user: AbstractBaseUser | AnonymousUser, public_id: Any
) -> PrivacyRequest:
    """One visible request; 404 for any other."""
    row = visible(user).filter(public_id=public_id).first()
    if row is None:
        raise Http404("There is no such request.")
    return row


@dataclass(frozen=True, slots=True)
class Shown:
    """A request as the pages show it. `tone` colours its chip."""

    row: PrivacyRequest
    word: str
    tone: str
    running: bool
    percent: int
    failed: bool

    @property
    def who(self) -> str:
        """The lead's name while there is one, else the beginning of its id."""
        if self.row.lead is not None:
            return self.row.lead.display_name
        return f"erased, {str(self.row.lead_public_id)[:8]}"

    @property
    def by(self) -> str:
        """Who asked."""
        user = self.row.asked_by
        if user is None:
            return "the retention rule"
        return user.get_full_name() or user.get_username()

    @property
    def still_open(self) -> list[dict[str, str]]:
        """What could not be done yet, and why."""
        found: list[dict[str, str]] = self.row.report.get("open", [])
        return found

    @property
    def erased(self) -> list[tuple[str, int]]:
        """What went, in numbers."""
        return list(self.row.report.get("erased", {}).items())

    @property
    def kept(self) -> list[dict[str, str]]:
        """What stays, why, until when."""
        found: list[dict[str, str]] = self.row.report.get("kept", [])
        return found

    @property
    def fetchable(self) -> bool:
        """Whether there is a file to fetch."""
        return self.row.kind == Kind.EXPORT and exporting.is_there(self.row)


def shown(row: PrivacyRequest) -> Shown:
    """A request with its state in words."""
    job = row.job
    failed = row.done_at is None and job is not None and job.state == Job.State.DEAD
    running = row.done_at is None and not failed
    word, tone = _state(row, failed)
    percent = job.progress if job is not None and running else 100
    return Shown(row, word, tone, running, percent, failed)


def _state(row: PrivacyRequest, failed: bool) -> tuple[str, str]:
    if failed:
        return "gave up", "red"
    if row.done_at is None:
        waits = bool(row.report.get("open"))
        return ("waits, tries again", "amber") if waits else ("under way", "blue")
    if row.kind == Kind.EXPORT and not exporting.is_there(row):
        return "expired", ""
    return ("ready" if row.kind == Kind.EXPORT else "erased"), "green"


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of data with its rule."""

    of: DataClass
    days: int | None
    changed: RetentionRule | None

    @property
    def count_url(self) -> str:
        """Where the dry run is asked for."""
        return reverse("privacy_count", args=[self.of.key])


def rules() -> list[Rule]:
    """Every class, with its rule or its default."""
    rows = {row.data_class: row for row in RetentionRule.objects.all()}
    found = []
    for one in retention.classes():
        row = rows.get(one.key)
        found.append(Rule(one, row.days if row else one.default, row))
    return found
