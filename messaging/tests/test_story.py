"""The main job: a text comes in and an answer goes out, once."""

import pytest

from leads.models import Event, Mode, Task
from messaging.models import Conversation, Message, Turn
from messaging.replies import answer_now
from messaging.tests.talk import (
    DANA,
    FakeCarrier,
    later,
    mode,
    person,
    sent,
    talk,
    text_in,
)

pytestmark = pytest.mark.django_db
SEATS = "Hi, we need about 40 seats next month, budget is 20k, can someone call me?"


def test_in_auto_the_lead_is_answered_once(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in(SEATS)
    assert sent() == []
    later(seconds=25)
    later(seconds=60)
    assert len(sent()) == 1
    assert carrier.accepted[0].to_address == DANA
    reply = Message.objects.get(direction="outbound")
    assert (reply.state, reply.author, reply.automatic) == ("sent", "builtin", True)
    assert reply.external_id.startswith("SM")
    names = [stage["name"] for stage in Turn.objects.get().stages]
    assert names == [
        "stored",
        "matched",
        "understood",
        "qualified",
        "scored",
        "answered",
        "gated",
        "sent",
    ]


def test_the_lead_is_qualified_with_its_own_words(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in(SEATS)
    later(seconds=25)
    lead = talk().lead
    assert lead is not None
    facts = {f.field: f.quote for f in lead.facts.all()}
    assert "20k" in facts["budget"]
    assert "40 seats" in facts["need"]
    assert "next month" in facts["timeline"]
    assert all(quote in SEATS for quote in facts.values())
    assert lead.score >= 70
    assert lead.stage.key == "qualified"
    assert Event.objects.filter(kind="lead.qualified").count() == 1


def test_a_second_copy_does_nothing(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    first = text_in("hello", external_id="SM1")
    again = text_in("hello", external_id="SM1")
    assert first.pk == again.pk
    later(seconds=25)
    assert len(sent()) == 1


def test_a_burst_gets_one_answer(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    for text in ("hi", "we need 40 seats", "budget is 20k"):
        text_in(text)
    assert Turn.objects.count() == 1
    later(seconds=25)
    assert len(sent()) == 1
    lead = talk().lead
    assert lead is not None
    assert {"need", "budget"} <= {f.field for f in lead.facts.all()}


def test_a_person_can_end_the_burst(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    text_in("hi there, what do you sell?")
    assert later(seconds=0).get("turns") is None
    assert answer_now(conversation=talk(), user=person())
    later(seconds=1)
    assert len(sent()) == 1


def test_in_draft_a_person_decides(carrier: type[FakeCarrier]) -> None:
    mode("draft")
    text_in(SEATS)
    later(seconds=25)
    assert sent() == []
    draft = Message.objects.get(direction="outbound")
    assert draft.state == "draft"
    assert talk().turn == Conversation.Turn.NEEDS_YOU
    assert Task.objects.filter(kind="draft", done_at=None).count() == 1


def test_with_the_ai_off_the_lead_is_still_understood(
    carrier: type[FakeCarrier],
) -> None:
    mode("off")
    text_in(SEATS)
    later(seconds=25)
    assert not Message.objects.filter(direction="outbound").exists()
    lead = talk().lead
    assert lead is not None
    assert lead.score >= 70
    assert talk().turn == Conversation.Turn.NEEDS_YOU


@pytest.mark.parametrize("where", ["installation", "team", "conversation"])
def test_the_most_restrictive_mode_wins(carrier: type[FakeCarrier], where: str) -> None:
    from leads import policy
    from messaging.marking import set_mode

    channel = mode("auto")
    text_in(SEATS)
    if where == "installation":
        policy.change(actor="system", mode=Mode.OFF)
    elif where == "team":
        channel.team.mode = Mode.OFF
        channel.team.save()
    else:
        set_mode(conversation=talk(), mode=Mode.OFF, user=person())
    later(seconds=25)
    assert sent() == []


def test_a_picture_without_words_is_a_message(carrier: type[FakeCarrier]) -> None:
    from messaging.transports import Media

    mode("auto")
    media = (Media("https://api.twilio.com/m/1", "image/jpeg"),)
    message = text_in("", media=media)
    assert message.attachments.count() == 1
    later(seconds=25)
    assert Turn.objects.get().state == "done"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\x00",
        "👍🏽" * 50,
        "\ud83d",
        "x" * 10_000,
        "שלום " * 40,
        "a\u202eb",
        "🙂",
    ],
)
def test_any_text_becomes_a_message_and_ends(
    carrier: type[FakeCarrier], text: str
) -> None:
    mode("auto")
    message = text_in(text)
    assert "\x00" not in message.body
    message.body.encode()
    later(seconds=25)
    assert Turn.objects.get().state == "done"


def test_the_first_automatic_message_says_that_it_is_an_ai(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in("Hi there")
    later(seconds=25)
    text_in("We need 12 licences")
    later(seconds=60)
    first, second = sent()
    assert "AI" in first or "assistant" in first.lower()
    assert "AI assistant" not in second
