"""A meeting is noted on the lead's page and in the inbox, and ends there."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads import clock, outbox
from leads.models import Event, Meeting, Task
from leads.tests.factories import MONDAY
from leads.work import run_due
from messaging.happenings import happenings
from messaging.leadpage.changes import changes_of
from messaging.tests.inbox_world import (
    FRAGMENT,
    lead_with_phone,
    office,
    rep,
    signed_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    return office()


def book(at: SimpleNamespace, client: Client | None = None, **said: Any) -> Any:
    url = reverse("lead_meeting", args=[at.lead.public_id])
    form = {"starts_at": "2026-03-03T15:00", "minutes": "45", **said}
    return (client or signed_in(at.ana)).post(url, form, **FRAGMENT)


def end(at: SimpleNamespace, meeting: Meeting, how: str) -> Any:
    url = reverse("lead_meeting_end", args=[at.lead.public_id, meeting.public_id, how])
    return signed_in(at.ana).post(url, **FRAGMENT)


def page(at: SimpleNamespace, user: Any = None) -> str:
    url = reverse("lead_page", args=[at.lead.public_id])
    return signed_in(user or at.ana).get(url).content.decode()


def test_a_meeting_is_noted_in_the_companys_time(at: SimpleNamespace) -> None:
    with clock.at(MONDAY):
        answer = book(at, note="at their office")
        assert answer.json()["toast"] == "Meeting booked for Tue 3 Mar 15:00"
        meeting = Meeting.objects.get()
        assert timezone.localtime(meeting.starts_at).hour == 15
        assert (meeting.minutes, meeting.note) == (45, "at their office")
        assert meeting.actor == f"user:{at.ana.pk}"
        shown = page(at)
    assert "Tue 3 Mar 15:00" in shown and "at their office" in shown
    assert "45 min · Booked" in shown


@pytest.mark.parametrize(
    "said", [{"minutes": "0"}, {"minutes": "9999"}, {"starts_at": "soon"}]
)
def test_what_cannot_be_is_refused_in_words(
    at: SimpleNamespace, said: dict[str, str]
) -> None:
    answer = book(at, **said)
    assert answer.status_code == 422 and answer.json()["error"]
    assert not Meeting.objects.exists()


def test_the_thread_and_the_lead_tell_of_it(at: SimpleNamespace) -> None:
    with clock.at(MONDAY):
        book(at)
        end(at, Meeting.objects.get(), "cancelled")
        lines = [one.words for one in happenings(at.lead)]
        changes = [one.line for one in changes_of(at.lead)]
    assert lines[-2:] == [
        "Meeting booked for Tue 3 Mar 15:00 · Ana",
        "Meeting cancelled: Tue 3 Mar 15:00 · Ana",
    ]
    assert "Meeting booked for Tue 3 Mar 15:00" in changes


def test_what_became_of_it_is_asked_once_it_has_begun(at: SimpleNamespace) -> None:
    with clock.at(MONDAY):
        book(at)
        meeting = Meeting.objects.get()
        assert ">Cancel</button>" in page(at)
        assert "Took place" not in page(at)
        assert end(at, meeting, "held").status_code == 409
    with clock.at(MONDAY + timedelta(days=2)):
        assert "Took place" in page(at) and "Nobody came" in page(at)
        assert end(at, meeting, "no-show").status_code == 200
        assert "45 min · Nobody came" in page(at)
        refused = end(at, meeting, "held")
    assert refused.status_code == 409
    assert "no longer open" in refused.json()["error"]
    assert end(at, meeting, "moved").status_code == 404


def test_a_meeting_of_another_lead_is_not_found_through_ones_own(
    at: SimpleNamespace,
) -> None:
    hidden, _ = lead_with_phone(at.other, name="Sam", value="+14155550177")
    theirs = Meeting.objects.create(lead=hidden, starts_at=MONDAY, actor="user:1")
    assert end(at, theirs, "cancelled").status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == "booked"


def test_a_wish_to_meet_no_longer_waits_for_a_person(at: SimpleNamespace) -> None:
    Task.objects.create(
        lead=at.lead,
        team=at.team,
        kind="meeting",
        title="Arrange a meeting",
        subject=at.talk.public_id,
    )
    book(at)
    at.talk.refresh_from_db()
    assert not Task.objects.open().exists()
    assert "Arrange" not in at.talk.turn_reason


def test_the_inbox_offers_it_to_who_may(at: SimpleNamespace) -> None:
    thread = reverse("inbox_thread", args=[at.talk.public_id])
    mine = signed_in(at.ana).get(thread).content.decode()
    assert f'data-meeting="{reverse("lead_meeting", args=[at.lead.public_id])}"' in mine
    assert 'id="ib-meeting"' in mine and 'data-dialog="ib-meeting"' in mine
    reader = rep("rita", at.team, role="read-only")
    theirs = signed_in(reader).get(thread).content.decode()
    assert 'id="ib-meeting"' not in theirs
    assert 'data-dialog="ib-meeting"' not in theirs
    assert "ld-meeting" not in page(at, reader)


def test_a_booking_reaches_who_follows_the_stream(at: SimpleNamespace) -> None:
    heard = [one for one in outbox.subscribers() if one.wants("meeting.booked")]
    assert heard, "follow-ups stop on it"
    book(at)
    run_due()
    event = Event.objects.get(kind="meeting.booked")
    assert not event.deliveries.exclude(state="done").exists()
