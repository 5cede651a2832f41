"""Asks a model for the words of a turn, within its budget, and somebody else when
it does not answer.

A model that fails never stops a lead's answer: the built-in model writes and says
why, or a person is asked, as the policy says. Nothing is locked meanwhile.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.conf import settings

from leads import halting
from leads.models import Lead, Policy
from leads.models.policy import Fallback
from messaging.agent.costs import Usage
from messaging.agent.model import (
    HALTING,
    ModelError,
    OverBudget,
    Plan,
    Proposal,
    Situation,
    choose_model,
)
from messaging.evaluating import releases
from messaging.metering import CallMeter, WorkLost, meter_of_turn
from messaging.models import Message, Turn

log = logging.getLogger(__name__)

ONLY_DRAFTS = "The AI only drafts for now"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a turn and who wrote them. `note` says why it was not the model
    that should have; with a `draft_reason` a person must decide on them.
    """

    proposal: Proposal
    author: str
    usage: Usage
    note: str = ""
    draft_reason: str = ""


def find_words(
    *, turn: Turn, situation: Situation, plan: Plan, rules: Policy
) -> Wording:
    """Return words for a plan that speaks. Raises ModelError when a person must
    answer, TurnLost when the turn is no longer ours.
    """

    def note(spent: Usage) -> None:
        turn.usage = asdict(spent)

    return words_within(
        lambda service: meter_of_turn(turn=turn, service=service, rules=rules),
        lead=turn.conversation.lead,
        situation=situation,
        plan=plan,
        rules=rules,
        note=note,
    )


def words_within(
    meter_for: Callable[[str], CallMeter],
    *,
    lead: Lead | None,
    situation: Situation,
    plan: Plan,
    rules: Policy,
    note: Callable[[Usage], None] = lambda spent: None,
) -> Wording:
    """Return words for a plan that speaks, whatever they are for; `meter_for` makes
    the meter of a service. Raises ModelError when a person must write, WorkLost when
    the work is no longer ours. `note` hears what was spent before that.
    """
    model = choose_model(settings.LANGUAGE_MODELS, speaking=releases.current())
    if model.author == Message.Author.AI and lead is not None and lead.demo:
        # Nobody pays for the talk of the demo's people, which is made at once.
        model = choose_model(settings.LANGUAGE_MODELS, author=Message.Author.BUILTIN)
    if model.author != Message.Author.AI:
        proposal = model.write(situation, plan)
        return Wording(proposal, model.author, proposal.usage)
    if rules.ai_halted_reason:
        reason = f"{ONLY_DRAFTS}: {rules.ai_halted_reason}"
        return _offline(situation, plan, Usage(), note=reason, draft_reason=reason)
    meter = meter_for(model.name)
    try:
        proposal = model.write(situation, plan, meter)
    except WorkLost:
        raise
    except ModelError as error:
        trouble = error
    except Exception as error:
        log.exception("the language model's adapter failed")
        words = f"{model.name}: its adapter failed ({type(error).__name__})"
        trouble = ModelError("unknown", words, code="adapter")
    else:
        spent = meter.spent if meter.calls else proposal.usage
        return Wording(proposal, model.author, spent)
    note(meter.spent)
    return _instead(trouble, situation, plan, rules, meter.spent)


def holding_words(situation: Situation, plan: Plan) -> Wording:
    """Return the sentence that tells a lead that a person answers: the built-in
    model's, which is always there and costs nothing. Raises ModelError without one.
    """
    return _offline(situation, plan, Usage(), note="", draft_reason="")


def _instead(
    trouble: ModelError, situation: Situation, plan: Plan, rules: Policy, spent: Usage
) -> Wording:
    """What is said when the model said nothing."""
    log.warning("the language model did not answer: %s", trouble.words)
    draft_reason = ""
    if isinstance(trouble, OverBudget):
        draft_reason = trouble.words
    elif trouble.code in HALTING:
        halting.halt_ai(reason=trouble.words)
        draft_reason = f"{ONLY_DRAFTS}: {trouble.words}"
    elif rules.model_fallback == Fallback.PERSON:
        raise trouble
    note = f"{trouble.words}; the built-in model wrote this"
    return _offline(situation, plan, spent, note=note, draft_reason=draft_reason)


def _offline(
    situation: Situation, plan: Plan, spent: Usage, *, note: str, draft_reason: str
) -> Wording:
    model = choose_model(settings.LANGUAGE_MODELS, author=Message.Author.BUILTIN)
    proposal = model.write(situation, plan)
    return Wording(proposal, model.author, spent, note[:280], draft_reason[:280])
