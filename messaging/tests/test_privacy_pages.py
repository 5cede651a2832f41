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

from leads import clock, consent, erasing, exporting, retention
from leads.lifecycle import NotYet
from leads.models import (
    Consent,
    ContactPoint,
    Event,
    Job,
    Lead,
    PrivacyRequest,
    RetentionRule,
    Suppression,
)
from leads.tests.factories import LeadContactFactory, LeadFactory
from leads.work import run_due
from messaging.lifecycle import file_name
from messaging.models import Attachment, Conversation, PromptRecord, Turn
from messaging.tests.inbox_world import (
    FRAGMENT,
    office,
    rep,
    said,
    signed_in,
    talk_with,
)

pytestmark = pytest.mark.django_db
DANAS = "+14155550123"
OTHERS = "+14155550177"


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


# --- whose it is -------------------------------------------------------------------


def somebody(at: SimpleNamespace, value: str, known_by: str = "wrote") -> Lead:
    """Another lead with an address that may be Dana's too."""
    lead = LeadFactory(team=at.team, name="Odo Twin")
    point, _ = ContactPoint.objects.get_or_create(kind="phone", value=value)
    LeadContactFactory(lead=lead, contact_point=point, known_by=known_by)
    return lead


def agreed(value: str, words: str, evidence: str = "") -> None:
    """A consent by words from an address, with all that may tell who it was."""
    consent.record_consent(
        contact_point=ContactPoint.objects.get(value=value),
        channel="sms",
        given=True,
        basis="form",
        wording=words,
        source=f"form of {words}",
        evidence=evidence,
        ip="192.0.2.7",
        actor="lead",
        at=clock.now(),
    )


def stopped(value: str, words: str, source: str = "") -> None:
    consent.suppress(
        contact_point=ContactPoint.objects.get(value=value),
        channel="sms",
        reason=Suppression.Reason.STOP,
        words=words,
        source=source,
        actor="lead",
        at=clock.now(),
    )


def given_out(lead: Lead) -> str:
    file = BytesIO()
    exporting.write_zip(file, lead)
    with zipfile.ZipFile(file) as archive:
        pages = (archive.read(name) for name in ("data.json", "readable.html"))
        return "\n".join(page.decode() for page in pages)


def test_an_address_only_mentioned_gives_out_nothing_of_whose_it_is(
    at: SimpleNamespace,
) -> None:
    somebody(at, OTHERS)
    agreed(OTHERS, "odos words")
    stopped(OTHERS, "odos stop")
    LeadContactFactory(
        lead=at.lead,
        contact_point=ContactPoint.objects.get(value=OTHERS),
        known_by="proposal",
    )
    text = given_out(at.lead)
    assert OTHERS in text  # Dana said it
    assert not [w for w in ("odos words", "odos stop", "192.0.2.7") if w in text]


def test_of_a_shared_address_only_ones_own_words_are_given_out(
    at: SimpleNamespace,
) -> None:
    theirs = said(talk_with(somebody(at, DANAS)), "mine too")
    agreed(DANAS, "odos words", f"message {theirs.public_id}")
    agreed(DANAS, "nobodys words", "sheet 7")
    agreed(DANAS, "danas words", f"message {at.first.public_id}")
    stopped(DANAS, "odos stop", f"message {theirs.public_id}")
    text = given_out(at.lead)
    assert "danas words" in text
    for word in ("odos words", "nobodys words", "odos stop", "sheet 7"):
        assert word not in text, word
    assert text.count("192.0.2.7") == 2  # once in each page, with Dana's own words


def test_whose_address_others_mention_is_given_all_of_it(at: SimpleNamespace) -> None:
    somebody(at, DANAS, known_by="proposal")
    agreed(DANAS, "danas words", "sheet 7")
    stopped(DANAS, "danas stop")
    text = given_out(at.lead)
    for word in ("danas words", "sheet 7", "192.0.2.7", "danas stop"):
        assert word in text, word


def test_who_only_mentioned_an_address_takes_no_opt_out_of_it_away(
    at: SimpleNamespace,
) -> None:
    for number, value in enumerate((OTHERS, "+14155550188", "+14155550199")):
        point = ContactPoint.objects.create(kind="phone", value=value)
        LeadContactFactory(lead=at.lead, contact_point=point, known_by="proposal")
        if number == 0:
            stopped(value, "no more")
        if number == 1:
            agreed(value, "yes please")
    asked = erased(at)
    point = ContactPoint.objects.get(value=OTHERS)
    row = consent.is_suppressed(point, "sms")
    assert row is not None
    assert row.words == "no more"
    assert Consent.objects.get().wording == "yes please"
    # One that nobody ever said anything about goes, as Dana's own does.
    assert not ContactPoint.objects.filter(value__in=("+14155550199", DANAS)).exists()
    kept = " ".join(one["what"] for one in asked.report["kept"])
    assert "2 addresses only mentioned" in kept


def erased(at: SimpleNamespace) -> PrivacyRequest:
    asked = erasing.request_erasure(lead=at.lead, user=at.ada)
    run_due()
    asked.refresh_from_db()
    assert asked.done_at is not None
    return asked


def test_jobs_forget_the_address_and_nobody_elses(at: SimpleNamespace) -> None:
    def told(words: str, error: str, lines: list[str]) -> Job:
        outcome = {"words": words, "ok": False, "lines": lines}
        return Job.objects.create(
            name="leads.opt_outs",
            state="dead",
            arguments={"file": "old.csv", "outcome": outcome},
            last_error=error,
            due_at=clock.now(),
        )

    hers = told(f"Line 3, {DANAS}, is odd.", f"ValueError: {DANAS}", [DANAS, OTHERS])
    theirs = told(f"Line 4, {OTHERS}, is odd.", f"ValueError: {OTHERS}", [OTHERS])
    erased(at)
    hers.refresh_from_db()
    assert DANAS not in f"{hers.arguments} {hers.last_error}"
    assert hers.arguments["file"] == "old.csv"
    assert hers.arguments["outcome"]["lines"] == [OTHERS]
    assert hers.arguments["outcome"]["ok"] is False
    before = (theirs.arguments, theirs.last_error)
    theirs.refresh_from_db()
    assert (theirs.arguments, theirs.last_error) == before


def test_a_file_that_is_gone_leaves_a_note_and_the_export_is_made(
    at: SimpleNamespace,
) -> None:
    row = Attachment.objects.create(
        message=at.first, position=0, name="plan.pdf", path="gone/plan.pdf"
    )
    asked = exported(at)
    assert asked.done_at is not None
    with zipfile.ZipFile(exporting.default_storage.path(asked.path)) as archive:
        note = archive.read(f"files/{file_name(row)}.txt").decode()
    assert note == "this file is no longer kept\n"


def test_while_a_store_is_away_an_export_goes_around_again(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = exporting.lifecycles()[-1]

    def away(self: object, lead: Lead) -> dict[str, object]:
        raise NotYet("MongoDB does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(type(app), "export", away)
        first = exporting.request_export(lead=at.lead, user=at.mia)
        for hours in range(12):
            with clock.shifted(timedelta(hours=hours)):
                run_due()
        asked = PrivacyRequest.objects.get(pk=first.pk)
        assert asked.done_at is None
        assert asked.report["open"][0]["words"] == "MongoDB does not answer"
        assert not Job.objects.filter(name=exporting.JOB, state="dead").exists()
        assert asked.job_id != first.job_id
        assert exporting.request_export(lead=at.lead, user=at.mia) == first
    with clock.shifted(timedelta(hours=13)):
        run_due()
    asked.refresh_from_db()
    assert asked.done_at is not None
    assert asked.path
    assert asked.report == {}
