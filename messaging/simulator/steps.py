"""What happened to a message, step by step, each with its detail.

Read from what the real path wrote down: the turn's stages, the facts, the
score's ledger, the gate's checks, the reply's state. Changes nothing.
"""

from dataclasses import dataclass
from math import ceil

from leads import clock
from leads.models import Event
from messaging.going import went_at_night
from messaging.models import Conversation, Message, Turn
from messaging.models.querysets import ConversationQuerySet
from messaging.simulator.stepwords import (
    AI_OFF,
    FIXES,
    PAUSED,
    STOPPED,
    Step,
)
from messaging.simulator.telling import (
    TELLERS,
    Told,
    gated,
    reply_pairs,
    reply_title,
    sent,
)

NAMES = (
    "stored",
    "matched",
    "understood",
    "qualified",
    "scored",
    "answered",
    "gated",
    "sent",
)
LATEST = 50
OPEN_TURNS = (Turn.State.WAITING, Turn.State.WORKING)
LEAVING = (Message.State.QUEUED, Message.State.CLAIMED)


@dataclass(frozen=True)
class Happened:
    """The story of one inbound message. `open` is true while more will come."""

    message: Message
    steps: tuple[Step, ...]
    open: bool
    wait_seconds: float
    wait_total: float
    total_ms: float
    outcome: str

    @property
    def gone(self) -> float:
        """Seconds of the wait that are over."""
        return max(0.0, self.wait_total - self.wait_seconds)

    @property
    def wait_words(self) -> str:
        """The rest of the wait, in whole seconds: "3 s"."""
        return f"{ceil(self.wait_seconds)} s"


def happened(conversation: Conversation) -> Happened | None:
    """Return the story of the lead's last message; None before the first."""
    rows = conversation.messages.filter(direction=Message.Direction.INBOUND)
    message = rows.select_related("contact_point", "channel").order_by("-pk").first()
    if message is None:
        return None
    message.conversation = conversation
    told = _rows_of(message)
    steps = tuple(_step(name, told) for name in NAMES)
    return Happened(
        message=message,
        steps=_after_an_end(steps),
        open=_is_open(told),
        wait_seconds=_wait(told),
        wait_total=_whole_wait(told),
        total_ms=round(sum(step.ms or 0 for step in steps), 1),
        outcome=told.turn.outcome if told.turn else "",
    )


def _rows_of(message: Message) -> Told:
    turn = Turn.objects.filter(last_inbound=message).first()
    reply = message.answered_by.order_by("-pk").first()
    listed = turn.stages if turn else message.details.get("stages", [])
    stages = {stage["name"]: stage for stage in listed}
    return Told(message, turn, reply, stages)


def _is_open(told: Told) -> bool:
    if told.turn is not None and told.turn.state in OPEN_TURNS:
        return True
    return told.reply is not None and told.reply.state in LEAVING


def _wait(told: Told) -> float:
    if told.turn is None or told.turn.state != Turn.State.WAITING:
        return 0.0
    return max(0.0, (told.turn.due_at - clock.now()).total_seconds())


def _whole_wait(told: Told) -> float:
    if told.turn is None:
        return 0.0
    since = told.message.occurred_at
    return max(0.1, (told.turn.due_at - since).total_seconds())


def _step(name: str, told: Told) -> Step:
    stage = told.stages.get(name)
    if stage is None:
        return _missing(name, told)
    title, pairs = TELLERS[name](told, str(stage["detail"]))
    step = Step(name, "done", title, ms=stage["ms"], pairs=tuple(pairs))
    opt_out = told.message.details.get("opt_out", "")
    if name == "understood" and opt_out == "stop":
        return step.troubled("stopped", STOPPED, FIXES["start"])
    if name == "understood" and opt_out == "pause":
        return step.troubled("waits_for_you", PAUSED, FIXES["pause"])
    if not stage["ok"] or (name == "sent" and _went_wrong(told)):
        return _with_trouble(step, told, str(stage["detail"]))
    return step


def _went_wrong(told: Told) -> bool:
    bad = (Message.State.FAILED, Message.State.UNKNOWN)
    return told.reply is not None and told.reply.state in bad


def _with_trouble(step: Step, told: Told, reason: str) -> Step:
    """A step that did not pass: red, or amber when it only waits."""
    reply = told.reply
    waits = (Message.State.DRAFT, Message.State.HELD, Message.State.UNKNOWN)
    state = "waits_for_you" if reply and reply.state in waits else "failed"
    key = "model" if step.name == "answered" else _fix_of(reply)
    if reply is not None and reply.reason:
        reason = reply.reason
    return step.troubled(state, reason, FIXES.get(key, FIXES[""]))


def _fix_of(reply: Message | None) -> str:
    if reply is None:
        return ""
    if reply.state in (Message.State.DRAFT, Message.State.FAILED):
        return str(reply.state)
    failing = [check["name"] for check in reply.checks if not check["ok"]]
    return str(failing[0]) if failing else str(reply.state)


def _missing(name: str, told: Told) -> Step:
    """A step without a stage: still to come, or never coming, and why."""
    turn = told.turn
    title = _STILL[name]
    if turn is not None and turn.state == Turn.State.DEAD:
        step = Step(name, "failed", title)
        return step.troubled("failed", turn.last_error or "gave up", FIXES["dead"])
    if turn is not None and turn.state in OPEN_TURNS:
        return Step(name, "to_come", title)
    if _leaves(told) and name in ("gated", "sent"):
        return Step(name, "to_come", title)
    return _never(name, told, title)


def _leaves(told: Told) -> bool:
    return told.reply is not None and told.reply.state in LEAVING


def _never(name: str, told: Told, title: str) -> Step:
    opt_out = told.message.details.get("opt_out", "")
    if name == "answered":
        if told.reply is not None:
            return Step(name, "done", reply_title(told), pairs=tuple(reply_pairs(told)))
        if opt_out:
            return Step(name, "skipped", "no answer follows")
        return _silent(name, told)
    if name == "gated" and told.reply is not None and told.reply.checks:
        return _gated_without_turn(told)
    if name == "sent" and told.reply is not None:
        return _sent_without_turn(told)
    return Step(name, "skipped", title)


def _silent(name: str, told: Told) -> Step:
    """The AI kept still: because it may not, or because nothing was to say."""
    reason = told.turn.outcome_reason if told.turn else ""
    step = Step(name, "skipped", "nothing was said")
    conversation = told.conversation
    if conversation.holder_id or conversation.paused_reason or reason == AI_OFF:
        key = "switched off" if reason == AI_OFF else "who has it"
        return step.troubled("waits_for_you", reason or "a person has it", FIXES[key])
    return step.troubled("skipped", reason, None) if reason else step


def _gated_without_turn(told: Told) -> Step:
    title, pairs = gated(told, "")
    reply = told.reply
    step = Step("gated", "done", title, pairs=tuple(pairs))
    if reply is not None and any(not check["ok"] for check in reply.checks):
        return _with_trouble(step, told, reply.reason)
    return step


def _sent_without_turn(told: Told) -> Step:
    title, pairs = sent(told, "")
    step = Step("sent", "done", title, pairs=tuple(pairs))
    reply = told.reply
    accepted = (Message.State.SENT, Message.State.DELIVERED)
    if reply is None or reply.state in accepted:
        return step
    if reply.state == Message.State.DRAFT:
        return Step("sent", "skipped", "not sent: waits for a person")
    return _with_trouble(step, told, reply.reason)


def _after_an_end(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The first step still to come is the one that is worked on now."""
    marked, found = [], False
    for step in steps:
        now = step.state == "to_come" and not found
        found = found or now
        marked.append(step.as_now() if now else step)
    return tuple(marked)


_STILL = {name: name for name in NAMES} | {"sent": "sent (simulated)"}


# --- what to try -------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """One thing to see in the simulator, and whether it was seen."""

    words: str
    done: bool


def tries(conversations: ConversationQuerySet) -> list[Try]:
    """Say which of the four things were tried in these played talks."""
    played = Message.objects.filter(conversation__in=conversations)
    out = played.filter(direction=Message.Direction.OUTBOUND)
    machine = (Message.Author.AI, Message.Author.BUILTIN)
    said = out.filter(author__in=machine, sent_at__isnull=False)
    taken = Event.objects.filter(
        kind="conversation.taken_over", lead__conversation__in=conversations
    )
    held = Event.objects.filter(
        kind="message.held", lead__conversation__in=conversations
    )
    answered = said.order_by("-pk").values_list("checks", flat=True)[:LATEST]
    return [
        Try("answer", said.exists()),
        Try("STOP", played.filter(details__opt_out="stop").exists()),
        Try("take over", taken.exists()),
        Try("at night", held.exists() or any(map(went_at_night, answered))),
    ]
