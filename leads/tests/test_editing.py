"""A person changes a lead, and never over a colleague's words."""

from types import SimpleNamespace

import pytest

from leads.editing import (
    Meanwhile,
    details_of,
    edit_details,
    possible_owners,
    reopen_task,
    set_owner,
    set_stage,
)
from leads.models import Event, Lead, Task
from leads.pipeline import close_task
from leads.tests.factories import (
    LeadFactory,
    MembershipFactory,
    StageFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    team = TeamFactory()
    ana = MembershipFactory(team=team).user
    ben = MembershipFactory(team=team).user
    lead = LeadFactory(team=team, name="Dana", owner=ana)
    return SimpleNamespace(team=team, ana=ana, ben=ben, lead=lead)


def edit(at: SimpleNamespace, seen: dict[str, str], version: int, **new: str) -> object:
    return edit_details(
        lead=at.lead, user=at.ana, wanted={**seen, **new}, seen=seen, version=version
    )


def test_only_what_changed_is_saved_and_told(at: SimpleNamespace) -> None:
    seen = details_of(at.lead)
    assert edit(at, seen, 0, name="Dana Reyes", company="Acme") == ["name", "company"]
    at.lead.refresh_from_db()
    assert (at.lead.name, str(at.lead.company), at.lead.version) == (
        "Dana Reyes",
        "Acme",
        1,
    )
    told = Event.objects.get(kind="lead.edited")
    assert told.payload == {"fields": ["name", "company"]}
    assert "Dana" not in str(told.payload)


def test_nothing_changed_is_nothing_told(at: SimpleNamespace) -> None:
    assert edit(at, details_of(at.lead), 0) == []
    assert not Event.objects.exists()


def test_a_colleagues_value_is_not_overwritten(at: SimpleNamespace) -> None:
    seen = details_of(at.lead)
    Lead.objects.update(role="Head", version=1)
    with pytest.raises(Meanwhile) as refused:
        edit(at, seen, 0, role="Buyer", name="Dana R")
    assert refused.value.theirs == {"role": "Head"}
    at.lead.refresh_from_db()
    assert (at.lead.role, at.lead.name) == ("Head", "Dana")


def test_a_colleagues_value_is_not_put_back_by_a_form_that_left_it_alone(
    at: SimpleNamespace,
) -> None:
    seen = details_of(at.lead)
    Lead.objects.update(role="Head", version=1)
    with pytest.raises(Meanwhile):
        edit(at, seen, 0, name="Dana R")


def test_both_wrote_the_same_is_no_clash(at: SimpleNamespace) -> None:
    seen = details_of(at.lead)
    Lead.objects.update(role="Head", version=1)
    assert edit(at, seen, 0, role="Head", name="Dana R") == ["name"]


def test_an_old_form_without_what_it_showed_is_refused(at: SimpleNamespace) -> None:
    wanted = {**details_of(at.lead), "name": "Other"}
    Lead.objects.update(role="Head", version=1)
    with pytest.raises(Meanwhile) as refused:
        edit_details(lead=at.lead, user=at.ana, wanted=wanted, seen={}, version=0)
    assert refused.value.theirs == {"name": "Dana", "role": "Head"}


def test_the_owner_works_in_the_team_or_sees_everything(at: SimpleNamespace) -> None:
    boss = MembershipFactory(reach="all").user
    stranger = MembershipFactory().user
    visitor = UserFactory(is_staff=False)
    MembershipFactory(user=visitor, team=at.team)
    assert set(possible_owners(at.lead)) == {at.ana, at.ben, boss}
    with pytest.raises(ValueError, match="does not work"):
        set_owner(
            lead=at.lead, owner=str(stranger.pk), seen=str(at.ana.pk), user=at.ana
        )
    at.lead.refresh_from_db()
    assert (at.lead.owner, at.lead.version) == (at.ana, 0)


def test_open_tasks_go_with_the_lead(at: SimpleNamespace) -> None:
    mine = Task.objects.create(team=at.team, lead=at.lead, assignee=at.ana, title="x")
    other = Task.objects.create(team=at.team, lead=at.lead, assignee=at.ben, title="y")
    assert set_owner(
        lead=at.lead, owner=str(at.ben.pk), seen=str(at.ana.pk), user=at.ana
    )
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.assignee, other.assignee) == (at.ben, at.ben)
    told = Event.objects.get(kind="lead.owner_changed")
    assert told.payload == {"before": at.ana.pk, "after": at.ben.pk}


def test_who_gave_it_away_meanwhile_is_named(at: SimpleNamespace) -> None:
    Lead.objects.update(owner=at.ben)
    with pytest.raises(Meanwhile) as refused:
        set_owner(lead=at.lead, owner="", seen=str(at.ana.pk), user=at.ana)
    assert refused.value.theirs == {"owner": str(at.ben.pk)}


def test_a_stage_moves_only_from_where_the_person_saw_it(at: SimpleNamespace) -> None:
    won, lost = StageFactory(key="won"), StageFactory(key="lost")
    assert set_stage(lead=at.lead, stage=won, seen="new", user=at.ana)
    with pytest.raises(Meanwhile) as refused:
        set_stage(lead=at.lead, stage=lost, seen="new", user=at.ben)
    assert refused.value.theirs == {"stage": "won"}


def test_a_done_task_opens_again_once(at: SimpleNamespace) -> None:
    task = Task.objects.create(team=at.team, lead=at.lead, title="x")
    close_task(task=task, actor="user:1")
    assert reopen_task(task=task, actor="user:1")
    assert not reopen_task(task=task, actor="user:1")
    assert Task.objects.open().get() == task
