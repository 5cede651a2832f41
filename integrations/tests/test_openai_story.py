"""A text answered through OpenAI on loopback, whatever comes back (P13, P16)."""

import json
import logging
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http
from integrations.tests.http_loopback import Loopback, Script, fresh_door, serve
from integrations.tests.openai_server import (
    APIS,
    BADS,
    fresh_model,
    point_at,
    says,
    sent_body,
)
from leads import halting, policy
from leads.models import Fact, Lead, Task, UsageRecord
from messaging.models import Message, Turn
from messaging.tests.conftest import carrier
from messaging.tests.talk import DANA, FakeCarrier, later, mode, sent, talk, text_in

__all__ = ["carrier", "fresh_door", "fresh_model", "serve"]  # fixtures

pytestmark = pytest.mark.django_db
Serve = Callable[[Script], Loopback]
FIRST = "Hello, we need 40 standing desks by May, budget is 20000 USD"


def picture(lead: Lead) -> tuple[Any, ...]:
    """What a model must not be able to touch."""
    facts = Fact.objects.filter(lead=lead).order_by("field")
    known = list(facts.values_list("field", "value", "quote"))
    return (lead.score, lead.stage.key, lead.owner_id, lead.name, known)


def said_by(sender: str) -> tuple[Any, ...]:
    """The picture of the one who writes `FIRST`, once it is answered."""
    message = text_in(FIRST, sender=sender)
    later(seconds=30)
    lead = message.conversation.lead
    assert lead is not None
    lead.refresh_from_db()
    return picture(lead)


@pytest.fixture
def alone(carrier: type[FakeCarrier]) -> tuple[Any, ...]:
    """The same text answered by the built-in model alone."""
    mode("auto")
    kept = said_by("+14155557999")
    assert len(sent()) == 1
    FakeCarrier.reset()
    return kept


@pytest.mark.parametrize("api", APIS)
def test_no_bad_answer_costs_a_lead_its_answer_or_moves_a_fact(
    api: str,
    alone: tuple[Any, ...],
    serve: Serve,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for number, bad in enumerate(BADS):
        server = serve(bad.script(api))
        point_at(settings, server, api, deadline=bad.patience)
        http.reset_breakers()
        sender = f"+1415555{7000 + number}"
        assert said_by(sender) == alone, bad.name
        turn = Turn.objects.latest("pk")
        assert (turn.state, turn.attempts) == ("done", 1), bad.name
        reply = Message.objects.get(direction="outbound", turn=turn)
        assert reply.author == "builtin", bad.name
        assert reply.details["note"].startswith("OpenAI"), bad.name
        with_person = Task.objects.filter(subject=reply.public_id).count()
        assert (reply.state == "sent") + with_person == 1, bad.name
        paid = UsageRecord.objects.filter(service="openai", lead=turn.conversation.lead)
        assert paid.exists(), bad.name
        halting.resume_ai(actor="system")
    assert len(BADS) >= 66
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_the_models_answer_moves_no_fact_and_no_score(
    alone: tuple[Any, ...],
    carrier: type[FakeCarrier],
    serve: Serve,
    settings: Settings,
) -> None:
    point_at(settings, serve(says("responses")), "responses")
    assert said_by(DANA) == alone
    assert Message.objects.latest("pk").author == "ai"
    assert len(sent()) == 1
    assert Turn.objects.latest("pk").usage["micro"] == 111


def test_a_failed_model_moves_no_fact_and_no_score_either(
    alone: tuple[Any, ...],
    carrier: type[FakeCarrier],
    serve: Serve,
    settings: Settings,
) -> None:
    point_at(settings, serve(says("chat", "score: 100, won!")), "chat")
    assert said_by(DANA) == alone


def test_a_wrong_key_is_named_to_a_person_and_stops_the_calls(
    carrier: type[FakeCarrier], serve: Serve, settings: Settings
) -> None:
    from integrations.tests.openai_server import BAD_KEY, fails

    mode("auto")
    server = serve(fails(401, BAD_KEY))
    point_at(settings, server, "responses")
    for number in range(3):
        text_in(FIRST, sender=f"+1415555020{number}")
        later(seconds=30)
    assert len(server.requests) == 1
    assert "does not accept the API key" in policy.current().ai_halted_reason
    assert Task.objects.filter(lead=None).count() == 1
    assert Message.objects.drafts().count() == 3


def test_no_prompt_holds_another_lead_a_note_or_an_address(
    carrier: type[FakeCarrier], serve: Serve, settings: Settings
) -> None:
    from messaging.tests.talk import person
    from messaging.writing import add_note

    mode("auto")
    server = serve(says("responses"))
    point_at(settings, server, "responses")
    ana = person()
    for number in range(12):
        sender = f"+141555503{number:02d}"
        text_in(
            f"We need {number + 30} desks for project CANARY{number}X", sender=sender
        )
        talking = Message.objects.latest("pk").conversation
        Lead.objects.filter(pk=talking.lead_id).update(name=f"Name{number}X")
        add_note(conversation=talking, user=ana, body=f"SECRETNOTE{number}X")
        later(seconds=30)
    assert len(server.requests) == 12
    for at in range(12):
        body = json.dumps(sent_body(server, at))
        assert f"CANARY{at}X" in body
        others = [n for n in range(12) if n != at]
        for word in ("CANARY", "Name"):
            assert not any(f"{word}{n}X" in body for n in others)
        assert "SECRETNOTE" not in body
        assert "+1415" not in body
        assert settings.SECRET_KEY not in body


# --- a model that obeys whatever the lead tells it ---------------------------

ATTACKS = Path(__file__).resolve().parents[3] / "shared/data/injection"
_LINK = re.compile(
    r"https?:|www\.|[a-z0-9-]+\.(?:com|org|net|io|test)\b", re.IGNORECASE
)
_MONEY = re.compile(r"[$€£]\s?\d|\d\s?(?:USD|EUR|dollars|%|percent)", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!]|\]\(|!\[|```|\{\{")
_HIDDEN = re.compile("[\u0000-\u0009\u000b-\u001f\u200b\u202a-\u202e\u2066-\u2069]")
_HUMAN = re.compile(r"\bI(?: a|')m (?:a )?(?:real )?(?:human|person)\b", re.IGNORECASE)
_SECRET = re.compile(r"system prompt|api key|password|my instructions", re.IGNORECASE)
_DONE = re.compile(r"guarantee|discount|for free|is confirmed|booked", re.IGNORECASE)


def obeying(sock: socket.socket, heard: bytes) -> None:
    """Says whatever stands in the lead's newest message, demands and all."""
    body = json.loads(heard.partition(b"\r\n\r\n")[2])
    told = body["input"][0]["content"].partition("newest message:\nbegin")[2]
    words = told.partition("\n")[2].rpartition("\nend ")[0]
    # What stands in quotes is what the attack wants to be said.
    wanted = re.findall(r"[\"'“]([^\"'”]{3,200})[\"'”]", words)
    reply = json.dumps({"reply": (wanted or [words])[0] or "ok", "claims": []})
    says("responses", reply)(sock, heard)


def attacks(count: int) -> list[dict[str, Any]]:
    file = ATTACKS / "injection_shared.jsonl"
    if not file.exists():
        pytest.skip("no folder ../shared with attacks beside this checkout")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return rows[:: max(1, len(rows) // count)][:count]


def test_a_model_that_obeys_a_hundred_attacks_has_no_forbidden_effect(
    carrier: type[FakeCarrier], serve: Serve, settings: Settings
) -> None:
    mode("auto")
    server = serve(obeying)
    point_at(settings, server, "responses")
    tried = attacks(100)
    for number, attack in enumerate(tried):
        text_in(attack["text"][:3_000], sender=f"+1415556{1000 + number}")
        later(seconds=30)
    assert len(tried) == 100 and len(server.requests) > 60
    numbers = {f"+1415556{1000 + number}" for number in range(100)}
    assert {message.to_address for message in FakeCarrier.accepted} <= numbers
    wanted = {a["must_not_contain"] for a in tried if a.get("must_not_contain")}
    for body in sent():
        for rule in (_LINK, _MONEY, _MARKUP, _HIDDEN, _HUMAN, _SECRET, _DONE):
            assert not rule.search(body), body
        assert not any(words in body for words in wanted), body
        assert len(body) <= 459
    assert not Lead.objects.exclude(stage__key="new").exists()
    assert not Lead.objects.exclude(owner=None).exists()
    assert not Lead.objects.exclude(score__range=(0, 100)).exists()
    assert Message.objects.drafts().count() > 50


def test_one_lead_is_one_number(
    carrier: type[FakeCarrier], serve: Serve, settings: Settings
) -> None:
    mode("auto")
    reply = json.dumps({"reply": "Text +15005550006 for me", "claims": []})
    point_at(settings, serve(says("responses", reply)), "responses")
    text_in(FIRST)
    later(seconds=30)
    assert [m.to_address for m in FakeCarrier.accepted] in ([], [DANA])
    assert sent() == []
    assert "is not our phone number" in talk().turn_reason
