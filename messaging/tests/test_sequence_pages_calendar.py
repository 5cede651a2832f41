"""The calendar of what goes out: messages that wait and steps that are due."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, policy
from messaging.models import Message
from messaging.models.sequence import Sequence
from messaging.sequencepages import calendar as cal
from messaging.sequences import publishing
from messaging.tests.inbox_world import channel, office, rep, said, signed_in
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    begin,
    dana,
    mail_step,
    open_house,
    sequence,
    somebody,
)
from messaging.tests.sequence_world import at as pass_time

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


@pytest.fixture
def at() -> SimpleNamespace:
    """Dana's first step is tomorrow, Eve's mail of the other team the day after."""
    with clock.at(NOON - DAY):
        there = office()
    open_house()
    there.mia = rep("mia", there.team, reach="all", role="manager")
    there.row = sequence({}, {})
    there.mails = sequence(mail_step(delay=2), name="By mail")
    with clock.at(NOON):
        there.eve = dana(
            phone="+14155550177", email="eve@example.com", name="Eve", team=there.other
        )
        begin(there.row, there.lead, at=NOON)
        begin(there.mails, there.eve, at=NOON)
    return there


def days(user: Any, **asked: str) -> dict[str, tuple[int, list[str]]]:
    """What each day that has something shows: its total, and who."""
    with clock.at(NOON):
        answer = signed_in(user).get(reverse("going_out"), asked)
    assert answer.status_code == 200
    return {
        f"{day.day:%d %b}": (day.total, [row.who for row in day.rows])
        for day in answer.context["days"]
        if day.total
    }


def scheduled(at: SimpleNamespace, moment: Any, **fields: Any) -> Message:
    values = {"author": "person", "state": "queued", "due_at": moment, **fields}
    return said(at.talk, "See you then", **values)


def test_steps_and_messages_stand_on_their_days(at: SimpleNamespace) -> None:
    scheduled(at, NOON + 3 * DAY)
    scheduled(at, NOON - DAY, state="held")
    scheduled(at, NOON + 20 * DAY)
    assert days(at.mia) == {
        "02 Mar": (1, ["Dana Reyes"]),
        "03 Mar": (1, ["Dana Reyes"]),
        "04 Mar": (1, ["Eve"]),
        "05 Mar": (1, ["Dana Reyes"]),
    }


def test_each_sees_their_own_leads_only(at: SimpleNamespace) -> None:
    scheduled(at, NOON + 3 * DAY)
    for user in (at.ana, at.ben):
        assert set(days(user)) == {"03 Mar", "05 Mar"}
    assert days(at.cleo) == {"04 Mar": (1, ["Eve"])}


def test_team_sequence_and_channel_narrow_it(at: SimpleNamespace) -> None:
    scheduled(at, NOON + 3 * DAY)
    assert set(days(at.mia, team=str(at.other.pk))) == {"04 Mar"}
    assert set(days(at.mia, sequence=str(at.row.public_id))) == {"03 Mar"}
    assert set(days(at.mia, kind="email")) == {"04 Mar"}
    assert set(days(at.mia, kind="sms")) == {"03 Mar", "05 Mar"}
    assert len(days(at.mia, team="x", sequence="y", kind="z", day="w")) == 3
    assert len(days(at.mia, team="9" * 5_000)) == 3


def test_a_row_says_when_there_and_which_step(at: SimpleNamespace) -> None:
    at.lead.time_zone = "America/New_York"
    at.lead.save()
    with clock.at(NOON):
        answer = signed_in(at.ana).get(reverse("going_out"))
    row = next(day.rows[0] for day in answer.context["days"] if day.total)
    assert (row.time, row.there, row.what) == (
        "18:00",
        "13:00 there",
        "Warm up, step 1",
    )
    assert reverse("lead_page", args=[at.lead.public_id]) == row.url
    assert row.words == "Follow-up 1"


def test_what_a_sequence_wrote_is_named_after_it(at: SimpleNamespace) -> None:
    policy.change(actor="system", quiet_hours=True)
    pass_time(NOON + DAY)
    Message.objects.filter(follow_up=True).update(state="held", reason="quiet there")
    with clock.at(NOON + DAY):
        answer = signed_in(at.ana).get(reverse("going_out"))
    rows = [row for day in answer.context["days"] for row in day.rows]
    assert [row.what for row in rows] == ["Warm up, step 1", "Warm up, step 2"]
    assert rows[0].words == "Follow-up 1"
    assert rows[0].state.startswith("held: quiet there")


def test_a_paused_sequence_sends_nothing(at: SimpleNamespace) -> None:
    publishing.pause(sequence=at.row, user=somebody())
    assert days(at.ana) == {}
    with clock.at(NOON):
        html = signed_in(at.ana).get(reverse("going_out")).content.decode()
    assert "Nothing goes out in the next 14 days." in html


def test_a_day_over_a_cap_says_so(at: SimpleNamespace) -> None:
    ours = channel(at.team)
    ours.cap_day = 1
    ours.save()
    with clock.at(NOON):
        for n in range(2):
            lead = dana(phone=f"+1415555040{n}", email="", name=f"Lea {n}")
            begin(at.row, lead, at=NOON)
        answer = signed_in(at.ana).get(reverse("going_out"))
    day = next(day for day in answer.context["days"] if day.total)
    assert (day.total, day.over) == (1, True), "the cap counts what others see too"
    told = {cap.name: (cap.planned, cap.limit) for cap in day.caps}
    assert told["texts"] == (3, 1)
    assert told["automatic messages"] == (3, policy.current().cap_installation_day)
    assert "3 of 1 texts: the rest goes later" in answer.content.decode()


def test_a_full_day_opens_by_itself(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cal, "A_DAY", 2)
    for n in range(4):
        scheduled(at, NOON + DAY + timedelta(minutes=n))
    total, shown = days(at.ana)["03 Mar"]
    assert (total, len(shown)) == (5, 2)
    total, shown = days(at.ana, day="2026-03-03")["03 Mar"]
    assert (total, len(shown)) == (5, 5)


def test_roles_without_messages_do_not_see_it(at: SimpleNamespace) -> None:
    bill = rep("bill", at.team, role="billing")
    assert signed_in(bill).get(reverse("going_out")).status_code == 403
    assert Sequence.objects.count() == 2
