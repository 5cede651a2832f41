"""A person decides on what the AI proposed, and on what it believes."""

from typing import Any

import pytest
from playwright.sync_api import expect

from leads.models import Fact, Lead
from leads.work import run_due
from leadsite.tests.browsing import (
    SOON,
    Desk,
    bubble,
    dana_is_answered,
    last_draft,
    open_office,
    reasons_on,
    score_on,
    thread,
)
from messaging.models import Message
from messaging.tests.talk import sent, text_in

pytestmark = pytest.mark.browser
FIRST = "Hi, we need about 40 seats next month, budget is 20k"
VIOLET = "rgb(237, 233, 254)"
AGAIN = "Dana wrote again, new draft coming"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    return open_office(settings)


@pytest.fixture
def talk(office: Any) -> Any:
    return dana_is_answered(FIRST)


def test_a_draft_approved_as_written_leaves_and_says_who_approved_it(
    office: Any, talk: Any, desk: Desk
) -> None:
    draft = last_draft()
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    card = ana.locator("[data-draft]")
    expect(card).to_contain_text(draft.body)
    card.get_by_role("button", name="Approve").click()
    for page in (ana, ben):
        message = page.locator(f"#m-{draft.public_id}")
        expect(message).to_contain_text("✦ Built-in, approved by Ana", timeout=SOON)
        expect(message).to_contain_text("queued")
        expect(page.locator("[data-draft]")).to_have_count(0)
    assert sent() == []
    run_due()
    assert sent() == [draft.body]
    for page in (ana, ben):
        status = page.locator(f"#m-{draft.public_id} .ib-status")
        expect(status).to_have_text("sent", timeout=SOON)


def test_an_edited_draft_leaves_in_the_persons_words_and_says_so(
    office: Any, talk: Any, desk: Desk
) -> None:
    draft = last_draft()
    page = desk(office.ana, thread(talk))
    page.keyboard.press("e")
    box = page.locator(".ib-draft__edit")
    expect(box).to_be_focused()
    expect(box).to_have_value(draft.body)
    box.fill("We have 40 in stock. When may I call?")
    page.keyboard.press("Control+Enter")
    message = bubble(page, "We have 40 in stock. When may I call?")
    expect(message).to_contain_text("✦ Built-in, approved by Ana, edited")
    run_due()
    assert sent() == ["We have 40 in stock. When may I call?"]
    expect(message.locator(".ib-status")).to_have_text("sent", timeout=SOON)
    message.get_by_role("button", name="Why this message").click()
    expect(page.locator("#ib-why")).to_contain_text(draft.body)


def test_a_draft_greys_when_the_lead_writes_again_and_a_new_one_follows(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    old = last_draft()
    card = page.locator("[data-draft]")
    expect(card.get_by_role("button", name="Approve")).to_be_enabled()
    body = card.locator(".ib-draft__body")
    expect(body).to_have_css("background-color", VIOLET)
    text_in("make that 60")
    expect(card).to_contain_text(AGAIN, timeout=SOON)
    expect(card.get_by_role("button", name="Approve")).to_be_disabled()
    expect(body).not_to_have_css("background-color", VIOLET)
    page.keyboard.press("a")
    assert not Message.objects.filter(state="queued").exists()
    run_due()
    assert last_draft().pk != old.pk
    expect(card).not_to_contain_text(AGAIN, timeout=SOON)
    expect(card.get_by_role("button", name="Approve")).to_be_enabled()
    assert sent() == []


def test_approving_on_a_page_that_missed_the_news_is_refused_in_words(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk), quiet=False)
    page.route("**/update/", lambda route: route.abort())
    text_in("make that 60")
    card = page.locator("[data-draft]")
    expect(card.get_by_role("button", name="Approve")).to_be_enabled()
    card.get_by_role("button", name="Approve").click()
    warning = card.locator(".ib-draft__warn")
    expect(warning).to_contain_text("wrote again")
    expect(warning).to_contain_text("Nothing was sent")
    run_due()
    assert sent() == []
    assert not Message.objects.exclude(approved_by=None).exists()


def test_what_was_edited_in_a_draft_outlives_the_lead_writing_again(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    page.get_by_role("button", name="Edit", exact=True).click()
    box = page.locator(".ib-draft__edit")
    box.fill("My own careful words")
    text_in("make that 60")
    warning = page.locator(".ib-draft__warn")
    expect(warning).to_contain_text("Your words stay here", timeout=SOON)
    expect(box).to_have_value("My own careful words")
    run_due()
    expect(box).to_have_value("My own careful words")
    page.get_by_role("button", name="Use as my reply").click()
    expect(page.locator("#ib-body")).to_have_value("My own careful words")
    expect(page.locator("#ib-body")).to_be_focused()
    expect(page.locator("[data-draft]")).to_contain_text(last_draft().body)
    assert sent() == []


def test_a_discarded_draft_comes_back_with_undo(
    office: Any, talk: Any, desk: Desk
) -> None:
    draft = last_draft()
    page = desk(office.ana, thread(talk))
    page.keyboard.press("x")
    expect(page.locator("[data-draft]")).to_have_count(0)
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-draft]")).to_contain_text(draft.body)
    assert last_draft().pk == draft.pk


def test_a_fact_marked_not_true_moves_the_score_at_once_and_undo_restores_it(
    office: Any, talk: Any, desk: Desk
) -> None:
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    score, reasons = score_on(ana), reasons_on(ana)
    known = ana.locator(".ib-known").inner_text()
    assert score == Lead.objects.get().score
    ana.get_by_role("button", name="Not true: Budget").click()
    row = ana.locator(".ib-known li").filter(has_text="Budget")
    expect(row).to_contain_text("not asked")
    number = ana.locator("#ib-panel .ib-score b")
    expect(number).not_to_have_text(str(score))
    lower = score_on(ana)
    assert lower < score
    assert lower == Lead.objects.get().score
    assert Fact.objects.get(field="budget").struck_at is not None
    expect(ben.locator("#ib-panel .ib-score b")).to_have_text(str(lower), timeout=SOON)
    toast = ana.locator(".ls-toast").first
    expect(toast).to_contain_text(str(lower - score).replace("-", "−"))
    toast.get_by_role("button", name="Undo").click()
    for page in (ana, ben):
        expect(page.locator("#ib-panel .ib-score b")).to_have_text(str(score))
    assert reasons_on(ana) == reasons
    assert ana.locator(".ib-known").inner_text() == known
    assert Lead.objects.get().score == score


def test_a_score_line_marked_not_true_is_struck_and_undo_restores_it(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    score, reasons = score_on(page), reasons_on(page)
    button = page.locator("#ib-panel .ib-reasons [aria-label^='Not true']").first
    label = button.get_attribute("aria-label")
    assert label is not None
    button.click()
    number = page.locator("#ib-panel .ib-score b")
    expect(number).not_to_have_text(str(score))
    assert score_on(page) == Lead.objects.get().score < score
    expect(page.get_by_role("button", name=label, exact=True)).to_have_count(0)
    page.locator(".ls-toast").first.get_by_role("button", name="Undo").click()
    expect(number).to_have_text(str(score))
    assert reasons_on(page) == reasons
    assert Lead.objects.get().score == score


def test_a_corrected_value_is_locked_and_marked_as_the_persons(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    page.get_by_role("button", name="Correct Budget").click()
    box = page.locator("#fact-budget")
    expect(box).to_be_focused()
    box.fill("25k")
    text_in("hello?")
    expect(bubble(page, "hello?")).to_be_visible(timeout=SOON)
    expect(box).to_have_value("25k")
    page.keyboard.press("Enter")
    row = page.locator(".ib-known li").filter(has_text="Budget")
    expect(row).to_contain_text("yours, the AI keeps it")
    text_in("actually our budget is 30k")
    run_due()
    expect(bubble(page, "30k")).to_be_visible(timeout=SOON)
    expect(row).to_contain_text("25k")
    assert Fact.objects.get(field="budget", replaced_at=None).value == "25k"


def test_a_quote_lights_up_the_message_it_was_said_in(
    office: Any, talk: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    said = page.locator(".ls-bubble--lead")
    page.locator(".ib-known .ls-evidence").first.hover()
    expect(said).to_have_class("ls-bubble ls-bubble--lead ls-lit")
    expect(page.locator(".ib-tip")).to_be_visible()
    page.locator("#ib-q").hover()
    expect(page.locator(".ib-tip")).to_be_hidden()
