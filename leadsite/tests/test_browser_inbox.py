"""Two people at the inbox: what one does, or the lead, the other sees at once."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from leads import policy
from leads.models import Team
from leads.work import run_due
from leadsite.tests.browsing import (
    SOON,
    Desk,
    bubble,
    dana_is_answered,
    dana_writes,
    open_office,
    order,
    row,
    stayed,
    stays,
    thread,
    type_in,
)
from messaging import replies
from messaging.models import Message, Turn
from messaging.tests.inbox_world import lead_with_phone, said, talk_with
from messaging.tests.talk import sent, text_in

pytestmark = pytest.mark.browser
BENS = "+14155550144"
SAM = "+14155550155"
EVERYTHING = "/admin/inbox/?tab=all"


@pytest.fixture
def office(site: str, settings: Any) -> Any:
    return open_office(settings)


def test_a_text_shows_at_a_colleague_within_two_seconds_without_reload(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    ana, ben = desk(office.ana, EVERYTHING), desk(office.ben, thread(talk))
    stays(ana)
    stays(ben)
    expect(ana).to_have_title(re.compile(r"^\(1\) Inbox"))
    text_in("we need 40 standing desks")
    other = dana_writes("who sells chairs?", sender=SAM)
    expect(bubble(ben, "we need 40 standing desks")).to_be_visible(timeout=2_000)
    expect(row(ana, talk)).to_contain_text("we need 40 standing desks", timeout=2_000)
    expect(row(ana, other)).to_contain_text("who sells chairs?", timeout=SOON)
    run_due()
    for page in (ana, ben):
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"), timeout=SOON)
        assert stayed(page)


def test_a_page_whose_connection_dropped_catches_up_by_itself(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    page = desk(office.ana, thread(talk))
    stays(page)
    page.evaluate("window.leadsite.live.drop()")
    text_in("are you still there?")
    expect(bubble(page, "are you still there?")).to_be_visible(timeout=SOON)
    page.wait_for_function("window.openSockets === 2")
    text_in("good, you are")
    expect(bubble(page, "good, you are")).to_be_visible(timeout=SOON)
    assert stayed(page)


def test_a_colleague_sees_who_is_replying_until_the_typing_stops(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    mark = ben.locator("#ib-replying")
    expect(mark).to_be_hidden()
    type_in(ana, "Good morning")
    expect(mark).to_have_text("Ana is replying", timeout=SOON)
    expect(ana.locator("#ib-replying")).to_be_hidden()
    expect(mark).to_be_hidden(timeout=9_000)


def test_approve_asks_once_while_a_colleague_is_replying(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    type_in(ana, "Good morning")
    expect(ben.locator("#ib-replying")).to_be_visible(timeout=SOON)
    ben.get_by_role("button", name="Approve").click()
    words = "Ana is replying to this lead. Approve anyway?"
    expect(ben.locator(".ib-draft__warn")).to_have_text(words)
    assert Message.objects.drafts().count() == 1
    ben.get_by_role("button", name="Approve anyway").click()
    expect(bubble(ben, "approved by Ben")).to_be_visible()


def test_taking_over_strikes_out_what_the_ai_was_sending_and_back_again(
    site: str, settings: Any, desk: Desk
) -> None:
    office = open_office(settings, ai="auto")
    talk = dana_writes("we need 40 standing desks")
    replies.answer(turn_id=Turn.objects.get().pk)
    on_its_way = Message.objects.get(state="queued")
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    head = ana.get_by_role("group", name="Who has it")
    expect(head).to_contain_text("AI answering")
    expect(ana.locator(f"#m-{on_its_way.public_id}")).to_contain_text("queued")
    head.get_by_role("button", name="Take over").click()
    for page in (ana, ben):
        struck = page.locator(f"#m-{on_its_way.public_id}")
        expect(struck).to_contain_text("not sent: Ana took over", timeout=SOON)
        expect(struck.locator(".ls-bubble")).to_have_css(
            "text-decoration-line", "line-through"
        )
    expect(head).to_contain_text("You have it")
    at_ben = ben.get_by_role("group", name="Who has it")
    expect(at_ben).to_contain_text("Ana has it", timeout=SOON)
    run_due()
    assert sent() == []
    head.get_by_role("button", name="Hand back").click()
    expect(head).to_contain_text("AI answering")
    expect(at_ben).to_contain_text("AI answering", timeout=SOON)
    text_in("our budget is 20k")
    run_due()
    assert len(sent()) == 1
    expect(bubble(ben, sent()[0][:60])).to_contain_text("sent", timeout=SOON)


def test_a_person_ends_the_wait_and_the_answer_shows(
    site: str, settings: Any, desk: Desk
) -> None:
    office = open_office(settings, ai="auto")
    policy.change(actor="system", burst_sms_seconds=600)
    talk = dana_writes("we need 40 standing desks")
    page = desk(office.ana, thread(talk))
    head = page.get_by_role("group", name="Who has it")
    expect(head).to_contain_text("AI answering · 9:5")
    run_due()
    assert sent() == []
    head.get_by_role("button", name="Answer now").click()
    expect(page.locator(".ls-toast")).to_contain_text("Answering now")
    run_due()
    expect(bubble(page, sent()[0][:60])).to_contain_text("sent", timeout=SOON)
    expect(head).not_to_contain_text("·")


def test_a_half_written_reply_outlives_ten_messages_and_a_reload(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    page = desk(office.ana, thread(talk))
    stays(page)
    box = type_in(page, "Dear Dana, we can")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    for number in range(10):
        text_in(f"one more thing, number {number}")
    expect(bubble(page, "number 9")).to_be_visible(timeout=SOON)
    expect(box).to_have_value("Dear Dana, we can")
    expect(box).to_be_focused()
    page.keyboard.type("XY")
    expect(box).to_have_value("Dear Dana, we cXYan")
    assert stayed(page)
    page.reload()
    expect(box).to_have_value("Dear Dana, we cXYan")
    expect(page.locator("#ib-count")).to_contain_text("19/160")


def test_unsent_words_belong_to_one_conversation_and_one_person(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    other = dana_writes("who sells chairs?", sender=SAM)
    page = desk(office.ana, thread(talk) + "?tab=all")
    type_in(page, "For Dana only")
    row(page, other).locator("a").click()
    expect(page.locator("#ib-thread h2")).to_have_text(SAM)
    expect(page.locator("#ib-body")).to_have_value("")
    row(page, talk).locator("a").click()
    expect(page.locator("#ib-thread h2")).to_have_text("Dana Reyes")
    expect(page.locator("#ib-body")).to_have_value("For Dana only")


def test_a_note_is_amber_and_labelled_and_never_leaves(office: Any, desk: Desk) -> None:
    talk = dana_is_answered("hello there")
    ana, ben = desk(office.ana, thread(talk)), desk(office.ben, thread(talk))
    ana.get_by_role("button", name="Note", exact=True).click()
    form = ana.locator("#ib-composer")
    expect(form).to_contain_text("Only your team sees this")
    expect(form).to_have_css("background-color", "rgb(254, 243, 199)")
    ana.locator("#ib-body").fill("Her boss decides in March")
    ana.get_by_role("button", name="Save note").click()
    for page in (ana, ben):
        note = bubble(page, "Her boss decides in March")
        expect(note).to_be_visible(timeout=SOON)
        expect(note).to_have_css("background-color", "rgb(254, 243, 199)")
        expect(note).to_contain_text("Only your team sees this")
        expect(note).to_contain_text("Ana")
    expect(ana.locator("#ib-body")).to_have_value("")
    run_due()
    assert sent() == []
    assert Message.objects.get(direction="note").state == "written"


def test_the_list_stands_still_under_the_pointer_and_a_pill_counts(
    office: Any, desk: Desk
) -> None:
    talks = {
        name: dana_writes(f"this is {name}", sender=f"+141555501{number}")
        for number, name in enumerate(("first", "second", "third"), start=60)
    }
    page = desk(office.ana, EVERYTHING)
    before = order(page)
    assert len(before) == 3
    row(page, talks["second"]).hover()
    text_in("hello again", sender=before[-1])
    new = dana_writes("somebody new", sender=SAM)
    pill = page.locator("#ib-pill")
    expect(pill).to_have_text("2 new", timeout=SOON)
    assert order(page) == before
    expect(page.locator("#ib-list")).to_contain_text("hello again")
    pill.click()
    expect(row(page, new)).to_be_visible()
    assert order(page)[:2] == [SAM, before[-1]]
    expect(pill).to_be_hidden()


def test_the_list_stands_still_while_the_focus_is_in_it(
    office: Any, desk: Desk
) -> None:
    first = dana_writes("this is the first")
    dana_writes("this is the second", sender=BENS)
    page = desk(office.ana, EVERYTHING)
    before = order(page)
    row(page, first).locator("a").focus()
    new = dana_writes("somebody new", sender=SAM)
    expect(page.locator("#ib-pill")).to_have_text("1 new", timeout=SOON)
    assert order(page) == before
    expect(row(page, first).locator("a")).to_be_focused()
    page.locator("#ib-q").focus()
    expect(row(page, new)).to_be_visible()
    assert order(page)[0] == SAM


def test_after_an_opt_out_a_red_line_replaces_the_box(office: Any, desk: Desk) -> None:
    talk = dana_is_answered("hello there")
    page = desk(office.ana, thread(talk))
    type_in(page, "Dear Dana")
    text_in("STOP")
    run_due()
    line = page.locator("#ib-blocked")
    expect(line).to_be_visible(timeout=SOON)
    expect(line).to_contain_text("Opted out")
    expect(line).to_contain_text("“STOP”")
    expect(line).to_contain_text("Nothing can be sent")
    expect(line).to_have_class(re.compile("ls-notice--red"))
    expect(page.locator("#ib-body")).to_be_hidden()
    expect(page.locator("#ib-send")).to_be_hidden()
    expect(page.get_by_role("group", name="Who has it")).to_contain_text(
        "Nothing is sent"
    )


def _three_talks() -> None:
    for number in range(3):
        lead, _ = lead_with_phone(
            Team.default(), name=f"Lead {number}", value=f"+1415555018{number}"
        )
        said(talk_with(lead), f"hello from {number}", minutes_ago=number)


def test_the_inbox_is_worked_by_keys_alone(office: Any, desk: Desk) -> None:
    _three_talks()
    page = desk(office.ana, EVERYTHING)
    names = order(page)
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#ib-thread h2")).to_have_text(names[1])
    page.keyboard.press("h")
    head = page.get_by_role("group", name="Who has it")
    expect(head).to_contain_text("You have it")
    page.keyboard.press("h")
    expect(head).to_contain_text("Take over")
    page.keyboard.press("n")
    box = page.locator("#ib-body")
    expect(box).to_be_focused()
    expect(page.locator("#ib-composer")).to_have_class(re.compile("is-note"))
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(box).to_be_focused()
    expect(page.locator("#ib-composer")).not_to_have_class(re.compile("is-note"))


def test_keys_are_letters_inside_a_field(office: Any, desk: Desk) -> None:
    talk = dana_is_answered("hello there")
    page = desk(office.ana, thread(talk))
    page.keyboard.press("r")
    page.keyboard.type("hand back a jar, enjoy")
    expect(page.locator("#ib-body")).to_have_value("hand back a jar, enjoy")
    assert Message.objects.drafts().count() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(bubble(page, "approved by Ana")).to_be_visible()
    expect(page.locator("#ib-body")).to_have_value("hand back a jar, enjoy")


def test_control_enter_sends_and_undo_brings_the_words_back(
    office: Any, desk: Desk
) -> None:
    talk = dana_is_answered("hello there")
    page = desk(office.ana, thread(talk))
    box = type_in(page, "On my way")
    page.keyboard.press("Control+Enter")
    mine = bubble(page, "On my way")
    expect(mine).to_contain_text("queued")
    expect(box).to_have_value("")
    page.locator(".ls-toast").get_by_role("button", name="Undo").click()
    expect(mine).to_contain_text("not sent")
    expect(box).to_have_value("On my way")
    run_due()
    assert sent() == []
