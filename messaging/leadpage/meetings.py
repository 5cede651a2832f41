"""Meetings on a lead's page: one is noted, and what became of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404

from leads import clock, meetings
from leads.models import Lead, Meeting
from messaging import words
from messaging.forms import OneLine
from messaging.leadpage.forms import DAY_FORMATS
from messaging.leadpage.frame import lead_act, look_again
from messaging.views.answers import Act, Said

MOST = 8
MINUTES = 30
ADD, CHANGE = "leads.add_meeting", "leads.change_meeting"
ENDS = {
    "held": (Meeting.State.HELD, "Took place"),
    "no-show": (Meeting.State.NO_SHOW, "Nobody came"),
    "cancelled": (Meeting.State.CANCELLED, "Cancelled"),
}


class MeetingForm(forms.Form):
    """A meeting that was booked; the time is the company's."""

    starts_at = forms.DateTimeField(input_formats=DAY_FORMATS, label="When")
    minutes = forms.IntegerField(min_value=1, max_value=meetings.LONGEST)
    note = OneLine(max_length=300, required=False)


@lead_act(ADD, form=MeetingForm)
def book(act: Act, lead: Lead) -> Said:
    """Note that a meeting was booked; follow-ups stop."""
    actor = f"user:{act.user.pk}"
    meeting = meetings.record_meeting(lead=lead, actor=actor, **act.said)
    look_again(lead)
    return {"toast": f"Meeting booked for {words.date_of(meeting.starts_at)}"}


@lead_act(CHANGE)
def end(act: Act, lead: Lead, meeting: UUID, how: str) -> Said:
    """Say that it took place, that nobody came, or that it is cancelled."""
    row = Meeting.objects.filter(lead=lead, public_id=meeting).first()
    if row is None or how not in ENDS:
        raise Http404("There is no such meeting.")
    state, said = ENDS[how]
    actor = f"user:{act.user.pk}"
    meetings.change_meeting(meeting=row, state=state, actor=actor)
    return {"toast": f"{said}: {words.date_of(row.starts_at)}"}


@dataclass(frozen=True, slots=True)
class Appointment:
    """A meeting as the side column lists it, and what may still become of it."""

    meeting: Meeting
    when: str
    ends: tuple[tuple[str, str], ...] = ()


def meetings_context(lead: Lead, user: Any) -> dict[str, Any]:
    """Return the newest meetings, and whether the person may note one."""
    rows = lead.meetings.order_by("-starts_at", "-pk")[:MOST]
    may_change = user.has_perm(CHANGE)
    return {
        "meetings": [_appointment(row, may_change=may_change) for row in rows],
        "may_meet": user.has_perm(ADD),
        "meeting_minutes": MINUTES,
    }


def _appointment(row: Meeting, *, may_change: bool) -> Appointment:
    when = words.date_of(row.starts_at)
    if row.state != Meeting.State.BOOKED or not may_change:
        return Appointment(row, when)
    begun = row.starts_at <= clock.now()
    hows = ("held", "no-show", "cancelled") if begun else ("cancelled",)
    labels = {how: said for how, (_, said) in ENDS.items()} | {"cancelled": "Cancel"}
    return Appointment(row, when, tuple((how, labels[how]) for how in hows))
