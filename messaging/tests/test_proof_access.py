"""Who reads the proof: those who set the AI's mode, about the leads they see."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from leads.models import Lead
from leads.tests.factories import LeadFactory
from messaging.tests.deciding import decided
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in

pytestmark = pytest.mark.django_db

PAGES = ["proof", "proof_drafts", "proof_talks"]
TALKS = "?version=reply-2&model=model-1"


@pytest.fixture
def at() -> SimpleNamespace:
    there = office()
    there.boss = rep("mia", there.team, role="manager")
    there.stranger = rep("sol", there.other, role="manager")
    decided("edited", lead=LeadFactory(team=there.team, name="Omar H"), would=True)
    return there


def names_in(user: User) -> list[bool]:
    client = signed_in(user)
    pages = [client.get(reverse(n) + TALKS).content.decode() for n in PAGES]
    return ["Omar H" in page for page in pages]


def test_a_manager_of_the_team_reads_it_and_one_of_another_team_sees_no_lead(
    at: SimpleNamespace,
) -> None:
    assert names_in(at.boss) == [True, True, True]
    assert names_in(at.stranger) == [False, False, False]
    shadow = signed_in(at.stranger).get(reverse("proof")).context["shadow"]
    assert shadow.of == 0


def test_a_manager_who_sees_only_own_leads_reads_only_of_those(
    at: SimpleNamespace,
) -> None:
    olga = rep("olga", at.team, reach="own", role="manager")
    assert names_in(olga) == [False, False, False]
    Lead.objects.filter(name="Omar H").update(owner=olga)
    assert names_in(olga) == [True, True, True]


def test_an_admin_who_sees_everything_reads_of_every_team(at: SimpleNamespace) -> None:
    assert all(names_in(rep("ada", at.other, reach="all", role="admin")))


@pytest.mark.parametrize("role", ["rep", "read-only", "billing"])
def test_other_roles_do_not_read_it_and_have_no_entry(
    role: str, at: SimpleNamespace
) -> None:
    user = rep("kim", at.team, role=role)
    client = signed_in(user)
    for name in PAGES:
        assert client.get(reverse(name)).status_code == 403
    today = client.get("/admin/")
    assert "AI proof" not in today.content.decode()
    assert "/admin/proof/" not in today.content.decode()
    assert today.context["last"]["record"].edited == (role != "billing" or 1)


def test_a_manager_finds_it_in_the_menu_and_on_today(at: SimpleNamespace) -> None:
    page = signed_in(at.boss).get("/admin/").content.decode()
    assert page.count('href="/admin/proof/"') >= 2


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_goes_to_sign_in_and_nobody_posts(
    name: str, at: SimpleNamespace
) -> None:
    assert Client().get(reverse(name)).status_code == 302
    assert Client().get(reverse(name), **FRAGMENT).status_code == 401
    assert signed_in(at.boss).post(reverse(name)).status_code == 405
