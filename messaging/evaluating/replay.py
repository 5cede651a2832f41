"""One case, answered again: thawed, planned, written, vetted and judged.

A model that fails, words that do not fit and a case that cannot be read are results,
never exceptions. The guard and the claims are those of a real turn.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from leads.models import Mode
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import (
    HALTING,
    Goal,
    LanguageModel,
    ModelError,
    OverBudget,
    Plan,
    Situation,
)
from messaging.agent.policy import plan_turn
from messaging.evaluating.editions import edition_of
from messaging.evaluating.freezing import Unreadable, thaw
from messaging.evaluating.judging import Answered, judge
from messaging.metering import RunLost
from messaging.models import EvaluationCase, Message
from messaging.situations import GSM_PART
from messaging.vetting import vet
from messaging.wording import Wording

log = logging.getLogger(__name__)


class Stopped(Exception):
    """Asking on is no use before a person acts, or before a moment; `error` says."""

    def __init__(self, error: ModelError) -> None:
        super().__init__(error.words)
        self.error = error


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case; `as_row` is what a run keeps."""

    case: str
    edition: str
    answered: Answered
    failures: tuple[str, ...]
    ms: int
    usage: Usage = field(default_factory=Usage)
    claims: tuple[Mapping[str, Any], ...] = ()

    def as_row(self) -> dict[str, Any]:
        """JSON for `EvaluationRun.results`."""
        return {
            "case": self.case,
            "edition": self.edition,
            "passed": not self.failures,
            "goal": str(self.answered.plan.goal),
            "body": self.answered.body,
            "leaves": self.answered.leaves,
            "held": self.answered.held,
            "error": self.answered.error,
            "failures": list(self.failures),
            "claims": [dict(claim) for claim in self.claims],
            "tokens": self.usage.tokens,
            "micro": self.usage.micro,
            "ms": self.ms,
        }


def replay(
    case: EvaluationCase, *, model: LanguageModel, meter: Meter = UNMETERED
) -> Result:
    """Answer a case again with `model` and judge the answer.

    Raises Stopped where the next case would fail in the same way (over the budget, no
    credit, no access, asked to wait), RunLost when the run is no longer ours.
    """
    began = perf_counter()
    try:
        situation = thaw(case.situation)
    except Unreadable as error:
        plan = Plan(Goal.SILENT)
        return _result(case, Answered(plan, error=str(error)), [str(error)], began)
    plan = plan_turn(situation)
    try:
        answered, usage, claims = _answer(model, meter, situation, plan)
    except RunLost:
        raise
    except ModelError as error:
        if _stops(error):
            raise Stopped(error) from None
        answered, usage, claims = Answered(plan, error=error.words), Usage(), ()
    except Exception as error:
        log.exception("case %s: the model's adapter failed", case.public_id)
        words = f"{model.name}: its adapter failed ({type(error).__name__})"
        answered, usage, claims = Answered(plan, error=words), Usage(), ()
    failures = judge(
        answered,
        situation=situation,
        expectations=case.expectations,
        flagged_body=case.flagged_body,
    )
    return _result(case, answered, failures, began, usage, claims)


def not_asked(case: EvaluationCase, words: str) -> Result:
    """The result of a case that could not be put to the model."""
    error = f"not asked: {words}"
    answered = Answered(Plan(Goal.SILENT), error=error)
    return _result(case, answered, [error], perf_counter())


def _stops(error: ModelError) -> bool:
    return (
        isinstance(error, OverBudget)
        or error.code in HALTING
        or error.retry_at is not None
    )


def _answer(
    model: LanguageModel, meter: Meter, situation: Situation, plan: Plan
) -> tuple[Answered, Usage, tuple[Mapping[str, Any], ...]]:
    if not plan.speaks:
        return Answered(plan), Usage(), ()
    proposal = model.write(situation, plan, meter)
    wording = Wording(proposal, model.author, proposal.usage)
    inbound = Message(kind=situation.channel, body=situation.message)
    vetted = vet(
        wording,
        situation=situation,
        plan=plan,
        inbound=inbound,
        mode=Mode.AUTO,
        max_segments=max(1, situation.max_chars // GSM_PART),
    )
    findings = tuple(found["reason"] for found in vetted.details.get("findings", ()))
    answered = Answered(plan, vetted.body, vetted.reason, findings=findings)
    return answered, proposal.usage, vetted.claims


def _result(
    case: EvaluationCase,
    answered: Answered,
    failures: list[str],
    began: float,
    usage: Usage | None = None,
    claims: tuple[Mapping[str, Any], ...] = (),
) -> Result:
    return Result(
        case=str(case.public_id),
        edition=edition_of(case),
        answered=answered,
        failures=tuple(failures),
        ms=round((perf_counter() - began) * 1000),
        usage=usage or Usage(),
        claims=claims,
    )
