"""What the AI cost for a lead: one number, and the calls behind it."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from leads import clock
from leads.models import UsageRecord
from messaging.spending import ai_cost, spending_of
from messaging.tests.inbox_world import FRAGMENT, signed_in
from messaging.tests.proof_world import proof_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> SimpleNamespace:
    return proof_world()


def call(at: SimpleNamespace, number: int, micro: int | None, **more: Any) -> None:
    values = {
        "lead": at.lead,
        "service": "openai",
        "what": "model-1:reply",
        "quantity": 940,
        "micro": micro,
        "details": {"input": 900, "cached": 0, "output": 40},
        "effect_key": f"model:{at.turn.public_id}:token:{number}",
        "occurred_at": clock.now(),
        **more,
    }
    UsageRecord.objects.create(**values)


def test_the_number_is_the_sum_of_the_calls_behind_it(at: SimpleNamespace) -> None:
    assert ai_cost(at.lead) == "nothing"
    call(at, 1, 3000)
    call(at, 2, 1000)
    call(at, 3, 9_000_000, service="twilio", effect_key="message:x")
    call(at, 4, 9_000_000, lead=None)
    assert ai_cost(at.lead) == "$0.0040"
    spent = spending_of(at.lead)
    assert (spent.micro, spent.words, len(spent.calls)) == (4000, "$0.0040", 2)
    assert spent.calls[0].message == at.draft.public_id
    assert spent.calls[0].tokens == "900 in, 40 out"


def test_calls_of_unknown_cost_are_named(at: SimpleNamespace) -> None:
    call(at, 1, None, details={"input": 900, "output": 40, "estimated": 1})
    assert ai_cost(at.lead) == "not known"
    assert spending_of(at.lead).calls[0].tokens == "900 in, 40 out (estimated)"
    call(at, 2, 4000)
    assert ai_cost(at.lead) == "$0.0040 and 1 of unknown cost"


def test_lead_page_and_panel_show_it_and_open_the_rows(at: SimpleNamespace) -> None:
    call(at, 1, 4000)
    rows = reverse("lead_cost", args=[at.lead.public_id])
    client = signed_in(at.ana)
    for name, key in (("lead_page", at.lead), ("inbox_panel", at.talk)):
        html = client.get(reverse(name, args=[key.public_id])).content.decode()
        assert f'data-why="{rows}"' in html, name
        assert "$0.0040</button>" in html, name
    html = client.get(rows, **FRAGMENT).content.decode()
    for words in ("AI cost of Dana Reyes", "1 call", "model-1, reply", "$0.0040"):
        assert words in html
    assert f"?at={at.draft.public_id}" in html


def test_a_lead_without_calls_says_so(at: SimpleNamespace) -> None:
    there = reverse("lead_cost", args=[at.lead.public_id])
    html = signed_in(at.ben).get(there, **FRAGMENT).content.decode()
    assert "No language model was asked for this lead" in html
