"""Held words of a draft: shown, taken out, asked about, and who may let them leave."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from leads.models import Event, Task
from messaging import drafts, held, pieces, removing
from messaging.models import Message, Offer
from messaging.queueing import Refused
from messaging.review import decisions
from messaging.tests.inbox_world import FRAGMENT, rep, said, signed_in
from messaging.tests.proof_world import (
    BODY,
    HELD,
    PRICE,
    TRIAL,
    manager_may,
    proof_world,
    stored,
)

pytestmark = pytest.mark.django_db
LEFT = f"{PRICE} {TRIAL}"


@pytest.fixture
def at() -> SimpleNamespace:
    return proof_world()


def post(at: SimpleNamespace, user: User, name: str, **data: str) -> Any:
    there = reverse(name, args=[at.talk.public_id, at.draft.public_id])
    return signed_in(user).post(there, data, **FRAGMENT)


def card(at: SimpleNamespace, user: User) -> str:
    there = reverse("inbox_update", args=[at.talk.public_id])
    return signed_in(user).get(there, **FRAGMENT).content.decode()


# --- shown -------------------------------------------------------------------


def test_held_words_are_named_under_the_draft_and_marked_in_it(
    at: SimpleNamespace,
) -> None:
    queue = reverse("review_item", args=[at.draft.public_id])
    review = signed_in(at.ana).get(queue, **FRAGMENT).content.decode()
    for html in (card(at, at.ana), review):
        assert "&#x27;10% off&#x27; is in no offer" in html
        mark = html.split('<mark class="rv-bad"')[1]
        assert mark.split(">")[1].startswith("10% off")
        assert "Remove</button>" in html
        assert "Ask manager</button>" in html
        assert "Sure: 82 % for price questions (41 of 50)" in html


def test_sourced_sentences_of_a_draft_show_title_and_quote(at: SimpleNamespace) -> None:
    found = pieces.pieces_of(at.draft, at.lead)
    assert [(one.text, one.tone) for one in found] == [
        (PRICE, "source"),
        (" You get ", "plain"),
        ("10% off", "bad"),
        (". ", "plain"),
        (TRIAL, "source"),
    ]
    assert found[0].says == "Team: “Price: 29.00 USD per seat and month”"


def test_every_place_of_held_words_is_marked() -> None:
    at = proof_world(body="10% off today, and 10% off tomorrow.")
    tones = [one.tone for one in pieces.pieces_of(at.draft, at.lead)]
    assert tones.count("bad") == 2


def test_a_reader_sees_the_held_words_and_no_button() -> None:
    at = proof_world()
    html = card(at, rep("rita", at.team, role="read-only"))
    assert "is in no offer" in html
    assert "Remove</button>" not in html
    assert "Ask manager" not in html


# --- taken out ---------------------------------------------------------------


def test_remove_cuts_the_sentence_and_the_reason_shrinks(at: SimpleNamespace) -> None:
    answer = post(at, at.ana, "inbox_draft_remove", words="10% off")
    assert answer.status_code == 200, answer.content
    draft = stored(at.draft)
    assert (draft.state, draft.body, draft.proposed_body) == ("draft", LEFT, BODY)
    assert "10% off" not in draft.reason
    assert all(one["words"] != "10% off" for one in draft.details["findings"])
    task = Task.objects.get(kind="draft")
    assert (task.done_at, task.reason) == (None, draft.reason)


def test_undo_puts_the_sentence_back_as_it_was(at: SimpleNamespace) -> None:
    before = stored(at.draft)
    undo = post(at, at.ana, "inbox_draft_remove", words="10% off").json()["undo"]
    back = signed_in(at.ben).post(undo, **FRAGMENT)
    assert back.json()["toast"] == "It is back"
    after = stored(at.draft)
    assert (after.body, after.proposed_body) == (BODY, "")
    assert (after.details, after.reason) == (before.details, before.reason)
    assert post(at, at.ana, "inbox_draft_back").status_code == 409


def test_a_draft_with_words_taken_out_counts_as_edited(at: SimpleNamespace) -> None:
    post(at, at.ana, "inbox_draft_remove", words="10% off")
    left = stored(at.draft)
    kept = [one for one in held.held_in(left) if one.kind in held.BINDING]
    assert kept == []
    assert post(at, at.ana, "inbox_draft_approve", confirmed="1").status_code == 200
    sent = stored(at.draft)
    assert (sent.state, sent.body, sent.proposed_body) == ("queued", LEFT, BODY)
    assert sent.details["decision"] == "edited"


def test_an_approval_taken_back_leaves_the_words_out(at: SimpleNamespace) -> None:
    post(at, at.ana, "inbox_draft_remove", words="10% off")
    message = decisions.approve(draft=stored(at.draft), user=at.ana, confirmed=True)
    decisions.take_back(message=message, user=at.ana)
    again = stored(at.draft)
    assert (again.state, again.body, again.proposed_body) == ("draft", LEFT, BODY)
    post(at, at.ana, "inbox_draft_back")
    assert stored(at.draft).body == BODY


@pytest.mark.django_db(transaction=True)
def test_what_is_left_is_checked_outside_a_transaction_and_kept_only_if_it_still_fits(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = removing.findings_left

    def while_somebody_edits(draft: Message, body: str) -> Any:
        assert not connection.in_atomic_block, "an embedding may be asked for"
        Message.objects.filter(pk=draft.pk).update(body="Other words.")
        return check(draft, body)

    monkeypatch.setattr(removing, "findings_left", while_somebody_edits)
    with pytest.raises(drafts.StaleDraft, match="meanwhile"):
        removing.remove_words(draft=at.draft, user=at.ana, words=HELD["words"])
    assert stored(at.draft).body == "Other words."


def test_words_that_are_not_held_are_not_cut(at: SimpleNamespace) -> None:
    for words in ("29 USD", "20% off"):
        answer = post(at, at.ana, "inbox_draft_remove", words=words)
        assert answer.status_code == 409
    assert post(at, at.ana, "inbox_draft_remove").status_code == 422
    assert stored(at.draft).body == BODY


def test_the_last_sentence_is_not_cut_but_discarded() -> None:
    at = proof_world(body="You get 10% off.")
    answer = post(at, at.ana, "inbox_draft_remove", words="10% off")
    assert "Nothing would be left" in answer.json()["error"]
    assert stored(at.draft).body == "You get 10% off."


def test_nothing_is_cut_from_a_draft_that_the_lead_outdated(
    at: SimpleNamespace,
) -> None:
    said(at.talk, "Make that 60 seats")
    answer = post(at, at.ana, "inbox_draft_remove", words="10% off")
    assert answer.json()["error"] == "The lead wrote again"
    assert stored(at.draft).body == BODY


def test_a_draft_of_no_turn_keeps_what_still_stands_in_it(at: SimpleNamespace) -> None:
    more = {"kind": "number", "words": "14 days", "reason": "nobody published it"}
    details = {"findings": [HELD, more]}
    type(at.draft).objects.filter(pk=at.draft.pk).update(turn=None, details=details)
    post(at, at.ana, "inbox_draft_remove", words="10% off")
    draft = stored(at.draft)
    assert draft.details["findings"] == [more]
    assert draft.reason == "“14 days” nobody published it"


def test_what_was_done_is_told_without_the_words(at: SimpleNamespace) -> None:
    post(at, at.ana, "inbox_draft_remove", words="10% off")
    event = Event.objects.get(kind="draft.words_removed")
    assert event.actor == f"user:{at.ana.pk}"
    assert event.payload == {"message": str(at.draft.public_id)}


# --- who may -----------------------------------------------------------------


def test_a_rep_may_not_send_a_discount_that_no_offer_holds(at: SimpleNamespace) -> None:
    for user in (at.ana, at.mia):
        answer = post(at, user, "inbox_draft_approve", confirmed="1")
        assert answer.status_code == 409
        assert "'10% off' is in no offer" in answer.json()["error"]
        assert "confirm" not in answer.json()
    assert stored(at.draft).state == "draft"


def test_who_the_offer_names_confirms_once_and_sends(at: SimpleNamespace) -> None:
    manager_may(at.offer)
    asked = post(at, at.mia, "inbox_draft_approve")
    assert asked.status_code == 409
    assert asked.json() == {"error": "Held: “10% off”", "confirm": "1"}
    assert stored(at.draft).state == "draft"
    sent = post(at, at.mia, "inbox_draft_approve", confirmed="1")
    assert sent.status_code == 200
    assert stored(at.draft).details["decision"] == "as_written"


@pytest.mark.parametrize("name", ["root", "ada"])
def test_owner_and_admin_may_whatever_the_offer_says(
    name: str, at: SimpleNamespace
) -> None:
    user = (
        User.objects.create_superuser(name)
        if name == "root"
        else rep(name, at.team, role="admin")
    )
    answer = post(at, user, "inbox_draft_approve", confirmed="1")
    assert answer.status_code == 200


def test_every_offer_that_is_cited_has_to_name_the_person(at: SimpleNamespace) -> None:
    other = Offer.objects.create(name="Enterprise")
    manager_may(at.offer)
    at.turn.sources.append(f"offer.{other.pk}")
    at.turn.save()
    assert not held.who_may(stored(at.draft)).filter(pk=at.mia.pk).exists()
    manager_may(other)
    assert held.who_may(stored(at.draft)).filter(pk=at.mia.pk).exists()


def test_without_an_offer_managers_may(at: SimpleNamespace) -> None:
    at.turn.sources, at.turn.claims = [], []
    at.turn.save()
    Offer.objects.all().delete()
    assert list(held.who_may(stored(at.draft))) == [at.mia]


def test_other_held_words_leave_by_anybody_who_confirms() -> None:
    claim = {"kind": "claim", "words": TRIAL, "reason": f"'{TRIAL}' has no source"}
    at = proof_world(findings=[claim])
    assert post(at, at.ana, "inbox_draft_approve").json()["confirm"] == "1"
    assert post(at, at.ana, "inbox_draft_approve", confirmed="1").status_code == 200


def test_a_persons_own_words_are_free_where_the_held_ones_are_gone(
    at: SimpleNamespace,
) -> None:
    with pytest.raises(held.NotAllowed):
        drafts.approve_draft(draft=at.draft, user=at.ana, body=f"{BODY} Call me.")
    drafts.approve_draft(draft=at.draft, user=at.ana, body="I ask my manager.")
    assert stored(at.draft).details["decision"] == "edited"


def test_the_review_queue_refuses_and_asks_the_same(at: SimpleNamespace) -> None:
    there = reverse("review_approve", args=[at.draft.public_id])
    refused = signed_in(at.ana).post(there, {"confirmed": "1"}, **FRAGMENT)
    assert "only people who may exceed" in refused.json()["error"]
    manager_may(at.offer)
    mia = signed_in(at.mia)
    assert mia.post(there, **FRAGMENT).json()["confirm"] == "1"
    assert mia.post(there, {"confirmed": "1"}, **FRAGMENT).status_code == 200


def test_several_at_once_refuse_what_the_person_may_not_send(
    at: SimpleNamespace,
) -> None:
    key = str(at.draft.public_id)
    data = {"item": key, f"mark-{key}": decisions.digest(at.draft)}
    page = signed_in(at.ana).post(reverse("review_bulk_approve"), data)
    assert b"only people who may exceed" in page.content
    assert stored(at.draft).state == "draft"


# --- asked -------------------------------------------------------------------


def test_the_manager_who_may_is_asked_once(at: SimpleNamespace) -> None:
    manager_may(at.offer)
    for user in (at.ana, at.ben):
        answer = post(at, user, "inbox_draft_ask")
        assert answer.json()["toast"] == "A manager was asked"
    task = Task.objects.get(effect_key=held.ask_key(at.draft))
    assert (task.assignee, task.subject) == (at.mia, at.draft.public_id)
    assert task.reason == "Ana asks: '10% off' is in no offer"
    opened = Event.objects.filter(kind="task.opened", payload__task=str(task.public_id))
    assert opened.count() == 1
    assert "A manager was asked" in card(at, at.ben)
    assert "Ask manager" not in card(at, at.ben)


def test_the_question_is_answered_with_the_decision(at: SimpleNamespace) -> None:
    manager_may(at.offer)
    post(at, at.ana, "inbox_draft_ask")
    post(at, at.mia, "inbox_draft_approve", confirmed="1")
    assert not Task.objects.open().filter(subject=at.draft.public_id).exists()


def test_nobody_in_particular_is_asked_where_nobody_may_and_sees_the_lead(
    at: SimpleNamespace,
) -> None:
    post(at, at.ana, "inbox_draft_ask")
    assert Task.objects.get(effect_key=held.ask_key(at.draft)).assignee is None


def test_nobody_is_asked_about_a_decided_draft(at: SimpleNamespace) -> None:
    drafts.discard_draft(draft=at.draft, user=at.ana)
    with pytest.raises(Refused, match="already decided"):
        held.ask_manager(draft=at.draft, user=at.ana)


# --- access ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["inbox_draft_remove", "inbox_draft_back"])
def test_the_team_may_and_strangers_and_readers_may_not(
    name: str, at: SimpleNamespace
) -> None:
    rita = rep("rita", at.team, role="read-only")
    for user, expected in ((at.cleo, 404), (rita, 403)):
        answer = post(at, user, name, words="10% off")
        assert answer.status_code == expected
    assert stored(at.draft).body == BODY
