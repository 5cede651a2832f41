"""What people did with drafts decides whether the next answer leaves."""

from typing import Any

import pytest
from pytest_django import Settings

from leads import clock, policy
from leads.models import Task
from leads.tests.factories import LeadFactory
from messaging import confidence
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import Plan, Proposal, Situation
from messaging.confidence import Decided, how_sure
from messaging.drafts import approve_draft
from messaging.models import Conversation, Message, PromptRecord, Turn
from messaging.tests.deciding import decided, history
from messaging.tests.talk import FakeCarrier, later, mode, person, sent, text_in

pytestmark = pytest.mark.django_db

HELLO = "Hello, we need 40 standing desks"


def play(text: str = HELLO) -> Turn:
    text_in(text)
    later(seconds=30)
    return Turn.objects.latest("pk")


def test_a_fresh_installation_answers_as_ever(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    turn = play()
    assert (turn.outcome, len(sent())) == ("sent", 1)
    assert turn.sureness["decided"] == 0
    assert turn.sureness["value"] == turn.sureness["plan"] >= 0.45
    assert (turn.sureness["to_send"], turn.sureness["to_draft"]) == (45, 15)


def test_an_answer_like_those_that_people_changed_waits_for_a_person(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    first = play()
    history(intent=first.intent, as_written=2, edited=20, discarded=2)
    turn = play("And our budget is 20k, we need them in May")
    assert turn.intent == first.intent
    assert (turn.outcome, len(sent())) == ("drafted", 1)
    draft = Message.objects.get(state="draft")
    said = turn.sureness["words"]
    assert draft.reason == f"Unsure: {said}" == turn.outcome_reason
    assert "(2 of 24 went out as written)" in said
    assert draft.details["auto"] == {"would": False, "why": draft.reason}
    task = Task.objects.get(kind="draft")
    assert task.title.startswith("Unsure: ")


def test_an_answer_like_those_that_people_approved_leaves(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(actor="system", sure_to_send=90)
    first = play()
    assert first.outcome == "drafted"
    history(intent=first.intent, as_written=60)
    assert play("Our budget is 20k, we need them in May").outcome == "sent"


def test_what_people_throw_away_is_handed_over_with_one_polite_sentence(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    first = play()
    history(intent=first.intent, discarded=100)
    turn = play("Our budget is 20k, we need them in May")
    assert (turn.outcome, turn.goal) == ("sent", "hand_off")
    assert len(sent()) == 2
    reply = Message.objects.latest("pk")
    assert (reply.author, reply.automatic) == ("builtin", True)
    assert "?" not in reply.body
    reason = "(100 of 100 drafts were discarded)"
    talk = Conversation.objects.get(pk=turn.conversation_id)
    assert reason in talk.paused_reason
    task = Task.objects.open().get(kind="reply")
    assert reason in task.reason
    assert talk.turn == "needs_you"


@pytest.mark.parametrize("how", ["draft mode", "a plan that only drafts"])
def test_where_it_cannot_speak_by_itself_there_is_only_a_task(
    how: str, carrier: type[FakeCarrier]
) -> None:
    mode("draft" if how == "draft mode" else "auto")
    text = HELLO if how == "draft mode" else "What is your price per desk?"
    first = play(text)
    assert first.outcome == "drafted"
    history(
        intent=first.intent, topics=tuple(first.understood["topics"]), discarded=100
    )
    turn = play(text + " Please tell me")
    assert (turn.outcome, sent()) == ("handed_off", [])
    assert Message.objects.filter(state="draft", turn=turn).count() == 0
    assert "were discarded)" in Task.objects.open().get(kind="reply").reason


def test_a_draft_says_whether_auto_would_have_sent_it(
    carrier: type[FakeCarrier],
) -> None:
    mode("draft")
    play()
    draft = Message.objects.get(state="draft")
    assert draft.details["auto"] == {"would": True, "why": ""}
    play("What does one cost?")
    draft = Message.objects.get(state="draft")
    assert draft.details["auto"]["would"] is False
    assert draft.details["auto"]["why"] == draft.reason


def test_the_shadow_tells_what_auto_then_does(carrier: type[FakeCarrier]) -> None:
    """The same talk in both modes: auto sends exactly what the shadow said."""
    texts = [HELLO, "What does one cost?", "When are you open?", "Are you a bot?", "ok"]
    channel = mode("draft")
    would = []
    for text in texts:
        text_in(text, sender="+14155550124")
        later(seconds=30)
        found = Message.objects.filter(state="draft").last()
        would.append(found.details["auto"]["would"] if found else None)
        if found is not None:
            approve_draft(draft=found, user=person(f"ana{len(would)}"))
            later(seconds=40)
    channel.mode = "auto"
    channel.save()
    did: list[bool | None] = []
    for text in texts:
        message = text_in(text, sender="+14155550125")
        later(seconds=30)
        outcome = Turn.objects.get(last_inbound=message).outcome
        did.append({"sent": True, "drafted": False}.get(outcome))
        for draft in Message.objects.filter(state="draft"):
            approve_draft(draft=draft, user=person(f"ben{len(did)}"))
            later(seconds=40)
    assert would == did
    assert {True, False} <= set(did)


def test_only_the_newest_decisions_of_the_last_days_count() -> None:
    history(intent="thanks", discarded=3, days_ago=91)
    history(intent="thanks", discarded=5, days_ago=80)
    history(intent="thanks", as_written=200)
    found = how_sure(intent="thanks", plan_confidence=0.9)
    assert (found.as_written, found.discarded) == (200, 0)
    history(intent="other", edited=4, days_ago=91)
    assert how_sure(intent="other", plan_confidence=0.5).decided == 0


def test_play_moves_nothing_for_real_leads_and_the_demo_nothing_at_all() -> None:
    history(intent="question", as_written=1)
    history(intent="question", discarded=6, lead=LeadFactory(simulated=True))
    history(intent="question", discarded=9, lead=LeadFactory(demo=True))
    real = how_sure(intent="question", plan_confidence=0.9)
    played = how_sure(intent="question", plan_confidence=0.9, simulated=True)
    assert (real.decided, played.decided, played.discarded) == (1, 7, 6)


def test_decisions_are_read_once_a_minute(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    confidence.decisions.forget()
    with django_assert_num_queries(1):
        for _ in range(50):
            how_sure(intent="question", plan_confidence=0.9)
    decided("discarded", intent="question")
    assert confidence.decisions() == {}
    from leads import kept

    passed = kept.time.monotonic() + 61
    monkeypatch.setattr(kept.time, "monotonic", lambda: passed)
    assert confidence.decisions() == {(False, "question"): Decided(discarded=1)}


class Writer:
    """A model that says what it was told."""

    name = "writer"
    author = "ai"
    prompt = "the lead wrote: [[Hello]]"

    def is_configured(self) -> bool:
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        return Proposal(
            "Thanks for writing. What would you like to use the desks for?",
            ("message",), 0.9, Usage(), "writer-1", "reply-2",
            instructions="You answer leads.", prompt=Writer.prompt, answer='{"a": 1}',
        )  # fmt: skip


def test_what_a_model_was_told_is_kept_to_the_letter(
    carrier: type[FakeCarrier], settings: Settings
) -> None:
    builtin = "messaging.agent.builtin.BuiltinModel"
    settings.LANGUAGE_MODELS = [f"{__name__}.Writer", builtin]
    mode("auto")
    turn = play()
    record = PromptRecord.objects.get()
    assert record.turn == turn
    assert (record.version, record.model) == ("reply-2", "writer-1")
    told = (record.instructions, record.input, record.answer)
    assert told == ("You answer leads.", Writer.prompt, '{"a": 1}')
    assert abs((record.created_at - clock.now()).total_seconds()) < 120


def test_the_built_in_model_is_told_nothing_that_is_kept(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    play()
    assert not PromptRecord.objects.exists()
