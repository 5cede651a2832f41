"""Articles in a real browser: written, published, tried, and a page brought in."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from leads.models import Team
from leads.work import run_due
from leadsite.tests.browsing import LOOKS, SOON, Desk, violations
from messaging.models import Article
from messaging.tests.inbox_world import rep
from messaging.tests.knowledge_world import said

pytestmark = pytest.mark.browser
LIST = "/admin/messaging/article/"
BRING = "/admin/knowledge/import/"
FAQ = "<h2>Are dogs allowed?</h2><p>In offices.</p><h2>Is it open?</h2><p>Daily.</p>"


@pytest.fixture
def mia(site: str) -> User:
    return rep("mia", Team.default(), reach="all", role="manager")


def ask(page: Page, words: str) -> None:
    page.get_by_label("A question as a lead would ask it").fill(words)


def fits(page: Page) -> bool:
    width = "document.documentElement.scrollWidth <= innerWidth"
    return bool(page.evaluate(width))


def test_an_article_is_written_published_and_found(mia: User, desk: Desk) -> None:
    page = desk(mia, LIST, live=False)
    page.get_by_role("link", name="Add article").last.click()
    page.get_by_label("Question").fill("Is there parking?")
    page.get_by_role("textbox", name="Answer").fill("The garage has 20 spaces.")
    page.get_by_role("button", name="Save and publish").click()
    stand = page.get_by_label("Where it stands")
    expect(stand).to_contain_text("Version 1, published")
    ask(page, "can I find parking there?")
    found = page.locator("#kb-found")
    expect(found).to_contain_text("this article", timeout=SOON)
    expect(found).to_contain_text("The garage has 20 spaces.")
    page.get_by_role("textbox", name="Answer").fill("The garage has 30 spaces.")
    page.get_by_role("button", name="Save", exact=True).click()
    article = Article.objects.get()
    page.goto(f"{LIST}{article.pk}/change/")
    expect(stand).to_contain_text("Leads are told version 1")
    page.get_by_role("link", name="Versions").click()
    expect(page.locator(".kb-diff del")).to_have_text("20")
    expect(page.locator(".kb-diff ins")).to_have_text("30")
    page.get_by_role("link", name="Back to the article").click()
    page.get_by_role("button", name="Retire").click()
    expect(stand).to_contain_text("No answer rests on it")
    ask(page, "can I find parking there?")
    expect(found).to_contain_text("Nothing would be found", timeout=SOON)


def test_a_pasted_page_is_looked_at_and_brought_in(mia: User, desk: Desk) -> None:
    page = desk(mia, BRING, live=False)
    page.get_by_label("The page").fill(FAQ)
    page.get_by_role("button", name="Cut into questions").click()
    expect(page.locator(".kb-pair")).to_have_count(2)
    page.get_by_label("Keep question 2").uncheck()
    page.get_by_label("Answer 1").fill("In private offices.")
    page.get_by_label("Publish at once").check()
    page.get_by_role("button", name="Keep the ticked ones").click()
    expect(page.locator("#kb-outcome")).to_contain_text("Bringing it in")
    run_due()
    expect(page.locator("#kb-outcome .ls-chip")).to_have_text("new", timeout=SOON)
    article = Article.objects.get()
    assert (article.title, article.body) == ("Are dogs allowed?", "In private offices.")
    assert article.published is not None


def test_a_csv_file_shows_its_lines(mia: User, desk: Desk, tmp_path: Any) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer\nOpen?,Daily.\n,Nothing.\n", "utf-8")
    page = desk(mia, BRING, live=False)
    page.get_by_label("CSV file", exact=True).set_input_files(file)
    page.get_by_role("button", name="Bring it in").click()
    run_due()
    outcome = page.locator("#kb-outcome")
    expect(outcome).to_contain_text("The question is missing.", timeout=SOON)
    page.get_by_role("link", name="New 1").click()
    expect(outcome).to_contain_text("Open?")
    expect(outcome).not_to_contain_text("The question is missing.")


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_can_be_read_by_everybody(
    mia: User, desk: Desk, look: dict[str, Any]
) -> None:
    article = said()
    page = desk(mia, LIST, live=False, **look)
    ask(page, "is there parking?")
    expect(page.locator("#kb-found")).to_contain_text("garage", timeout=SOON)
    assert violations(page) == []
    assert fits(page)
    for path in (f"{LIST}{article.pk}/change/", BRING, "/admin/messaging/offer/add/"):
        page.goto(path)
        assert violations(page) == [], path
        assert fits(page), path
    page.goto(BRING)
    page.get_by_label("The page").fill(FAQ)
    page.get_by_role("button", name="Cut into questions").click()
    expect(page.locator(".kb-pair")).to_have_count(2)
    assert violations(page) == []
    assert fits(page)
