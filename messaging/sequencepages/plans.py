"""What one lead would get, step by step, ready for templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from leads import calendars, clock
from leads.models import Lead
from messaging import segments, templating, words
from messaging.models.sequence import Enrollment, SequenceVersion, Step
from messaging.sequences import planning
from messaging.sequences.planning import PlannedStep
from messaging.sequences.reach import reach_of

SLIGHT = timedelta(minutes=1)
ICONS = {"sms": "sms", "email": "mail"}


@dataclass(frozen=True)
class PlanLine:
    """One step as one lead would get it. `there` is the lead's clock, "" where it is
    ours; `waits` why it goes later than its delay; `tone` is "" or amber or violet.
    """

    position: int
    day: str
    time: str
    there: str
    icon: str
    kind: str
    to: str
    subject: str
    pieces: tuple[templating.Piece, ...]
    size: str
    wording: str
    waits: str
    note: str
    tone: str

    @property
    def goes(self) -> bool:
        """Whether anything leaves at this step."""
        return bool(self.to)


def plan_of(version: SequenceVersion, lead: Lead) -> list[PlanLine]:
    """The plan as if the lead began it now and never wrote."""
    began = clock.now()
    steps = planning.preview(version=version, lead=lead, at=began)
    return list(_lines(steps, lead, began))


def still_to_come(enrollment: Enrollment) -> list[PlanLine]:
    """What is still to come of somebody under way."""
    steps = planning.upcoming(enrollment)
    return list(_lines(steps, enrollment.lead, None))


def _lines(
    steps: Sequence[PlannedStep], lead: Lead, began: datetime | None
) -> Iterator[PlanLine]:
    after = began
    for planned in steps:
        yield _line(planned, lead, after)
        after = planned.at


def _line(planned: PlannedStep, lead: Lead, after: datetime | None) -> PlanLine:
    kind = str(planned.kind)
    point = reach_of(lead, kind).point
    zone = words.zone_of(lead, point)
    ours, theirs = (
        words.date_of(planned.at),
        (planned.at + ahead_of(lead)).astimezone(zone),
    )
    day, _, time = ours.rpartition(" ")
    there = f"{theirs:%H:%M}"
    counted = segments.count_segments(planned.body).segments
    texts = f"{counted} text{'' if counted == 1 else 's'}"
    several = planned.variant is not None and planned.step.variants.count() > 1
    return PlanLine(
        position=planned.step.position,
        day=day,
        time=time,
        there=_there(there, theirs, planned.at, time),
        icon=ICONS.get(kind, "send"),
        kind=Step.Kind(kind).label,
        to=planned.to,
        subject=planned.subject,
        pieces=tuple(templating.pieces(planned.body)),
        size=texts if kind == Step.Kind.SMS and counted else "",
        wording=planned.variant.label if several and planned.variant else "",
        waits=_waits(planned, lead, after, there),
        note=planned.note,
        tone=_tone(planned),
    )


def ahead_of(lead: Lead) -> timedelta:
    """How far a simulated lead's own clock is ahead of ours."""
    talk = getattr(lead, "conversation", None)
    return timedelta(seconds=talk.clock_shift if talk is not None else 0)


def _there(there: str, theirs: datetime, at: datetime, time: str) -> str:
    """The lead's clock, with the day where it is another one; "" where it is ours."""
    day = "" if theirs.date() == timezone.localdate(at) else f" {theirs:%a}"
    return f"{there}{day} there" if there != time else ""


def _waits(planned: PlannedStep, lead: Lead, after: datetime | None, there: str) -> str:
    """Why it goes later than its delay: the hours at the lead's place."""
    step = planned.step
    if after is None or not planned.to:
        return ""
    calendar = calendars.calendar_of(lead.team)
    asked = calendar.add(after, step.delay, step.unit, working=step.working_time)
    if planned.at - asked < SLIGHT:
        return ""
    return f"waits: quiet hours there until {there}"


def _tone(planned: PlannedStep) -> str:
    if not planned.to:
        return "amber"
    if planned.step.writer == Step.Writer.AI:
        return "violet"
    return "amber" if planned.note else ""
