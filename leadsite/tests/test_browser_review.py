"""Decisions in the review queue and corrections on the lead's page."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from leads import pipeline, policy
from leads.models import Lead, Suppression
from leads.work import run_due
from leadsite.tests.browsing import (
    SOON,
    Desk,
    dana_is_answered,
    dana_writes,
    last_draft,
    open_office,
    thread,
)
from messaging.models import Conversation, Message
from messaging.tests.talk import sent

pytestmark = pytest.mark.browser
REVIEW = "/admin/review/"
HOT = "Hi, we need about 40 seats next month, budget is 20k"
SAM = "+14155550155"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    return open_office(settings)


@pytest.fixture
def drafts(office: Any) -> list[Message]:
    """Two drafts, the hot one first."""
    dana_is_answered(HOT)
    first = last_draft()
    dana_writes("hello, who are you?", sender=SAM)
    run_due()
    return [first, last_draft()]


def test_a_decision_by_key_opens_the_next_row_and_can_be_undone(
    office: Any, drafts: list[Message], desk: Desk
) -> None:
    page = desk(office.ana, REVIEW)
    card = page.locator("#rv-card")
    expect(card).to_contain_text(drafts[0].body)
    page.keyboard.press("a")
    expect(card).to_contain_text(drafts[1].body)
    expect(card).not_to_contain_text(drafts[0].body)
    expect(page.locator("#rv-list .rv-row")).to_have_count(1)
    approved = Message.objects.get(pk=drafts[0].pk)
    assert (approved.state, approved.approved_by) == ("queued", office.ana)
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(card).to_contain_text(drafts[0].body)
    expect(page.locator("#rv-list .rv-row")).to_have_count(2)
    run_due()
    assert sent() == []


def test_approved_in_the_queue_it_shows_in_the_inbox_and_leaves(
    office: Any, drafts: list[Message], desk: Desk
) -> None:
    talk = Conversation.objects.get(lead__name="Dana Reyes")
    page, ben = desk(office.ana, REVIEW), desk(office.ben, thread(talk))
    page.keyboard.press("a")
    shown = ben.locator(f"#m-{drafts[0].public_id}")
    expect(shown).to_contain_text("approved by Ana", timeout=SOON)
    run_due()
    assert sent() == [drafts[0].body]


def test_yes_stop_can_be_undone_in_queue_and_inbox(office: Any, desk: Desk) -> None:
    talk = dana_is_answered("hello")
    Message.objects.drafts().delete()
    dana_writes("stop it")
    page = desk(office.ana, REVIEW)
    expect(page.locator("#rv-title")).to_have_text("Did the lead opt out?")
    page.get_by_role("button", name="Yes, stop").click()
    expect(page.locator("#rv-card")).to_have_count(0)
    assert Suppression.objects.filter(lifted_at=None).count() == 1
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#rv-title")).to_have_text("Did the lead opt out?")
    assert not Suppression.objects.filter(lifted_at=None).exists()
    inbox = desk(office.ben, thread(talk))
    inbox.get_by_role("button", name="They opted out").click()
    expect(inbox.locator(".ib-unsure")).to_have_count(0)
    inbox.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(inbox.locator(".ib-unsure")).to_be_visible(timeout=SOON)
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_sent_again_in_the_queue_is_a_question_again_after_undo(
    office: Any, drafts: list[Message], desk: Desk
) -> None:
    unknown = drafts[0]
    Message.objects.filter(pk=unknown.pk).update(state="unknown", reason="no answer")
    pipeline.open_task(
        team=office.team, lead=unknown.conversation.lead, kind="sent_check",
        title="Was this sent?", reason="The carrier never answered",
        subject=unknown.public_id,
    )  # fmt: skip
    policy.change(actor="system", undo_seconds=5)
    page = desk(office.ana, REVIEW + "?tab=sent")
    page.get_by_role("button", name="Send again").click()
    expect(page.locator("#rv-card")).to_have_count(0)
    assert Message.objects.get(resend_of=unknown).state == "queued"
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#rv-title")).to_have_text("The carrier never answered")
    unknown.refresh_from_db()
    assert unknown.state == "unknown"
    run_due()
    assert sent() == []


def test_a_draft_decided_elsewhere_is_refused_in_words(
    office: Any, drafts: list[Message], desk: Desk
) -> None:
    page = desk(office.ana, REVIEW)
    expect(page.locator("#rv-card")).to_contain_text(drafts[0].body)
    dana_writes("make that 60")
    warning = page.locator("[data-warn]")
    expect(warning).to_contain_text("wrote again", timeout=SOON)
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page.keyboard.press("a")
    assert not Message.objects.exclude(approved_by=None).exists()


def test_a_line_struck_on_the_leads_page_moves_the_inbox_of_a_colleague(
    office: Any, drafts: list[Message], desk: Desk
) -> None:
    lead = Lead.objects.get(name="Dana Reyes")
    talk = Conversation.objects.get(lead=lead)
    page = desk(office.ana, reverse("lead_page", args=[lead.public_id]))
    ben = desk(office.ben, thread(talk))
    number = ben.locator("#ib-panel .ib-score b")
    expect(number).to_have_text(str(lead.score))
    page.get_by_role("button", name="Not true: Budget").first.click()
    expect(number).not_to_have_text(str(lead.score), timeout=SOON)
    page.locator(".ls-toast").first.get_by_role("button", name="Undo").click()
    expect(number).to_have_text(str(lead.score), timeout=SOON)
    lead.refresh_from_db()
    expect(number).to_have_text(str(lead.score))
