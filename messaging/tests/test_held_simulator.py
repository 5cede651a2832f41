"""What the simulator tells of held words and of what an answer rests on."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from leads import clock, policy
from leads.work import run_due
from messaging.knowledge import indexing
from messaging.models import Conversation, Message, Offer, Turn
from messaging.simulator.playing import Saying, play
from messaging.simulator.steps import Step, happened
from messaging.tests.hedging import CUT
from messaging.tests.inbox_world import signed_in
from messaging.tests.proof_world import PRICE, TRIAL, claim
from messaging.tests.talk import mode, person

pytestmark = pytest.mark.django_db
ASKED = "how much is 10% off for 40 seats?"


@pytest.fixture
def ana(settings: Any) -> User:
    hedging = "messaging.tests.hedging.HedgingModel"
    settings.LANGUAGE_MODELS = [hedging, *settings.LANGUAGE_MODELS]
    mode("auto")
    policy.change(actor="system", quiet_hours=False)
    offer = Offer.objects.create(name="Seat", price=2900, unit="seat and month")
    indexing.index_offer(offer)
    return person()


def ask(ana: User, text: str = ASKED) -> Conversation:
    talk = play(user=ana, saying=Saying("sms", (text,)))
    with clock.shifted(timedelta(seconds=5)):
        run_due()
    return talk


def step(talk: Conversation, name: str) -> Step:
    story = happened(talk)
    assert story is not None
    return next(one for one in story.steps if one.name == name)


def test_a_hedged_price_is_held_in_auto_mode_and_names_its_words(ana: User) -> None:
    talk = ask(ana)
    draft = talk.messages.drafts().get()
    assert CUT in draft.body
    gated = step(talk, "gated")
    assert (gated.state, gated.title) == (
        "waits_for_you",
        "gated: a person decides first, 1 held",
    )
    (held,) = gated.pairs
    assert held.ok is False
    assert held.value.startswith("'10% off' ")
    assert gated.reason == draft.reason
    assert gated.fix is not None
    assert gated.fix.page == "inbox_thread"
    assert step(talk, "sent").state == "skipped"


def test_the_page_shows_the_held_words_and_the_way_to_the_inbox(ana: User) -> None:
    talk = ask(ana)
    there = reverse("simulator_talk", args=[talk.public_id])
    html = signed_in(ana).get(there).content.decode()
    assert "a person decides first, 1 held" in html
    assert "&#x27;10% off&#x27;" in html
    assert reverse("inbox_thread", args=[talk.public_id]) in html


def test_answered_says_how_many_sources_and_opens_the_sentences(ana: User) -> None:
    talk = ask(ana)
    turn = Turn.objects.get()
    offer = Offer.objects.get()
    turn.claims = [
        claim(PRICE, "sourced", offer, "Price: 29.00 USD"),
        {**claim(TRIAL, "sourced"), "source": "profile.sells"},
        claim("Call us?", "question"),
        claim(CUT, "held"),
    ]
    turn.save()
    body = f"{PRICE} {TRIAL} {CUT} Call us?"
    Message.objects.filter(turn=turn).update(body=body)
    answered = step(talk, "answered")
    assert answered.title == "answered ✦ AI, 2 sources"
    pairs = {pair.name: (pair.value, pair.quote, pair.ok) for pair in answered.pairs}
    assert pairs["Seat"] == (PRICE, "Price: 29.00 USD", None)
    assert pairs["company profile: sells"] == (TRIAL, "", None)
    assert pairs["held: no source"] == (CUT, "", False)
    assert pairs["a question"][0] == "Call us?"


def test_an_answer_without_claims_names_what_it_leaned_on(ana: User) -> None:
    talk = ask(ana)
    Turn.objects.update(claims=[], sources=["profile.hours", "message"])
    answered = step(talk, "answered")
    assert answered.title == "answered ✦ AI, 2 sources"
    pairs = {pair.name: pair.value for pair in answered.pairs}
    assert pairs["Based on"] == "company profile: hours, the lead's words"
