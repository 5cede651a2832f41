"""The AI's turn: understand, learn, score, plan, write, guard, and decide."""

import logging
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, jobs, outbox, policy, qualification, scoring
from leads.models import Mode, Policy, Work
from leads.work import Worker, retry_delay
from messaging.agent.model import ModelError, Plan, Situation
from messaging.agent.policy import plan_turn
from messaging.asking import ask_person
from messaging.claiming import claim_turn
from messaging.conversations import effective_mode, lock_again, refresh
from messaging.holding import hand_back, hand_off, pause, take_over
from messaging.models import Conversation, Message, Turn
from messaging.queueing import Refused, ask_for_decision, queue_message
from messaging.situations import Understood, situation_of, understand
from messaging.vetting import Vetted, vet
from messaging.wording import TurnLost, Wording, find_words

log = logging.getLogger(__name__)

Outcome = Turn.Outcome


@dataclass
class _Work:
    """A turn in progress: its rows, its stages, its clock."""

    turn: Turn
    conversation: Conversation
    rules: Policy
    mode: str
    stages: list[dict[str, Any]]
    began: float = field(default_factory=perf_counter)
    last: float = field(default_factory=perf_counter)

    def mark(self, name: str, detail: str, *, ok: bool = True) -> None:
        now = perf_counter()
        ms = round((now - self.last) * 1000, 1)
        self.stages.append({"name": name, "ms": ms, "detail": detail, "ok": ok})
        self.last = now


def answer(*, turn_id: int) -> None:
    """Work one turn to its end: sent, drafted, handed to a person, or silent.

    A failure never reaches the lead: the turn is tried again, and after its
    last attempt a person gets the conversation.
    """
    turn = claim_turn(turn_id)
    if turn is None:
        return
    try:
        _answer(turn)
    except TurnLost:
        log.warning("turn %s was lost to another worker", turn.public_id)
    except Exception as error:
        log.exception("turn %s failed", turn.public_id)
        _failed(turn, error)


def _answer(turn: Turn) -> None:
    work = _begin(turn)
    understood = understand(work.conversation, turn.last_inbound)
    found = understood.reading
    work.mark("understood", f"{found.intent}, {understood.language}")
    plan, situation = _learn(work, understood)
    silence = _why_silent(work)
    if silence:
        _finish(work, understood, plan, Outcome.LEFT, silence)
        return
    if not plan.speaks:
        outcome = Outcome.HANDED_OFF if plan.hand_off else Outcome.SILENT
        _finish(work, understood, plan, outcome, plan.hand_off)
        return
    try:
        worded = find_words(turn=turn, situation=situation, plan=plan, rules=work.rules)
    except ModelError as error:
        work.mark("answered", error.words, ok=False)
        _finish(work, understood, plan, Outcome.HANDED_OFF, error.words)
        return
    _propose(work, understood, plan, situation, worded)


def _begin(turn: Turn) -> _Work:
    # The gate reads the policy anew in the transaction that claims the message.
    rules = policy.lately()
    channel = turn.last_inbound.channel
    mode = effective_mode(turn.conversation, channel=channel, policy=rules)
    return _Work(turn, turn.conversation, rules, mode, list(turn.stages))


@transaction.atomic
@outbox.together()
def _learn(work: _Work, understood: Understood) -> tuple[Plan, Situation]:
    """Keep what the burst says of the lead, move the score, make the plan."""
    lead, turn = work.conversation.lead, work.turn
    if lead is None:
        raise ValueError("a turn needs a lead")
    message, at = turn.last_inbound.public_id, turn.last_inbound.occurred_at
    learnt = []
    for part in understood.parts:
        learnt += qualification.learn(
            lead=lead,
            readings=part.facts,
            message=part.message.public_id,
            at=part.message.occurred_at,
            actor="builtin",
        )
    work.mark("qualified", ", ".join(f"{f.field} “{f.quote}”" for f in learnt) or "–")
    if understood.language and not lead.language:
        lead.language = understood.language
        lead.save(update_fields=["language"])
    known = qualification.known(lead)
    situation = situation_of(
        work.conversation,
        understood,
        known=known,
        new_facts=tuple(f.field for f in learnt),
        instruction=turn.instruction,
        max_segments=work.rules.max_segments,
    )
    plan = plan_turn(situation)
    before = lead.score
    quote = turn.last_inbound.body[:200]
    signals = [scoring.Signal(key, quote, message, at) for key in plan.signals]
    view = scoring.update_score(
        lead=lead,
        signals=signals,
        facts_moved=bool(learnt) or not lead.score_changed_at,
        # Read under the lead's lock only when something was learnt.
        facts=list(known.values()) if learnt else None,
        cause="the lead wrote",
        actor="builtin",
        at=clock.now(),
    )
    work.mark("scored", f"{before} → {view.value}")
    return plan, situation


def _why_silent(work: _Work) -> str:
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


def _propose(
    work: _Work,
    understood: Understood,
    plan: Plan,
    situation: Situation,
    worded: Wording,
) -> None:
    """Guard the words, and queue them or keep them as a draft."""
    turn, proposal = work.turn, worded.proposal
    written = f"{proposal.model}: {plan.goal}"
    work.mark("answered", worded.note or written, ok=not worded.note)
    vetted = vet(
        worded,
        situation=situation,
        plan=plan,
        inbound=turn.last_inbound,
        mode=work.mode,
        max_segments=work.rules.max_segments,
    )
    reason = vetted.reason
    turn.model, turn.prompt_version = proposal.model, proposal.prompt_version
    turn.sources = list(proposal.sources)
    turn.usage = asdict(worded.usage)
    with transaction.atomic():
        work.conversation = lock_again(work.conversation)
        if _overtaken(work):
            _supersede(work, understood, plan)
            return
        silence = _why_silent(work)  # somebody may have taken over meanwhile
        try:
            if not silence and not _written_before(turn):
                _queue(work, worded.author, vetted)
        except Refused as error:
            silence = str(error)
        outcome = Outcome.DRAFTED if reason else Outcome.SENT
        if silence:
            outcome, reason = Outcome.LEFT, silence
        elif plan.hand_off and not work.conversation.holder_id:
            pause(work.conversation, plan.hand_off)
        _end(work, understood, plan, outcome, reason or worded.note)


def _overtaken(work: _Work) -> bool:
    """Whether the lead wrote again while a model thought, and a later turn answers
    all of it. The conversation is locked.
    """
    last, answered = work.conversation.last_inbound_at, work.turn.last_inbound
    if last is None or last <= answered.occurred_at:
        return False
    later = work.conversation.turns.filter(last_inbound_id__gt=answered.pk)
    return later.exclude(state__in=[Turn.State.SUPERSEDED, Turn.State.DEAD]).exists()


def _supersede(work: _Work, understood: Understood, plan: Plan) -> None:
    """Leave the answer to the later turn, which reads this burst as well."""
    work.mark("gated", "the lead wrote again: the next answer covers it", ok=False)
    _close(work, understood, plan, Turn.State.SUPERSEDED, "", "the lead wrote again")


def _effect_key(turn: Turn) -> str:
    return f"turn:{turn.pk}:{turn.last_inbound_id}:{turn.round}"


def _written_before(turn: Turn) -> bool:
    """Whether an earlier attempt died after its answer was written."""
    if turn.attempts <= 1:
        return False
    return Message.objects.filter(effect_key=_effect_key(turn)).exists()


def _queue(work: _Work, author: str, vetted: Vetted) -> None:
    reason = vetted.reason
    turn, inbound = work.turn, work.turn.last_inbound
    message = queue_message(
        conversation=work.conversation,
        kind=inbound.kind,
        body=vetted.body,
        author=author,
        channel=inbound.channel,
        contact_point=inbound.contact_point,
        subject=vetted.subject,
        automatic=not reason,
        turn=turn,
        answers=inbound,
        state=Message.State.DRAFT if reason else Message.State.QUEUED,
        reason=reason,
        effect_key=_effect_key(turn),
        details=vetted.details,
    )
    if reason:
        work.mark("gated", reason, ok=False)
        ask_for_decision(message, work.conversation)


def _finish(
    work: _Work, understood: Understood, plan: Plan, outcome: str, reason: str
) -> None:
    with transaction.atomic():
        work.conversation = lock_again(work.conversation)
        _end(work, understood, plan, outcome, reason)


def _end(
    work: _Work, understood: Understood, plan: Plan, outcome: str, reason: str
) -> None:
    """Write the turn's end; the conversation is locked."""
    ask_person(work.turn, work.conversation, plan, outcome=outcome, reason=reason)
    _close(work, understood, plan, Turn.State.DONE, outcome, reason)


def _close(
    work: _Work,
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


def _failed(turn: Turn, error: Exception) -> None:
    words = f"{type(error).__name__}: {error}"
    claims.retry_or_bury(turn, error=words, delay=retry_delay(1))
    _tell_when_dead(turn)


def _orphaned(row: Work) -> None:
    """Its process died: answer again, unless it keeps killing its process."""
    turn = cast(Turn, row)
    with transaction.atomic():
        lock_again(turn.conversation)  # before the row, as everywhere
        claims.requeue_orphan(turn)
        _tell_when_dead(turn)


def _tell_when_dead(turn: Turn) -> None:
    if turn.state == Turn.State.DEAD:
        conversation = Conversation.objects.get(pk=turn.conversation_id)
        hand_off(conversation=conversation, reason="The AI could not answer")


@transaction.atomic
def answer_now(*, conversation: Conversation, user: User) -> bool:
    """End the burst: answer what is there; False when nothing waits."""
    waiting = conversation.turns.filter(state=Turn.State.WAITING)
    turn = waiting.first()
    if turn is None or not waiting.update(due_at=clock.now()):
        return False
    jobs.enqueue("messaging.answer_turn", turn.pk)
    return True


WORKER = Worker(
    kind="turns",
    model=Turn,
    task="messaging.answer_turn",
    run=lambda pk: answer(turn_id=pk),
    orphaned=_orphaned,
)

__all__ = ["WORKER", "answer", "answer_now", "hand_back", "hand_off", "take_over"]
