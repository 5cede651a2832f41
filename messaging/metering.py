"""What calls of a language model cost, within the caps of the day.

Each call is set aside before it is made; the work that it is made for is held on to
meanwhile.
"""

from leads import claims, usage
from leads.models import Lead, Policy, Work
from messaging.agent.costs import Usage
from messaging.agent.model import OverBudget
from messaging.claiming import LEASE
from messaging.models import EvaluationRun, Turn
from messaging.models.sequence import Enrollment

USED_UP = "AI budget for today is used up"


class WorkLost(Exception):
    """The work's lease ran out and another worker has it: nothing may be written."""


class TurnLost(WorkLost):
    """It was a turn."""


class EnrollmentLost(WorkLost):
    """It was a follow-up, which somebody may also have stopped."""


class RunLost(WorkLost):
    """It was the run of an evaluation."""


class CallMeter:
    """Keeps the calls of a piece of work within the day's caps, and its lease ahead
    of them. `key` begins the key of every call; `lost` is raised when the lease is
    another's.

    `spent` is what the calls cost as far as somebody said so.
    """

    def __init__(
        self,
        work: Work,
        *,
        key: str,
        lost: type[WorkLost],
        lead: Lead | None,
        service: str,
        purpose: str,
        rules: Policy,
    ) -> None:
        self.spent = Usage()
        self.calls = 0
        self._work, self._lost, self._lead = work, lost, lead
        self._key, self._service, self._purpose = key, service, purpose
        self._caps = caps_of(lead, rules)

    def begin(self, model: str, most: Usage) -> "MeteredCall":
        """Renew the lease and set the most that the call may cost aside. Raises
        OverBudget when a cap is used up.
        """
        if not claims.renew(self._work, lease=LEASE):
            raise self._lost
        self.calls += 1
        try:
            reserved = usage.reserve(
                lead=self._lead,
                service=self._service,
                what=f"{model[:60]}:{self._purpose}",
                # One for each call of each attempt: a repeated attempt pays anew.
                effect_key=f"{self._key}:{self._work.claim_token}:{self.calls}",
                most=_amount(most),
                caps=self._caps,
            )
        except usage.OverCap as over:
            raise OverBudget(f"{USED_UP}: {over.words}") from None
        return MeteredCall(self, reserved)


class MeteredCall:
    """What is set aside for one call."""

    def __init__(self, meter: CallMeter, reserved: usage.Reserved) -> None:
        self._meter, self._reserved = meter, reserved

    def settle(self, spent: Usage) -> None:
        """Count what the call cost in place of the estimate."""
        usage.settle(reserved=self._reserved, actual=_amount(spent))
        self._meter.spent += spent

    def keep(self) -> None:
        """Let the estimate stand; what it cost is not known."""
        self._meter.spent += Usage(micro=None)

    def cancel(self) -> None:
        """Count nothing."""
        usage.release(reserved=self._reserved)


def meter_of_turn(*, turn: Turn, service: str, rules: Policy) -> CallMeter:
    """The meter of an answer: within the lead's caps and everybody's."""
    return CallMeter(
        turn,
        key=f"model:{turn.public_id}",
        lost=TurnLost,
        lead=turn.conversation.lead,
        service=service,
        purpose="reply",
        rules=rules,
    )


def meter_of_follow_up(
    *, enrollment: Enrollment, service: str, rules: Policy
) -> CallMeter:
    """The meter of a follow-up's words: within the same caps as an answer's."""
    return CallMeter(
        enrollment,
        key=f"follow:{enrollment.public_id}:{enrollment.next_step_id}",
        lost=EnrollmentLost,
        lead=enrollment.lead,
        service=service,
        purpose="follow-up",
        rules=rules,
    )


def meter_of_case(
    *, run: EvaluationRun, case: str, service: str, rules: Policy
) -> CallMeter:
    """The meter of one case of a run. No lead's cap is touched: no lead is answered."""
    return CallMeter(
        run,
        key=f"eval:{run.public_id}:{case}",
        lost=RunLost,
        lead=None,
        service=service,
        purpose="evaluation",
        rules=rules,
    )


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
