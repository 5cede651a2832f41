"""Every address of the lead's page, for owner, colleague, stranger and visitors."""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from leads.models import Fact, Lead, Meeting, ScoreLine, Task
from messaging.leadpage import urls
from messaging.tests.inbox_world import (
    FRAGMENT,
    lead_with_phone,
    office,
    rep,
    signed_in,
)

pytestmark = pytest.mark.django_db

READS = ["lead_cost", "lead_earlier", "lead_page", "lead_update"]
NAMES = [str(p.name) for p in urls.urlpatterns if isinstance(p, URLPattern)]
ACTIONS = sorted(set(NAMES) - set(READS) - {"lead_new"})


def address(name: str, at: SimpleNamespace) -> str:
    """The address of a page or an act about the office's lead."""
    more = {
        "lead_task_done": at.task.public_id,
        "lead_task_reopen": at.task.public_id,
        "lead_fact_set": "need",
        "lead_fact_strike": at.fact.public_id,
        "lead_fact_restore": at.fact.public_id,
        "lead_line_strike": at.line.public_id,
        "lead_line_restore": at.line.public_id,
    }
    if name == "lead_meeting_end":
        return reverse(name, args=[at.lead.public_id, at.meeting.public_id, "held"])
    ids = [at.lead.public_id, *([more[name]] if name in more else [])]
    return reverse(name, args=ids)


def about(lead: Lead, team: object) -> dict[str, object]:
    """A fact, a line, a task and a meeting of a lead."""
    when = lead.created_at
    fact = Fact.objects.create(
        lead=lead, field="budget", value="20k", quote="20k", source="lead",
        actor="builtin", occurred_at=when,
    )  # fmt: skip
    line = ScoreLine.objects.create(
        lead=lead, key="budget", label="named a budget", part="fit", points=25,
        occurred_at=when, added_at=when,
    )  # fmt: skip
    task = Task.objects.create(lead=lead, team=team, title="Call")
    meeting = Meeting.objects.create(lead=lead, starts_at=when, actor="user:1")
    return {"fact": fact, "line": line, "task": task, "meeting": meeting}


@pytest.fixture
def at() -> SimpleNamespace:
    there = office()
    for name, row in about(there.lead, there.team).items():
        setattr(there, name, row)
    return there


def snapshot(at: SimpleNamespace) -> list[object]:
    """Everything that an act could change."""
    lead = Lead.objects.filter(pk=at.lead.pk)
    rows = (
        lead.values(),
        at.lead.facts.order_by("pk").values(),
        at.lead.score_lines.order_by("pk").values(),
        at.lead.tasks.order_by("pk").values(),
        at.lead.meetings.order_by("pk").values(),
        at.lead.events.order_by("pk").values("pk"),
        at.talk.messages.order_by("pk").values(),
        type(at.talk).objects.filter(pk=at.talk.pk).values(),
    )
    return [list(one) for one in rows]


def test_every_address_is_about_one_lead_or_known_here() -> None:
    assert set(NAMES) == {*READS, *ACTIONS, "lead_new"}
    assert len(ACTIONS) == 16


@pytest.mark.parametrize("name", READS)
def test_owner_and_colleague_read_and_a_stranger_finds_nothing(
    name: str, at: SimpleNamespace
) -> None:
    there = address(name, at)
    for user, expected in ((at.ana, 200), (at.ben, 200), (at.cleo, 404)):
        for headers in ({}, FRAGMENT):
            answer = signed_in(user).get(there, **headers)
            assert answer.status_code == expected, user
            if expected == 404:
                assert b"Dana" not in answer.content


@pytest.mark.parametrize("tab", ["details", "files", "history", "score", "more"])
def test_no_tab_tells_a_stranger_anything(tab: str, at: SimpleNamespace) -> None:
    there = address("lead_page", at) + f"?tab={tab}"
    assert signed_in(at.cleo).get(there).status_code == 404


def test_a_stranger_can_do_nothing_to_a_lead(at: SimpleNamespace) -> None:
    client, before = signed_in(at.cleo), snapshot(at)
    for name in ACTIONS:
        for headers in ({}, FRAGMENT):
            answer = client.post(address(name, at), {"body": "x"}, **headers)
            assert answer.status_code == 404, name
            assert snapshot(at) == before, name


@pytest.mark.parametrize("name", ACTIONS)
def test_owner_and_colleague_are_let_through(name: str, at: SimpleNamespace) -> None:
    for user in (at.ana, at.ben):
        answer = signed_in(user).post(address(name, at), **FRAGMENT)
        assert answer.status_code not in (403, 404, 500)


def test_one_who_sees_only_own_leads_sees_this_one_only_when_it_is_theirs(
    at: SimpleNamespace,
) -> None:
    olga = rep("olga", at.team, reach="own")
    there = address("lead_page", at)
    assert signed_in(olga).get(there).status_code == 404
    Lead.objects.filter(pk=at.lead.pk).update(owner=olga)
    assert signed_in(olga).get(there).status_code == 200


def test_a_read_only_person_sees_and_changes_nothing(at: SimpleNamespace) -> None:
    client = signed_in(rep("rita", at.team, role="read-only"))
    for tab in ("", "?tab=details", "?tab=more"):
        html = client.get(address("lead_page", at) + tab).content
        assert b"data-post" not in html
        assert b'<dialog class="ls-dialog" id="ld-' not in html
    before = snapshot(at)
    for name in ACTIONS:
        answer = client.post(address(name, at), {"body": "x"}, **FRAGMENT)
        assert answer.status_code == 403, name
        assert snapshot(at) == before, name
    assert client.get(reverse("lead_new")).status_code == 403


def test_an_act_needs_a_post_with_the_pages_token(at: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(at.ana, backend="django.contrib.auth.backends.ModelBackend")
    before = snapshot(at)
    for name in ACTIONS:
        assert client.get(address(name, at)).status_code == 405, name
        assert client.post(address(name, at), **FRAGMENT).status_code == 403, name
    assert snapshot(at) == before


@pytest.mark.parametrize("name", [*READS, "lead_new"])
def test_a_visitor_goes_to_sign_in(name: str, at: SimpleNamespace) -> None:
    there = reverse(name) if name == "lead_new" else address(name, at)
    answer = Client().get(there)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert Client().get(there, **FRAGMENT).status_code == 401


def test_someone_who_is_no_staff_is_refused(at: SimpleNamespace) -> None:
    User.objects.filter(pk=at.ana.pk).update(is_staff=False)
    at.ana.refresh_from_db()
    assert signed_in(at.ana).get(address("lead_page", at)).status_code == 403


def test_ids_of_another_lead_do_not_work_through_ones_own(
    at: SimpleNamespace,
) -> None:
    hidden, _ = lead_with_phone(at.other, name="Sam", value="+14155550177")
    theirs = about(hidden, at.other)
    client, mine = signed_in(at.ana), at.lead.public_id
    for name, row in (
        ("lead_fact_strike", theirs["fact"]),
        ("lead_line_strike", theirs["line"]),
        ("lead_task_done", theirs["task"]),
    ):
        there = reverse(name, args=[mine, row.public_id])
        assert client.post(there, **FRAGMENT).status_code == 404, name
        nowhere = reverse(name, args=[mine, uuid.uuid4()])
        assert client.post(nowhere, **FRAGMENT).status_code == 404, name
    assert Fact.objects.get(pk=theirs["fact"].pk).struck_at is None
    assert ScoreLine.objects.get(pk=theirs["line"].pk).removed_at is None
    assert Task.objects.get(pk=theirs["task"].pk).done_at is None


def test_who_gives_a_lead_out_of_sight_goes_to_the_list(at: SimpleNamespace) -> None:
    olga = rep("olga", at.team, reach="own")
    Lead.objects.filter(pk=at.lead.pk).update(owner=olga)
    data = {"owner": str(at.ben.pk), "seen": str(olga.pk)}
    answer = signed_in(olga).post(address("lead_owner", at), data, **FRAGMENT).json()
    assert answer["open"] == reverse("admin:leads_lead_changelist")
