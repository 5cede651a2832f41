"""What every language model keeps, whoever the vendor."""

import pytest

from messaging.agent.costs import Charge, Usage
from messaging.agent.model import Goal, LanguageModel, ModelError, Plan, Proposal
from messaging.tests.agent_situations import situation


class Counting:
    """A meter that remembers what it was told."""

    def __init__(self, *, refuse_from: int = 10**9) -> None:
        self.begun: list[Usage] = []
        self.ends: list[str] = []
        self.settled: list[Usage] = []
        self.refuse_from = refuse_from

    def begin(self, model: str, most: Usage) -> Charge:
        if len(self.begun) >= self.refuse_from:
            from messaging.agent.model import OverBudget

            raise OverBudget("the cap of the test")
        self.begun.append(most)
        return self

    def settle(self, usage: Usage) -> None:
        self.ends.append("settle")
        self.settled.append(usage)

    def keep(self) -> None:
        self.ends.append("keep")

    def cancel(self) -> None:
        self.ends.append("cancel")


class ModelCases:
    """For a class with `model()`, and `broken()` when it can fail."""

    def model(self) -> LanguageModel:
        raise NotImplementedError

    def broken(self) -> LanguageModel | None:
        return None

    def test_it_says_who_it_is(self) -> None:
        model = self.model()
        assert model.is_configured()
        assert model.author in ("ai", "builtin")
        assert model.name

    @pytest.mark.parametrize("goal", list(Goal))
    def test_it_speaks_when_the_plan_does(self, goal: Goal) -> None:
        plan = Plan(goal)
        meter = Counting()
        proposal = self.model().write(situation(), plan, meter)
        assert isinstance(proposal, Proposal)
        assert bool(proposal.body) is plan.speaks
        assert 0 <= proposal.confidence <= 1
        assert proposal.model and proposal.prompt_version
        assert len(meter.ends) == len(meter.begun)

    def test_its_usage_is_what_the_meter_was_told(self) -> None:
        meter = Counting()
        proposal = self.model().write(situation(), Plan(Goal.GREET), meter)
        assert proposal.usage == sum(meter.settled, Usage())

    def test_trouble_is_a_model_error_in_words(self) -> None:
        model = self.broken()
        if model is None:
            return
        meter = Counting()
        with pytest.raises(ModelError) as raised:
            model.write(situation(), Plan(Goal.GREET), meter)
        assert raised.value.outcome in ("refused", "later", "permanent", "unknown")
        assert raised.value.words
        assert len(meter.ends) == len(meter.begun)
