"""The frame around every staff page: menu, head, words, errors, settings pages."""

import re
from datetime import time
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from leads import clock, policy
from leads.forms_money import MicroMoneyField
from leads.models import Event, Job, Policy, Question, QuestionSet, Team
from leads.seeding import ensure_ground
from leads.tests.factories import LeadFactory, MembershipFactory, TeamFactory
from leads.web import is_fragment, staff_required
from leadsite.admin_site import find, is_active, navigation, where_messages_go
from leadsite.menu import MENU
from leadsite.middleware import CompanyTimeMiddleware
from messaging.models import Conversation, Message, Profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> User:
    user = User.objects.create_superuser("boss", first_name="Bo")
    client.force_login(user)
    return user


def staff(client: Client, *permissions: str) -> User:
    user = User.objects.create_user("rep", is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client.force_login(user)
    return user


def menu_of(user: User, path: str = "/admin/") -> dict[str, dict[str, object]]:
    request = RequestFactory().get(path)
    request.user = user
    return {
        item["title"]: item for group in navigation(request) for item in group["items"]
    }


def test_no_page_says_site_administration(client: Client, boss: User) -> None:
    for url in ("/admin/", "/admin/policy/", "/admin/leads/team/"):
        page = client.get(url).content.decode()
        assert "administration" not in page.lower()
        assert page.count("<h1") == 1
        assert page.count("<main") == 1


def test_the_menu_has_no_dead_links(client: Client, boss: User) -> None:
    menu = menu_of(boss)
    assert {"Today", "Company profile", "AI and sending", "Channels"} <= set(menu)
    for item in menu.values():
        assert client.get(str(item["link"])).status_code == 200, item["title"]


def test_the_menu_shows_only_what_the_role_opens(client: Client) -> None:
    rep = staff(client, "leads.view_scorerule")
    titles = set(menu_of(rep))
    assert "Point card" in titles
    assert not {"AI and sending", "Teams and people", "Dead letters"} & titles


def test_exactly_one_entry_of_the_menu_is_lit(boss: User) -> None:
    for path, title in (
        ("/admin/", "Today"),
        ("/admin/policy/", "AI and sending"),
        ("/admin/auth/user/3/change/", "Teams and people"),
        ("/admin/leads/event/", "Events"),
    ):
        lit = [name for name, item in menu_of(boss, path).items() if item["active"]]
        assert lit == [title]


def test_a_lead_s_page_lights_leads_and_other_tables_of_its_app_do_not() -> None:
    leads = next(item for item in MENU[0].items if item.title == "Leads")
    link = "/admin/leads/lead/"
    page = f"/admin/leads/{uuid4()}/"
    assert is_active(page, link, leads.also)
    assert is_active("/admin/leads/lead/3/change/", link, leads.also)
    assert not is_active("/admin/leads/team/", link, leads.also)
    assert not is_active("/admin/inbox/", link, leads.also)


def test_the_inbox_s_badge_counts_talks_that_need_a_person(boss: User) -> None:
    Conversation.objects.create(lead=LeadFactory(), turn="needs_you")
    Conversation.objects.create(lead=LeadFactory(), turn="waiting")
    assert menu_of(boss)["Inbox"]["badge"] == 1


def test_texts_go_nowhere_without_keys_and_the_head_says_so(
    client: Client, boss: User
) -> None:
    where = where_messages_go()
    assert (where.texts, where.live) == ("Texts go nowhere (log)", False)
    assert "Texts go nowhere (log)" in client.get("/admin/").content.decode()


def test_the_head_names_the_roads_of_mail_that_are_set(settings: Any) -> None:
    assert where_messages_go().email == "email nowhere (log)"
    settings.GMAIL_ADDRESS, settings.GMAIL_APP_PASSWORD = "a@b.example", "secret"
    assert where_messages_go().email == "email through Gmail"
    settings.SENDGRID_API_KEY, settings.SENDGRID_FROM_EMAIL = "SG.x", "a@b.example"
    assert where_messages_go().email == "email through SendGrid, else Gmail"


def test_the_head_names_the_number_once_twilio_is_set(
    client: Client, boss: User, settings: object
) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "secret-token"
    assert not where_messages_go().live
    settings.TWILIO_PHONE_NUMBER = "+14155550100"
    page = client.get("/admin/policy/").content.decode()
    assert "Texts: +14155550100 through Twilio" in page
    assert "secret-token" not in page


def test_the_kill_switch_shows_in_every_head(client: Client, boss: User) -> None:
    policy.change(actor="system", sending=False)
    page = client.get("/admin/leads/team/").content.decode()
    assert "Sending is switched off" in page
    assert not where_messages_go().live


def test_demo_data_is_named_in_the_head(client: Client, boss: User) -> None:
    assert "Demo data" not in client.get("/admin/").content.decode()
    Profile.objects.create(pk=1, demo=True)
    assert "Demo data" in client.get("/admin/").content.decode()


def test_pages_load_nothing_from_another_host(client: Client, boss: User) -> None:
    for url in ("/admin/", "/admin/profile/", "/accounts/logout/"):
        page = client.get(url).content.decode()
        sources = re.findall(r'(?:src|href|action|data-[a-z]+)="(https?:)?//', page)
        assert sources == []


def test_no_inline_script_needs_more_than_the_policy_gives(
    client: Client, boss: User
) -> None:
    answer = client.get("/admin/")
    page = answer.content.decode()
    rules = answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in rules
    assert not re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*\bnonce=)[^>]*>", page)
    assert not re.findall(r"\son(?:click|load|error|submit|change)=", page)


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_a_fragment_is_what_htmx_asks_for_alone(
    headers: dict[str, str], fragment: bool
) -> None:
    assert is_fragment(RequestFactory().get("/", headers=headers)) is fragment


def test_staff_required_passes_the_view_s_own_arguments(boss: User) -> None:
    @staff_required
    def view(request: HttpRequest, number: int) -> HttpResponse:
        return HttpResponse(f"seen {number}")

    request = RequestFactory().get("/")
    request.user = boss
    assert view(request, number=7).content == b"seen 7"


@pytest.mark.parametrize("status", [404, 403])
def test_errors_are_pages_of_the_product(
    client: Client, boss: User, status: int
) -> None:
    if status == 403:
        staff(client)
    url = "/admin/nothing-here/" if status == 404 else "/admin/policy/"
    answer = client.get(url)
    assert answer.status_code == status
    page = answer.content.decode()
    assert "Go to Today" in page
    assert "<main" in page


def test_a_fault_of_ours_is_a_page_and_tells_no_secret(
    client: Client, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("token 12345")

    monkeypatch.setattr("leadsite.dashboard.strip", fail)
    client.raise_request_exception = False
    answer = client.get("/admin/")
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content
    assert b"12345" not in answer.content


def test_every_model_is_shown_in_the_house_s_look() -> None:
    from unfold.admin import ModelAdmin

    strangers = [
        model._meta.label
        for model, shown in admin.site._registry.items()
        if not isinstance(shown, ModelAdmin)
    ]
    assert strangers == []


@pytest.mark.parametrize("model", ["event", "consent", "suppression", "task", "job"])
def test_records_are_read_and_never_written_by_hand(
    client: Client, boss: User, model: str
) -> None:
    shown = admin.site._registry[apps.get_model("leads", model)]
    request = RequestFactory().get("/")
    request.user = boss
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)
    assert client.get(f"/admin/leads/{model}/").status_code == 200


def test_lists_of_messages_and_events_show_only_the_person_s_leads(
    client: Client,
) -> None:
    ours, theirs = TeamFactory(), TeamFactory()
    rep = staff(client, "messaging.view_message", "leads.view_event")
    MembershipFactory(user=rep, team=ours)
    for team, words in ((ours, "our words"), (theirs, "foreign words")):
        lead = LeadFactory(team=team, name=f"Lead of {words}")
        Message.objects.create(
            conversation=Conversation.objects.create(lead=lead),
            direction="inbound", kind="sms", author="lead", state="received",
            body=words,
        )  # fmt: skip
        Event.objects.create(
            lead=lead, kind="lead.captured", actor="lead", occurred_at=clock.now()
        )
    messages = client.get("/admin/messaging/message/").content.decode()
    events = client.get("/admin/leads/event/").content.decode()
    assert "our words" in messages and "foreign words" not in messages
    assert "our words" in events and "foreign words" not in events
    foreign = Message.objects.get(body="foreign words")
    url = reverse("admin:messaging_message_change", args=[foreign.pk])
    assert client.get(url).status_code == 302


def test_only_a_superuser_makes_or_changes_superusers(client: Client) -> None:
    boss = User.objects.create_superuser("boss")
    admin_person = staff(client, "auth.view_user", "auth.change_user")
    target = User.objects.create_user("ben", is_staff=True)
    page = client.get(reverse("admin:auth_user_change", args=[target.pk]))
    assert b'name="is_superuser"' not in page.content
    assert b'name="user_permissions"' not in page.content
    client.post(
        reverse("admin:auth_user_change", args=[boss.pk]), {"username": "owned"}
    )
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert client.get(password).status_code == 403
    boss.refresh_from_db()
    assert boss.username == "boss"
    assert not admin_person.is_superuser


def test_a_dead_job_is_tried_again_and_a_living_one_left(
    client: Client, boss: User
) -> None:
    dead = Job.objects.create(name="fetch", state="dead", attempts=5)
    done = Job.objects.create(name="fetch", state="done")
    client.post(
        "/admin/leads/job/",
        {"action": "try_again", "_selected_action": [dead.pk, done.pk]},
    )
    dead.refresh_from_db()
    done.refresh_from_db()
    assert (dead.state, dead.attempts, done.state) == ("ready", 0, "done")


def test_dead_letters_name_each_kind_with_its_reason(
    client: Client, boss: User
) -> None:
    assert b"Nothing is stuck" in client.get("/admin/dead-letters/").content
    Job.objects.create(name="fetch", state="dead", last_error="disk full")
    page = client.get("/admin/dead-letters/").content.decode()
    assert "Jobs that gave up" in page and "disk full" in page
    assert menu_of(boss)["Dead letters"]["badge"] == 1


def test_dead_letters_are_for_those_who_may_see_the_journal(client: Client) -> None:
    staff(client)
    assert client.get("/admin/dead-letters/").status_code == 403


def policy_form() -> dict[str, object]:
    values = policy.current().values()
    # As the page shows it: money in whole units.
    for name in [name for name in values if "micro" in name]:
        values[name] = MicroMoneyField().prepare_value(values[name])
    shown = {
        name: value.strftime("%H:%M") if isinstance(value, time) else value
        for name, value in values.items()
        if value is not False
    }
    return {name: "on" if value is True else value for name, value in shown.items()}


def test_the_policy_page_changes_the_policy_and_writes_it_down(
    client: Client, boss: User
) -> None:
    form = {**policy_form(), "mode": "draft", "cap_lead_hour": 3}
    answer = client.post("/admin/policy/", form, follow=True)
    assert b"Saved" in answer.content
    assert (policy.current().mode, policy.current().cap_lead_hour) == ("draft", 3)
    event = Event.objects.get(kind="policy.changed")
    assert event.actor == f"user:{boss.pk}"


def test_a_wrong_value_changes_nothing_in_the_policy(
    client: Client, boss: User
) -> None:
    before = Policy.objects.values().first() or policy.current().values()
    answer = client.post("/admin/policy/", {**policy_form(), "max_segments": 99})
    assert b"Not saved" in answer.content
    after = policy.current()
    assert after.max_segments == before["max_segments"]


def test_reading_the_policy_does_not_allow_changing_it(client: Client) -> None:
    staff(client, "leads.view_policy")
    page = client.get("/admin/policy/").content.decode()
    assert "Your role can read this page" in page
    assert client.post("/admin/policy/", policy_form()).status_code == 403
    answer = client.post("/admin/policy/mode/", {"mode": "off"})
    assert answer.status_code == 403
    assert policy.current().mode == "auto"


def test_the_mode_buttons_set_the_mode(client: Client, boss: User) -> None:
    client.post("/admin/policy/mode/", {"mode": "draft"})
    assert policy.current().mode == "draft"
    answer = client.post("/admin/policy/mode/", {"mode": "evil"}, follow=True)
    assert "There is no mode" in answer.content.decode()
    assert policy.current().mode == "draft"
    assert client.get("/admin/policy/mode/").status_code == 405


PROFILE = {"name": "Northwind", "tone": "formal", "time_zone": "Europe/Berlin"}


def test_the_profile_page_keeps_what_other_languages_say(
    client: Client, boss: User
) -> None:
    Profile.objects.create(pk=1, disclosure={"es": "Soy una IA.", "en": "Old"})
    form = {**PROFILE, "currency": "eur", "disclosure_en": "I am an AI."}
    client.post("/admin/profile/", form)
    profile = Profile.current()
    assert (profile.name, profile.currency) == ("Northwind", "EUR")
    assert profile.disclosure == {"es": "Soy una IA.", "en": "I am an AI."}
    assert profile.updated_at is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Base"), ("currency", "12$"), ("email", "nobody")],
)
def test_the_profile_refuses_what_cannot_be(
    client: Client, boss: User, field: str, value: str
) -> None:
    form = {**PROFILE, "currency": "EUR", field: value}
    page = client.post("/admin/profile/", form).content.decode()
    assert "Not saved" in page
    assert Profile.current().name == "Our company"


def test_the_profile_is_closed_to_roles_without_it(client: Client) -> None:
    staff(client)
    assert client.get("/admin/profile/").status_code == 403


def test_staff_pages_tell_the_company_s_time(client: Client, boss: User) -> None:
    Profile.objects.create(pk=1, time_zone="Asia/Tokyo")
    seen = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(str(timezone.get_current_timezone()))
        return HttpResponse()

    middleware = CompanyTimeMiddleware(answer)
    middleware(RequestFactory().get("/admin/"))
    middleware(RequestFactory().get("/hooks/"))
    assert seen == ["Asia/Tokyo", "UTC"]


def test_ctrl_k_finds_only_leads_that_the_person_may_see(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "leadsite.admin_site.url_or_none", lambda name, *ids: f"/{name}"
    )
    ours, theirs = TeamFactory(), TeamFactory()
    rep = staff(client)
    MembershipFactory(user=rep, team=ours)
    LeadFactory(team=ours, name="Dana Reyes")
    LeadFactory(team=theirs, name="Dana Secret")
    request = RequestFactory().get("/")
    request.user = rep
    found = [(result.title, result.link) for result in find(request, "dana")]
    assert found == [("Dana Reyes", "/lead_page")]


def test_questions_are_edited_as_lines_not_as_json(client: Client, boss: User) -> None:
    ensure_ground()
    group = QuestionSet.objects.order_by("pk").first()
    assert group is not None
    question = group.questions.order_by("position")[0]
    url = reverse("admin:leads_questionset_change", args=[group.pk])
    page = client.get(url).content.decode()
    assert f"en: {question.wording['en']}" in page
    form = {
        "name": group.name, "active": "on", "position": 0,
        "questions-TOTAL_FORMS": 1, "questions-INITIAL_FORMS": 1,
        "questions-0-id": question.pk, "questions-0-question_set": group.pk,
        "questions-0-label": "Need", "questions-0-field": question.field,
        "questions-0-position": 0, "questions-0-required": "on",
        "questions-0-wording": "en: What for?\nde: Wofür?\n",
    }  # fmt: skip
    Question.objects.filter(question_set=group).exclude(pk=question.pk).delete()
    client.post(url, form)
    question.refresh_from_db()
    assert question.wording == {"en": "What for?", "de": "Wofür?"}
    form["questions-0-wording"] = "Wofür?"
    assert "begin with a language" in client.post(url, form).content.decode()


def test_roles_of_a_fresh_installation_open_their_pages(client: Client) -> None:
    ensure_ground()
    for role, url in (
        ("admin", "/admin/policy/"),
        ("admin", "/admin/dead-letters/"),
        ("manager", "/admin/leads/scorerule/"),
        ("rep", "/admin/"),
    ):
        user = User.objects.create_user(f"{role}{url}", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        MembershipFactory(user=user, team=Team.default())
        client.force_login(user)
        assert client.get(url).status_code == 200, (role, url)
