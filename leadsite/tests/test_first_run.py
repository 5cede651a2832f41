"""The first run: the owner's one-time link, demo accounts, prepare."""

import io
import re
import stat

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from leads.models import Job, Lead, Membership, Stage, Team
from leads.seeding import ensure_ground
from leadsite import firstrun
from leadsite.accounts import DEMO_GROUP
from messaging import demo
from messaging.demo import building
from messaging.demo.cast import make_cast

pytestmark = pytest.mark.django_db
OWNER = "/accounts/owner/"
GOOD = {
    "name": "Olga Berg",
    "email": "Olga@Example.com",
    "password": "a-long-walk-home-42",
}


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def code():
    return firstrun.owner_code()


def become_owner(client, code, **changed):
    return client.post(OWNER, {**GOOD, "code": code, **changed})


# --- the one-time link -------------------------------------------------------


def test_the_terminal_prints_a_link_that_works(client):
    told = firstrun.greeting(host="0.0.0.0", port=8000)
    link = re.search(r"http://127\.0\.0\.1:8000(/accounts/owner/\S+)", told)[1]
    assert client.get(link).status_code == 200


def test_the_code_is_the_same_until_used_and_only_ours_to_read(own_folder):
    assert firstrun.owner_code() == firstrun.owner_code()
    mode = (own_folder / firstrun.CODE_FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_owner_is_made_signed_in_and_sees_everything(client, code):
    answer = become_owner(client, code)
    owner = User.objects.get()
    assert answer.url == "/admin/"
    assert owner.is_superuser and owner.is_staff
    assert (owner.username, owner.email) == ("olga@example.com", "olga@example.com")
    assert owner.get_full_name() == "Olga Berg"
    membership = Membership.objects.get()
    assert (membership.team, membership.reach) == (Team.default(), "all")
    assert client.get("/admin/").status_code == 200


def test_the_owner_can_sign_in_again_with_mail_and_password(client, code):
    become_owner(client, code)
    fields = {"login": "olga@example.com", "password": GOOD["password"]}
    assert Client().post("/accounts/login/", fields).status_code == 302


def test_the_link_works_once(client, code):
    become_owner(client, code)
    again = Client()
    assert again.get(OWNER, {"code": code}).status_code == 403
    answer = become_owner(again, code, email="eve@example.com")
    assert answer.status_code == 403
    assert "used already" in answer.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize("wrong", ["", "guess", "\0", "é" * 30])
def test_a_wrong_code_is_refused_in_words_and_makes_nobody(client, code, wrong):
    assert client.get(OWNER, {"code": wrong}).status_code == 403
    answer = become_owner(client, wrong)
    assert answer.status_code == 403
    assert "terminal" in answer.content.decode()
    assert not User.objects.exists()


def test_an_empty_code_file_is_no_code(client, own_folder):
    (own_folder / firstrun.CODE_FILE).write_text("")
    assert client.get(OWNER, {"code": ""}).status_code == 403


def test_after_five_wrong_tries_even_the_right_code_has_to_wait(client, code):
    for _ in range(5):
        client.get(OWNER, {"code": "guess"})
    assert client.get(OWNER, {"code": code}).status_code == 429
    elsewhere = client.get(OWNER, {"code": code}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"password": "12345678"}, "too common"),
        ({"password": "olga@example.com"}, "too similar"),
        ({"password": "short1"}, "too short"),
        ({"email": "nobody"}, "valid email"),
        ({"name": ""}, "required"),
    ],
)
def test_what_is_wrong_is_said_and_the_code_stays_good(client, code, changed, words):
    answer = become_owner(client, code, **changed)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not User.objects.exists()
    assert become_owner(client, code).status_code == 302


def test_a_password_is_never_sent_back(client, code):
    answer = become_owner(client, code, email="nobody")
    assert GOOD["password"] not in answer.content.decode()


def test_the_code_is_not_valid_while_there_is_an_owner(client, code):
    User.objects.create_superuser("root", "root@example.com", "pw")
    assert client.get(OWNER, {"code": code}).status_code == 403
    assert "/accounts/owner/" not in firstrun.greeting(host="127.0.0.1", port=1)


# --- demo accounts -----------------------------------------------------------


@pytest.fixture
def people(settings):
    settings.DEMO_PASSWORD = "walk-in-freely-7"
    ensure_ground()
    return make_cast().people


def sign_in(client, **extra):
    fields = {"login": "ana", "password": "walk-in-freely-7"}
    return client.post("/accounts/login/", fields, **extra)


def test_a_demo_person_signs_in_on_this_machine(client, people):
    assert sign_in(client).status_code == 302
    assert client.post("/accounts/demo/mia/").url == "/admin/"


@pytest.mark.parametrize(
    "extra",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
    ],
)
def test_a_demo_person_cannot_sign_in_from_elsewhere(client, people, extra):
    assert sign_in(client, **extra).status_code == 200
    assert client.post("/accounts/demo/ana/", **extra).status_code == 404
    assert "_auth_user_id" not in client.session
    page = client.get("/accounts/login/", **extra).content.decode()
    assert "data-demo" not in page


def test_without_a_password_in_the_environment_only_the_buttons_sign_in(settings):
    ensure_ground()
    settings.DEMO_PASSWORD = ""
    people = make_cast().people
    assert not any(user.has_usable_password() for user in people.values())


def test_with_a_demo_the_terminal_names_the_people_and_the_owners_link(people):
    told = firstrun.greeting(host="127.0.0.1", port=8000)
    assert "ana, ben, mia" in told
    assert "To set up your own" in told


# --- prepare -----------------------------------------------------------------


@pytest.fixture
def small_demo(monkeypatch):
    """A demo of its people only: what prepare does with it is the same."""
    built = []

    def build():
        built.append(make_cast())
        return 0

    monkeypatch.setattr(building, "build_demo", build)
    return built


def prepare():
    out, err = io.StringIO(), io.StringIO()
    call_command("prepare", stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


def test_an_empty_database_gets_the_ground_and_the_demo(small_demo):
    assert "demo leads" in prepare()
    assert Group.objects.filter(name="manager").exists()
    assert User.objects.filter(groups__name=DEMO_GROUP).count() == 3


def test_preparing_twice_changes_nothing(small_demo):
    prepare()
    assert prepare() == ""
    assert len(small_demo) == 1


def test_with_demo_0_there_is_only_the_ground(small_demo, monkeypatch):
    monkeypatch.setenv("DEMO", "0")
    prepare()
    assert small_demo == []
    assert not User.objects.exists()
    assert Team.objects.exists()


def test_a_database_with_somebody_in_it_gets_no_demo(small_demo):
    User.objects.create_user("olga")
    prepare()
    assert small_demo == []


def test_a_database_with_a_lead_in_it_gets_no_demo(small_demo):
    from messaging.tests.talk import text_in

    text_in("hi")
    prepare()
    assert small_demo == []


def test_a_demo_that_was_left_does_not_come_back(small_demo):
    prepare()
    call_command("demo", "--leave", "--yes", stdout=io.StringIO())
    assert not User.objects.exists()
    prepare()
    assert len(small_demo) == 1


def test_while_another_process_builds_it_nothing_is_built_twice(small_demo):
    Job.objects.create(
        name=demo.JOB, effect_key=demo.EFFECT_KEY, state="working", attempts=1
    )
    assert prepare() == ""
    assert small_demo == []


def test_a_build_that_died_is_cleaned_up_and_done_again(small_demo):
    prepare()
    lead = Lead.objects.create(
        team=Team.default(), stage=Stage.objects.first(), demo=True, simulated=True
    )
    job = Job.objects.get(effect_key=demo.EFFECT_KEY)
    job.attempts = 2
    demo.run_job(job)
    assert not Lead.objects.filter(pk=lead.pk).exists()
    assert User.objects.filter(groups__name=DEMO_GROUP).count() == 3


def test_a_build_that_fails_says_so_and_does_not_stop_the_start(monkeypatch):
    def fails():
        raise RuntimeError("no paper left")

    monkeypatch.setattr(building, "build_demo", fails)
    assert "no paper left" in prepare()
