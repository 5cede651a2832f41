"""Proof on the pages: held words, what a sentence rests on, and who may let it leave."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from leads import clock
from leads.models import Event
from leads.work import run_due
from leadsite.tests.browsing import (
    LOOKS,
    SOON,
    Desk,
    last_draft,
    open_office,
    thread,
    violations,
)
from messaging.knowledge import indexing
from messaging.models import Conversation, EvaluationCase, Message, Offer
from messaging.simulator.playing import Saying, play
from messaging.tests.hedging import CUT
from messaging.tests.inbox_world import rep
from messaging.tests.proof_world import manager_may

pytestmark = pytest.mark.browser
SIMULATOR = "/admin/simulator/"
ASKED = "how much is 10% off for 40 seats?"
PRICE = "A seat is 29 USD per month."


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    hedging = "messaging.tests.hedging.HedgingModel"
    settings.LANGUAGE_MODELS = [hedging, *settings.LANGUAGE_MODELS]
    there = open_office(settings, ai="auto")
    there.offer = Offer.objects.create(name="Seat", price=2900, unit="seat and month")
    indexing.index_offer(there.offer)
    return there


def ask(office: Any) -> Conversation:
    """A played lead asks, and the work is done."""
    talk = play(user=office.ana, saying=Saying("sms", (ASKED,)))
    with clock.shifted(timedelta(seconds=5)):
        run_due()
    return talk


def card(page: Page) -> Locator:
    return page.locator("[data-draft]")


def why(page: Page) -> Locator:
    return page.locator("#ib-why")


def test_a_hedged_price_is_held_shown_taken_out_and_sent(
    office: Any, desk: Desk
) -> None:
    page = desk(office.ana, SIMULATOR)
    page.get_by_label("Write as the lead").fill(ASKED)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="answer now").click()
    expect(page.locator(".sim-wait")).to_be_hidden()
    run_due()
    talk = Conversation.objects.get()
    gated = page.locator("#sim-step-gated")
    expect(gated).to_contain_text("a person decides first, 1 held", timeout=SOON)
    gated.locator("summary").click()
    expect(gated.locator(".sim-pairs")).to_contain_text("'10% off' ")
    gated.get_by_role("link", name="Approve, edit or discard").click()
    assert page.url.endswith(thread(talk))
    expect(card(page).locator("mark")).to_contain_text("10% off")
    expect(card(page).locator(".ib-findings li")).to_have_count(1)
    whole = last_draft().body
    card(page).get_by_role("button", name="Remove the sentence").click()
    body = card(page).locator("[data-draft-body]")
    expect(body).not_to_contain_text("in good hands")
    expect(body).to_contain_text(PRICE)
    expect(card(page).locator(".ib-findings")).to_have_count(0)
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(body).to_contain_text("in good hands")
    assert last_draft().body == whole
    card(page).get_by_role("button", name="Remove the sentence").click()
    expect(body).not_to_contain_text("in good hands")
    card(page).get_by_role("button", name="Approve").click()
    expect(card(page)).to_have_count(0)
    run_due()
    said = Message.objects.get(direction="outbound")
    assert CUT not in said.body
    assert (said.proposed_body, said.details["decision"]) == (whole, "edited")
    assert said.state in ("sent", "delivered")


def test_why_opens_sources_sureness_checks_and_takes_a_flag(
    office: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(ask(office)))
    card(page).get_by_role("button", name="Why this draft").click()
    for words in (
        PRICE,
        "Offer: Seat",
        "Price: 29.00 USD",
        CUT,
        "held: no source",
        "% for price questions",
        "hedging-1",
        "reply-2",
        "$0.0040",
        "They run when the message is about to leave.",
    ):
        expect(why(page)).to_contain_text(words)
    why(page).get_by_text("Flag this answer").click()
    why(page).get_by_label("What is wrong with it?").fill("No such discount")
    why(page).get_by_role("button", name="Flag", exact=True).click()
    expect(page.locator(".ls-toast")).to_contain_text("Flagged")
    expect(why(page)).to_be_hidden()
    assert EvaluationCase.objects.get(kind="flagged").why == "No such discount"


def test_a_sent_sentence_shows_its_source_on_hover_and_by_keyboard(
    office: Any, desk: Desk
) -> None:
    talk = ask(office)
    Message.objects.filter(direction="outbound").update(state="sent")
    page = desk(office.ana, thread(talk))
    mark = page.locator("#ib-items .ib-said--ai .ls-evidence").first
    expect(mark).to_contain_text(PRICE)
    tip = page.locator(".ib-tip")
    mark.hover()
    expect(tip).to_have_text("Seat: “Price: 29.00 USD per seat and month”")
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    mark.focus()
    expect(tip).to_be_visible()


def test_a_rep_is_refused_asks_and_the_manager_confirms_once(
    office: Any, desk: Desk
) -> None:
    mia = rep("mia", office.team, reach="all", role="manager")
    manager_may(office.offer)
    ana = desk(office.ana, thread(ask(office)))
    card(ana).get_by_role("button", name="Approve").click()
    expect(card(ana).locator(".ib-draft__warn")).to_contain_text(
        "only people who may exceed the offer can send that"
    )
    card(ana).get_by_role("button", name="Ask manager").click()
    expect(card(ana)).to_contain_text("A manager was asked")
    draft = last_draft()
    page = desk(mia, reverse("review_item", args=[draft.public_id]))
    expect(page.locator("#rv-card")).to_contain_text("A manager was asked")
    page.get_by_role("button", name="Approve").click()
    warning = page.locator("[data-warn]")
    expect(warning).to_contain_text("“10% off”")
    assert last_draft().pk == draft.pk
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#rv-card")).to_have_count(0, timeout=SOON)
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("queued", mia)


def test_words_are_taken_out_on_the_review_card_too(office: Any, desk: Desk) -> None:
    ask(office)
    page = desk(office.ana, reverse("review_item", args=[last_draft().public_id]))
    page.get_by_role("button", name="Remove the sentence").click()
    body = page.locator("#rv-card [data-draft-body]")
    expect(body).not_to_contain_text("in good hands")
    expect(page.locator("#rv-card .ib-findings")).to_have_count(0)
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(body).to_contain_text("in good hands")


def test_an_admin_reads_what_the_model_was_told(office: Any, desk: Desk) -> None:
    chief = rep("cleo", office.team, reach="all", role="admin")
    page = desk(chief, thread(ask(office)))
    card(page).get_by_role("button", name="Why this draft").click()
    why(page).get_by_role("link", name="What the model was told").click()
    expect(page.locator(".wy-text").first).to_have_text(
        "Answer only from what is published."
    )
    assert Event.objects.filter(kind="prompt.viewed").count() == 1
    assert violations(page) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_screens_of_proof_hold_in_light_dark_and_on_a_phone(
    look: dict[str, Any], office: Any, desk: Desk
) -> None:
    page = desk(office.ana, thread(ask(office)), **look)
    expect(card(page).locator(".ib-findings li")).to_have_count(1)
    assert violations(page) == []
    card(page).get_by_role("button", name="Why this draft").click()
    expect(why(page)).to_contain_text("Offer: Seat")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
