"""Who is in a sequence: each with its reason, stopped and enrolled by who may."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, consent
from leads.models import Lead
from messaging.holding import take_over
from messaging.models.sequence import Enrollment, Sequence
from messaging.sequences import publishing
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    begin,
    dana,
    now_of,
    open_house,
    sequence,
)
from messaging.tests.sequence_world import at as pass_time
from messaging.tests.talk import text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


@pytest.fixture
def at() -> SimpleNamespace:
    """Ana owns Dana, Ben is her colleague, Cleo of another team."""
    with clock.at(NOON - DAY):
        there = office()
    open_house()
    there.mia = rep("mia", there.team, role="manager")
    there.rita = rep("rita", there.team, role="read-only")
    there.row = sequence({}, {}, {})
    return there


def listed(at: SimpleNamespace, user: Any, **asked: str) -> str:
    where = reverse("sequence_enrollments", args=[at.row.public_id])
    answer = signed_in(user).get(where, asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def do(user: Any, row: Enrollment, what: str) -> Any:
    where = reverse("enrollment_act", args=[row.public_id, what])
    return signed_in(user).post(where, **FRAGMENT)


# --- the list --------------------------------------------------------------------------


def test_each_row_says_why_in_words(at: SimpleNamespace) -> None:
    with clock.at(NOON):
        row = begin(at.row, at.lead)
        assert "step 1, text, Tue 3 Mar 18:00" in listed(at, at.ana)
    with clock.at(NOON + timedelta(hours=2)):
        text_in("Who is this?")
        html = listed(at, at.ana)
    assert "Stopped: Dana Reyes replied 20:00" in html
    assert now_of(row).cause == "replied"


def test_state_cause_and_words_narrow_the_list(at: SimpleNamespace) -> None:
    eve = dana(phone="+14155550177", email="", name="Eve Stone", team=at.team)
    begin(at.row, at.lead)
    stopped = begin(at.row, eve)
    assert do(at.ben, stopped, "stop").status_code == 200
    for asked, names in (
        ({}, (True, True)),
        ({"show": "live"}, (True, False)),
        ({"show": "stopped"}, (False, True)),
        ({"show": "done"}, (False, False)),
        ({"cause": "by_hand"}, (False, True)),
        ({"q": "eve"}, (False, True)),
        ({"q": "0123"}, (True, False)),
    ):
        html = listed(at, at.ana, **asked)
        assert ("Dana Reyes</a>" in html, "Eve Stone</a>" in html) == names, asked
    assert "Stopped: Ben stopped it" in listed(at, at.ana)
    assert "Stopped by a person (1)" in listed(at, at.ana)


def test_only_leads_that_the_person_may_see_are_listed(at: SimpleNamespace) -> None:
    row = begin(at.row, at.lead)
    for user in (at.ana, at.ben):
        assert "Dana Reyes" in listed(at, user)
    assert "Dana Reyes" not in listed(at, at.cleo)
    for what in ("stop", "rest-week", "go-on"):
        assert do(at.cleo, row, what).status_code == 404
        assert do(at.rita, row, what).status_code == 403
    stop = reverse("sequence_stop_many", args=[at.row.public_id])
    ticked = {"enrollment": [str(row.public_id)]}
    signed_in(at.cleo).post(stop, ticked)
    assert signed_in(at.rita).post(stop, ticked).status_code == 403
    assert now_of(row).state == "waiting"


def test_an_empty_list_says_what_to_do(at: SimpleNamespace) -> None:
    assert "Tick leads in their list and choose “Enroll in a sequence”" in listed(
        at, at.ana
    )
    assert "Nobody fits that." in listed(at, at.ana, q="nobody")


def test_the_ticked_ones_are_stopped_together(at: SimpleNamespace) -> None:
    rows = [
        begin(at.row, dana(phone=f"+1415555030{n}", email="", name=f"Lea {n}"))
        for n in range(3)
    ]
    Lead.objects.update(team=at.team)
    stop = reverse("sequence_stop_many", args=[at.row.public_id])
    do(at.ana, rows[0], "stop")
    ticked = {"enrollment": [str(row.public_id) for row in rows[:2]] + ["nonsense"]}
    said = signed_in(at.ana).post(stop, ticked, **FRAGMENT).json()
    assert said["toast"] == "Stopped for 1 lead, 1 had ended already"
    assert [now_of(row).state for row in rows] == ["stopped", "stopped", "waiting"]
    refused = signed_in(at.ana).post(stop, {}, **FRAGMENT)
    assert (refused.status_code, refused.json()["error"]) == (
        409,
        "Tick those to stop first",
    )


def test_a_person_lets_one_rest_and_go_on(at: SimpleNamespace) -> None:
    with clock.at(NOON):
        row = begin(at.row, at.lead, at=NOON)
        said = do(at.ana, row, "rest-week").json()
        assert said["toast"] == "Rests until Mon 9 Mar 18:00"
        html = listed(at, at.ana)
        assert ">resting<" in html
        assert "Parked to 9 Mar: Ana let it rest" in html
        pass_time(NOON + 2 * DAY)
        assert now_of(row).next_step.position == 1  # type: ignore[union-attr]
        assert do(at.ben, row, "go-on").json()["toast"] == "It goes on"
        fresh = now_of(row)
        assert (fresh.due_at, fresh.parked_until) == (NOON + DAY, None)
        refused = do(at.ben, row, "go-on")
        assert (refused.status_code, refused.json()["error"]) == (
            409,
            "It does not rest",
        )
    pass_time(NOON + DAY)
    assert now_of(row).next_step.position == 2  # type: ignore[union-attr]


def test_what_has_ended_is_not_stopped_twice(at: SimpleNamespace) -> None:
    row = begin(at.row, at.lead)
    do(at.ana, row, "stop")
    for what in ("stop", "rest-week"):
        answer = do(at.ben, row, what)
        assert (answer.status_code, answer.json()["error"]) == (
            409,
            "It has ended already",
        )
    assert now_of(row).reason == "Ana stopped it"


# --- on the lead's page ----------------------------------------------------------------


def card(user: Any, lead: Lead) -> str:
    where = reverse("lead_follow_ups", args=[lead.public_id])
    answer = signed_in(user).get(where, **FRAGMENT)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_leads_page_asks_for_its_follow_ups(at: SimpleNamespace) -> None:
    page = reverse("lead_page", args=[at.lead.public_id])
    html = signed_in(at.ana).get(page).content.decode()
    assert f'hx-get="{reverse("lead_follow_ups", args=[at.lead.public_id])}"' in html


def test_the_card_says_what_is_next_and_why_it_stopped(at: SimpleNamespace) -> None:
    assert "No follow-up is planned." in card(at.ana, at.lead)
    with clock.at(NOON):
        row = begin(at.row, at.lead, at=NOON)
        html = card(at.ana, at.lead)
        assert "Under way: step 1, text, Tue 3 Mar 18:00" in html
        assert "then text, Wed 4 Mar 18:00" in html
        assert reverse("enrollment_act", args=[row.public_id, "stop"]) in html
        assert "Stop" not in card(at.rita, at.lead)
    take_over(conversation=at.talk, user=at.ben)
    assert "Stopped: Ben took over" in card(at.ana, at.lead)
    where = reverse("lead_follow_ups", args=[at.lead.public_id])
    assert signed_in(at.cleo).get(where, **FRAGMENT).status_code == 404


def test_the_history_names_what_became_of_them(at: SimpleNamespace) -> None:
    do(at.ana, begin(at.row, at.lead), "stop")
    page = reverse("lead_page", args=[at.lead.public_id])
    html = signed_in(at.ana).get(page, {"tab": "history"}).content.decode()
    assert "Follow-ups began" in html
    assert "Follow-ups stopped: stopped by a person" in html


def test_a_lead_is_enrolled_from_its_page_or_told_why_not(at: SimpleNamespace) -> None:
    where = reverse("lead_enroll", args=[at.lead.public_id])
    data = {"sequence": str(at.row.public_id)}
    assert signed_in(at.cleo).post(where, data, **FRAGMENT).status_code == 404
    assert signed_in(at.rita).post(where, data, **FRAGMENT).status_code == 403
    assert not Enrollment.objects.exists()
    with clock.at(NOON):
        said = signed_in(at.ben).post(where, data, **FRAGMENT).json()
    assert said["toast"] == "Begins “Warm up”: Tue 3 Mar 18:00"
    row = Enrollment.objects.get()
    assert (row.how, row.actor) == ("hand", f"user:{at.ben.pk}")
    assert "<select" not in card(at.ana, at.lead), "it is under way already"
    again = signed_in(at.ben).post(where, data, **FRAGMENT)
    assert again.status_code == 409
    assert "already under way" in again.json()["error"]


def test_a_sequence_of_another_team_is_not_offered(at: SimpleNamespace) -> None:
    theirs = sequence({}, name="Theirs", team=at.other)
    assert "Theirs" not in card(at.ana, at.lead)
    where = reverse("lead_enroll", args=[at.lead.public_id])
    data = {"sequence": str(theirs.public_id)}
    answer = signed_in(at.ana).post(where, data, **FRAGMENT)
    assert answer.json()["error"] == "There is no such sequence"
    assert not Enrollment.objects.exists()


# --- many at once ----------------------------------------------------------------------


def tick(user: Any, *leads: Lead) -> Any:
    client = signed_in(user)
    answer = client.post(
        "/admin/leads/lead/",
        {"action": "enroll", "_selected_action": [lead.pk for lead in leads]},
    )
    return client, answer


def test_ticked_leads_are_shown_with_yes_or_no_before_anything_happens(
    at: SimpleNamespace,
) -> None:
    gone = dana(phone="+14155550177", email="", name="Eve Stone", team=at.team)
    consent.suppress(
        contact_point=gone.contacts.get().contact_point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    hidden = dana(phone="+14155550178", email="", name="Hid Den", team=at.other)
    client, answer = tick(at.ana, at.lead, gone, hidden)
    assert answer.url == reverse("enroll_many")
    asked = {"sequence": str(at.row.public_id)}
    html = client.get(answer.url, asked).content.decode()
    assert "Enroll 1 lead in “Warm up”" in html
    assert "May not be written to: phone number: opted out" in html
    assert "Hid Den" not in html
    assert not Enrollment.objects.exists()
    names = [str(lead.public_id) for lead in (at.lead, gone, hidden)]
    answer = client.post(reverse("enroll_many"), {**asked, "lead": names}, follow=True)
    html = answer.content.decode()
    assert "1 lead began “Warm up”." in html
    assert "Eve Stone: May not be written to" in html
    assert [row.lead for row in Enrollment.objects.all()] == [at.lead]


def test_those_who_meet_the_rule_are_offered(at: SimpleNamespace) -> None:
    Sequence.objects.update(rule={"on": "captured"})
    asked = {"sequence": str(at.row.public_id), "who": "rule"}
    html = signed_in(at.mia).get(reverse("enroll_many"), asked).content.decode()
    assert "Dana Reyes" in html
    assert "Enroll 1 lead" in html


def test_who_may_not_enroll_is_not_offered_it(at: SimpleNamespace) -> None:
    html = signed_in(at.rita).get("/admin/leads/lead/").content.decode()
    assert "Enroll in a sequence" not in html
    where = reverse("enroll_many")
    data = {"sequence": str(at.row.public_id), "lead": [str(at.lead.public_id)]}
    assert signed_in(at.rita).post(where, data).status_code == 403
    assert not Enrollment.objects.exists()


def test_without_an_active_sequence_the_page_says_so(at: SimpleNamespace) -> None:
    publishing.archive(sequence=at.row, user=at.mia)
    client, answer = tick(at.ana, at.lead)
    assert "No sequence is active." in client.get(answer.url).content.decode()
    empty = signed_in(at.ben).get(reverse("enroll_many")).content.decode()
    assert "No lead is chosen." in empty
