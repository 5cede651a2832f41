"""Our calls against OpenAI's published API description, served as a mock.

Set VENDOR_MOCK_31 to the mock's address (http://127.0.0.1:4031). It answers 422,
with the details in `sl-violations`, when a request breaks the description.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from integrations.openai_models import list_models
from integrations.openai_talk import Talk
from integrations.openai_wire import Ask, Rung, body_of
from integrations.providers.openai import OpenAIModel
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.mock_relay import Relay
from integrations.tests.openai_server import APIS, fresh_model, point_at
from messaging.agent.costs import UNMETERED
from messaging.agent.model import Goal, ModelError, Plan
from messaging.tests.agent_situations import situation, talk

__all__ = ["fresh_door", "fresh_model", "serve"]  # fixtures

MOCK = os.environ.get("VENDOR_MOCK_31", "")
pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not MOCK, reason="VENDOR_MOCK_31 names no vendor mock"),
]


@pytest.fixture
def relay(serve: Callable[[Script], Loopback], settings: Settings) -> Iterator[Relay]:
    relay = Relay(MOCK)
    point_at(settings, serve(relay), "chat", deadline=15.0)
    yield relay
    relay.assert_contract_kept()


FULL = situation(
    "We need 40 desks",
    history=talk("Hi", "us: Hello, what do you need?"),
    facts={"need": "40 desks"},
    lead_name="Dana",
)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("goal", [Goal.GREET, Goal.ANSWER, Goal.OFFER_CALL])
def test_a_turn_keeps_the_contract(
    api: str, goal: Goal, relay: Relay, settings: Settings
) -> None:
    settings.OPENAI_API = api
    try:
        assert OpenAIModel().write(FULL, Plan(goal, "budget")).body
    except ModelError as error:
        # The mock's constant words are not ours; it took the request all the same.
        assert error.code in ("bad_answer", "several", "tool", "unreadable", "empty")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("rung", list(Rung))
def test_every_rung_keeps_the_contract(
    api: str, rung: Rung, relay: Relay, settings: Settings
) -> None:
    from time import monotonic

    from integrations.openai_api import account, post

    settings.OPENAI_API = api
    who = account()
    ask = Ask("Answer in JSON.", (("user", "Hello"),), {"type": "object"}, 50)
    heard = post(who, body_of(who, ask, rung), until=monotonic() + 15)
    assert heard.status == 200


@pytest.mark.parametrize("api", APIS)
def test_a_repair_keeps_the_contract(
    api: str, relay: Relay, settings: Settings
) -> None:
    from integrations.openai_api import account

    settings.OPENAI_API = api
    turns = (("user", "Hello"), ("assistant", "no"), ("user", "Again, as JSON"))
    ask = Ask("Answer in JSON.", turns, None, 50)
    try:
        Talk(account(), UNMETERED, seconds=15).ask(ask)
    except ModelError as error:
        assert error.code in ("several", "tool", "unreadable", "empty")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_every_error_of_the_description_is_understood(
    api: str, status: int, relay: Relay, settings: Settings
) -> None:
    settings.OPENAI_API = api
    relay.prefer = f"code={status}"
    with pytest.raises(ModelError) as raised:
        OpenAIModel().write(FULL, Plan(Goal.GREET))
    expected = {401: "key", 403: "key"}
    if status in expected:
        assert raised.value.code == expected[status]
    assert raised.value.outcome != "refused"


def test_the_list_of_models_keeps_the_contract(relay: Relay) -> None:
    assert list_models(seconds=15.0)
