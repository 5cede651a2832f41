"""The pages of articles: list, form, versions, "Try it", paste and CSV."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from leads import clock
from leads.work import run_due
from messaging.knowledge import publishing
from messaging.knowledge.states import source_of, today
from messaging.models import Article, KnowledgeImport, Message, Turn
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in
from messaging.tests.inbox_world import said as said_in
from messaging.tests.knowledge_world import (
    GARAGE,
    PARKING,
    browser,
    draft,
    form_of,
    person,
    said,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/messaging/article/"
BRING = "/admin/knowledge/import/"
PAGE = "Q: Is there parking?\nA: In the garage.\n\nQ: Are dogs allowed?\nA: Yes."


@pytest.fixture
def boss() -> Client:
    return browser("manager")


def page_of(article: Article) -> str:
    return reverse("admin:messaging_article_change", args=[article.pk])


def act(client: Client, article: Article, do: str, **data: Any) -> Any:
    url = reverse("article_act", args=[article.public_id, do])
    return client.post(url, data, follow=True)


def html(response: Any) -> str:
    return str(response.content.decode())


def rows(client: Client, **query: str) -> list[str]:
    return [one.title for one in client.get(LIST, query).context["cl"].result_list]


# --- the list ----------------------------------------------------------------


def test_an_empty_list_says_what_to_do(boss: Client) -> None:
    page = html(boss.get(LIST))
    assert "No articles yet. Write down what leads ask most often" in page
    assert f'href="{BRING}"' in page


def test_the_list_is_filtered_by_state_and_language_and_searched(
    boss: Client,
) -> None:
    said("Is there parking?")
    draft("Are dogs allowed?")
    said("Gibt es Parkplätze?", "Ja.", language="de")
    assert rows(boss, standing="draft") == ["Are dogs allowed?"]
    assert rows(boss, language="de") == ["Gibt es Parkplätze?"]
    assert rows(boss, standing="published", language="en") == ["Is there parking?"]
    assert rows(boss, q="dogs") == ["Are dogs allowed?"]
    page = html(boss.get(LIST))
    assert '<span class="ls-chip ls-chip--green">published</span>' in page
    assert '<span class="ls-chip">draft</span>' in page
    assert "German" in page


def test_ticked_ones_are_published_and_the_others_say_why(boss: Client) -> None:
    fine, late = draft("Fine?"), draft("Late?", valid_until="2020-01-01")
    data = {"action": "publish_ticked", "_selected_action": [fine.pk, late.pk]}
    page = html(boss.post(LIST, data, follow=True))
    assert "1 published as they are written." in page
    assert "“Late?” was not published." in page
    fine.refresh_from_db()
    late.refresh_from_db()
    assert fine.published is not None
    assert late.published is None
    data = {"action": "retire_ticked", "_selected_action": [fine.pk]}
    assert "1 retired." in html(boss.post(LIST, data, follow=True))


# --- how often it was used ---------------------------------------------------


def test_uses_are_counted_as_the_person_may_see_them_and_open_the_answers() -> None:
    world, article = office(), said()
    source = source_of(article)
    Turn.objects.create(
        state="done",
        due_at=clock.now(),
        conversation=world.talk,
        last_inbound=world.first,
        sources=[source, "profile.hours"],
        claims=[{"source": source}, {"source": source}],
    )
    ana, cleo = signed_in(world.ana), signed_in(world.cleo)
    link = f'href="/admin/messaging/turn/?source={source}">1</a>'
    assert link in html(ana.get(LIST))
    assert '<span class="ls-num ls-muted">0</span>' in html(cleo.get(LIST))
    answers = ana.get("/admin/messaging/turn/", {"source": source})
    assert answers.context["cl"].result_count == 1
    other = source_of(said("Other?"))
    answers = ana.get("/admin/messaging/turn/", {"source": other})
    assert answers.context["cl"].result_count == 0
    Turn.objects.update(created_at=clock.now() - timedelta(days=31))
    assert '<span class="ls-num ls-muted">0</span>' in html(ana.get(LIST))


def test_what_a_lead_asked_becomes_a_phrasing_when_a_person_let_the_answer_go() -> None:
    world, article = office(), said()
    asked = "Hi, this is Dana Reyes. Where could we leave our cars?"
    Message.objects.filter(pk=world.first.pk).update(body=asked)
    turn = Turn.objects.create(
        state="done",
        due_at=clock.now(),
        conversation=world.talk,
        last_inbound=world.first,
        sources=[source_of(article)],
    )
    answer = said_in(world.talk, GARAGE, author="ai", answers=world.first)
    managers = Group.objects.get(name="manager")
    for user in (world.ana, world.cleo):
        user.groups.add(managers)
    ana, cleo = signed_in(world.ana), signed_in(world.cleo)
    data = {"turn": str(turn.public_id)}
    # Nobody has confirmed it yet.
    assert "Asked by leads" not in html(ana.get(page_of(article)))
    assert act(ana, article, "phrase", **data).status_code == 404
    Message.objects.filter(pk=answer.pk).update(details={"decision": "as_written"})
    page = html(ana.get(page_of(article)))
    assert "Where could we leave our cars?" in page
    assert "Dana" not in page
    # Somebody of another team sees neither the question nor may take it over.
    assert "Asked by leads" not in html(cleo.get(page_of(article)))
    assert act(cleo, article, "phrase", **data).status_code == 404
    assert act(ana, article, "phrase", turn="x").status_code == 404
    assert act(ana, said("Other?"), "phrase", **data).status_code == 404
    page = html(act(ana, article, "phrase", **data))
    assert "Found by “Where could we leave our cars?” too" in page
    assert "Asked by leads" not in page
    assert article.phrasings.get().text == "Where could we leave our cars?"
    assert "It is one already." in html(act(ana, article, "phrase", **data))


# --- writing -----------------------------------------------------------------


def test_a_new_article_is_a_draft_and_saved_with_publish_it_is_said(
    boss: Client,
) -> None:
    boss.post(LIST + "add/", form_of())
    article = Article.objects.get()
    assert (article.title, article.published) == (PARKING, None)
    publish = {"messaging_article_save_and_publish": "1"}
    phrase = {"phrasings-TOTAL_FORMS": 1, "phrasings-0-text": "Can I park?"}
    answer = boss.post(page_of(article), form_of(article, **phrase, **publish))
    assert answer.url == page_of(article)
    article.refresh_from_db()
    assert article.published is not None
    assert article.phrasings.get().created_by == "The-Manager"
    assert article.entries.filter(part="phrasing").count() == 1
    assert "Published version 1." in LogEntry.objects.values_list(
        "change_message", flat=True
    )


def test_changed_it_is_being_changed_and_the_page_says_what_leads_are_told(
    boss: Client,
) -> None:
    article = said()
    boss.post(page_of(article), form_of(article, body="Parking is free."))
    page = html(boss.get(page_of(article)))
    assert "being changed" in page
    assert "Leads are told version 1." in page
    assert article.revisions.count() == 1
    assert "The changes are gone" in html(act(boss, article, "undo"))
    article.refresh_from_db()
    assert article.body == GARAGE


def test_what_cannot_be_published_is_saved_and_says_why(boss: Client) -> None:
    article = draft()
    data = form_of(article, valid_until="2020-01-01", body="New.")
    data["messaging_article_save_and_publish"] = "1"
    page = html(boss.post(page_of(article), data, follow=True))
    assert "Saved, but not published." in page
    article.refresh_from_db()
    assert (article.body, article.published) == ("New.", None)


def test_retire_bring_back_and_still_holds(boss: Client) -> None:
    article = said(valid_until=today())
    assert "Retired." in html(act(boss, article, "retire"))
    page = html(boss.get(page_of(article)))
    assert "No answer rests on it." in page
    assert "Still holds" not in page
    assert "Brought back." in html(act(boss, article, "bring-back"))
    assert "It is said until" in html(
        act(boss, article, "checked", valid_until="2031-01-31")
    )
    assert "That day lies in the past." in html(
        act(boss, article, "checked", valid_until="2020-01-31")
    )
    assert "That is no day." in html(act(boss, article, "checked", valid_until="x"))
    article.refresh_from_db()
    assert f"{article.published.valid_until}" == "2031-01-31"  # type: ignore[union-attr]
    assert act(boss, article, "explode").status_code == 404
    url = reverse("article_act", args=[article.public_id, "retire"])
    assert boss.get(url).status_code == 405


def test_what_was_ever_said_cannot_be_deleted_and_a_draft_can(boss: Client) -> None:
    article, other = said(), draft("Other?")
    url = reverse("admin:messaging_article_delete", args=[article.pk])
    assert boss.post(url, {"post": "yes"}).status_code == 403
    ticked = {
        "action": "delete_selected",
        "_selected_action": [article.pk],
        "post": "yes",
    }
    boss.post(LIST, ticked)
    assert Article.objects.filter(pk=article.pk).exists()
    url = reverse("admin:messaging_article_delete", args=[other.pk])
    boss.post(url, {"post": "yes"})
    assert not Article.objects.filter(pk=other.pk).exists()


# --- versions ----------------------------------------------------------------


def test_any_two_versions_are_compared_word_by_word(boss: Client) -> None:
    article = said()
    for body in ("One is $140 a month.", "One is $150 a month."):
        article.body = body
        publishing.save_draft(article=article)
        publishing.publish(article=article, user=None)
    url = reverse("article_versions", args=[article.public_id])
    page = html(boss.get(url))
    assert "<del>$140</del><ins>$150</ins>" in page
    assert page.count("Version ") == 3
    assert "said now" in page
    page = html(boss.get(url, {"from": "3", "to": "2"}))
    assert "<del>$150</del><ins>$140</ins>" in page
    article.body = "One is $160 <b>a</b> month."
    publishing.save_draft(article=article)
    page = html(boss.get(url))
    assert "$160" in page
    assert "<b>a</b>" not in page
    assert boss.get(url, {"from": "99", "to": "'"}).status_code == 200


def test_versions_of_a_draft_say_that_there_are_none(boss: Client) -> None:
    url = reverse("article_versions", args=[draft().public_id])
    assert "It was never published." in html(boss.get(url))


# --- try it ------------------------------------------------------------------


def test_a_tried_question_shows_what_is_found_and_how_surely(boss: Client) -> None:
    article = said()
    tried = {"q": "is there parking?", "article": str(article.pk)}
    page = html(boss.get("/admin/knowledge/try/", tried, **FRAGMENT))
    assert PARKING in page
    assert page_of(article) in page
    assert "this article" in page
    assert "%" in page
    page = html(boss.get("/admin/knowledge/try/", {"q": "xyzzy plugh"}, **FRAGMENT))
    assert "Nothing would be found" in page
    assert (
        boss.get("/admin/knowledge/try/", {"q": "", "article": "x"}).status_code == 200
    )


# --- bringing ----------------------------------------------------------------


def test_a_pasted_page_is_looked_at_mended_and_kept_as_drafts(boss: Client) -> None:
    went = boss.post(BRING, {"paste": "1", "name": "our FAQ", "page": PAGE})
    page = html(boss.get(went.url))
    assert "2 questions from “our FAQ”" in page
    assert 'value="Is there parking?"' in page
    assert not Article.objects.exists()
    chosen = {
        "take-0": "on",
        "title-0": "Where do I park?",
        "body-0": "In the garage.",
        "title-1": "Are dogs allowed?",
        "body-1": "Yes.",
        "language": "en",
        "then": "drafts",
    }
    assert boss.post(went.url, chosen).url == went.url
    assert "Bringing it in: 0 %" in html(boss.get(went.url))
    run_due()
    assert '<span class="ls-chip ls-chip--green">new</span>' in html(boss.get(went.url))
    article = Article.objects.get()
    assert (article.title, article.published) == ("Where do I park?", None)
    assert KnowledgeImport.objects.get().content == PAGE


def test_pairs_that_cannot_be_kept_say_so_and_stay_typed(boss: Client) -> None:
    went = boss.post(BRING, {"paste": "1", "page": PAGE})
    both = {"language": "en", "then": "publish"}
    assert "Tick at least one question." in html(boss.post(went.url, both))
    typed = {**both, "take-1": "on", "title-1": "My own words", "body-1": ""}
    page = html(boss.post(went.url, typed))
    assert "Number 2: An answer has" in page
    assert 'value="My own words"' in page
    assert not Article.objects.exists()


def test_a_page_without_questions_says_how_they_look(boss: Client) -> None:
    went = boss.post(BRING, {"paste": "1", "page": "Hello there."})
    page = html(boss.get(went.url))
    assert "No question was found" in page
    assert "Hello there." in page
    assert "This field is required" in html(boss.post(BRING, {"paste": "1"}))


def test_a_csv_file_shows_what_became_of_each_line(boss: Client) -> None:
    data = "question,answer\nOpen?,Daily.\n=1+1,<script>x</script>\n"
    file = SimpleUploadedFile("faq.csv", data.encode())
    posted = {"file": file, "language": "en", "then": "publish"}
    went = boss.post(BRING, posted)
    run_due()
    page = html(boss.get(went.url))
    assert "formula" in page
    assert "<script>x" not in page
    assert "Not taken" in page
    only = html(boss.get(went.url, {"state": "made"}))
    assert "Open?" in only
    assert "formula" not in only
    assert "faq.csv" in html(boss.get(BRING))
    assert Article.objects.get().published is not None


def test_a_file_that_is_too_large_or_no_text_is_refused(boss: Client) -> None:
    for data, why in (
        (b"x" * (5 * 1024 * 1024 + 1), "more than 5 MB"),
        (b"PK\x03\x04", "no CSV file"),
        (b"", "empty"),
    ):
        file = SimpleUploadedFile("faq.csv", data)
        page = boss.post(BRING, {"file": file, "language": "en", "then": "drafts"})
        assert why in html(page)
    assert not KnowledgeImport.objects.exists()


# --- who may -----------------------------------------------------------------


@pytest.mark.parametrize("role", ["rep", "read-only"])
def test_those_who_only_see_may_open_and_change_nothing(role: str) -> None:
    client, article = browser(role), said()
    version = reverse("article_versions", args=[article.public_id])
    for url in (LIST, page_of(article), version, "/admin/knowledge/try/?q=parking"):
        assert client.get(url).status_code == 200, url
    page = html(client.get(page_of(article)))
    for word in ("Save and publish", "Retire", "Bring in"):
        assert word not in page
    before = list(Article.objects.values())
    data = form_of(article, body="Free.", messaging_article_save_and_publish="1")
    assert client.post(page_of(article), data).status_code == 403
    assert client.post(LIST + "add/", form_of()).status_code == 403
    assert client.get(BRING).status_code == 403
    assert client.post(BRING, {"paste": "1", "page": PAGE}).status_code == 403
    for do in ("retire", "bring-back", "undo", "checked"):
        assert act(client, article, do).status_code == 403
    row = KnowledgeImport.objects.create(name="a", content=PAGE)
    brought = reverse("knowledge_brought", args=[row.public_id])
    assert client.get(brought).status_code == 403
    assert client.post(brought, {"take-0": "on"}).status_code == 403
    for name in ("publish_ticked", "retire_ticked"):
        client.post(LIST, {"action": name, "_selected_action": [article.pk]})
    assert list(Article.objects.values()) == before


@pytest.mark.parametrize(
    ("role", "seen"), [("rep", True), ("read-only", True), ("billing", False)]
)
def test_the_menu_leads_to_articles_and_offers(role: str, seen: bool) -> None:
    page = html(browser(role).get("/admin/"))
    assert (f'href="{LIST}"' in page) is seen
    assert ('href="/admin/messaging/offer/"' in page) is seen


def test_billing_sees_none_of_it_and_strangers_sign_in(client: Client) -> None:
    article, other = said(), browser("billing")
    version = reverse("article_versions", args=[article.public_id])
    for url in (LIST, page_of(article), version, BRING, "/admin/knowledge/try/"):
        assert other.get(url).status_code == 403, url
        assert client.get(url).status_code == 302, url


def test_one_who_may_add_and_not_change_keeps_drafts_only() -> None:
    user = rep("adder", person("rep").memberships.get().team)
    add = Permission.objects.get(codename="add_article")
    user.user_permissions.add(add)
    client = signed_in(user)
    went = client.post(BRING, {"paste": "1", "page": PAGE})
    assert "Publish at once" not in html(client.get(went.url))
    data = {"take-0": "1", "title-0": "A?", "body-0": "B.", "language": "en"}
    assert client.post(went.url, {**data, "then": "publish"}).status_code == 403
    new = form_of(messaging_article_save_and_publish="1")
    client.post(LIST + "add/", new)
    assert Article.objects.get().published is None


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_managers_and_admins_do_all_of_it(role: str) -> None:
    client = browser(role)
    new = form_of(messaging_article_save_and_publish="1")
    client.post(LIST + "add/", new)
    article = Article.objects.get()
    assert article.published is not None
    assert act(client, article, "retire").status_code == 200
    assert client.get(BRING).status_code == 200
