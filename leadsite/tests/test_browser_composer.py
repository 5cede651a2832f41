"""Writing to a lead: mail, prepared answers, another time, and putting a talk aside."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from leads import clock, consent, policy
from leads.models import ContactPoint
from leads.tests.factories import ContactPointFactory, LeadContactFactory
from leads.work import run_due
from leadsite.tests.browsing import (
    LOOKS,
    SOON,
    Desk,
    bubble,
    dana_is_answered,
    dana_writes,
    open_office,
    row,
    thread,
    type_in,
    violations,
)
from messaging.models import Channel, Conversation, Message, Template
from messaging.tests.inbox_world import rep, said
from messaging.tests.talk import FakeCarrier, later, sent, text_in

pytestmark = pytest.mark.browser
MAIL = "dana@example.com"
SUBJECT = "Standing desks"


@pytest.fixture
def office(site: str, settings: Any) -> SimpleNamespace:
    return open_office(settings)


@pytest.fixture
def talk(office: Any) -> Conversation:
    """Dana sent a text that the AI has drafted an answer to."""
    return dana_is_answered("hello there")


def add_mail(conversation: Conversation, value: str = MAIL) -> ContactPoint:
    """Dana's mail address, with leave to write to it."""
    point = ContactPointFactory(kind="email", value=value)
    LeadContactFactory(lead=conversation.lead, contact_point=point)
    consent.record_consent(
        contact_point=point,
        channel="email",
        given=True,
        basis="inbound",
        actor="lead",
        at=clock.now(),
    )
    return point


@pytest.fixture
def mailing(office: Any, talk: Conversation) -> Conversation:
    """Dana's last word came by mail."""
    point = add_mail(talk)
    mailbox = Channel.objects.create(
        kind="email", address="hello@alder.example", team=office.team, mode="draft"
    )
    said(
        talk,
        "Do you sell them in oak?",
        kind="email",
        subject=SUBJECT,
        contact_point=point,
        channel=mailbox,
    )
    return talk


@pytest.fixture
def answers(office: Any) -> None:
    """Two prepared answers, one of them not for texts."""
    Template.objects.create(
        name="Opening hours", body="Hi {{ first_name }}, we open at 8."
    )
    Template.objects.create(
        name="Offer", body="The offer for {{ company }} follows, {{ my_first_name }}"
    )
    Template.objects.create(name="Only mail", body="Dear {{ name }}", kind="email")


def person_wrote() -> Message:
    return Message.objects.filter(author="person").latest("pk")


# --- mail --------------------------------------------------------------------


def test_a_mail_is_answered_by_mail_with_a_subject_and_a_preview(
    office: Any, mailing: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(mailing))
    form = page.locator("#ib-composer")
    expect(form.get_by_role("button", name="Email")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#ib-to")).to_contain_text(MAIL)
    expect(page.locator("#ib-subject")).to_have_value(f"Re: {SUBJECT}")
    type_in(page, "Yes, in oak and in ash.")
    form.get_by_role("button", name="Preview").click()
    shown = page.locator("#ib-preview")
    expect(shown).to_contain_text(f"Re: {SUBJECT}")
    letter = page.frame_locator("#ib-preview iframe")
    expect(letter.locator("body")).to_contain_text("Yes, in oak and in ash.")
    assert page.locator("#ib-preview iframe").get_attribute("sandbox") == ""
    assert not Message.objects.filter(author="person").exists()
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    page.locator("#ib-body").focus()
    page.keyboard.press("Control+Enter")
    expect(bubble(page, "Yes, in oak and in ash.")).to_contain_text("queued")
    run_due()
    mail = FakeCarrier.accepted[-1]
    assert (mail.to_address, mail.subject) == (MAIL, f"Re: {SUBJECT}")


def test_the_subject_is_kept_with_the_words_and_undo_brings_both_back(
    office: Any, mailing: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(mailing))
    page.locator("#ib-subject").fill("Oak and ash")
    type_in(page, "We have both")
    page.reload()
    expect(page.locator("#ib-subject")).to_have_value("Oak and ash")
    expect(page.locator("#ib-body")).to_have_value("We have both")
    page.locator("#ib-body").press("Control+Enter")
    expect(page.locator("#ib-body")).to_have_value("")
    expect(page.locator("#ib-subject")).to_have_value("Re: Oak and ash")
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#ib-body")).to_have_value("We have both")
    expect(page.locator("#ib-subject")).to_have_value("Oak and ash")


def test_the_address_is_chosen_among_several(
    office: Any, mailing: Conversation, desk: Desk
) -> None:
    add_mail(mailing, "reyes@example.com")
    page = desk(office.ana, thread(mailing))
    page.get_by_label("To", exact=True).select_option("reyes@example.com")
    type_in(page, "To the other address")
    page.keyboard.press("Control+Enter")
    expect(bubble(page, "To the other address")).to_be_visible()
    assert person_wrote().contact_point.value == "reyes@example.com"


# --- prepared answers --------------------------------------------------------


def test_an_answer_is_put_in_with_this_leads_name_where_the_cursor_is(
    office: Any, talk: Conversation, answers: None, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    page.keyboard.press("r")
    page.keyboard.press("/")
    picker = page.locator("#ib-answers")
    expect(picker).to_be_visible()
    expect(picker.get_by_role("option")).to_have_count(2)
    picker.get_by_role("combobox").press_sequentially("hours")
    expect(picker.get_by_role("option")).to_have_count(1)
    expect(page.locator("#ib-answers-shown")).to_have_text("Hi Dana, we open at 8.")
    page.keyboard.press("Enter")
    box = page.locator("#ib-body")
    expect(box).to_have_value("Hi Dana, we open at 8.")
    expect(box).to_be_focused()
    page.keyboard.type(" See you!")
    for _ in " See you!":
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+;")
    expect(picker.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    words = "Hi Dana, we open at 8. Hi Dana, we open at 8. See you!"
    expect(box).to_have_value(words)
    assert Template.objects.get(name="Opening hours").used == 2
    page.keyboard.press("Control+Enter")
    expect(bubble(page, words)).to_contain_text("queued")


def test_what_is_not_known_is_highlighted_and_not_sent_until_it_is_filled_in(
    office: Any, talk: Conversation, answers: None, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    page.locator("#ib-answers-open").click()
    expect(page.locator("#ib-answers-shown mark")).to_have_text("[company?]")
    page.get_by_role("button", name="Put in").click()
    box, line = page.locator("#ib-body"), page.locator("#ib-marks")
    expect(box).to_have_value("The offer for [company?] follows, Ana")
    expect(line).to_have_text("Fill in [company?] before sending")
    page.keyboard.press("Control+Enter")
    expect(line).to_have_class(re.compile("is-asked"))
    assert not Message.objects.filter(author="person").exists()
    page.keyboard.type("Acme")  # the mark is selected
    expect(box).to_have_value("The offer for Acme follows, Ana")
    expect(line).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(bubble(page, "The offer for Acme follows, Ana")).to_be_visible()


def test_escape_leaves_the_picker_and_the_stroke_was_a_letter(
    office: Any, talk: Conversation, answers: None, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    page.keyboard.press("r")
    page.keyboard.press("/")
    expect(page.locator("#ib-answers")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ib-answers")).to_be_hidden()
    expect(page.locator("#ib-body")).to_have_value("/")
    page.keyboard.type("/ is a slash")
    expect(page.locator("#ib-body")).to_have_value("// is a slash")


# --- another time ------------------------------------------------------------


def send_later(page: Page, words: str, choice: str) -> None:
    type_in(page, words)
    page.get_by_role("button", name="Send later").click()
    page.locator("#ib-when").get_by_role("button", name=choice).click()
    expect(page.locator("#ib-when")).to_be_hidden()


def test_a_message_waits_for_its_time_is_changed_and_taken_back(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    send_later(page, "Good morning", "Tomorrow 8:00")
    message = bubble(page, "Good morning")
    expect(message).to_contain_text(re.compile(r"goes 08:00 \w{3}"))
    expect(page.locator(".ls-toast")).to_contain_text("Goes 08:00")
    expect(page.locator("#ib-body")).to_have_value("")
    run_due()
    assert sent() == []
    first = person_wrote().due_at
    message.get_by_role("button", name="Change").click()
    when = page.locator("#ib-when")
    when.get_by_label("Another time").fill("2099-01-01T08:00")
    when.get_by_role("button", name="Set time").click()
    expect(when).to_contain_text("more than a year away")
    when.get_by_role("button", name="In 1 hour").click()
    expect(when).to_be_hidden()
    assert person_wrote().due_at != first
    message.get_by_role("button", name="Cancel").click()
    expect(message).to_contain_text("not sent: taken back by Ana")
    expect(page.locator("#ib-body")).to_have_value("Good morning")
    later(days=2)
    assert sent() == []


def test_the_lead_writes_first_and_the_message_is_struck_out_with_the_reason(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    send_later(page, "Shall we talk tomorrow?", "Tomorrow 8:00")
    message = bubble(page, "Shall we talk tomorrow?")
    expect(message).to_contain_text("Send now")
    text_in("can you call me today?")
    expect(message).to_contain_text("not sent: Dana wrote", timeout=SOON)
    expect(message.locator(".ls-bubble")).to_have_css(
        "text-decoration-line", "line-through"
    )
    expect(message.get_by_role("button", name="Send now")).to_have_count(0)
    later(days=2)
    assert sent() == []


def test_a_message_that_waits_can_go_now(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    send_later(page, "Good morning", "In 1 hour")
    message = bubble(page, "Good morning")
    message.get_by_role("button", name="Send now").click()
    expect(message).to_contain_text("queued")
    run_due()
    assert sent() == ["Good morning"]
    expect(message.locator(".ib-status")).to_have_text("sent", timeout=SOON)


def test_at_night_the_box_says_when_it_goes_and_what_is_held_can_be_changed(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    there = clock.now().astimezone(ZoneInfo("America/Los_Angeles"))
    policy.change(
        actor="system",
        quiet_hours=True,
        quiet_from=(there - timedelta(hours=1)).time().replace(microsecond=0),
        quiet_until=(there + timedelta(hours=3)).time().replace(microsecond=0),
        night_reply_minutes=0,
        undo_seconds=0,
    )
    page = desk(office.ana, thread(talk))
    hint = page.locator("#ib-hint")
    expect(hint).to_contain_text(re.compile(r"It is \d\d:\d\d for Dana: goes"))
    type_in(page, "Good evening")
    page.locator("#ib-hint-change").click()
    when = page.locator("#ib-when")
    expect(when).to_contain_text("quiet then, a text waits for")
    page.keyboard.press("Escape")
    page.locator("#ib-send").click()
    message = bubble(page, "Good evening")
    expect(message).to_contain_text("queued")
    run_due()
    expect(message).to_contain_text("held: quiet hours", timeout=SOON)
    message.get_by_role("button", name="Change").click()
    when.get_by_role("button", name="Tomorrow").click()
    expect(when).to_be_hidden()
    expect(message).to_contain_text("Send now")
    message.get_by_role("button", name="Cancel").click()
    expect(message).to_contain_text("not sent: taken back by Ana")
    assert sent() == []


def test_a_time_of_ones_own_is_on_the_leads_clock_and_ours_is_said(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    type_in(page, "Good morning")
    page.get_by_role("button", name="Send later").click()
    when = page.locator("#ib-when")
    # Dana's number lies in California; the pages show UTC.
    day = (clock.now() + timedelta(days=20)).date()
    when.get_by_label("Another time, on Dana’s clock").fill(f"{day}T08:30")
    expect(page.locator("#ib-when-words")).to_contain_text(
        re.compile(r"That is 1[56]:30 \w{3}")
    )
    shown = page.locator("#ib-when-words").inner_text()
    when.get_by_role("button", name="Set time").click()
    expect(when).to_be_hidden()
    expect(bubble(page, "Good morning")).to_contain_text("goes 08:30")
    due = person_wrote().due_at
    assert f"{due:%H:%M}" in shown


# --- snooze ------------------------------------------------------------------


def test_a_talk_is_put_aside_by_a_key_and_comes_back_by_itself(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk))
    expect(row(page, talk)).to_contain_text("Needs you")
    page.keyboard.press("s")
    when = page.locator("#ib-when")
    expect(when).to_contain_text("Snooze until")
    when.get_by_role("button", name="3 hours").click()
    expect(page.locator(".ls-toast")).to_contain_text("Snoozed until")
    expect(row(page, talk)).to_have_count(0)
    page.goto("/admin/inbox/?tab=waiting")
    expect(row(page, talk)).to_contain_text("Parked to")
    later(hours=4)
    page.goto(thread(talk))
    expect(page.locator(".ib-reason")).to_have_count(0)  # the draft says it itself
    expect(row(page, talk)).to_contain_text("Needs you")
    talk.refresh_from_db()
    assert talk.turn == "needs_you"


def test_undo_ends_a_snooze_and_so_does_the_lead(
    office: Any, talk: Conversation, desk: Desk
) -> None:
    page = desk(office.ana, thread(talk) + "?tab=all")
    chip, head = row(page, talk).locator(".ls-chip"), page.locator("#ib-thread")
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(chip).to_contain_text("Parked to")
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(chip).to_contain_text("Needs you")
    expect(head.get_by_role("button", name="Snooze")).to_be_visible()
    page.keyboard.press("s")
    page.locator("#ib-when").get_by_role("button", name="Tomorrow").click()
    expect(chip).to_contain_text("Parked to")
    expect(head.get_by_role("button", name="Wake")).to_be_visible()
    dana_writes("one more thing")
    expect(chip).not_to_contain_text("Parked", timeout=SOON)
    expect(head.get_by_role("button", name="Snooze")).to_be_visible()


# --- for everybody -----------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious_in_any_of_the_dialogs(
    office: Any,
    mailing: Conversation,
    answers: None,
    desk: Desk,
    look: dict[str, Any],
) -> None:
    page = desk(office.ana, thread(mailing), **look)
    found: dict[str, list[str]] = {"composer": violations(page)}
    type_in(page, "Yes, in oak.")
    for name, opener in {
        "answers": "#ib-answers-open",
        "preview": "#ib-preview-open",
        "later": "#ib-later-open",
        "snooze": '[data-when="snooze"]',
    }.items():
        page.locator(opener).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        found[name] = violations(page)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(width), "the page scrolls sideways"
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize("look", LOOKS)
def test_a_manager_writes_an_answer_on_a_page_that_is_clean_by_axe(
    office: Any, talk: Conversation, desk: Desk, look: dict[str, Any]
) -> None:
    mia = rep("mia", office.team, role="manager")
    page = desk(mia, "/admin/messaging/template/", live=False, **look)
    found = {"empty": violations(page)}
    page.get_by_role("link", name="Add prepared answer").first.click()
    page.get_by_label("Name").fill("Greeting")
    page.get_by_label("Answer").fill("Hi {{ firstname }}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#content")).to_contain_text("There is no {{ firstname }}")
    found["refused"] = violations(page)
    page.get_by_label("Answer").fill("Hi {{ first_name }}")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".ls-reads")).to_have_text("Hi Dana")
    found["form"] = violations(page)
    page.goto("/admin/messaging/template/")
    expect(page.locator("#result_list")).to_contain_text("Greeting")
    found["list"] = violations(page)
    assert {name: what for name, what in found.items() if what} == {}
