"""Drafts that people decided on, for the tests of confidence and proof."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from leads import clock
from leads.models import Lead
from leads.tests.factories import LeadFactory
from messaging import confidence
from messaging.models import Conversation, Message, Turn

OUT: dict[str, Any] = {"direction": "outbound", "kind": "sms"}


def answered(
    *,
    lead: Lead | None = None,
    intent: str = "question",
    topics: tuple[str, ...] = (),
    days_ago: float = 0,
    plan: float = 0.85,
    version: str = "reply-2",
    model: str = "model-1",
    asked: str = "What does it cost?",
    **message: Any,
) -> Message:
    """An answer of the AI that was delivered, with its turn and its question."""
    lead = lead or LeadFactory()
    at = clock.now() - timedelta(days=days_ago)
    talk, _ = Conversation.objects.get_or_create(lead=lead)
    inbound = Message.objects.create(
        conversation=talk, direction="inbound", kind="sms", author="lead",
        state="received", body=asked, occurred_at=at, created_at=at,
    )  # fmt: skip
    turn = Turn.objects.create(
        conversation=talk,
        last_inbound=inbound,
        state="done",
        intent=intent,
        understood={"intent": intent, "topics": list(topics)},
        sureness={"plan": plan, "value": plan},
        prompt_version=version,
        model=model,
        outcome="drafted",
    )
    values: dict[str, Any] = {
        "author": "ai", "state": "delivered", "body": "It costs 29 USD.", "sent_at": at,
        "occurred_at": at, "created_at": at, "due_at": at, "simulated": lead.simulated,
        **message,
    }  # fmt: skip
    return Message.objects.create(
        conversation=talk, turn=turn, answers=inbound, **OUT, **values
    )


def decided(
    decision: str,
    *,
    by: User | None = None,
    would: bool | None = None,
    why: str = "",
    **fields: Any,
) -> Message:
    """A draft and what a person did with it; `would` is what auto would have done."""
    details: dict[str, Any] = {"decision": decision}
    if would is not None:
        details["auto"] = {"would": would, "why": why}
    values: dict[str, Any] = {"approved_by": by, **fields}
    if decision == "edited":
        values = {
            "body": "It costs 39 USD.",
            "proposed_body": "It costs 29 USD.",
        } | values
    if decision == "discarded":
        details["why"] = "wrong_fact"
        values = {"state": "cancelled", "sent_at": None} | values
    return answered(details=details, **values)


def history(
    *, as_written: int = 0, edited: int = 0, discarded: int = 0, **fields: Any
) -> None:
    """So many drafts of one lead were decided so; the next turn knows."""
    fields.setdefault("lead", LeadFactory())
    for decision, count in (
        ("as_written", as_written),
        ("edited", edited),
        ("discarded", discarded),
    ):
        for _ in range(count):
            decided(decision, **fields)
    confidence.decisions.forget()
