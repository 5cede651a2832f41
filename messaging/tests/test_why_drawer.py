"""Why a message says what it says: sources, sureness, checks, and a flag."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import clock
from messaging import timeline
from messaging.models import (
    ArticleRevision,
    EvaluationCase,
    Message,
    Offer,
    PromptRecord,
    Turn,
)
from messaging.tests.inbox_world import FRAGMENT, rep, said, signed_in
from messaging.tests.proof_world import BODY, PRICE, TRIAL, claim, proof_world, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    return proof_world()


def why(at: SimpleNamespace, user: User, message: Message | None = None) -> str:
    shown = message or at.draft
    there = reverse("inbox_why", args=[at.talk.public_id, shown.public_id])
    answer = signed_in(user).get(there, **FRAGMENT)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# --- based on ----------------------------------------------------------------


def test_each_sentence_shows_its_source_and_the_quoted_words(
    at: SimpleNamespace,
) -> None:
    html = why(at, at.mia)
    assert html.count('class="wy-ground wy-ground--source"') == 2
    assert "How long is the trial?, version 1" in html
    assert "<q>The trial takes 14 days.</q>" in html
    assert "Offer: Team" in html
    assert "<q>Price: 29.00 USD per seat and month</q>" in html
    assert "held: no source" in html


def test_sureness_model_version_cost_and_time_are_told(at: SimpleNamespace) -> None:
    html = why(at, at.ana)
    for words in (
        "Sure</dt><dd>82 % for price questions (41 of 50)",
        "model-1",
        "reply-2",
        "$0.0040 (900 in, 40 out)",
        "840 ms",
        "&#x27;10% off&#x27; is in no offer",
        "They run when the message is about to leave.",
    ):
        assert words in html, words


def test_the_version_is_the_one_that_was_published_then(at: SimpleNamespace) -> None:
    at.article.published = ArticleRevision.objects.create(
        article=at.article, number=2, title=at.article.title, body="30 days",
        language="en", published_at=clock.now() + timedelta(minutes=1),
        published_by="user:1",
    )  # fmt: skip
    at.article.save()
    assert "version 1 (now 2)" in why(at, at.mia)


def test_sources_are_links_only_for_people_who_may_open_them(
    at: SimpleNamespace,
) -> None:
    article = reverse("admin:messaging_article_change", args=[at.article.pk])
    offer = reverse("admin:messaging_offer_change", args=[at.offer.pk])
    root = why(at, User.objects.create_superuser("root"))
    assert f'href="{article}"' in root
    assert f'href="{offer}"' in root
    blind = rep("otto", at.team, role="billing", reach="all")
    html = why(at, blind)
    assert f'href="{article}"' not in html
    assert "How long is the trial?, version 1" in html


def test_a_source_that_is_gone_keeps_its_title(at: SimpleNamespace) -> None:
    Offer.objects.all().delete()
    assert "Team (no longer there)" in why(at, at.mia)


def test_a_source_by_its_public_id_is_found_as_well(at: SimpleNamespace) -> None:
    at.turn.claims[0]["source"] = f"offer.{at.offer.public_id}"
    at.turn.save()
    assert "Offer: Team" in why(at, at.mia)


def test_what_was_taken_out_is_named(at: SimpleNamespace) -> None:
    cut = f"{PRICE} {TRIAL}"
    details = {"findings": [], "removed": [{"words": "10% off", "body": BODY}]}
    rows = Message.objects.filter(pk=at.draft.pk)
    rows.update(body=cut, proposed_body=BODY, details=details)
    html = why(at, at.ana)
    assert 'Taken out</dt><dd><span class="ib-fact-line">“10% off”' in html
    assert "held: no source" not in html


def test_a_sent_message_shows_its_checks_and_no_held_words(at: SimpleNamespace) -> None:
    checks = [{"name": "budget", "ok": True, "words": "no cap reached"}]
    rows = Message.objects.filter(pk=at.draft.pk)
    rows.update(state="delivered", checks=checks, reason="")
    html = why(at, at.ana)
    assert "no cap reached" in html
    assert "is in no offer" not in html


@pytest.mark.parametrize(
    ("author", "words"),
    [
        ("person", "A person&#x27;s own words"),
        ("system", "A fixed answer of the product"),
        ("builtin", "Written without a turn"),
        ("ai", "Written without a turn"),
    ],
)
def test_why_works_for_every_author_without_a_turn(
    author: str, words: str, at: SimpleNamespace
) -> None:
    user = at.ana if author == "person" else None
    message = said(at.talk, "Sure.", author=author, user=user)
    assert words in why(at, at.ben, message)


def test_a_message_sent_again_says_which_words_it_repeats(at: SimpleNamespace) -> None:
    first = said(at.talk, "Sure.", author="person", user=at.ana, state="unknown")
    again = said(at.talk, "Sure.", author="person", user=at.ana, resend_of=first)
    assert "sent again by a person" in why(at, at.ana, again)


def test_only_what_we_say_has_a_why(at: SimpleNamespace) -> None:
    there = reverse("inbox_why", args=[at.talk.public_id, at.asked.public_id])
    assert signed_in(at.ana).get(there, **FRAGMENT).status_code == 404


# --- in the bubbles ----------------------------------------------------------


def test_sourced_sentences_are_marked_in_the_bubble(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.draft.pk).update(state="delivered", reason="")
    there = reverse("inbox_update", args=[at.talk.public_id])
    html = signed_in(at.ben).get(there, **FRAGMENT).content.decode()
    says = "Team: “Price: 29.00 USD per seat and month”"
    assert f'data-says="{says}">{PRICE}' in html
    assert f"(evidence: {says})" in html
    message = Message.objects.for_thread().get(pk=at.draft.pk)
    parts = timeline.bubble_of(message, lead_name="Dana").parts
    assert [part.text for part in parts if part.facts] == [PRICE, TRIAL]
    assert "".join(part.text for part in parts) == BODY


def test_a_persons_message_and_changed_sentences_carry_no_mark(
    at: SimpleNamespace,
) -> None:
    rows = Message.objects.filter(pk=at.draft.pk)
    rows.update(body=f"It is 30 USD. {TRIAL}", state="delivered")
    parts = timeline.bubble_of(stored(at.draft), lead_name="Dana").parts
    assert [part.text for part in parts if part.facts] == [TRIAL]
    rows.update(author="person")
    parts = timeline.bubble_of(stored(at.draft), lead_name="Dana").parts
    assert not any(part.facts for part in parts)


def test_a_thread_of_many_answers_asks_no_more_for_their_sources(
    at: SimpleNamespace,
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            rows = list(at.talk.messages.for_thread())
            timeline.bubbles_of(rows, lead_name="Dana")
        return len(asked)

    few = count()
    for number in range(10):
        asked = said(at.talk, f"And {number}?")
        turn = Turn.objects.create(
            conversation=at.talk, last_inbound=asked, state="done",
            claims=[claim(PRICE, "sourced", at.offer, "29")],
        )  # fmt: skip
        said(at.talk, PRICE, author="ai", turn=turn)
    assert count() == few


# --- flagged -----------------------------------------------------------------


def flag(at: SimpleNamespace, user: User, why: str = "No such discount") -> int:
    there = reverse("inbox_message_flag", args=[at.talk.public_id, at.draft.public_id])
    return signed_in(user).post(there, {"why": why}, **FRAGMENT).status_code


def test_a_flagged_answer_becomes_a_case(at: SimpleNamespace) -> None:
    assert "Flag this answer" in why(at, at.ben)
    assert flag(at, at.ben) == 200
    case = EvaluationCase.objects.get(kind="flagged")
    assert (case.turn, case.why) == (at.turn, "No such discount")


def test_what_a_person_wrote_cannot_be_flagged(at: SimpleNamespace) -> None:
    own = said(at.talk, "Mine", author="person", user=at.ana)
    assert "Flag this answer" not in why(at, at.ana, own)
    there = reverse("inbox_message_flag", args=[at.talk.public_id, own.public_id])
    answer = signed_in(at.ana).post(there, {"why": "tone"}, **FRAGMENT)
    assert answer.status_code == 409
    assert not EvaluationCase.objects.filter(kind="flagged").exists()


def test_readers_and_strangers_flag_nothing(at: SimpleNamespace) -> None:
    rita = rep("rita", at.team, role="read-only")
    assert "Flag this answer" not in why(at, rita)
    assert (flag(at, rita), flag(at, at.cleo), flag(at, at.ana, "")) == (403, 404, 422)
    assert not EvaluationCase.objects.filter(kind="flagged").exists()


# --- the way to the prompt ---------------------------------------------------


def test_the_prompt_is_offered_only_where_one_is_kept_and_may_be_read(
    at: SimpleNamespace,
) -> None:
    root = User.objects.create_superuser("root")
    link = reverse("prompt_read", args=[at.talk.public_id, at.draft.public_id])
    assert link not in why(at, root)
    PromptRecord.objects.create(
        turn=at.turn, version="reply-2", model="m", instructions="be kind", input="hi"
    )
    assert f'href="{link}"' in why(at, root)
    assert link not in why(at, at.mia)
