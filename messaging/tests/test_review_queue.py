"""What waits in the review queue, in which order, and what its cards say."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse

from leads import clock, pipeline
from leads.models import Lead, Task
from leads.tests.factories import FactFactory
from messaging import numbers
from messaging.models import Message
from messaging.review import queue
from messaging.tests.inbox_world import FRAGMENT, office, said, signed_in
from messaging.tests.review_world import queue_world, waiting_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    return queue_world()


def groups(at: SimpleNamespace) -> list[str]:
    return [row.group for row in queue.rows_of(at.ana)]


def card(at: SimpleNamespace, key: object) -> str:
    there = reverse("review_item", args=[key])
    answer = signed_in(at.ana).get(there, **FRAGMENT)
    assert answer.status_code == 200
    return answer.content.decode()


def test_one_decision_of_each_kind_is_there_and_counted(at: SimpleNamespace) -> None:
    rows = queue.rows_of(at.ana)
    assert queue.counts_of(rows) == {
        "all": 5,
        "drafts": 1,
        "sent": 1,
        "hand_offs": 1,
        "opt_out": 1,
        "who": 1,
    }
    assert numbers.to_review(user=at.ana) == len(rows) == 5


def test_the_page_shows_tabs_rows_and_the_first_card(at: SimpleNamespace) -> None:
    html = signed_in(at.ana).get(reverse("review")).content.decode()
    for words in ("Drafts", "Was it sent?", "Hand-offs", "Opt-out?", "Who wrote?"):
        assert words in html, words
    assert f'data-item="{at.draft.public_id}"' in html
    assert "Asked for a person" in html


def test_hot_leads_come_first_then_who_waits_longest(at: SimpleNamespace) -> None:
    early = waiting_draft(at, name="Early", number="+14155550201", score=75)
    hour = clock.now() - timedelta(hours=1)
    Message.objects.filter(pk=early.pk).update(created_at=hour)
    assert [row.name for row in queue.rows_of(at.ana)][:2] == ["Early", "Dana Reyes"]
    Lead.objects.filter(name="Early").update(score=10)
    assert [row.name for row in queue.rows_of(at.ana)][:2] == ["Dana Reyes", "Early"]
    oldest = queue.rows_of(at.ana, order="oldest")
    assert oldest[0].name == "Early"
    assert [row.since for row in oldest] == sorted(row.since for row in oldest)


def test_each_tab_shows_its_own(at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    for tab, key in (
        ("drafts", at.draft.public_id),
        ("sent", at.sent.public_id),
        ("hand_offs", at.hand_off.public_id),
        ("opt_out", at.stop.public_id),
        ("who", at.who.public_id),
    ):
        html = client.get(reverse("review_rows"), {"tab": tab}, **FRAGMENT).content
        assert html.count(b'id="rv-') == 1
        assert f'id="rv-{key}"'.encode() in html


def test_a_draft_without_a_task_is_not_forgotten(at: SimpleNamespace) -> None:
    Task.objects.filter(kind="draft").delete()
    assert "drafts" in groups(at)


def test_a_draft_that_a_manager_was_asked_about_stays_one_row(
    at: SimpleNamespace,
) -> None:
    signed_in(at.ana).post(
        reverse("inbox_draft_ask", args=[at.talk.public_id, at.draft.public_id]),
        **FRAGMENT,
    )
    assert groups(at).count("drafts") == 1
    assert "A manager was asked" in card(at, at.draft.public_id)


def test_what_is_settled_elsewhere_leaves_the_queue(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.unknown.pk).update(state="delivered")
    Message.objects.filter(pk=at.draft.pk).update(state="cancelled")
    at.unclear.lead = at.ada
    at.unclear.save()
    assert sorted(groups(at)) == ["hand_offs", "opt_out"]
    assert numbers.to_review(user=at.ana) == 2


def test_a_task_for_later_waits_until_it_is_due(at: SimpleNamespace) -> None:
    later = clock.now() + timedelta(days=1)
    pipeline.open_task(
        team=at.team, lead=at.lead, kind="call", title="Call", due_at=later
    )
    assert groups(at).count("hand_offs") == 1
    with clock.shifted(timedelta(days=2)):
        assert groups(at).count("hand_offs") == 2


def test_the_card_of_a_draft_marks_the_offending_words_and_the_sources(
    at: SimpleNamespace,
) -> None:
    FactFactory(lead=at.lead, message=at.first.public_id)
    html = card(at, at.draft.public_id)
    assert '<mark class="rv-bad"' in html
    assert 'data-says="“10% off” is in no offer">10% off' in html
    assert f'data-message="m-{at.first.public_id}">20k' in html
    assert "Take it out, or stand by it yourself before Dana Reyes reads it." in html


def test_the_card_shows_the_last_three_messages(at: SimpleNamespace) -> None:
    for number in range(5):
        said(at.talk, f"line {number}", minutes_ago=4 - number / 10)
    html = card(at, at.draft.public_id)
    assert [f"line {n}" in html for n in range(5)] == [False, False, True, True, True]


def test_the_card_of_an_unclear_sending_says_what_we_asked_and_when(
    at: SimpleNamespace,
) -> None:
    html = card(at, at.sent.public_id)
    for words in (
        "a text to +14155550178",
        "We are.",
        "The carrier never answered; it lists no message like it",
        "It was sent",
        "Send again",
    ):
        assert words in html, words


def test_the_cards_of_questions_offer_their_answers(at: SimpleNamespace) -> None:
    stop, who = card(at, at.stop.public_id), card(at, at.who.public_id)
    assert "Yes, stop" in stop
    assert "No, go on" in stop
    assert "Ada Bell" in who
    assert "Tom Bell" in who
    assert "Take over" in card(at, at.hand_off.public_id)


def test_a_card_that_was_decided_says_what_became_of_it(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.draft.pk).update(
        state="cancelled", reason="Dana Reyes wrote again", details={"stale": True}
    )
    html = card(at, at.draft.public_id)
    assert "Dana Reyes wrote again, a new draft is coming" in html
    assert "data-approve" not in html


def test_an_empty_queue_says_so(at: SimpleNamespace) -> None:
    Task.objects.all().delete()
    Message.objects.drafts().delete()
    html = signed_in(at.ana).get(reverse("review")).content.decode()
    assert "Nothing waits for a person." in html


def test_an_empty_tab_leads_to_all(at: SimpleNamespace) -> None:
    Message.objects.drafts().delete()
    html = signed_in(at.ana).get(reverse("review") + "?tab=drafts").content.decode()
    assert "Show all 4" in html


def test_rubbish_in_the_address_is_the_plain_queue(at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    for query in ("?tab=x&order=y", "?tab=%00", "?tab=drafts'--"):
        assert client.get(reverse("review") + query).status_code == 200


def test_a_quiet_office_has_nothing_to_review() -> None:
    there = office()
    assert numbers.to_review(user=there.ana) == 0
