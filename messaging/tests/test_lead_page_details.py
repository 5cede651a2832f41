"""The Details tab: two people save, and nobody's words are lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads.editing import details_of
from leads.models import Lead, Stage
from messaging.tests.inbox_world import office, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    there = office()
    there.url = reverse("lead_details", args=[there.lead.public_id])
    return there


def form_of(lead: Lead, **changed: str) -> dict[str, str]:
    """What a browser sends of a form that showed `lead`, with some fields typed."""
    seen = details_of(lead)
    hidden = {f"seen_{name}": value for name, value in seen.items()}
    return {**seen, **hidden, "version": str(lead.version), **changed}


def save(at: SimpleNamespace, user: Any, data: dict[str, str]) -> Any:
    return signed_in(user).post(at.url, data)


def fresh(at: SimpleNamespace) -> Lead:
    return Lead.objects.select_related("company", "stage").get(pk=at.lead.pk)


def test_the_tab_shows_what_is_stored_and_carries_what_was_seen(
    at: SimpleNamespace,
) -> None:
    page = signed_in(at.ana).get(
        reverse("lead_page", args=[at.lead.public_id]), {"tab": "details"}
    )
    html = page.content.decode()
    assert 'value="Dana Reyes"' in html
    assert 'name="seen_name" value="Dana Reyes"' in html
    assert 'name="version" value="0"' in html


def test_a_change_is_saved(at: SimpleNamespace) -> None:
    data = form_of(at.lead, role="Buyer", language="es", time_zone="Europe/Madrid")
    answer = save(at, at.ana, data)
    assert answer.status_code == 302
    lead = fresh(at)
    assert (lead.role, lead.language, lead.time_zone) == (
        "Buyer",
        "es",
        "Europe/Madrid",
    )
    assert lead.version == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Base"),
        ("language", "Spanish!"),
        ("stage", "nowhere"),
        ("team", "999"),
        ("owner", "999"),
        ("version", "x"),
    ],
)
def test_rubbish_is_refused_beside_its_field(
    field: str, value: str, at: SimpleNamespace
) -> None:
    answer = save(at, at.ana, form_of(at.lead, name="Other", **{field: value}))
    assert answer.status_code == 422
    assert fresh(at).name == "Dana Reyes"
    assert "Other" in answer.content.decode()


def test_a_lead_is_not_moved_to_a_team_one_is_not_in(at: SimpleNamespace) -> None:
    answer = save(at, at.ana, form_of(at.lead, team=str(at.other.pk)))
    assert answer.status_code == 422
    assert fresh(at).team == at.team


def test_both_values_are_shown_when_somebody_saved_first(at: SimpleNamespace) -> None:
    mine = form_of(at.lead, role="CFO", name="Dana R")
    assert save(at, at.ben, form_of(at.lead, role="Buyer")).status_code == 302
    answer = save(at, at.ana, mine)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Ben saved meanwhile" in html
    assert 'name="role" value="Buyer"' in html
    assert 'name="role" value="CFO"' in html
    assert 'value="Dana R"' in html
    assert (fresh(at).role, fresh(at).name) == ("Buyer", "Dana Reyes")


def test_the_choice_between_both_is_saved(at: SimpleNamespace) -> None:
    save(at, at.ben, form_of(at.lead, role="Buyer"))
    again = form_of(fresh(at), role="CFO", name="Dana R")
    assert save(at, at.ana, again).status_code == 302
    assert (fresh(at).role, fresh(at).name) == ("CFO", "Dana R")


def test_a_field_left_alone_keeps_the_colleagues_value_by_default(
    at: SimpleNamespace,
) -> None:
    mine = form_of(at.lead, name="Dana R")
    save(at, at.ben, form_of(at.lead, role="Buyer"))
    html = save(at, at.ana, mine).content.decode()
    offered = html.split('name="role" value="Buyer"')[1].split(">")[0]
    assert "checked" in offered


def test_a_stage_moved_from_the_head_meets_an_open_form(at: SimpleNamespace) -> None:
    mine = form_of(at.lead, stage="lost")
    Lead.objects.filter(pk=at.lead.pk).update(stage=Stage.objects.get(key="won"))
    answer = save(at, at.ana, mine)
    assert answer.status_code == 409
    assert "Won" in answer.content.decode()
    assert fresh(at).stage.key == "won"


def test_a_colleague_who_saved_a_third_time_is_met_again(at: SimpleNamespace) -> None:
    save(at, at.ben, form_of(at.lead, role="Buyer"))
    second = form_of(fresh(at), role="CFO")
    save(at, at.ben, form_of(fresh(at), role="Head"))
    assert save(at, at.ana, second).status_code == 409
    assert fresh(at).role == "Head"


def test_a_lead_without_company_and_owner_can_be_saved(at: SimpleNamespace) -> None:
    assert save(at, at.ana, form_of(at.lead, owner="")).status_code == 302
    assert fresh(at).owner is None
