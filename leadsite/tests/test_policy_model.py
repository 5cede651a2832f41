"""The language model on the policy page: caps, what happens without it, the halt."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from leads import halting, policy
from leads.models import Task

pytestmark = pytest.mark.django_db


def signed_in(client: Client, *permissions: str) -> User:
    user = User.objects.create_user("ana", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(user)
    return user


def shown_values(page: str) -> dict[str, str]:
    """What a browser would send: the fields that the page really holds."""
    form = page[page.index('class="ls-form"') :]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrfmiddlewaretoken":
            continue
        if 'type="checkbox"' in tag:
            if "checked" in tag:
                found[name[1]] = "on"
        else:
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(
        r'<select name="([^"]+)"(.*?)</select>', form, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_what_a_browser_sends_is_saved(client: Client) -> None:
    signed_in(client, "view_policy", "change_policy")
    values = shown_values(client.get("/admin/policy/").content.decode())
    assert "ai_halted_reason" not in values
    values |= {"ai_tokens_lead_day": "1234", "model_fallback": "person"}
    answer = client.post("/admin/policy/", values, follow=True)
    assert b"Saved" in answer.content
    now = policy.current()
    assert (now.ai_tokens_lead_day, now.model_fallback) == (1234, "person")


def test_a_cap_that_is_no_number_is_refused(client: Client) -> None:
    signed_in(client, "view_policy", "change_policy")
    values = shown_values(client.get("/admin/policy/").content.decode())
    for wrong in ("-1", "many", ""):
        answer = client.post("/admin/policy/", {**values, "ai_micro_day": wrong})
        assert b"Not saved" in answer.content
    assert policy.current().ai_micro_day == 20_000_000


def test_the_halt_is_shown_and_ended_by_a_person(client: Client) -> None:
    user = signed_in(client, "view_policy", "change_policy")
    page = client.get("/admin/policy/").content.decode()
    assert "Resume the AI" not in page
    halting.halt_ai(reason="OpenAI has no credit left")
    page = client.get("/admin/policy/").content.decode()
    assert "OpenAI has no credit left" in page and "Resume the AI" in page
    assert "It only drafts for now" in client.get("/admin/").content.decode()
    # Saving the form is no act about the halt.
    client.post("/admin/policy/", shown_values(page))
    assert policy.current().ai_halted_reason
    answer = client.post("/admin/policy/resume/", follow=True)
    assert b"answers again" in answer.content
    assert policy.current().ai_halted_reason == ""
    assert policy.current().updated_by == f"user:{user.pk}"
    assert Task.objects.get().done_at is not None
    answer = client.post("/admin/policy/resume/", follow=True)
    assert b"was not halted" in answer.content


def test_resuming_needs_the_right_and_a_post(client: Client) -> None:
    signed_in(client, "view_policy")
    halting.halt_ai(reason="no credit")
    page = client.get("/admin/policy/").content.decode()
    assert "no credit" in page and "Resume the AI" not in page
    assert client.post("/admin/policy/resume/").status_code == 403
    assert client.get("/admin/policy/resume/").status_code == 405
    assert policy.current().ai_halted_reason == "no credit"


def test_a_halt_beats_auto_and_no_other_mode() -> None:
    now = policy.current()
    assert now.mode_now == "auto"
    now.ai_halted_reason = "no credit"
    assert now.mode_now == "draft"
    now.mode = "off"
    assert now.mode_now == "off"
