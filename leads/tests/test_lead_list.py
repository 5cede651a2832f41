"""The list of leads: what it shows, finds and filters, and to whom."""

import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from leads.models import Company, Lead, Membership, Stage, Team
from leads.seeding import ensure_ground
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "admin:leads_lead_changelist"


def person(name: str, team: Team, *, role: str = "rep", reach: str = "team") -> User:
    user = UserFactory(username=name, first_name=name.title())
    user.groups.add(Group.objects.get(name=role))
    MembershipFactory(user=user, team=team, reach=reach)
    return user


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def office() -> SimpleNamespace:
    ensure_ground()
    north, south = TeamFactory(name="North"), TeamFactory(name="South")
    ana, ben = person("ana", north), person("ben", north)
    cleo = person("cleo", south)
    acme = Company.objects.create(name="Acme Robotics")
    dana = LeadFactory(
        name="Dana Reyes", team=north, owner=ana, score=72, company=acme, role="Buyer"
    )
    phone = ContactPointFactory(value="+14155550123")
    LeadContactFactory(lead=dana, contact_point=phone)
    sam = LeadFactory(name="Sam Ito", team=north, score=41)
    mail = ContactPointFactory(mail=True, value="sam@example.org")
    LeadContactFactory(lead=sam, contact_point=mail)
    hidden = LeadFactory(name="Hidden Person", team=south, score=99)
    return SimpleNamespace(
        north=north, south=south, ana=ana, ben=ben, cleo=cleo, dana=dana, sam=sam,
        hidden=hidden,
    )  # fmt: skip


def names(user: User, query: str = "") -> list[str]:
    """The names that a person's list shows, in order."""
    page = browser(user).get(reverse(LIST) + query)
    assert page.status_code == 200
    return [lead.name for lead in page.context["cl"].result_list]


def test_the_hottest_lead_comes_first(office: SimpleNamespace) -> None:
    LeadFactory(name="Hottest", team=office.north, score=95)
    assert names(office.ana) == ["Hottest", "Dana Reyes", "Sam Ito"]


def test_everybody_sees_only_the_leads_of_their_reach(office: SimpleNamespace) -> None:
    own = person("olga", office.north, reach="own")
    every = person("eva", office.north, reach="all")
    assert names(office.ben) == ["Dana Reyes", "Sam Ito"]
    assert names(office.cleo) == ["Hidden Person"]
    assert names(own) == []
    assert names(every) == ["Hidden Person", "Dana Reyes", "Sam Ito"]


def test_a_row_leads_to_the_lead_and_shows_company_score_and_tag(
    office: SimpleNamespace,
) -> None:
    Lead.objects.filter(pk=office.sam.pk).update(simulated=True)
    Lead.objects.filter(pk=office.dana.pk).update(simulated=True, demo=True)
    page = browser(office.ana).get(reverse(LIST)).content.decode()
    assert reverse("lead_page", args=[office.dana.public_id]) in page
    assert "Acme Robotics · Buyer" in page
    assert '<b>72</b><i aria-hidden="true"></i>Hot' in page
    # Dana is both: Demo says more, so it is the one that she wears.
    tags = re.findall(r'<span class="ls-tag">(Simulated|Demo)</span>', page)
    assert sorted(tags) == ["Demo", "Simulated"]


def test_the_list_has_at_most_five_columns(office: SimpleNamespace) -> None:
    page = browser(office.ana).get(reverse(LIST))
    columns = [c for c in page.context["cl"].list_display if c != "action_checkbox"]
    assert len(columns) <= 5


def test_a_lead_without_a_name_is_shown_by_its_address(office: SimpleNamespace) -> None:
    Lead.objects.filter(pk=office.dana.pk).update(name="")
    assert "+14155550123" in browser(office.ana).get(reverse(LIST)).content.decode()


@pytest.mark.parametrize(
    "words",
    ["dana", "ROBOTICS", "+14155550123", "(415) 555-0123", "415-555-0123", "5550123"],
)
def test_a_lead_is_found_by_name_company_and_number_however_written(
    words: str, office: SimpleNamespace
) -> None:
    assert names(office.ana, f"?q={words}".replace("+", "%2B")) == ["Dana Reyes"]


def test_a_lead_is_found_by_mail_but_not_by_a_stranger(office: SimpleNamespace) -> None:
    assert names(office.ana, "?q=sam@example.org") == ["Sam Ito"]
    assert names(office.cleo, "?q=sam@example.org") == []
    assert names(office.ana, "?q=%00") == ["Dana Reyes", "Sam Ito"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?owner=me", ["Dana Reyes"]),
        ("?owner=none", ["Sam Ito"]),
        ("?owner=999999999999999999", []),
        ("?owner=rubbish", ["Dana Reyes", "Sam Ito"]),
        ("?heat=hot", ["Dana Reyes"]),
        ("?heat=warm", ["Sam Ito"]),
        ("?heat=cool", []),
        ("?kind=real", ["Dana Reyes"]),
        ("?kind=simulated", ["Sam Ito"]),
        ("?kind=demo", []),
    ],
)
def test_the_list_is_filtered(
    query: str, found: list[str], office: SimpleNamespace
) -> None:
    Lead.objects.filter(pk=office.sam.pk).update(simulated=True)
    assert names(office.ana, query) == found


def test_stage_team_and_source_filter_and_offer_only_what_one_sees(
    office: SimpleNamespace,
) -> None:
    won = Stage.objects.get(key="won")
    Lead.objects.filter(pk=office.sam.pk).update(stage=won)
    assert names(office.ana, f"?stage__id__exact={won.pk}") == ["Sam Ito"]
    page = browser(office.ana).get(reverse(LIST))
    offered = {
        spec.title: [str(c["display"]) for c in spec.choices(page.context["cl"])]
        for spec in page.context["cl"].filter_specs
    }
    assert offered["team"] == ["All", "North"]
    assert "Cleo" not in offered["owner"]


def test_an_empty_list_says_what_to_do(office: SimpleNamespace) -> None:
    Lead.objects.all().delete()
    page = browser(office.ana).get(reverse(LIST)).content.decode()
    assert "No leads yet." in page
    assert reverse("lead_new") in page


def test_a_search_without_a_match_leads_back_to_all(office: SimpleNamespace) -> None:
    page = browser(office.ana).get(reverse(LIST) + "?q=zzz<b>").content.decode()
    assert "No lead matches “zzz&lt;b&gt;”" in page
    assert "Show all leads" in page


def test_the_form_of_a_lead_is_its_page(office: SimpleNamespace) -> None:
    there = reverse("admin:leads_lead_change", args=[office.dana.pk])
    page = reverse("lead_page", args=[office.dana.public_id])
    answer = browser(office.ana).get(there)
    assert (answer.status_code, answer["Location"]) == (302, page)
    past = reverse("admin:leads_lead_history", args=[office.dana.pk])
    assert browser(office.ana).get(past)["Location"] == f"{page}?tab=history"


@pytest.mark.parametrize("name", ["change", "history", "delete"])
def test_a_stranger_finds_no_page_of_a_lead(name: str, office: SimpleNamespace) -> None:
    boss = person("boss", office.south, role="admin")
    there = reverse(f"admin:leads_lead_{name}", args=[office.dana.pk])
    for method in ("get", "post"):
        answer = getattr(browser(boss), method)(there, {"post": "yes"})
        assert answer.status_code in (302, 404)
        if answer.status_code == 302:
            assert "/leads/lead/" not in answer["Location"]
            assert str(office.dana.public_id) not in answer["Location"]
    assert Lead.objects.filter(pk=office.dana.pk).exists()


@pytest.mark.parametrize("action", ["make_mine", "delete_selected"])
def test_an_action_reaches_only_visible_leads(
    action: str, office: SimpleNamespace
) -> None:
    boss = person("boss", office.south, role="admin")
    ticked = {
        "action": action,
        "_selected_action": [office.dana.pk],
        "post": "yes",
    }
    before = Lead.objects.filter(pk=office.dana.pk).values().get()
    browser(boss).post(reverse(LIST), ticked)
    assert Lead.objects.filter(pk=office.dana.pk).values().get() == before


def test_ticked_leads_become_mine(office: SimpleNamespace) -> None:
    ticked = {"action": "make_mine", "_selected_action": [office.sam.pk]}
    browser(office.ben).post(reverse(LIST), ticked)
    office.sam.refresh_from_db()
    assert office.sam.owner == office.ben


def test_completion_offers_only_visible_leads(office: SimpleNamespace) -> None:
    there = reverse("admin:autocomplete")
    query = {"app_label": "leads", "model_name": "task", "field_name": "lead"}
    answer = browser(office.cleo).get(there, {**query, "term": "Dana"})
    assert "Dana" not in answer.content.decode()


def test_leads_are_not_added_by_a_bare_form(office: SimpleNamespace) -> None:
    there = reverse("admin:leads_lead_add")
    assert browser(office.ana).get(there).status_code == 403


def test_someone_without_the_right_sees_no_list(office: SimpleNamespace) -> None:
    user = UserFactory()
    Membership.objects.create(user=user, team=office.north)
    assert browser(user).get(reverse(LIST)).status_code == 403


def test_what_was_put_away_is_not_listed(office: SimpleNamespace) -> None:
    Lead.objects.filter(pk=office.sam.pk).update(archived_at=office.sam.created_at)
    assert names(office.ana) == ["Dana Reyes"]
