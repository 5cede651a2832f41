"""What a model cites: claims with their quotes, kept with what it was told."""

import json
from collections.abc import Callable

import pytest
from pytest_django import Settings

from integrations.providers.openai import OpenAIModel
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.openai_server import (
    APIS,
    GOOD,
    fresh_model,
    in_turn,
    point_at,
    says,
    sent_body,
)
from messaging.agent.model import Claim, Goal, ModelError, Plan, Speaking
from messaging.tests.agent_knowledge import SHIPPING
from messaging.tests.agent_situations import situation

__all__ = ["fresh_door", "fresh_model", "serve"]  # fixtures

Serve = Callable[[Script], Loopback]
GREET = Plan(Goal.GREET, "budget")
KNOWN = situation("Do you ship to Canada?", knowledge=(SHIPPING,))
CITING = json.dumps(
    {
        "reply": "Yes, we ship to all of Canada.",
        "claims": [
            {
                "words": "Yes, we ship to all of Canada.",
                "source": SHIPPING.source,
                "quote": "we ship to all provinces of Canada",
            }
        ],
    }
)


@pytest.mark.parametrize("api", APIS)
def test_claims_come_with_source_and_quote(
    api: str, serve: Serve, settings: Settings
) -> None:
    server = serve(says(api, CITING))
    point_at(settings, server, api)
    proposal = OpenAIModel().write(KNOWN, Plan(Goal.ANSWER))
    claim = Claim(
        "Yes, we ship to all of Canada.",
        SHIPPING.source,
        "we ship to all provinces of Canada",
    )
    assert proposal.claims == (claim,)
    assert proposal.sources == (SHIPPING.source,)
    assert SHIPPING.source.encode() in server.requests[0]


@pytest.mark.parametrize("api", APIS)
def test_what_was_sent_and_what_came_is_kept_to_the_letter(
    api: str, serve: Serve, settings: Settings
) -> None:
    server = serve(says(api, CITING))
    point_at(settings, server, api)
    proposal = OpenAIModel().write(KNOWN, Plan(Goal.ANSWER))
    body = sent_body(server)
    if api == "chat":
        told, asked = (message["content"] for message in body["messages"])
    else:
        told, asked = body["instructions"], body["input"][0]["content"]
    assert (proposal.instructions, proposal.prompt) == (told, asked)
    assert proposal.answer == CITING


def test_after_a_repair_the_whole_talk_is_kept(
    serve: Serve, settings: Settings
) -> None:
    server = serve(in_turn(says("chat", "Sure thing"), says("chat", CITING)))
    point_at(settings, server, "chat")
    proposal = OpenAIModel().write(KNOWN, Plan(Goal.ANSWER))
    asked = [message["content"] for message in sent_body(server)["messages"][1:]]
    assert proposal.prompt == "\n\n".join(asked)
    assert "fields reply and claims" in proposal.prompt
    assert proposal.answer == CITING


def test_signs_that_cannot_be_stored_are_replaced(
    serve: Serve, settings: Settings
) -> None:
    claim = {"words": "a\x00b", "source": "message", "quote": "c\x00d"}
    odd = json.dumps({"reply": "a\x00b", "claims": [claim]})
    point_at(settings, serve(says("chat", odd)), "chat")
    proposal = OpenAIModel().write(situation(), GREET)
    assert proposal.body == "a\ufffdb"
    assert proposal.claims == (Claim("a\ufffdb", "message", "c\ufffdd"),)
    assert "\x00" not in proposal.answer


@pytest.mark.parametrize("place", ["words", "quote"])
def test_half_a_sign_in_a_claim_is_no_answer(
    place: str, serve: Serve, settings: Settings
) -> None:
    claim = {"words": "a", "source": "message", "quote": "a", place: "\ud800"}
    odd = json.dumps({"reply": "a", "claims": [claim]})
    point_at(settings, serve(says("chat", odd)), "chat")
    with pytest.raises(ModelError, match=f"`claims.{place}` is not as asked"):
        OpenAIModel().write(situation(), GREET)


def test_why_an_answer_is_refused_quotes_nothing_of_it(
    serve: Serve, settings: Settings
) -> None:
    claim = {"words": "a", "source": "message", "quote": "a", "SECRETFIELD": "x"}
    odd = json.dumps({"reply": "a", "claims": [claim]})
    server = serve(says("chat", odd))
    point_at(settings, server, "chat")
    with pytest.raises(ModelError, match="another field is not as asked") as raised:
        OpenAIModel().write(situation(), GREET)
    assert "SECRETFIELD" not in raised.value.words


class TestOlderPrompt:
    """A release may go back to a prompt that asks for names of sources."""

    named = json.dumps({"reply": "Thanks.", "sources": ["message", "profile.name"]})

    @pytest.mark.parametrize("api", APIS)
    def test_it_is_asked_and_read_as_it_was(
        self, api: str, serve: Serve, settings: Settings
    ) -> None:
        server = serve(says(api, self.named))
        point_at(settings, server, api)
        model = OpenAIModel(Speaking("reply-1"))
        proposal = model.write(KNOWN, Plan(Goal.ANSWER))
        assert proposal.prompt_version == "reply-1"
        assert (proposal.claims, proposal.sources) == ((), ("message", "profile.name"))
        body = sent_body(server)
        given = (
            body["response_format"]["json_schema"] if api == "chat" else body["text"]
        )
        schema = (given if api == "chat" else given["format"])["schema"]
        assert schema["required"] == ["reply", "sources"]
        named = schema["properties"]["sources"]["items"]["enum"]
        assert "profile.name" in named
        assert SHIPPING.source not in named
        assert b"KNOWLEDGE" not in server.requests[0]

    @pytest.mark.parametrize("words", [GOOD, '{"reply": "hi", "sources": ["x"]}'])
    def test_it_does_not_take_another_forms_answer(
        self, words: str, serve: Serve, settings: Settings
    ) -> None:
        point_at(settings, serve(says("chat", words)), "chat")
        with pytest.raises(ModelError, match="cannot be used"):
            OpenAIModel(Speaking("reply-1")).write(situation(), GREET)
