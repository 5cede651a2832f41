"""A turn while it is worked, and the ways in which it ends."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.db import transaction

from leads import claims, policy
from leads.models import Mode, Policy
from messaging.agent.model import Plan
from messaging.asking import ask_person
from messaging.conversations import effective_mode, lock_again, refresh
from messaging.metering import TurnLost
from messaging.models import Conversation, Turn
from messaging.situations import Understood

Outcome = Turn.Outcome


@dataclass
class TurnWork:
    """A turn in progress: its rows, its stages, its clock."""

    turn: Turn
    conversation: Conversation
    rules: Policy
    mode: str
    stages: list[dict[str, Any]]
    began: float = field(default_factory=perf_counter)
    last: float = field(default_factory=perf_counter)

    def mark(self, name: str, detail: str, *, ok: bool = True) -> None:
        """Write a stage down, with the time since the one before."""
        now = perf_counter()
        ms = round((now - self.last) * 1000, 1)
        self.stages.append({"name": name, "ms": ms, "detail": detail, "ok": ok})
        self.last = now

    @property
    def simulated(self) -> bool:
        """Whether the lead is one that somebody plays."""
        return self.turn.last_inbound.simulated


def begin(turn: Turn) -> TurnWork:
    """Take the turn up with the rules and the mode that hold for it."""
    # The gate reads the policy anew in the transaction that claims the message.
    rules = policy.lately()
    channel = turn.last_inbound.channel
    mode = effective_mode(turn.conversation, channel=channel, policy=rules)
    return TurnWork(turn, turn.conversation, rules, mode, list(turn.stages))


def why_silent(work: TurnWork) -> str:
    """Why nothing is written now, "" when something is."""
    conversation = work.conversation
    if conversation.holder is not None:
        name = conversation.holder.get_short_name() or conversation.holder.username
        return f"{name} has it"
    if conversation.paused_reason:
        return conversation.paused_reason
    if work.mode == Mode.OFF:
        return "the AI is off"
    return ""


def is_overtaken(work: TurnWork) -> bool:
    """Whether the lead wrote again while a model thought, and a later turn answers
    all of it. The conversation is locked.
    """
    last, answered = work.conversation.last_inbound_at, work.turn.last_inbound
    if last is None or last <= answered.occurred_at:
        return False
    later = work.conversation.turns.filter(last_inbound_id__gt=answered.pk)
    return later.exclude(state__in=[Turn.State.SUPERSEDED, Turn.State.DEAD]).exists()


def supersede(work: TurnWork, understood: Understood, plan: Plan) -> None:
    """Leave the answer to the later turn, which reads this burst as well."""
    work.mark("gated", "the lead wrote again: the next answer covers it", ok=False)
    _close(work, understood, plan, Turn.State.SUPERSEDED, "", "the lead wrote again")


def finish(
    work: TurnWork, understood: Understood, plan: Plan, outcome: str, reason: str
) -> None:
    """End a turn that writes no message. Raises TurnLost."""
    with transaction.atomic():
        work.conversation = lock_again(work.conversation)
        end(work, understood, plan, outcome, reason)


def end(
    work: TurnWork, understood: Understood, plan: Plan, outcome: str, reason: str
) -> None:
    """Write the turn's end; the conversation is locked. Raises TurnLost."""
    ask_person(work.turn, work.conversation, plan, outcome=outcome, reason=reason)
    _close(work, understood, plan, Turn.State.DONE, outcome, reason)


def _close(
    work: TurnWork,
    understood: Understood,
    plan: Plan,
    state: str,
    outcome: str,
    reason: str,
) -> None:
    """Give the turn back. Raises TurnLost, so that nothing of it stays, when its
    lease ran out and another worker has it.
    """
    turn = work.turn
    kept = claims.finish(
        turn,
        state=state,
        stages=work.stages,
        intent=understood.reading.intent,
        language=understood.language,
        goal=str(plan.goal),
        understood={**understood.as_json(), "ask": plan.ask},
        sources=turn.sources,
        claims=turn.claims,
        sureness=turn.sureness,
        model=turn.model,
        prompt_version=turn.prompt_version,
        usage=turn.usage,
        latency_ms=round((perf_counter() - work.began) * 1000),
        outcome=outcome,
        outcome_reason=reason[:300],
    )
    if not kept:
        raise TurnLost
    refresh(
        work.conversation,
        ring="answered",
        answering=outcome == Outcome.SENT and not plan.task_kind,
    )
