"""Choosing a model, and the contract that every model keeps."""

import pytest

from messaging.agent.builtin import BuiltinModel
from messaging.agent.model import (
    Goal,
    LanguageModel,
    ModelError,
    Plan,
    Proposal,
    choose_model,
)
from messaging.tests.agent_situations import situation

BUILTIN = "messaging.agent.builtin.BuiltinModel"


class Sleeping(BuiltinModel):
    """A model without its key."""

    configured = False

    def is_configured(self) -> bool:
        return type(self).configured


SLEEPING = f"{__name__}.Sleeping"


def test_the_first_configured_model_is_chosen() -> None:
    assert isinstance(choose_model([BUILTIN, SLEEPING]), BuiltinModel)
    assert type(choose_model([SLEEPING, BUILTIN])) is BuiltinModel


def test_a_key_that_comes_later_counts_without_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choose_model([SLEEPING, BUILTIN]).name == "builtin"
    monkeypatch.setattr(Sleeping, "configured", True)
    chosen = choose_model([SLEEPING, BUILTIN])
    assert type(chosen).__name__ == "Sleeping"


def test_no_configured_model_is_an_error_in_words() -> None:
    with pytest.raises(ModelError) as raised:
        choose_model([SLEEPING])
    assert raised.value.outcome == "permanent"
    assert raised.value.words == "No language model is set up."


def test_the_builtin_model_keeps_the_contract() -> None:
    model: LanguageModel = BuiltinModel()
    assert model.is_configured()
    assert model.author == "builtin"
    for goal in Goal:
        plan = Plan(goal)
        proposal = model.write(situation(), plan)
        assert isinstance(proposal, Proposal)
        assert bool(proposal.body) is plan.speaks
        assert 0 <= proposal.confidence <= 1
