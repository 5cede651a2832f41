"""Leaving the demo: by command and by page, named first, only for those who may."""

import io
import json
import re

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from leads.models import Lead
from leads.seeding import ensure_ground
from messaging.demo.cast import make_cast
from messaging.models import Profile
from messaging.simulator.playing import Saying, play

pytestmark = pytest.mark.django_db
PAGE = "/admin/demo/"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def people():
    """The demo's people, company and one demo lead."""
    ensure_ground()
    people = make_cast().people
    talk = play(user=people["ana"], saying=Saying("sms", ("hi",)))
    Lead.objects.filter(pk=talk.lead_id).update(demo=True)
    return people


def web(user, **extra):
    client = Client(**extra)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def demo(*options):
    out = io.StringIO()
    call_command("demo", *options, stdout=out)
    return out.getvalue()


def test_the_command_says_what_is_here(people):
    told = demo()
    assert "3 people who sign in: Ana Moreno, Ben Okafor, Mia Larsen" in told
    assert "1 lead\n" in told
    assert Lead.objects.exists()


def test_without_a_demo_it_says_so():
    assert "There is no demo here." in demo()
    assert json.loads(demo("--json"))["leads"] == 0
    assert "no demo" in demo("--leave", "--yes")


def test_leaving_asks_and_no_is_no(people, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="nothing was removed"):
        demo("--leave")
    assert Lead.objects.exists()


def test_leaving_on_yes_removes_and_says_how_to_go_on(people, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "y")
    told = demo("--leave")
    assert "Removed:" in told
    assert "/accounts/owner/?code=" in told
    assert not Lead.objects.exists()
    assert not User.objects.exists()


def test_json_without_yes_would_have_nobody_to_ask(people):
    with pytest.raises(CommandError, match="add --yes"):
        demo("--leave", "--json")
    told = json.loads(demo("--leave", "--json", "--yes"))
    assert told["left"] is True
    assert told["people"] == 3


def test_the_page_names_what_goes_and_asks(people):
    html = web(people["mia"]).get(reverse("leave_demo")).content.decode()
    assert "3 people who sign in" in html
    assert "Remove the demo" in html
    assert Lead.objects.exists()


def test_a_rep_may_not_and_a_stranger_is_sent_to_sign_in(people, client):
    assert web(people["ana"]).post(PAGE).status_code == 403
    assert client.post(PAGE).status_code == 302
    assert Lead.objects.exists()


def test_a_real_manager_may_not(people):
    real = User.objects.create_user("max", is_staff=True)
    real.groups.add(Group.objects.get(name="manager"))
    assert web(real).post(PAGE).status_code == 403


def test_the_demos_manager_may_only_on_this_machine(people):
    elsewhere = web(people["mia"], REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post(PAGE).status_code == 403
    assert Lead.objects.exists()


def test_an_admin_leaves_and_stays_signed_in(people):
    admin = User.objects.create_user("root", is_staff=True)
    admin.groups.add(Group.objects.get(name="admin"))
    browser = web(admin)
    assert browser.post(PAGE).url == "/admin/"
    assert not Lead.objects.exists()
    assert not Profile.objects.filter(demo=True).exists()
    assert browser.get("/admin/").status_code == 200
    assert "There is no demo here" in browser.get(PAGE).content.decode()


def test_the_demos_manager_is_signed_out_and_told_how_to_go_on(people, capsys):
    browser = web(people["mia"])
    answer = browser.post(PAGE)
    assert "The demo is gone" in answer.content.decode()
    assert "/accounts/owner/" not in answer.content.decode()
    assert "/accounts/owner/?code=" in capsys.readouterr().out
    assert browser.get("/admin/").status_code == 302


def test_played_people_go_with_it_when_ticked(people):
    play(user=people["ana"], saying=Saying("sms", ("hello",)))
    assert "Also remove 1 person" in web(people["mia"]).get(PAGE).content.decode()
    web(people["mia"]).post(PAGE, {"played": "1"})
    assert not Lead.objects.exists()


def test_played_people_stay_when_not_ticked(people):
    play(user=people["ana"], saying=Saying("sms", ("hello",)))
    web(people["mia"]).post(PAGE)
    assert Lead.objects.count() == 1


def test_the_way_out_is_on_the_tag_and_on_todays_card(people):
    browser = web(people["mia"])
    today = browser.get("/admin/").content.decode()
    tag = f'<a class="ls-tag ls-tag--demo" href="{PAGE}"'
    assert tag in today
    assert re.search(rf'href="{PAGE}">Leave demo<', today)
    assert tag in browser.get("/admin/inbox/").content.decode()


def test_those_who_may_not_leave_are_told_who_may(people):
    today = web(people["ana"]).get("/admin/").content.decode()
    assert f'href="{PAGE}"' not in today
    assert "An admin can leave the demo." in today


def test_the_card_stays_when_all_is_set_up(people, monkeypatch):
    monkeypatch.setattr("leadsite.dashboard.setup_steps", lambda where: [])
    today = web(people["mia"]).get("/admin/").content.decode()
    assert "Be a lead" not in today
    assert re.search(rf'href="{PAGE}">Leave demo<', today)


def test_without_a_demo_there_is_nothing_to_leave(people):
    admin = User.objects.create_superuser("root")
    browser = web(admin)
    browser.post(PAGE)
    today = browser.get("/admin/").content.decode()
    assert "Leave demo" not in today
    assert "ls-tag--demo" not in today
