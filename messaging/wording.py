"""Asks a model for the words of a turn, within its budget, and somebody else when
it does not answer.

A model that fails never stops a lead's answer: the built-in model writes and says
why, or a person is asked, as the policy says. Nothing is locked meanwhile.
"""

import logging
from dataclasses import asdict, dataclass

from django.conf import settings

from leads import claims, halting, usage
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
from messaging.claiming import LEASE
from messaging.evaluating import releases
from messaging.models import Message, Turn

log = logging.getLogger(__name__)

PURPOSE = "reply"
USED_UP = "AI budget for today is used up"
ONLY_DRAFTS = "The AI only drafts for now"


class TurnLost(Exception):
    """The turn's lease ran out and another worker has it: nothing may be written."""


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
    model = choose_model(settings.LANGUAGE_MODELS, speaking=releases.current())
    if model.author == Message.Author.AI and _is_invented(turn):
        # Nobody pays for the talk of the demo's people, which is made at once.
        model = choose_model(settings.LANGUAGE_MODELS, author=Message.Author.BUILTIN)
    if model.author != Message.Author.AI:
        proposal = model.write(situation, plan)
        return Wording(proposal, model.author, proposal.usage)
    if rules.ai_halted_reason:
        reason = f"{ONLY_DRAFTS}: {rules.ai_halted_reason}"
        return _offline(situation, plan, Usage(), note=reason, draft_reason=reason)
    meter = TurnMeter(turn=turn, service=model.name, rules=rules)
    try:
        proposal = model.write(situation, plan, meter)
    except TurnLost:
        raise
    except ModelError as error:
        trouble = error
    except Exception as error:
        log.exception("turn %s: the model's adapter failed", turn.public_id)
        words = f"{model.name}: its adapter failed ({type(error).__name__})"
        trouble = ModelError("unknown", words, code="adapter")
    else:
        spent = meter.spent if meter.calls else proposal.usage
        return Wording(proposal, model.author, spent)
    turn.usage = asdict(meter.spent)
    return _instead(trouble, situation, plan, rules, meter.spent)


def holding_words(situation: Situation, plan: Plan) -> Wording:
    """Return the sentence that tells a lead that a person answers: the built-in
    model's, which is always there and costs nothing. Raises ModelError without one.
    """
    return _offline(situation, plan, Usage(), note="", draft_reason="")


def _is_invented(turn: Turn) -> bool:
    lead = turn.conversation.lead
    return lead is not None and lead.demo


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


class TurnMeter:
    """Keeps a turn's calls within the day's caps, and its lease ahead of them.

    `spent` is what the calls cost as far as somebody said so.
    """

    def __init__(self, *, turn: Turn, service: str, rules: Policy) -> None:
        self.spent = Usage()
        self.calls = 0
        self._turn, self._service = turn, service
        self._lead = turn.conversation.lead
        self._caps = caps_of(self._lead, rules)

    def begin(self, model: str, most: Usage) -> "TurnCharge":
        """Renew the lease and set the most that the call may cost aside."""
        if not claims.renew(self._turn, lease=LEASE):
            raise TurnLost
        self.calls += 1
        claim = self._turn.claim_token
        try:
            reserved = usage.reserve(
                lead=self._lead,
                service=self._service,
                what=f"{model[:60]}:{PURPOSE}",
                # One for each call of each attempt: a repeated attempt pays anew.
                effect_key=f"model:{self._turn.public_id}:{claim}:{self.calls}",
                most=_amount(most),
                caps=self._caps,
            )
        except usage.OverCap as over:
            raise OverBudget(f"{USED_UP}: {over.words}") from None
        return TurnCharge(self, reserved)


class TurnCharge:
    """What is set aside for one call of a turn."""

    def __init__(self, meter: TurnMeter, reserved: usage.Reserved) -> None:
        self._meter, self._reserved = meter, reserved

    def settle(self, spent: Usage) -> None:
        """Count what the call cost in place of the estimate."""
        usage.settle(reserved=self._reserved, actual=_amount(spent))
        self._meter.spent += spent

    def keep(self) -> None:
        """Let the estimate stand; the turn's cost is not known."""
        self._meter.spent += Usage(micro=None)

    def cancel(self) -> None:
        """Count nothing."""
        usage.release(reserved=self._reserved)


def _amount(spent: Usage) -> usage.Amount:
    parts = {"input": spent.input, "cached": spent.cached, "output": spent.output}
    return usage.Amount(spent.tokens, spent.micro, parts)


def caps_of(lead: Lead | None, rules: Policy) -> tuple[usage.Cap, ...]:
    """The day's caps of the language model; the lead's come first everywhere, so
    that two calls never wait for each other's counters.
    """
    tokens, money = rules.ai_tokens_lead_day, rules.ai_micro_lead_day
    mine = (
        ()
        if lead is None
        else (
            usage.Cap(
                f"ai:tokens:lead:{lead.pk}",
                "tokens",
                tokens,
                f"{tokens:,} tokens a lead",
            ),
            usage.Cap(
                f"ai:micro:lead:{lead.pk}", "micro", money, f"{_money(money)} a lead"
            ),
        )
    )
    tokens, money = rules.ai_tokens_day, rules.ai_micro_day
    everybody = (
        usage.Cap("ai:tokens:all", "tokens", tokens, f"{tokens:,} tokens in all"),
        usage.Cap("ai:micro:all", "micro", money, f"{_money(money)} in all"),
    )
    return (*mine, *everybody)


def _money(micro: int) -> str:
    return f"{micro / 1_000_000:,.2f} USD"
