"""Privacy: who may give a person's data out, erase them, and set how long what is kept."""

import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from pytest_django import Settings

from leads import clock, erasing, exporting, retention
from leads.models import Event, Job, Lead, PrivacyRequest, RetentionRule
from leads.work import run_due
from messaging.models import Conversation, PromptRecord, Turn
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(settings: Settings, tmp_path: Path) -> SimpleNamespace:
    """Ada is the team's admin, Mia its manager, Otto the admin of the other team."""
    settings.MEDIA_ROOT = str(tmp_path)
    there = office()
    there.ada = rep("ada", there.team, role="admin")
    there.mia = rep("mia", there.team, role="manager")
    there.otto = rep("otto", there.other, role="admin")
    return there


def url(name: str, at: SimpleNamespace) -> str:
    return reverse(name, args=[at.lead.public_id])


def exported(at: SimpleNamespace) -> PrivacyRequest:
    asked = exporting.request_export(lead=at.lead, user=at.mia)
    run_due()
    asked.refresh_from_db()
    return asked


# --- the lead's page ---------------------------------------------------------------


def test_the_leads_page_asks_for_its_privacy_part(at: SimpleNamespace) -> None:
    html = signed_in(at.ana).get(url("lead_page", at)).content.decode()
    assert f'hx-get="{url("lead_privacy", at)}"' in html


def test_each_role_is_offered_what_it_may(at: SimpleNamespace) -> None:
    def offered(user: User) -> tuple[bool, bool]:
        html = signed_in(user).get(url("lead_privacy", at), **FRAGMENT).content.decode()
        return "Export…" in html, "Erase…" in html

    assert offered(at.ana) == (False, False)  # the owner is a rep
    assert offered(at.ben) == (False, False)
    assert offered(at.mia) == (True, False)
    assert offered(at.ada) == (True, True)


@pytest.mark.parametrize("name", ["lead_privacy", "lead_erase"])
def test_another_team_finds_no_such_lead(at: SimpleNamespace, name: str) -> None:
    assert signed_in(at.otto).get(url(name, at)).status_code == 404
    assert signed_in(at.otto).post(url("lead_export", at)).status_code == 404
    answer = signed_in(at.otto).post(url("lead_erase", at), {"typed": at.lead.name})
    assert answer.status_code == 404
    assert not PrivacyRequest.objects.exists()


def test_reps_give_nothing_out_and_managers_erase_nobody(at: SimpleNamespace) -> None:
    for user in (at.ana, at.ben):
        assert signed_in(user).post(url("lead_export", at)).status_code == 403
        assert signed_in(user).get(reverse("privacy")).status_code == 403
    for user in (at.ana, at.ben, at.mia):
        answer = signed_in(user).post(url("lead_erase", at), {"typed": at.lead.name})
        assert answer.status_code == 403
    assert not PrivacyRequest.objects.exists()
    at.lead.refresh_from_db()
    assert at.lead.archived_at is None


# --- erasing -----------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "Dana", "Dana Reye", "+14155550124", "555"])
def test_the_wrong_name_erases_nobody(at: SimpleNamespace, typed: str) -> None:
    answer = signed_in(at.ada).post(url("lead_erase", at), {"typed": typed})
    assert answer.status_code == 422
    assert "neither the name nor an address" in answer.content.decode()
    assert not PrivacyRequest.objects.exists()


@pytest.mark.parametrize(
    "typed", ["Dana Reyes", " dana  reyes ", "+14155550123", "1 415 555 0123"]
)
def test_the_name_or_number_typed_erases(at: SimpleNamespace, typed: str) -> None:
    answer = signed_in(at.ada).post(
        url("lead_erase", at), {"typed": typed, "reason": "asked by phone"}
    )
    asked = PrivacyRequest.objects.get()
    assert answer["Location"] == reverse("privacy_request", args=[asked.public_id])
    at.lead.refresh_from_db()
    assert at.lead.archived_at is not None  # at once
    run_due()
    asked.refresh_from_db()
    assert (asked.done_at is not None, asked.reason) == (True, "asked by phone")
    assert not Lead.objects.filter(pk=at.lead.pk).exists()
    assert not Conversation.objects.filter(pk=at.talk.pk).exists()
    html = signed_in(at.ada).get(answer["Location"]).content.decode()
    assert "Erased on" in html
    assert "Dana" not in html
    assert "Kept, and why" in html


def test_asked_twice_is_asked_once(at: SimpleNamespace) -> None:
    first = erasing.request_erasure(lead=at.lead, user=at.ada)
    second = erasing.request_erasure(lead=at.lead, user=at.mia)
    assert first == second
    html = signed_in(at.ada).get(url("lead_erase", at)).content.decode()
    assert "being erased already" in html
    assert Job.objects.filter(name=erasing.JOB).count() == 1


def test_who_is_being_erased_is_not_given_out(at: SimpleNamespace) -> None:
    erasing.request_erasure(lead=at.lead, user=at.ada)
    with pytest.raises(erasing.NotPossible, match="being erased"):
        exporting.request_export(lead=at.lead, user=at.mia)


def test_what_gave_up_says_so_and_is_taken_up_again(at: SimpleNamespace) -> None:
    asked = erasing.request_erasure(lead=at.lead, user=at.ada)
    Job.objects.filter(pk=asked.job_id).update(
        state="dead", last_error="Journal: OSError"
    )
    page = reverse("privacy_request", args=[asked.public_id])
    html = signed_in(at.ada).get(page).content.decode()
    assert "It gave up: Journal: OSError" in html
    assert "Try again" in html
    again = reverse("privacy_again", args=[asked.public_id])
    assert signed_in(at.mia).post(again).status_code == 403
    assert signed_in(at.ada).post(again).status_code == 302
    run_due()
    asked.refresh_from_db()
    assert asked.done_at is not None


def test_what_is_still_open_is_shown_as_not_done(at: SimpleNamespace) -> None:
    asked = erasing.request_erasure(lead=at.lead, user=at.ada)
    asked.report = {"open": [{"where": "MongoDB", "words": "does not answer"}]}
    asked.save()
    page = reverse("privacy_request", args=[asked.public_id])
    html = signed_in(at.ada).get(page, **FRAGMENT).content.decode()
    assert "Not done yet" in html
    assert "MongoDB" in html
    assert "Erased on" not in html
    assert 'hx-trigger="every 2s"' in html


# --- exports -----------------------------------------------------------------------


def test_the_file_is_for_those_who_see_the_lead(at: SimpleNamespace) -> None:
    asked = exported(at)
    file = reverse("privacy_file", args=[asked.public_id])
    answer = signed_in(at.mia).get(file)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert "no-store" in answer["Cache-Control"]
    assert signed_in(at.ada).get(file).status_code == 200
    assert signed_in(at.otto).get(file).status_code == 404
    assert signed_in(at.ana).get(file).status_code == 403
    assert Event.objects.filter(kind="lead.export_fetched").count() == 2


def test_an_export_ends_after_seven_days_and_its_file_goes(at: SimpleNamespace) -> None:
    asked = exported(at)
    file = reverse("privacy_file", args=[asked.public_id])
    with clock.shifted(timedelta(days=7, minutes=1)):
        assert signed_in(at.mia).get(file).status_code == 404
        assert list(Path(exporting.default_storage.path("exports")).iterdir())
        assert retention.apply_rules(clock.now())["exports"] == 1
    assert not list(Path(exporting.default_storage.path("exports")).iterdir())
    html = (
        signed_in(at.mia)
        .get(reverse("privacy_request", args=[asked.public_id]))
        .content.decode()
    )
    assert "has expired" in html


def test_an_erasure_takes_the_exports_with_it(at: SimpleNamespace) -> None:
    exported(at)
    erasing.request_erasure(lead=at.lead, user=at.ada)
    run_due()
    assert not list(Path(exporting.default_storage.path("exports")).iterdir())


def test_requests_of_another_teams_leads_are_not_listed(at: SimpleNamespace) -> None:
    exported(at)
    assert "Dana Reyes" in signed_in(at.mia).get(reverse("privacy")).content.decode()
    assert "Dana" not in signed_in(at.otto).get(reverse("privacy")).content.decode()


def test_words_of_the_lead_are_no_html_in_the_export(at: SimpleNamespace) -> None:
    at.first.body = "<script>alert(1)</script> & more"
    at.first.save()
    file = BytesIO()
    exporting.write_zip(file, at.lead)
    with zipfile.ZipFile(file) as archive:
        page = archive.read("readable.html").decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script" not in page


# --- retention ---------------------------------------------------------------------


def test_the_page_counts_before_anything_is_saved(at: SimpleNamespace) -> None:
    record = told(at, days=10)
    ask = reverse("privacy_count", args=["prompts"])
    page = signed_in(at.mia)
    assert "Would remove <b" in page.get(ask, {"days": 9}).content.decode()
    assert "Would remove nothing" in page.get(ask, {"days": 11}).content.decode()
    assert "Kept for ever" in page.get(ask, {"days": ""}).content.decode()
    assert "whole number" in page.get(ask, {"days": "soon"}).content.decode()
    assert PromptRecord.objects.filter(pk=record.pk).exists()


def told(at: SimpleNamespace, *, days: int) -> PromptRecord:
    """What the model was told so many days ago."""
    turn = Turn.objects.create(
        conversation=at.talk, last_inbound=at.first, state=Turn.State.DONE
    )
    return PromptRecord.objects.create(
        turn=turn,
        version="v",
        model="m",
        instructions="i",
        input="p",
        created_at=clock.now() - timedelta(days=days),
    )


def test_a_rule_is_saved_by_those_who_may_and_applied(at: SimpleNamespace) -> None:
    record = told(at, days=10)
    save = reverse("privacy_rule", args=["prompts"])
    for user in (at.ana, at.mia):
        assert signed_in(user).post(save, {"days": 5}).status_code == 403
    assert not RetentionRule.objects.exists()
    assert signed_in(at.ada).post(save, {"days": 5}).status_code == 302
    rule = RetentionRule.objects.get()
    assert (rule.days, rule.updated_by) == (5, f"user:{at.ada.pk}")
    assert retention.apply_rules(clock.now())["prompts"] == 1
    assert not PromptRecord.objects.filter(pk=record.pk).exists()
    signed_in(at.ada).post(save, {"days": ""})
    assert retention.days_of("prompts") is None
    assert Event.objects.filter(kind="retention.changed").count() == 2


@pytest.mark.parametrize("days", ["0", "-3", "x", "40000"])
def test_an_impossible_rule_is_not_saved(at: SimpleNamespace, days: str) -> None:
    save = reverse("privacy_rule", args=["prompts"])
    signed_in(at.ada).post(save, {"days": days})
    assert not RetentionRule.objects.exists()


def test_without_rules_today_is_as_before(at: SimpleNamespace) -> None:
    days = {one.key: retention.days_of(one.key) for one in retention.classes()}
    assert days == {
        "message_texts": None,
        "attachments": None,
        "mail_originals": None,
        "prompts": 30,
        "webhook_bodies": 30,
        "exports": 7,
        "closed_leads": None,
        "events": None,
    }
    html = signed_in(at.mia).get(reverse("privacy")).content.decode()
    assert "Bodies of webhooks" in html
    assert "Nobody has asked yet" in html
    assert "Save: " not in html  # a manager reads
