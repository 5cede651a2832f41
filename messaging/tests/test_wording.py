"""A turn's words from a language model: its budget, its failures, its interruptions."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from pytest_django import Settings

from leads import clock, halting, pipeline, policy, usage
from leads.models import Counter, Event, Lead, Task, UsageRecord
from messaging import holding
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import ModelError, Plan, Proposal, Situation
from messaging.agent.prompting import CURRENT, canary_of, published
from messaging.models import Message, Turn
from messaging.replies import answer
from messaging.tests.talk import FakeCarrier, later, mode, person, sent, talk, text_in

pytestmark = pytest.mark.django_db

FIRST = "Hello, we need 40 standing desks"
WORDS = "Thanks for writing. What would you like to use the desks for?"
COST = Usage(900, 100, 60, 111)
MOST = Usage(3_000, 0, 2_000, 1_400)


class Writer:
    """A paid model in this process that does what the test says."""

    name = "writer"
    author = "ai"
    words: str = WORDS
    trouble: Exception | None = None
    meanwhile: Callable[[], Any] | None = None
    calls = 0
    heard: list[Situation] = []

    @classmethod
    def reset(cls) -> None:
        cls.words, cls.trouble, cls.meanwhile = WORDS, None, None
        cls.calls, cls.heard = 0, []

    def is_configured(self) -> bool:
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        charge = meter.begin("writer-1", MOST)
        Writer.calls += 1
        Writer.heard.append(situation)
        if Writer.meanwhile is not None:
            Writer.meanwhile()
        if Writer.trouble is not None:
            charge.keep()
            raise Writer.trouble
        charge.settle(COST)
        return Proposal(Writer.words, ("message",), 0.9, COST, "writer-1", CURRENT)


@pytest.fixture(autouse=True)
def writer(settings: Settings) -> Iterator[type[Writer]]:
    builtin = "messaging.agent.builtin.BuiltinModel"
    settings.LANGUAGE_MODELS = [f"{__name__}.Writer", builtin]
    Writer.reset()
    yield Writer
    Writer.reset()


def turn() -> Turn:
    return Turn.objects.latest("pk")


def draft() -> Message:
    return Message.objects.get(state="draft")


def test_the_model_writes_and_its_cost_is_written_down(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in(FIRST)
    later(seconds=30)
    assert [WORDS in body for body in sent()] == [True]
    assert turn().usage == asdict(COST)
    assert (turn().model, turn().prompt_version) == ("writer-1", CURRENT)
    record = UsageRecord.objects.get(service="writer")
    assert record.lead == talk().lead
    assert (record.what, record.quantity, record.micro) == ("writer-1:reply", 960, 111)
    assert record.details == {"input": 900, "cached": 100, "output": 60}
    day = usage.day_of(clock.now())
    for key, spent in (
        (f"ai:tokens:lead:{talk().lead_id}", 960),
        (f"ai:micro:lead:{talk().lead_id}", 111),
        ("ai:tokens:all", 960),
        ("ai:micro:all", 111),
    ):
        assert usage.used(key=key, period=day) == spent


def test_nobody_pays_for_the_demos_people(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    message = text_in(FIRST)
    Lead.objects.filter(pk=message.conversation.lead_id).update(demo=True)
    later(seconds=30)
    assert Writer.calls == 0
    reply = Message.objects.get(direction="outbound")
    assert (reply.author, "note" in reply.details) == ("builtin", False)


def test_when_it_fails_the_builtin_model_writes_and_says_why(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    Writer.trouble = ModelError("unknown", "OpenAI did not answer in time")
    text_in(FIRST)
    later(seconds=30)
    message = Message.objects.get(direction="outbound")
    assert (message.author, len(sent())) == ("builtin", 1)
    note = "OpenAI did not answer in time; the built-in model wrote this"
    assert message.details["note"] == note
    assert turn().outcome_reason == note
    answered = next(s for s in turn().stages if s["name"] == "answered")
    assert (answered["ok"], answered["detail"]) == (False, note)
    assert turn().usage["micro"] is None
    record = UsageRecord.objects.get(service="writer")
    assert (record.quantity, record.details["estimated"]) == (5_000, 1)


def test_an_adapter_that_breaks_is_a_failure_like_any_other(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    Writer.trouble = ZeroDivisionError("oops")
    text_in(FIRST)
    later(seconds=30)
    assert len(sent()) == 1
    assert "adapter failed (ZeroDivisionError)" in turn().outcome_reason
    assert "oops" not in turn().outcome_reason


def test_the_policy_may_ask_a_person_instead(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    policy.change(actor="system", model_fallback="person")
    Writer.trouble = ModelError("refused", "OpenAI declined to answer")
    text_in(FIRST)
    later(seconds=30)
    assert sent() == []
    task = Task.objects.get(kind="reply")
    assert "OpenAI declined to answer" in task.reason
    assert (turn().state, turn().outcome) == ("done", "handed_off")
    assert turn().usage["micro"] is None
    assert talk().turn == "needs_you"


@pytest.mark.parametrize(("code", "words"), [("quota", "no credit"), ("key", "no key")])
def test_no_credit_turns_the_ai_to_draft_until_somebody_acts(
    code: str, words: str, carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    Writer.trouble = ModelError("permanent", f"OpenAI: {words}", code=code)
    text_in(FIRST)
    later(seconds=30)
    assert sent() == []
    assert draft().author == "builtin"
    assert f"The AI only drafts for now: OpenAI: {words}" in draft().reason
    assert policy.current().ai_halted_reason == f"OpenAI: {words}"
    event = Event.objects.filter(kind="policy.changed").latest("pk")
    assert event.actor == "system"
    assert "ai_halted_reason" in event.payload
    alert = Task.objects.get(lead=None)
    assert words in alert.reason and "Resume" in alert.reason

    Writer.trouble = None
    text_in(FIRST, sender="+14155550188")
    later(seconds=30)
    assert Writer.calls == 1, "a halted model is not called"
    assert sent() == []
    assert Task.objects.filter(lead=None).count() == 1

    assert halting.resume_ai(actor="user:1")
    alert.refresh_from_db()
    assert alert.done_at is not None
    text_in(FIRST, sender="+14155550199")
    later(seconds=30)
    assert len(sent()) == 1
    assert Writer.calls == 2


def test_halting_twice_asks_once(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    assert halting.halt_ai(reason="no credit")
    assert not halting.halt_ai(reason="no credit again")
    assert policy.current().ai_halted_reason == "no credit"
    assert Task.objects.count() == 1
    assert halting.resume_ai(actor="user:1")
    assert not halting.resume_ai(actor="user:1")
    assert halting.halt_ai(reason="no credit")
    assert Task.objects.count() == 2


def test_what_was_queued_before_the_halt_does_not_leave(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    text_in(FIRST)
    with clock.shifted(clock.timedelta(seconds=30)):
        answer(turn_id=turn().pk)
        halting.halt_ai(reason="no credit")
    later(seconds=40)
    assert sent() == []
    assert draft().reason == "the AI only drafts here"


@pytest.mark.parametrize(
    ("cap", "limit", "words"),
    [
        ("ai_tokens_lead_day", 4_999, "4,999 tokens a lead"),
        ("ai_micro_lead_day", 1_399, "0.00 USD a lead"),
        ("ai_tokens_day", 4_999, "4,999 tokens in all"),
        ("ai_micro_day", 1_399, "0.00 USD in all"),
    ],
)
def test_at_a_cap_nothing_is_called_and_a_person_decides(
    cap: str, limit: int, words: str, carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    policy.change(actor="system", **{cap: limit})
    text_in(FIRST)
    later(seconds=30)
    assert (Writer.calls, sent()) == (0, [])
    assert draft().author == "builtin"
    assert draft().reason == f"AI budget for today is used up: {words}"
    assert Task.objects.get(kind="draft").reason == draft().reason
    assert not UsageRecord.objects.exists()
    assert set(Counter.objects.filter(key__startswith="ai:").values_list("used")) <= {
        (0,)
    }


def test_a_flood_costs_one_lead_its_cap_and_nobody_else(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    policy.change(
        actor="system", ai_tokens_lead_day=9_000, cap_lead_hour=999, cap_lead_day=999
    )
    for number in range(20):
        text_in(f"We need {number + 20} more desks")
        later(seconds=30)
    spent = sum(UsageRecord.objects.values_list("quantity", flat=True))
    assert spent <= 9_000
    assert Writer.calls == 5  # 4 × 960 + 5,000 are just under it
    text_in(FIRST, sender="+14155550188")
    later(seconds=30)
    assert Writer.calls == 6


# --- while the model thinks --------------------------------------------------


def test_a_person_who_takes_over_meanwhile_is_not_talked_over(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    ana = person()
    Writer.meanwhile = lambda: holding.take_over(conversation=talk(), user=ana)
    text_in(FIRST)
    later(seconds=30)
    later(seconds=300)
    assert sent() == []
    assert turn().outcome == "left"
    assert not Message.objects.filter(direction="outbound").exists()


def test_a_stop_meanwhile_is_obeyed(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    Writer.meanwhile = lambda: text_in("STOP")
    text_in(FIRST)
    later(seconds=30)
    later(seconds=300)
    assert sent() == []
    assert not Message.objects.drafts().exists()


def test_the_kill_switch_meanwhile_holds_the_answer(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    Writer.meanwhile = lambda: policy.change(actor="system", sending=False)
    text_in(FIRST)
    later(seconds=30)
    assert sent() == []
    assert Message.objects.get(direction="outbound").state == "held"


def test_a_newer_text_meanwhile_is_answered_together_with_the_first(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")

    def more() -> None:
        Writer.meanwhile = None
        with clock.shifted(clock.timedelta(seconds=31)):
            text_in("And by May, please")

    Writer.meanwhile = more
    text_in(FIRST)
    later(seconds=30)
    first = Turn.objects.earliest("pk")
    assert (first.state, first.outcome) == ("superseded", "")
    assert first.usage == asdict(COST)
    assert sent() == []
    later(seconds=90)
    assert len(sent()) == 1
    assert Writer.heard[-1].message == f"{FIRST}\nAnd by May, please"
    assert Message.objects.filter(direction="outbound").count() == 1


def test_a_turn_that_another_worker_has_now_writes_nothing(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")

    def lose() -> None:
        import uuid

        Turn.objects.update(claim_token=uuid.uuid4())

    Writer.meanwhile = lose
    text_in(FIRST)
    later(seconds=30)
    assert not Message.objects.filter(direction="outbound").exists()
    assert not Task.objects.filter(kind="reply").exists()
    assert turn().state == "working"


def test_a_lost_turn_is_not_paid_for(carrier: type[FakeCarrier]) -> None:
    import uuid

    from messaging.claiming import claim_turn
    from messaging.metering import TurnLost, meter_of_turn

    mode("auto")
    text_in(FIRST)
    with clock.shifted(clock.timedelta(seconds=30)):
        mine = claim_turn(turn().pk)
    assert mine is not None
    meter = meter_of_turn(turn=mine, service="writer", rules=policy.current())
    Turn.objects.update(claim_token=uuid.uuid4())
    with pytest.raises(TurnLost):
        meter.begin("writer-1", MOST)
    assert not UsageRecord.objects.exists()


def test_a_call_cancelled_counts_nothing(carrier: type[FakeCarrier]) -> None:
    from messaging.claiming import claim_turn
    from messaging.metering import meter_of_turn

    mode("auto")
    text_in(FIRST)
    with clock.shifted(clock.timedelta(seconds=30)):
        mine = claim_turn(turn().pk)
    assert mine is not None
    meter = meter_of_turn(turn=mine, service="writer", rules=policy.current())
    meter.begin("writer-1", MOST).cancel()
    assert not UsageRecord.objects.exists()
    assert not Counter.objects.exclude(used=0).exists()
    meter.begin("writer-1", MOST).settle(Usage(7_000, 0, 1_000, 9_000))
    day = usage.day_of(clock.now())
    assert usage.used(key="ai:tokens:all", period=day) == 8_000


# --- what may not leave ------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        lambda: f"My reference is {canary_of()}.",
        lambda: f"Reversed: {canary_of()[::-1]}",
        lambda: " ".join(canary_of()),
        lambda: str(published()["instructions"]).splitlines()[5].lstrip("- "),
    ],
)
def test_words_of_the_prompt_are_held(
    words: Callable[[], str], carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    Writer.words = words()
    text_in(FIRST)
    later(seconds=30)
    assert sent() == []
    assert "must never leave" in draft().reason


def test_a_models_words_change_nothing_but_the_message(
    carrier: type[FakeCarrier],
) -> None:
    mode("auto")
    Writer.words = 'Great! {"score": 100, "stage": "won", "to": "+15550001"}'
    text_in(FIRST)
    later(seconds=30)
    lead = talk().lead
    assert lead is not None
    assert (lead.stage.key, 0 <= lead.score < 60) == ("new", True)
    assert sent() == []


def test_the_alert_is_for_everybodys_team(carrier: type[FakeCarrier]) -> None:
    mode("auto")
    halting.halt_ai(reason="no credit")
    task = Task.objects.get()
    assert task.title == halting.TITLE
    assert pipeline.close_task(task=task, actor="user:1")
