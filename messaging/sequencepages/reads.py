"""Reads of the pages of sequences: who may see which, and their numbers."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest

from leads.access import Viewer, lead_filter, team_filter
from leads.web import ask
from messaging.models.sequence import (
    LIVE_STATES,
    Enrollment,
    Sequence,
    SequenceVersion,
    Step,
    StepRun,
)
from messaging.sequences.timing import GONE

SEE, ADD, CHANGE = (f"messaging.{act}_sequence" for act in ("view", "add", "change"))
SEE_WHO, ENROLL, STOP = (
    f"messaging.{act}_enrollment" for act in ("view", "add", "change")
)
TONES = {"draft": "", "active": "green", "paused": "amber", "archived": "done"}
State = Sequence.State


def may(request: HttpRequest) -> dict[str, bool]:
    """What the person's role allows here, for templates."""
    user = request.user
    return {
        "may_add": user.has_perm(ADD),
        "may_change": user.has_perm(CHANGE),
        "may_see_who": user.has_perm(SEE_WHO),
        "may_enroll": user.has_perm(ENROLL),
        "may_stop": user.has_perm(STOP),
    }


def visible(user: Viewer) -> "QuerySet[Sequence]":
    """The sequences of the person's teams, and everybody's."""
    rows = Sequence.objects.filter(team_filter(user, prefix="team"))
    return rows.select_related("team", "current", "created_by")


def sequence_or_404(request: HttpRequest, public_id: UUID) -> Sequence:
    """A sequence that the person may see; 404 for any other."""
    ask(request, SEE, "Your role does not show sequences.")
    row = visible(request.user).filter(public_id=public_id).first()
    if row is None:
        raise Http404("There is no such sequence.")
    return row


def enrollments(user: Viewer) -> "QuerySet[Enrollment]":
    """The ways through sequences of the leads that the person may see."""
    rows = Enrollment.objects.filter(lead_filter(user, prefix="lead__"))
    return rows.select_related("lead__team", "sequence", "version", "next_step")


def draft_or_current(sequence: Sequence) -> SequenceVersion | None:
    """What the builder shows: the draft, else the version that runs."""
    drafts = SequenceVersion.objects.filter(sequence=sequence, number=None)
    return drafts.first() or sequence.current


def steps_of(version: SequenceVersion | None) -> list[Step]:
    """The steps with their wordings, in order."""
    if version is None:
        return []
    return list(version.steps.order_by("position").prefetch_related("variants"))


def version_words(sequence: Sequence, version: SequenceVersion | None) -> str:
    """Which version is looked at: "version 3", "draft changes over version 3"."""
    if version is not None and version.number is not None:
        return f"version {version.number}"
    if sequence.current is None:
        return "never activated yet"
    return f"draft changes over version {sequence.current.number}"


# --- numbers -------------------------------------------------------------------------


@dataclass
class Numbers:
    """How many leads are in a sequence, and what came of it.

    Of `written` leads, who were sent something, so many replied or booked.
    """

    live: int = 0
    done: int = 0
    stopped: int = 0
    written: int = 0
    replied: int = 0
    booked: int = 0

    def rate(self, measure: str) -> int | None:
        """The share in percent, None when nobody was written to."""
        good = self.booked if measure == Sequence.Measure.BOOKED else self.replied
        return round(100 * good / self.written) if self.written else None

    @property
    def anybody(self) -> bool:
        """Whether anybody ever was in it."""
        return bool(self.live or self.done or self.stopped)


_PLACES = {Enrollment.State.DONE.value: "done"} | dict.fromkeys(LIVE_STATES, "live")


def numbers_of(rows: list[Sequence], user: Viewer) -> dict[int, Numbers]:
    """The numbers of each sequence, of leads that the person may see."""
    found = {row.pk: Numbers() for row in rows}
    mine = Enrollment.objects.filter(
        lead_filter(user, prefix="lead__"), sequence__in=found
    )
    states = mine.order_by().values_list("sequence", "state").annotate(n=Count("pk"))
    for pk, state, count in states:
        name = _PLACES.get(state, "stopped")
        setattr(found[pk], name, getattr(found[pk], name) + count)
    runs = StepRun.objects.filter(
        lead_filter(user, prefix="enrollment__lead__"),
        enrollment__sequence__in=found,
        message__state__in=GONE,
    )
    for row in _outcomes(runs):
        numbers = found[row["enrollment__sequence"]]
        numbers.written, numbers.replied = row["written"], row["replied"]
        numbers.booked = row["booked"]
    return found


def _outcomes(runs: "QuerySet[StepRun]") -> Any:
    def leads(**only: Any) -> Count:
        return Count("enrollment", filter=Q(**only) if only else None, distinct=True)

    grouped = runs.order_by().values("enrollment__sequence")
    return grouped.annotate(
        written=leads(),
        replied=leads(replied_at__isnull=False),
        booked=leads(booked_at__isnull=False),
    )
