"""The AI writes a step from its brief: useful, guarded, and silent with nothing new."""

from datetime import timedelta
from typing import Any

import pytest

from leads import clock
from leads.models import Lead, UsageRecord
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import Goal, ModelError, Plan, Proposal, Situation
from messaging.models import Profile
from messaging.models.sequence import Enrollment, StepRun
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    runs,
    sequence,
)
from messaging.tests.talk import FakeCarrier, later, sent, text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

AI = {"writer": "ai", "brief": "Come back to what we asked"}
PATH = "messaging.tests.test_sequence_ai.Scripted"


class Scripted:
    """A language model that writes what the test says."""

    name, author = "scripted", "ai"
    body: str = ""
    error: ModelError | None = None
    asked: list[tuple[Situation, Plan]] = []

    def is_configured(self) -> bool:
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        Scripted.asked.append((situation, plan))
        if Scripted.error is not None:
            raise Scripted.error
        call = meter.begin("scripted-1", Usage(input=10, output=10, micro=50))
        call.settle(Usage(input=5, output=5, micro=20))
        used = Usage(input=5, output=5, micro=20)
        return Proposal(Scripted.body, (), 0.9, used, "scripted-1", "reply-2")


@pytest.fixture
def scripted(settings: Any) -> type[Scripted]:
    settings.LANGUAGE_MODELS = [PATH, "messaging.agent.builtin.BuiltinModel"]
    Scripted.asked, Scripted.error = [], None
    Scripted.body = "Which desks are you looking for?"
    return Scripted


def talked(*steps: dict[str, Any], ai: str = "auto") -> Enrollment:
    """Dana wrote, we asked back, and silence."""
    open_house(ai)
    Profile.objects.update(booking_url="")
    with clock.at(NOON - DAY):
        lead = dana()
        text_in("hello, I need standing desks")
        later(minutes=1)
        FakeCarrier.reset()
    with clock.at(NOON):
        return begin(sequence(*(steps or (AI, AI, AI, AI, AI, AI, AI, AI))), lead)


def test_the_built_in_model_comes_back_to_what_is_open_and_then_is_silent() -> None:
    row = talked()
    for days in range(1, 9):
        at(NOON + days * DAY + timedelta(minutes=1))
    outcomes = [outcome for _, outcome in runs(row)]
    written = outcomes.count("queued")
    assert 2 <= written < 8
    assert outcomes == ["queued"] * written + ["skipped"] * (8 - written)
    assert {r.reason for r in StepRun.objects.filter(outcome="skipped")} == {
        "Nothing new to say"
    }
    assert len(set(sent())) == len(sent()) == written
    assert all(text.rstrip().endswith("?") for text in sent())
    assert {m.author for m in follow_ups(row.lead)} == {"builtin"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "hello, I need standing desks for our office"),
        ("de", "Guten Tag, wir brauchen Stehtische für unser Büro"),
        ("es", "Hola, necesitamos escritorios para nuestra oficina"),
        ("fr", "Bonjour, nous avons besoin de bureaux pour notre entreprise"),
        ("pt", "Olá, precisamos de mesas para o nosso escritório"),
    ],
)
@pytest.mark.parametrize("kind", ["sms", "email"])
def test_a_follow_up_passes_the_guard_in_every_language(
    language: str, words: str, kind: str
) -> None:
    open_house()
    Profile.objects.update(booking_url="")
    with clock.at(NOON - DAY):
        lead = dana()
        text_in(words)
        later(minutes=1)
    step = mail_step(**AI) if kind == "email" else AI
    with clock.at(NOON):
        begin(sequence(step, step), lead)
    at(NOON + DAY + timedelta(minutes=1))
    at(NOON + 2 * DAY + timedelta(minutes=1))
    lead.refresh_from_db()
    assert lead.language == language
    assert [m.state for m in follow_ups(lead)] == ["sent", "sent"]
    assert all(m.details["findings"] == [] for m in follow_ups(lead))


def test_the_first_automatic_message_says_that_an_ai_writes() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana()
        begin(sequence(AI), lead)
    at(NOON + DAY)
    assert "AI assistant at Alder Desks" in sent()[0]


def test_a_language_model_gets_the_brief_and_is_paid_within_the_caps(
    scripted: type[Scripted],
) -> None:
    row = talked(AI)
    scripted.asked.clear()
    scripted.body = "Do you still need the desks?"
    at(NOON + DAY)
    ((situation, plan),) = scripted.asked
    assert (plan.goal, situation.message) == (Goal.FOLLOW_UP, "")
    assert situation.instruction == "Come back to what we asked"
    assert sent() == ["Do you still need the desks?"]
    used = UsageRecord.objects.filter(what__endswith=":follow-up")
    assert [(u.micro, u.lead) for u in used] == [(20, row.lead)]
    assert follow_ups(row.lead)[0].author == "ai"


def test_words_that_repeat_what_we_said_are_left_out(scripted: type[Scripted]) -> None:
    row = talked(AI, AI, {})
    scripted.body = "Do you still need the desks?"
    at(NOON + DAY)
    scripted.body = "So do you still need the desks?"
    at(NOON + 2 * DAY + timedelta(minutes=1))
    assert sent() == ["Do you still need the desks?"]
    assert runs(row) == [(1, "queued"), (2, "skipped")]
    at(NOON + 3 * DAY + timedelta(minutes=2))
    assert sent()[1:] == ["Follow-up 3"]


def test_what_the_guard_holds_becomes_a_draft_with_its_reason(
    scripted: type[Scripted],
) -> None:
    row = talked(AI, {})
    scripted.body = "All our desks are 40% off until Friday!"
    at(NOON + DAY)
    draft = follow_ups(row.lead)[0]
    assert draft.state == "draft"
    assert "40% off" in draft.reason
    assert runs(row) == [(1, "drafted")]
    assert sent() == []


def test_where_the_ai_only_drafts_it_drafts_and_templates_still_go() -> None:
    row = talked({}, AI, ai="draft")
    at(NOON + DAY)
    assert sent() == ["Follow-up 1"]
    at(NOON + 2 * DAY + timedelta(minutes=1))
    draft = follow_ups(row.lead)[1]
    assert (draft.state, draft.reason) == ("draft", "The AI drafts here; you send")


def test_where_the_ai_is_off_its_step_is_left_out() -> None:
    row = talked(AI, {}, ai="off")
    at(NOON + DAY)
    assert StepRun.objects.get().reason == "The AI is off here"
    at(NOON + 2 * DAY + timedelta(minutes=1))
    assert sent() == ["Follow-up 2"]
    assert runs(row) == [(1, "skipped"), (2, "queued")]


def test_a_model_that_fails_leaves_it_to_the_built_in_one(
    scripted: type[Scripted],
) -> None:
    row = talked(AI)
    scripted.error = ModelError("later", "the model is down")
    at(NOON + DAY)
    message = follow_ups(row.lead)[0]
    assert (message.author, message.state) == ("builtin", "sent")
    assert "the model is down" in message.details["note"]


def test_a_stop_while_the_model_thinks_wins(
    scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = talked(AI)
    write = Scripted.write

    def slow(self: Scripted, *args: Any, **more: Any) -> Proposal:
        text_in("STOP")
        return write(self, *args, **more)

    monkeypatch.setattr(Scripted, "write", slow)
    at(NOON + DAY)
    assert (now_of(row).state, now_of(row).cause) == ("stopped", "opted_out")
    assert follow_ups(row.lead) == []
    assert StepRun.objects.count() == 0


def test_a_lead_archived_while_the_model_thinks_gets_nothing(
    scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = talked(AI)
    Scripted.body = "How many desks do you need?"
    write = Scripted.write

    def slow(self: Scripted, *args: Any) -> Proposal:
        Lead.objects.filter(pk=row.lead_id).update(archived_at=clock.now())
        return write(self, *args)

    monkeypatch.setattr(Scripted, "write", slow)
    at(NOON + DAY)
    assert follow_ups(row.lead) == []
    assert StepRun.objects.count() == 0
    assert (now_of(row).state, now_of(row).reason) == (
        "stopped",
        "The lead is archived",
    )
