"""What a preview says is what is sent: the same words at the same minute."""

from datetime import timedelta

import pytest

from leads import clock, policy
from leads.models import BusinessCalendar, Lead
from leads.tests.factories import (
    LeadFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)
from messaging.models import Message, Profile
from messaging.models.sequence import Enrollment, Sequence
from messaging.sequencepages import people
from messaging.sequences import planning, publishing
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    add_step,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    sequence,
)
from messaging.tests.talk import later, text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def walk(until: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
    """A beat every minute that something is due in."""
    moment = NOON
    while moment < NOON + until:
        due = Enrollment.objects.filter(state="waiting").order_by("due_at").first()
        if due is None:
            return
        moment = max(moment + step, due.due_at)
        at(moment)


def minutes(moments: list[object]) -> list[str]:
    return [f"{moment:%d %b %H:%M}" for moment in moments]


def test_a_lead_is_suggested_once_and_only_when_it_has_an_address() -> None:
    row, lead = sequence({}), dana(email="dana@example.com")
    assert lead.contacts.count() == 2
    LeadFactory(team=lead.team)
    user = UserFactory(is_superuser=True)
    assert people.suggested(row, user) == [lead]


def test_preview_equals_what_is_sent_with_office_hours_and_quiet_hours() -> None:
    open_house()
    BusinessCalendar.objects.update_or_create(
        team=None, defaults={"hours": OFFICE, "time_zone": "America/New_York"}
    )
    policy.change(actor="system", quiet_hours=True)
    wordings = [{"body": f"Hi {{{{ first_name }}}}, {label}"} for label in "abc"]
    row = sequence(
        {"delay": 90, "unit": "minutes", "working_time": True, "wordings": wordings},
        mail_step(delay=2, working_time=True),
        {"delay": 30, "unit": "hours", "wordings": wordings},
        {"delay": 10, "unit": "hours", "working_time": True, "wordings": wordings},
    )
    leads = [
        dana(phone=f"+1415555{100 + n:04d}", email=f"l{n}@example.com", name=f"Lea {n}")
        for n in range(6)
    ]
    assert row.current is not None
    planned = {
        lead.pk: planning.preview(version=row.current, lead=lead, at=NOON)
        for lead in leads
    }
    with clock.at(NOON):
        for lead in leads:
            begin(row, lead, at=NOON)
    walk(14 * DAY)
    for lead in leads:
        went = follow_ups(lead)
        told = planned[lead.pk]
        assert [m.body for m in went] == [p.body for p in told]
        assert [m.subject for m in went] == [p.subject for p in told]
        assert [m.kind for m in went] == [p.kind for p in told]
        assert [m.contact_point.value for m in went] == [p.to for p in told]
        assert minutes([m.sent_at for m in went]) == minutes([p.at for p in told])
    bodies = {p.body.rpartition(" ")[2] for told in planned.values() for p in told}
    assert {"a", "b", "c"} <= bodies


def draft_with(*steps: dict[str, object]) -> Sequence:
    row = Sequence.objects.create(name="Warm up")
    version = publishing.draft_of(row)
    for position, step in enumerate(steps, start=1):
        add_step(version, position, **step)
    return row


def test_a_draft_is_previewed_before_it_is_active_and_nothing_is_written() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        draft = publishing.draft_of(
            draft_with({"body": "Hi {{ company }}"}, mail_step(body="B"))
        )
        before = Message.objects.count()
        one, two = planning.preview(version=draft, lead=lead)
    assert (one.body, one.to) == ("Hi [company?]", "+14155550123")
    assert one.note == "Becomes a draft: fill in [company?] first"
    assert two.at - one.at == DAY
    assert Message.objects.count() == before
    assert not Enrollment.objects.exists()


def test_what_is_left_out_says_why() -> None:
    open_house()
    lead = dana(email="")
    draft = publishing.draft_of(draft_with(mail_step(), {}))
    one, _ = planning.preview(version=draft, lead=lead)
    assert (one.to, one.note) == ("", "Not sent: there is no mail address")


def test_a_branch_is_followed() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        text_in("that is too expensive for us")
        later(minutes=1)
    branches = [{"intents": ["objection"], "to": 3}]
    draft = publishing.draft_of(draft_with({"branches": branches}, {}, {}))
    told = planning.preview(version=draft, lead=lead, at=NOON)
    assert [p.step.position for p in told] == [1, 3]
    assert told[0].note == "The last message was “objection”: on to step 3"


def test_an_ai_step_shows_its_brief_and_an_example() -> None:
    open_house()
    Profile.objects.update(booking_url="")
    lead = dana()
    draft = publishing.draft_of(draft_with({"writer": "ai", "brief": "Ask again"}))
    (one,) = planning.preview(version=draft, lead=lead)
    assert "The AI writes this from the brief “Ask again”, such as this" in one.note
    assert one.body.endswith("?")


def test_what_is_to_come_of_somebody_under_way() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        row = begin(sequence({}, {}, {}), lead, at=NOON)
    at(NOON + DAY)
    told = planning.upcoming(now_of(row))
    assert [p.step.position for p in told] == [2, 3]
    assert [p.at for p in told] == [NOON + 2 * DAY, NOON + 3 * DAY]


def test_who_would_get_it_is_what_the_person_may_see() -> None:
    open_house()
    north, south = TeamFactory(), TeamFactory()
    colleague = MembershipFactory(team=north).user
    mine = dana(team=north)
    dana(phone="+14155550124", email="", name="Eve", team=south)
    row = sequence({}, rule={"on": "captured"})
    chief = UserFactory(is_superuser=True)
    assert planning.who_would(sequence=row, user=colleague) == [mine]
    assert len(planning.who_would(sequence=row, user=chief)) == 2
    assert planning.who_would(sequence=row, user=UserFactory()) == []
    begin(row, mine)
    assert planning.who_would(sequence=row, user=colleague) == []
    assert Lead.objects.count() == 2
