"""What a run's calls cost, within the installation's caps of the day."""

from leads import claims, usage
from leads.models import Policy
from messaging.agent.costs import Usage
from messaging.agent.model import OverBudget
from messaging.claiming import LEASE
from messaging.models import EvaluationRun
from messaging.wording import USED_UP, caps_of

PURPOSE = "evaluation"


class RunLost(Exception):
    """The run's lease ran out and another worker has it: nothing may be written."""


class RunMeter:
    """Sets aside what each call of one case may cost, and renews the run's lease.

    No lead's cap is touched: no lead is answered. `spent` is what the calls cost as
    far as somebody said so.
    """

    def __init__(
        self, *, run: EvaluationRun, case: str, service: str, rules: Policy
    ) -> None:
        self.spent = Usage()
        self.calls = 0
        self._run, self._case, self._service = run, case, service
        self._caps = caps_of(None, rules)

    def begin(self, model: str, most: Usage) -> "RunCharge":
        """Set the most that the call may cost aside. Raises OverBudget, RunLost."""
        if not claims.renew(self._run, lease=LEASE):
            raise RunLost
        self.calls += 1
        place = f"{self._run.public_id}:{self._case}:{self._run.claim_token}"
        try:
            reserved = usage.reserve(
                lead=None,
                service=self._service,
                what=f"{model[:60]}:{PURPOSE}",
                # One for each call of each attempt: a repeated attempt pays anew.
                effect_key=f"eval:{place}:{self.calls}",
                most=_amount(most),
                caps=self._caps,
            )
        except usage.OverCap as over:
            raise OverBudget(f"{USED_UP}: {over.words}") from None
        return RunCharge(self, reserved)


class RunCharge:
    """What is set aside for one call of a run."""

    def __init__(self, meter: RunMeter, reserved: usage.Reserved) -> None:
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


def _amount(spent: Usage) -> usage.Amount:
    parts = {"input": spent.input, "cached": spent.cached, "output": spent.output}
    return usage.Amount(spent.tokens, spent.micro, parts)
