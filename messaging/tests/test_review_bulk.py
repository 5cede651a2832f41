"""Several drafts at once: nothing is approved unseen."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, policy
from leads.work import run_due
from messaging.models import Message
from messaging.review import decisions
from messaging.tests.inbox_world import rep, said, signed_in
from messaging.tests.review_world import queue_world, waiting_draft
from messaging.tests.talk import FakeCarrier

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(carrier: type[FakeCarrier]) -> SimpleNamespace:
    policy.change(actor="system", quiet_hours=False)
    there = queue_world()
    long = "A long answer. " * 60 + "The very end."
    there.one = waiting_draft(there, name="Mira", number="+14155550211", body=long)
    there.two = waiting_draft(there, name="Jonas", number="+14155550212")
    there.client = signed_in(there.ana)
    return there


def approve(at: SimpleNamespace, *drafts: Message, **marks: str) -> Any:
    data: dict[str, Any] = {"item": [str(d.public_id) for d in drafts]}
    for draft in drafts:
        data[f"mark-{draft.public_id}"] = decisions.digest(draft)
    return at.client.post(reverse("review_bulk_approve"), {**data, **marks})


def state(draft: Message) -> str:
    return Message.objects.get(pk=draft.pk).state


def test_the_page_shows_every_text_whole(at: SimpleNamespace) -> None:
    ids = [at.one.public_id, at.two.public_id, at.draft.public_id]
    html = at.client.get(reverse("review_bulk"), {"item": ids}).content.decode()
    assert "The very end." in html
    assert "An answer for Jonas" in html
    assert html.count('name="mark-') == 3


def test_a_draft_with_blocked_words_is_not_ticked(at: SimpleNamespace) -> None:
    ids = [at.two.public_id, at.draft.public_id]
    html = at.client.get(reverse("review_bulk"), {"item": ids}).content.decode()
    assert f'value="{at.two.public_id}" checked' in html
    assert f'value="{at.draft.public_id}" checked' not in html
    assert "“10% off” is in no offer" in html


def test_what_was_read_is_approved_and_leaves_after_the_undo_seconds(
    at: SimpleNamespace,
) -> None:
    html = approve(at, at.one, at.two).content.decode()
    assert "2 approved" in html
    assert reverse("review_take_back", args=[at.one.public_id]) in html
    run_due()
    assert FakeCarrier.accepted == []
    with clock.shifted(timedelta(seconds=6)):
        run_due()
    assert len(FakeCarrier.accepted) == 2


def test_words_that_changed_since_are_not_approved(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.one.pk).update(body="Something else")
    html = approve(at, at.one, at.two).content.decode()
    assert "1 approved, 1 not" in html
    assert "Its words changed: read them first" in html
    assert (state(at.one), state(at.two)) == ("draft", "queued")


def test_without_the_mark_of_the_page_nothing_is_approved(at: SimpleNamespace) -> None:
    data = {"item": [str(at.one.public_id)]}
    at.client.post(reverse("review_bulk_approve"), data)
    assert state(at.one) == "draft"


def test_a_stale_one_is_refused_in_words_and_the_others_go(at: SimpleNamespace) -> None:
    said(at.one.conversation, "Wait, one more thing")
    html = approve(at, at.one, at.two).content.decode()
    assert "not sent: The lead wrote again" in html
    assert (state(at.one), state(at.two)) == ("draft", "queued")


def test_one_that_was_decided_meanwhile_says_by_whom(at: SimpleNamespace) -> None:
    decisions.discard(draft=at.one, user=at.ben)
    html = approve(at, at.one, at.two).content.decode()
    assert "discarded by Ben" in html
    page = at.client.get(reverse("review_bulk"), {"item": [at.one.public_id]})
    assert "None of them waits any more." in page.content.decode()


def test_a_stranger_reads_and_approves_nothing(at: SimpleNamespace) -> None:
    at.client = signed_in(at.cleo)
    page = at.client.get(reverse("review_bulk"), {"item": [at.one.public_id]})
    assert b"Mira" not in page.content
    html = approve(at, at.one).content.decode()
    assert "Mira" not in html
    assert "There is no such draft" in html
    assert state(at.one) == "draft"


def test_a_reader_reads_and_approves_nothing(at: SimpleNamespace) -> None:
    at.client = signed_in(rep("rita", at.team, role="read-only"))
    page = at.client.get(reverse("review_bulk"), {"item": [at.one.public_id]})
    assert b"Approve" not in page.content
    assert approve(at, at.one).status_code == 403
    assert state(at.one) == "draft"


@pytest.mark.parametrize("items", [[], ["x"], ["'; drop table"], [""] * 500])
def test_rubbish_goes_back_to_the_queue(items: list[str], at: SimpleNamespace) -> None:
    page = at.client.get(reverse("review_bulk"), {"item": items})
    assert (page.status_code, page["Location"]) == (302, reverse("review"))
    answer = at.client.post(reverse("review_bulk_approve"), {"item": items})
    assert answer.status_code in (200, 302)
