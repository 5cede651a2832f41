"""Follow-ups in a real browser: built, previewed, activated, stopped by a reply."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from leads import clock
from leads.models import Lead, Team
from leads.work import run_due
from leadsite.tests.browsing import LOOKS, SOON, Desk, violations
from messaging.models.sequence import Enrollment, Sequence
from messaging.sequencepages.content import content_of
from messaging.sequences import publishing
from messaging.sequences.stopping import stop_enrollment
from messaging.tests.inbox_world import rep
from messaging.tests.sequence_world import (
    add_step,
    begin,
    dana,
    mail_step,
    open_house,
    sequence,
)
from messaging.tests.talk import FakeCarrier, sent, text_in

pytestmark = pytest.mark.browser


@pytest.fixture
def mia(site: str, settings: Any) -> User:
    path = "messaging.tests.talk.FakeCarrier"
    settings.TRANSPORTS = {"sms": [path], "email": [path]}
    FakeCarrier.reset()
    open_house()
    return rep("mia", Team.default(), reach="all", role="manager")


def fits(page: Page) -> bool:
    width = "document.documentElement.scrollWidth <= innerWidth"
    return bool(page.evaluate(width))


def saved(page: Page) -> None:
    expect(page.locator("#sq-saved")).to_contain_text("Saved", timeout=SOON)


def draft(*steps: dict[str, Any]) -> Sequence:
    row = Sequence.objects.create(name="Warm up")
    version = publishing.draft_of(row)
    for position, step in enumerate(steps, start=1):
        add_step(version, position, **step)
    return row


def page_of(row: Sequence, name: str = "sequence") -> str:
    return reverse(name, args=[row.public_id])


def words(row: Sequence) -> list[str]:
    steps = publishing.draft_of(row).steps.order_by("position")
    return [content_of(step).wordings[0].body for step in steps]


def test_a_sequence_is_built_previewed_activated_and_stopped_by_a_reply(
    mia: User, desk: Desk
) -> None:
    lead = dana()
    page = desk(mia, "/admin/sequences/", live=False)
    page.get_by_role("link", name="Make the first").click()
    page.get_by_label("Name").fill("After the visit")
    page.get_by_role("button", name="Make the draft").click()
    # Three steps: a text, a mail, and a text that the AI writes.
    page.get_by_role("button", name="Add a text").click()
    expect(page.locator("#sq-1-delay")).to_be_focused()
    page.locator("#sq-1-A-words").fill("Hi , how was it?")
    page.locator("#sq-1-A-words").evaluate("box => box.setSelectionRange(3, 3)")
    page.get_by_text("Put in a name").first.click()
    page.get_by_role("button", name="first_name").first.click()
    expect(page.locator("#sq-1-A-words")).to_have_value(
        "Hi {{ first_name }}, how was it?"
    )
    page.get_by_role("button", name="Add a mail").click()
    expect(page.locator("#sq-2-delay")).to_be_focused()
    expect(page.locator("#sq-problems")).to_contain_text("Step 2: write the words")
    page.locator("#sq-2-A-subject").fill("Our desks")
    page.locator("#sq-2-A-words").fill("Hello {{ first_name }}, shall we talk?")
    page.get_by_role("button", name="Add a text").click()
    expect(page.locator("#sq-3-delay")).to_be_focused()
    page.locator("form.sq-card").nth(2).get_by_text("The AI, from a brief").click()
    page.locator("#sq-3-A-brief").fill("Ask whether Tuesday suits")
    saved(page)
    expect(page.locator("#sq-problems")).to_be_hidden()
    # The preview follows what is typed.
    plan = page.locator("#sq-plan")
    expect(plan).to_contain_text("Hi Dana, how was it?", timeout=SOON)
    expect(plan).to_contain_text("to dana@example.com")
    expect(plan).to_contain_text("The AI writes this from the brief")
    page.get_by_role("link", name="Look through and activate").click()
    expect(page.locator(".sq-plan").first).to_contain_text("Hi Dana, how was it?")
    page.get_by_role("button", name="Activate version 1").click()
    expect(page.locator(".sq-head")).to_contain_text("Active")
    # Dana begins it from her own page, gets the first step, and answers.
    page.goto(reverse("lead_page", args=[lead.public_id]))
    part = page.get_by_label("Follow-ups", exact=True)
    part.get_by_role("button", name="Enroll").click()
    expect(part).to_contain_text("step 1, text", timeout=SOON)
    with clock.shifted(timedelta(days=4)):
        run_due()
        run_due()
    assert sent() == ["Hi Dana, how was it?"]
    text_in("Very good, thank you. Who are you again?")
    row = Enrollment.objects.get()
    assert row.cause == "replied"
    page.goto(page_of(row.sequence, "sequence_enrollments"))
    way = page.locator(".sq-way").filter(has_text="Dana Reyes")
    expect(way).to_contain_text("stopped")
    expect(way).to_contain_text("Stopped: Dana Reyes replied")
    page.goto(reverse("lead_page", args=[lead.public_id]))
    expect(part).to_contain_text("Stopped: Dana Reyes replied", timeout=SOON)


def test_what_is_typed_stays_while_it_is_wrong_or_others_change_it(
    mia: User, desk: Desk
) -> None:
    dana()
    row = draft({"body": "One"}, {"body": "Two"})
    page = desk(mia, page_of(row), live=False)
    delay, area = page.locator("#sq-1-delay"), page.locator("#sq-1-A-words")
    delay.fill("soon")
    delay.press("Tab")
    expect(page.locator(".sq-error")).to_have_text("Enter a whole number.")
    expect(delay).to_have_value("soon")
    area.fill("One, and more")
    page.get_by_role("button", name="Move step 2 up").click()
    expect(page.locator("#ls-toasts")).to_contain_text("First mend step 1")
    expect(delay).to_be_focused()
    expect(area).to_have_value("One, and more")
    assert words(row) == ["One", "Two"]
    delay.fill("2")
    delay.press("Tab")
    saved(page)
    assert words(row) == ["One, and more", "Two"]
    other = publishing.draft_of(row).steps.get(position=1).variants.get()
    other.body = "Somebody else's"
    other.save()
    area.fill("Mine")
    status = page.locator("#sq-saved")
    expect(status).to_contain_text("Somebody changed this step", timeout=SOON)
    expect(area).to_have_value("Mine")
    assert words(row) == ["Somebody else's", "Two"]
    page.evaluate("window.onbeforeunload = null")


def test_steps_move_by_keyboard_and_come_back_by_undo(mia: User, desk: Desk) -> None:
    dana()
    row = draft({"body": "One"}, {"body": "Two"}, {"body": "Three"})
    page = desk(mia, page_of(row), live=False)
    page.get_by_role("button", name="Move step 3 up").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sq-2-up")).to_be_focused()
    page.keyboard.press("Enter")
    # At the top there is no way up: the step itself has the focus.
    expect(page.locator("#sq-1-title")).to_be_focused()
    assert words(row) == ["Three", "One", "Two"]
    # Enter in a field keeps it and moves nothing.
    page.locator("#sq-3-delay").fill("5")
    page.locator("#sq-3-delay").press("Enter")
    saved(page)
    assert words(row) == ["Three", "One", "Two"]
    assert publishing.draft_of(row).steps.get(position=3).delay == 5
    page.locator("#sq-2-A-words").fill("One, typed just now")
    page.get_by_role("button", name="Remove step 2").click()
    expect(page.locator(".sq-step")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".sq-step")).to_have_count(3)
    assert words(row) == ["Three", "One, typed just now", "Two"]


def test_without_a_connection_it_says_so_and_saves_later(mia: User, desk: Desk) -> None:
    dana()
    row = draft({"body": "One"})
    page = desk(mia, page_of(row), live=False, quiet=False)
    expect(page.locator("#sq-plan")).to_contain_text("One", timeout=SOON)
    page.context.set_offline(True)
    page.locator("#sq-1-A-words").fill("Typed on the train")
    expect(page.locator("#sq-saved")).to_contain_text("no connection", timeout=SOON)
    page.context.set_offline(False)
    expect(page.locator("#sq-saved")).to_contain_text("Saved", timeout=3 * SOON)
    assert words(row) == ["Typed on the train"]


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_can_be_read_by_everybody(
    mia: User, desk: Desk, look: dict[str, Any]
) -> None:
    wordings = [{"body": "Hi {{ company }}"}, {"body": "Hello"}]
    running = sequence(
        {"wordings": wordings, "branches": [{"intents": ["objection"], "to": 0}]},
        mail_step(),
        {"writer": "ai", "brief": "Ask again"},
        name="Under way",
        rule={"on": "captured"},
    )
    row = draft({"wordings": wordings}, {"kind": "email"})
    lead = dana()
    eve = dana(phone="+14155550177", email="", name="Eve Stone")
    begin(running, lead)
    stop_enrollment(
        enrollment=begin(running, eve),
        cause="by_hand",
        words="Mia stopped it",
        actor="user:1",
    )
    page = desk(mia, "/admin/sequences/", live=False, **look)
    for path in (
        "/admin/sequences/",
        "/admin/sequences/?q=nothing",
        "/admin/sequences/new/",
        page_of(row),
        page_of(row, "sequence_activate"),
        page_of(running),
        page_of(running, "sequence_enrollments"),
        reverse("enroll_many") + f"?sequence={running.public_id}&who=rule",
        "/admin/going-out/",
        "/admin/going-out/?kind=email",
    ):
        page.goto(path)
        if page.locator("#sq-plan").count():
            expect(page.locator("#sq-plan .sq-line").first).to_be_visible()
            page.locator(".sq-settings summary").click()
        assert violations(page) == [], path
        assert fits(page), path
    assert Lead.objects.count() == 2
