"""The AI's turn: understand, learn, score, plan, write, guard, and decide."""

import logging
from dataclasses import asdict, replace
from typing import cast

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, jobs, outbox, qualification, scoring
from leads.models import Mode, Work
from leads.work import Worker, retry_delay
from messaging import answering
from messaging.agent.model import Goal, ModelError, Plan, Proposal, Situation
from messaging.agent.policy import plan_turn
from messaging.answering import TurnWork
from messaging.claiming import claim_turn
from messaging.confidence import Sureness, how_sure
from messaging.conversations import lock_again
from messaging.holding import hand_back, hand_off, pause, take_over
from messaging.metering import TurnLost
from messaging.models import Conversation, Message, PromptRecord, Turn
from messaging.queueing import Refused, ask_for_decision, queue_message
from messaging.shadow import judged
from messaging.situations import Understood, situation_of, understand
from messaging.vetting import Vetted, vet
from messaging.wording import Wording, find_words, holding_words

log = logging.getLogger(__name__)

Outcome = Turn.Outcome


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
    work = answering.begin(turn)
    understood = understand(work.conversation, turn.last_inbound)
    found = understood.reading
    work.mark("understood", f"{found.intent}, {understood.language}")
    plan, situation = _learn(work, understood)
    silence = answering.why_silent(work)
    if silence:
        answering.finish(work, understood, plan, Outcome.LEFT, silence)
        return
    if not plan.speaks:
        outcome = Outcome.HANDED_OFF if plan.hand_off else Outcome.SILENT
        answering.finish(work, understood, plan, outcome, plan.hand_off)
        return
    sure = _how_sure(work, understood, plan)
    turn.sureness = sure.as_json(work.rules)
    if plan.goal != Goal.HAND_OFF and not sure.may_draft(work.rules):
        _hold(work, understood, plan, situation, sure)
        return
    try:
        worded = find_words(turn=turn, situation=situation, plan=plan, rules=work.rules)
    except ModelError as error:
        work.mark("answered", error.words, ok=False)
        answering.finish(work, understood, plan, Outcome.HANDED_OFF, error.words)
        return
    _propose(work, understood, plan, situation, worded)


def _how_sure(
    work: TurnWork, understood: Understood, plan: Plan, passage: float | None = None
) -> Sureness:
    return how_sure(
        intent=str(understood.reading.intent),
        topics=understood.reading.topics,
        plan_confidence=plan.confidence,
        passage_sure=passage,
        simulated=work.simulated,
    )


def _hold(
    work: TurnWork,
    understood: Understood,
    plan: Plan,
    situation: Situation,
    sure: Sureness,
) -> None:
    """Hand over what is not worth a draft: with one polite sentence where the AI may
    speak by itself, else with a task only.
    """
    reason = f"Unsure: {sure.words_useless}"
    may_speak = work.mode == Mode.AUTO and not plan.draft_reason
    plan = replace(
        plan,
        goal=Goal.HAND_OFF,
        ask="",
        hand_off=reason,
        task_kind="reply",
        draft_reason="",
    )
    try:
        worded = holding_words(situation, plan) if may_speak else None
    except ModelError as error:
        work.mark("answered", error.words, ok=False)
        worded = None
    if worded is None:
        answering.finish(work, understood, plan, Outcome.HANDED_OFF, reason)
        return
    _propose(work, understood, plan, situation, worded, holds=True)


@transaction.atomic
@outbox.together()
def _learn(work: TurnWork, understood: Understood) -> tuple[Plan, Situation]:
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


def _propose(
    work: TurnWork,
    understood: Understood,
    plan: Plan,
    situation: Situation,
    worded: Wording,
    *,
    holds: bool = False,
) -> None:
    """Guard the words, and queue them or keep them as a draft. What only `holds` the
    lead until a person comes need not be sure.
    """
    turn = work.turn
    vetted = _judge(work, understood, plan, situation, worded, holds)
    reason = vetted.reason
    with transaction.atomic():
        work.conversation = lock_again(work.conversation)
        _record_prompt(turn, worded.proposal)
        if answering.is_overtaken(work):
            answering.supersede(work, understood, plan)
            return
        silence = answering.why_silent(work)  # somebody may have taken over meanwhile
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
        answering.end(work, understood, plan, outcome, reason or worded.note)


def _judge(
    work: TurnWork,
    understood: Understood,
    plan: Plan,
    situation: Situation,
    worded: Wording,
    holds: bool,
) -> Vetted:
    """Say whether the words may leave, and note on the turn what they rest on."""
    proposal = worded.proposal
    written = f"{proposal.model}: {plan.goal}"
    work.mark("answered", worded.note or written, ok=not worded.note)
    vetted = vet(
        worded,
        situation=situation,
        plan=plan,
        inbound=work.turn.last_inbound,
        mode=work.mode,
        max_segments=work.rules.max_segments,
    )
    _note(work.turn, worded, vetted)
    sure = None
    if not holds:
        sure = _how_sure(work, understood, plan, _surest(situation, vetted))
        work.turn.sureness = sure.as_json(work.rules)
    return judged(vetted, sure=sure, rules=work.rules)


def _note(turn: Turn, worded: Wording, vetted: Vetted) -> None:
    """Put what the answer rests on onto the turn; `answering` writes it."""
    proposal = worded.proposal
    turn.model, turn.prompt_version = proposal.model, proposal.prompt_version
    turn.sources = list(proposal.sources)
    turn.claims = list(vetted.claims)
    turn.usage = asdict(worded.usage)


def _surest(situation: Situation, vetted: Vetted) -> float | None:
    """How surely the passages that the answer cites answer the question; None when it
    cites none.
    """
    cited = {claim.get("source") for claim in vetted.claims}
    sure = [p.sure for p in situation.knowledge if p.source in cited]
    return max(sure, default=None)


def _record_prompt(turn: Turn, proposal: Proposal) -> None:
    """Keep what a language model was told, to the letter, and what it wrote."""
    if not proposal.prompt:
        return
    PromptRecord.objects.create(
        turn=turn,
        version=proposal.prompt_version,
        model=proposal.model,
        instructions=proposal.instructions,
        input=proposal.prompt,
        answer=proposal.answer,
        created_at=clock.now(),
    )


def _effect_key(turn: Turn) -> str:
    return f"turn:{turn.pk}:{turn.last_inbound_id}:{turn.round}"


def _written_before(turn: Turn) -> bool:
    """Whether an earlier attempt died after its answer was written."""
    if turn.attempts <= 1:
        return False
    return Message.objects.filter(effect_key=_effect_key(turn)).exists()


def _queue(work: TurnWork, author: str, vetted: Vetted) -> None:
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
