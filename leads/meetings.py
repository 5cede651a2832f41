"""Meetings with leads: that one was arranged, and what became of it."""

from datetime import datetime

from django.db import transaction

from leads import claims, clock, outbox, pipeline
from leads.models import Lead, Meeting, Task

LONGEST = 24 * 60
State = Meeting.State
# What the stream calls each end of a meeting.
ENDS = {
    State.CANCELLED.value: "meeting.cancelled",
    State.HELD.value: "meeting.held",
    State.NO_SHOW.value: "meeting.missed",
}


class MeetingError(ValueError):
    """It cannot be noted like this; the words say why."""


@transaction.atomic
def record_meeting(
    *, lead: Lead, starts_at: datetime, minutes: int, actor: str, note: str = ""
) -> Meeting:
    """Note that a meeting was booked; what asked for one is done.

    The same one noted twice (a double click, a calendar that tells us as well) is
    one. Raises MeetingError.
    """
    if not 1 <= minutes <= LONGEST:
        raise MeetingError(f"a meeting lasts between 1 and {LONGEST:,} minutes")
    claims.lock(Lead, lead.pk)
    booked = Meeting.objects.filter(lead=lead, state=State.BOOKED, starts_at=starts_at)
    known = booked.first()
    if known is not None:
        return known
    meeting = Meeting.objects.create(
        lead=lead,
        starts_at=starts_at,
        minutes=minutes,
        note=" ".join(note.split())[:300],
        actor=actor[:80],
        created_at=clock.now(),
    )
    _tell("meeting.booked", meeting, actor)
    for task in Task.objects.open().filter(lead=lead, kind=Task.Kind.MEETING):
        pipeline.close_task(task=task, actor=actor)
    return meeting


@transaction.atomic
def change_meeting(*, meeting: Meeting, state: str, actor: str) -> None:
    """Say what became of a booked meeting. Raises MeetingError."""
    if state not in ENDS:
        raise MeetingError(f"{state!r} is no end of a meeting")
    if state != State.CANCELLED and meeting.starts_at > clock.now():
        raise MeetingError("it has not begun yet")
    if not claims.move(meeting, old=State.BOOKED, new=state):
        meeting.refresh_from_db(fields=["state"])
        said = meeting.get_state_display().lower()
        raise MeetingError(f"this meeting is no longer open: {said}")
    _tell(ENDS[state], meeting, actor)


def _tell(kind: str, meeting: Meeting, actor: str) -> None:
    outbox.emit(
        kind=kind,
        lead=meeting.lead,
        actor=actor,
        payload={
            "meeting": str(meeting.public_id),
            "minutes": meeting.minutes,
            "starts_at": meeting.starts_at.isoformat(),
        },
    )
