"""The page of one lead: what it shows, and what a person does there."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, consent, qualification, scoring
from leads.models import (
    Company,
    Deal,
    Event,
    Fact,
    Lead,
    ScoreChange,
    ScoreLine,
    Stage,
    Task,
)
from leads.scoring import Signal
from leads.tests.saying import Read
from messaging.models import Attachment, Conversation, Message
from messaging.tests.inbox_world import (
    FRAGMENT,
    draft,
    office,
    said,
    signed_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    there = office()
    Lead.objects.filter(pk=there.lead.pk).update(
        company=Company.objects.create(name="Acme"), role="Buyer"
    )
    there.lead.refresh_from_db()
    qualification.learn(
        lead=there.lead,
        readings=[
            Read("budget", "20k", "budget is 20k"),
            Read("quantity", "40 seats", "about 40 seats"),
        ],
        message=there.first.public_id,
        at=there.first.occurred_at,
        actor="builtin",
    )
    scoring.update_score(
        lead=there.lead,
        signals=[
            Signal(
                "asked_for_call",
                "can you call",
                there.first.public_id,
                there.first.occurred_at,
            )
        ],
        cause="the lead wrote",
        actor="builtin",
        at=clock.now(),
    )
    there.lead.refresh_from_db()
    there.client = signed_in(there.ana)
    return there


def url(name: str, at: SimpleNamespace, *more: Any) -> str:
    return reverse(name, args=[at.lead.public_id, *more])


def page(at: SimpleNamespace, query: str = "") -> str:
    answer = at.client.get(url("lead_page", at) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(at: SimpleNamespace, name: str, *more: Any, **data: Any) -> dict[str, Any]:
    answer = at.client.post(url(name, at, *more), data, **FRAGMENT)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def shown_points(html: str) -> list[int]:
    cells = re.findall(r'<tr><td class="ls-num[^"]*">([+−]\d+)</td>', html)
    return [int(cell.replace("−", "-")) for cell in cells]


def test_the_head_says_who_it_is_and_where_it_stands(at: SimpleNamespace) -> None:
    html = page(at)
    for words in ("Dana Reyes", "Acme · Buyer", "Needs you", "<b>75</b>", "Take over"):
        assert words in html, words
    assert '<option value="new" selected>' in html


def test_the_lines_of_the_score_add_up_to_the_number(at: SimpleNamespace) -> None:
    html = page(at)
    points = shown_points(html)
    assert points == [30, 25, 20]
    assert f"= {sum(points)}</b>" in html
    assert f"<b>{sum(points)}</b>" in html


def test_they_add_up_as_well_when_the_score_is_at_its_limit(
    at: SimpleNamespace,
) -> None:
    ScoreLine.objects.filter(key="asked_for_call").update(points=90)
    html = page(at)
    assert sum(shown_points(html)) == 100
    assert "= 100</b>" in html
    assert "limit of 100" in html


def test_a_faded_line_counts_what_it_counts_now_everywhere(
    at: SimpleNamespace,
) -> None:
    with clock.shifted(timedelta(days=60)):
        html = page(at)
    assert sum(shown_points(html)) == 60
    assert html.count("<b>60</b>") == 2  # the head and the column
    assert "= 60</b>" in html


def test_a_line_shows_its_words_and_leads_to_its_message(at: SimpleNamespace) -> None:
    html = page(at)
    assert f'data-message="m-{at.first.public_id}"' in html
    assert f"?at={at.first.public_id}" in html
    assert "“budget is 20k”" in html


def test_a_line_without_words_says_rule(at: SimpleNamespace) -> None:
    ScoreLine.objects.filter(key="asked_for_call").update(quote="", message=None)
    assert '<td class="ld-lines__when">rule</td>' in page(at)


def test_the_last_14_days_are_a_line_with_words(at: SimpleNamespace) -> None:
    html = page(at)
    points = re.search(r'<polyline points="([^"]+)"', html)
    assert points is not None
    assert len(points[1].split()) == 14
    assert "Score over 14 days: from 0 to 75" in html


def test_not_true_moves_the_score_at_once_and_undo_brings_it_back(
    at: SimpleNamespace,
) -> None:
    line = ScoreLine.objects.get(key="budget")
    answer = post(at, "lead_line_strike", line.public_id)
    assert answer["toast"] == "Not true. Score 75 → 50 (−25)"
    assert "= 50</b>" in page(at)
    assert at.client.post(answer["undo"], **FRAGMENT).json()["toast"] == (
        "True again. Score 50 → 75 (+25)"
    )
    assert "= 75</b>" in page(at)


def test_a_fact_that_is_not_true_takes_its_points_along(at: SimpleNamespace) -> None:
    fact = Fact.objects.get(field="budget")
    answer = post(at, "lead_fact_strike", fact.public_id)
    assert "(−25)" in answer["toast"]
    assert ">20k<" not in page(at)
    at.client.post(answer["undo"], **FRAGMENT)
    assert ">20k<" in page(at)


def test_the_difference_is_counted_from_what_the_page_showed(
    at: SimpleNamespace,
) -> None:
    line = ScoreLine.objects.get(key="budget")
    with clock.shifted(timedelta(days=60)):
        answer = post(at, "lead_line_strike", line.public_id)
    assert answer["toast"] == "Not true. Score 60 → 35 (−25)"


def test_a_persons_value_is_locked_and_shown_so(at: SimpleNamespace) -> None:
    answer = post(at, "lead_fact_set", "budget", value="30k")
    assert answer["toast"].startswith("Yours now.")
    assert Fact.objects.get(field="budget", replaced_at=None).locked
    assert "yours, the AI keeps it" in page(at)


def test_an_empty_value_is_refused_in_words(at: SimpleNamespace) -> None:
    there = url("lead_fact_set", at, "budget")
    answer = at.client.post(there, {"value": " "}, **FRAGMENT)
    assert answer.status_code == 422
    assert "error" in answer.json()


def test_messages_are_bubbles_and_changes_between_them_are_folded(
    at: SimpleNamespace,
) -> None:
    html = page(at)
    assert f'id="m-{at.first.public_id}"' in html
    assert "ls-bubble--lead" in html
    folded = re.search(r"(\d+) changes today</span>", html)
    assert folded is not None
    inside = re.search(r'<details class="ld-fold".*?</details>', html, re.S)
    assert inside is not None
    assert inside[0].count('<li class="ls-system">') == int(folded[1])


@pytest.mark.parametrize(
    ("show", "there", "away"),
    [
        ("messages", "about 40 seats", "Voicemail"),
        ("calls", "Voicemail", "ls-bubble--lead"),
        ("changes", "Learned Budget: 20k", "ls-bubble--lead"),
        ("score", "→ 75", "ls-bubble--lead"),
    ],
)
def test_the_timeline_is_filtered(
    show: str, there: str, away: str, at: SimpleNamespace
) -> None:
    post(at, "lead_call", outcome="no_answer", note="Voicemail full")
    answer = at.client.get(url("lead_update", at), {"show": show}, **FRAGMENT)
    items = answer.content.decode().split('data-part="items"')[1].split("</ol>")[0]
    assert there in items
    assert away not in items


def test_what_is_older_comes_in_pages_and_an_old_message_can_be_asked_for(
    at: SimpleNamespace,
) -> None:
    for number in range(70):
        said(at.talk, f"word {number}", minutes_ago=4 - number / 100)
    html = page(at)
    assert "about 40 seats, " not in html.split('id="ld-items"')[1].split("</ol>")[0]
    link = re.search(r'data-earlier href="([^"]+)"', html)
    assert link is not None
    older = at.client.get(link[1].replace("&amp;", "&"), **FRAGMENT).content.decode()
    assert f'id="m-{at.first.public_id}"' in older
    assert "data-earlier" not in older
    assert f'id="m-{at.first.public_id}"' in page(at, f"?at={at.first.public_id}")


def test_a_draft_waits_dashed_and_an_outdated_one_is_not_told(
    at: SimpleNamespace,
) -> None:
    draft(at.talk, "We have 40 seats")
    draft(at.talk, "An old idea", state="cancelled", details={"stale": True})
    html = page(at)
    assert "is-unsent" in html
    assert "We have 40 seats" in html
    assert "An old idea" not in html


def test_consent_is_said_for_each_address(at: SimpleNamespace) -> None:
    consent.suppress(
        contact_point=at.point,
        channel="sms",
        reason="stop",
        words="STOP <b>",
        actor="lead",
        at=clock.now(),
    )
    html = page(at, "?tab=more")
    assert "+14155550123" in html
    assert "asked to stop" in html
    assert "STOP &lt;b&gt;" in html


def test_deals_tasks_and_source_are_there_or_said_to_be_missing(
    at: SimpleNamespace,
) -> None:
    html = page(at)
    for words in ("No deal yet.", "Nothing to do.", "not known"):
        assert words in html, words
    Deal.objects.create(lead=at.lead, title="40 seats", amount=800_000)
    Task.objects.create(lead=at.lead, team=at.team, title="Send the offer")
    html = page(at)
    assert "$8,000.00" in html
    assert "Send the offer" in html


def test_a_lead_of_whom_nothing_is_known_says_what_the_ai_will_ask(
    at: SimpleNamespace,
) -> None:
    Fact.objects.all().delete()
    ScoreLine.objects.all().delete()
    html = page(at)
    assert "Nothing known yet. The AI will ask about" in html
    assert "Nothing counts yet" in html


def test_a_lead_without_a_talk_has_a_page_that_changes_nothing(
    at: SimpleNamespace,
) -> None:
    Conversation.objects.all().delete()
    Event.objects.all().delete()
    ScoreChange.objects.all().delete()
    html = page(at)
    assert "Nothing said yet." in html
    assert not Conversation.objects.exists()
    there = post(at, "lead_write")["open"]
    assert at.client.get(there).status_code == 200


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        ({"simulated": True}, "Simulated"),
        ({"demo": True}, "Demo"),
        ({"simulated": True, "demo": True}, "Demo"),
    ],
)
def test_a_simulated_or_demo_lead_wears_one_tag(
    kind: dict[str, bool], tag: str, at: SimpleNamespace
) -> None:
    Lead.objects.filter(pk=at.lead.pk).update(**kind)
    assert re.findall(r'<span class="ls-tag">(\w+)</span>', page(at)) == [tag]


def test_files_have_a_tab_only_when_there_are_some(at: SimpleNamespace) -> None:
    assert "?tab=files" not in page(at)
    Attachment.objects.create(
        message=at.first, content_type="image/png", state="stored", name="plan.png"
    )
    assert "?tab=files" in page(at)
    assert "plan.png" in page(at, "?tab=files")


def test_history_tells_everything_with_who_did_it(at: SimpleNamespace) -> None:
    post(at, "lead_stage", stage="qualified", seen="new")
    html = page(at, "?tab=history")
    assert "Stage → Qualified" in html
    assert "<td>Ana</td>" in html
    assert "✦ Built-in" in html


def test_the_stage_moves_and_undo_moves_it_back(at: SimpleNamespace) -> None:
    answer = post(at, "lead_stage", stage="qualified", seen="new")
    assert answer["toast"] == "Stage → Qualified"
    at.client.post(answer["undo"], **FRAGMENT)
    at.lead.refresh_from_db()
    assert at.lead.stage.key == "new"


def test_a_stage_that_a_colleague_moved_is_not_overwritten(
    at: SimpleNamespace,
) -> None:
    Lead.objects.filter(pk=at.lead.pk).update(stage=Stage.objects.get(key="won"))
    there = url("lead_stage", at)
    answer = at.client.post(there, {"stage": "lost", "seen": "new"}, **FRAGMENT)
    assert answer.status_code == 409
    assert answer.json()["error"] == "Somebody moved it to Won meanwhile"
    at.lead.refresh_from_db()
    assert at.lead.stage.key == "won"


def test_the_owner_changes_and_undo_gives_it_back(at: SimpleNamespace) -> None:
    seen = str(at.ana.pk)
    answer = post(at, "lead_owner", owner=str(at.ben.pk), seen=seen)
    assert answer["toast"] == "Owner → Ben"
    at.lead.refresh_from_db()
    assert at.lead.owner == at.ben
    at.client.post(answer["undo"], **FRAGMENT)
    at.lead.refresh_from_db()
    assert at.lead.owner == at.ana


@pytest.mark.parametrize("owner", ["99999", "x", "1 OR 1=1", "٣", "9" * 40])
def test_a_strange_owner_is_refused(owner: str, at: SimpleNamespace) -> None:
    data = {"owner": owner, "seen": str(at.ana.pk)}
    answer = at.client.post(url("lead_owner", at), data, **FRAGMENT)
    assert answer.status_code == 409
    at.lead.refresh_from_db()
    assert at.lead.owner == at.ana


def test_a_person_of_another_team_is_no_owner(at: SimpleNamespace) -> None:
    data = {"owner": str(at.cleo.pk), "seen": str(at.ana.pk)}
    answer = at.client.post(url("lead_owner", at), data, **FRAGMENT)
    assert answer.status_code == 409
    assert "does not work in the lead's team" in answer.json()["error"]


def test_a_note_and_a_call_join_the_timeline(at: SimpleNamespace) -> None:
    post(at, "lead_note", body="Knows us from the fair")
    post(at, "lead_call", outcome="reached", minutes="4", note="Wants an offer")
    html = page(at)
    assert "Knows us from the fair" in html
    assert "Call: reached, 4 min" in html
    call = Message.objects.get(kind="call")
    assert call.details == {"outcome": "reached", "minutes": 4}


def test_a_task_is_noted_done_and_opened_again(at: SimpleNamespace) -> None:
    post(at, "lead_task", title="Send it", kind="other", due_at="2026-03-03T09:00")
    task = Task.objects.get()
    assert (task.assignee, task.title) == (at.ana, "Send it")
    answer = post(at, "lead_task_done", task.public_id)
    task.refresh_from_db()
    assert task.done_at is not None
    at.client.post(answer["undo"], **FRAGMENT)
    task.refresh_from_db()
    assert task.done_at is None


def test_a_decision_is_not_closed_by_done(at: SimpleNamespace) -> None:
    task = Task.objects.create(
        lead=at.lead, team=at.team, title="Unsure", kind="draft", subject=at.talk.public_id
    )  # fmt: skip
    there = url("lead_task_done", at, task.public_id)
    answer = at.client.post(there, **FRAGMENT)
    assert answer.status_code == 409
    assert "review queue" in answer.json()["error"]
    assert ">Decide</a>" in page(at)


def test_a_plain_form_without_script_comes_back_to_the_page(
    at: SimpleNamespace,
) -> None:
    answer = at.client.post(url("lead_note", at), {"body": "Hello"})
    assert (answer.status_code, answer["Location"]) == (302, url("lead_page", at))


def test_names_and_words_of_leads_are_never_markup(at: SimpleNamespace) -> None:
    Lead.objects.filter(pk=at.lead.pk).update(name="<script>alert(1)</script>")
    said(at.talk, "<img src=x onerror=alert(1)>")
    for tab in ("", "?tab=details", "?tab=history", "?tab=more"):
        html = page(at, tab)
        assert "<script>alert" not in html
        assert "<img src=x" not in html


def test_a_new_lead_is_entered_with_its_consent(at: SimpleNamespace) -> None:
    there = reverse("lead_new")
    assert "A phone number or a mail address is needed." in (
        at.client.get(there).content.decode()
    )
    empty = at.client.post(there, {"name": "Sam"})
    assert "Not saved" in empty.content.decode()
    answer = at.client.post(
        there,
        {
            "name": "Sam Ito",
            "phone": "(415) 555-0177",
            "consent_basis": "verbal",
            "consent_wording": "Agreed on the phone",
        },
    )
    lead = Lead.objects.get(name="Sam Ito")
    assert answer["Location"] == reverse("lead_page", args=[lead.public_id])
    assert lead.team == at.team


def test_entering_an_address_of_another_team_tells_nothing_of_its_lead(
    at: SimpleNamespace,
) -> None:
    client = signed_in(at.cleo)
    answer = client.post(reverse("lead_new"), {"phone": "+14155550123"})
    assert "belongs to a lead of another team" in answer.content.decode()
    assert "Dana" not in answer.content.decode()
