"""A meeting is noted once, ends once, and the stream tells of both."""

from datetime import timedelta

import pytest

from leads import clock, meetings, pipeline
from leads.models import Event, Lead, Meeting, Task
from leads.tests.factories import MONDAY, LeadFactory

pytestmark = pytest.mark.django_db
TOMORROW = MONDAY + timedelta(days=1)


def booked(lead: Lead, **more: object) -> Meeting:
    given: dict[str, object] = {"starts_at": TOMORROW, "minutes": 30, **more}
    return meetings.record_meeting(lead=lead, actor="user:1", **given)  # type: ignore[arg-type]


def kinds(lead: Lead) -> list[str]:
    rows = Event.objects.filter(lead=lead, kind__startswith="meeting.")
    return list(rows.order_by("pk").values_list("kind", flat=True))


def test_a_meeting_is_told_with_ids_and_numbers_only() -> None:
    lead = LeadFactory()
    meeting = booked(lead, note="  In their  office ")
    event = Event.objects.get(kind="meeting.booked")
    assert (event.lead, event.actor) == (lead, "user:1")
    assert event.payload == {
        "meeting": str(meeting.public_id),
        "minutes": 30,
        "starts_at": TOMORROW.isoformat(),
    }
    assert (meeting.note, meeting.state) == ("In their office", "booked")


def test_noted_twice_it_is_one_meeting() -> None:
    lead = LeadFactory()
    assert booked(lead) == booked(lead, note="again")
    assert kinds(lead) == ["meeting.booked"]
    booked(lead, starts_at=TOMORROW + timedelta(hours=1))
    assert Meeting.objects.count() == 2


def test_what_asked_for_a_meeting_is_done() -> None:
    lead, other = LeadFactory(), LeadFactory()
    for one in (lead, other):
        pipeline.open_task(team=one.team, lead=one, kind="meeting", title="Arrange")
    pipeline.open_task(team=lead.team, lead=lead, kind="call", title="Call")
    booked(lead)
    left = Task.objects.open()
    assert {(task.lead, task.kind) for task in left} == {
        (other, "meeting"),
        (lead, "call"),
    }


@pytest.mark.parametrize("minutes", [0, -5, 1441])
def test_an_impossible_length_is_refused(minutes: int) -> None:
    with pytest.raises(meetings.MeetingError, match="lasts between"):
        booked(LeadFactory(), minutes=minutes)
    assert not Meeting.objects.exists() and not Event.objects.exists()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("held", "meeting.held"),
        ("no_show", "meeting.missed"),
        ("cancelled", "meeting.cancelled"),
    ],
)
def test_it_ends_once(state: str, kind: str) -> None:
    lead = LeadFactory()
    meeting = booked(lead)
    with clock.at(TOMORROW + timedelta(hours=1)):
        meetings.change_meeting(meeting=meeting, state=state, actor="user:1")
        again = Meeting.objects.get()
        with pytest.raises(meetings.MeetingError, match="no longer open"):
            meetings.change_meeting(meeting=again, state="held", actor="user:1")
    assert Meeting.objects.get().state == state
    assert kinds(lead) == ["meeting.booked", kind]


def test_what_has_not_begun_can_only_be_cancelled() -> None:
    meeting = booked(LeadFactory())
    with clock.at(MONDAY):
        for state in ("held", "no_show"):
            with pytest.raises(meetings.MeetingError, match="not begun"):
                meetings.change_meeting(meeting=meeting, state=state, actor="user:1")
        with pytest.raises(meetings.MeetingError, match="no end"):
            meetings.change_meeting(meeting=meeting, state="booked", actor="user:1")
        assert Meeting.objects.get().state == "booked"
        meetings.change_meeting(meeting=meeting, state="cancelled", actor="user:1")
    assert Meeting.objects.get().state == "cancelled"


def test_a_time_that_was_cancelled_can_be_booked_again() -> None:
    lead = LeadFactory()
    first = booked(lead)
    meetings.change_meeting(meeting=first, state="cancelled", actor="user:1")
    assert booked(lead) != first
