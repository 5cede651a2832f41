"""An office in which one decision of each kind waits."""

from types import SimpleNamespace

from leads import pipeline
from leads.models import Lead, Task
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging import holding, optouts, queueing
from messaging.conversations import refresh
from messaging.models import Conversation, Message
from messaging.tests.inbox_world import (
    draft,
    lead_with_phone,
    office,
    said,
    talk_with,
)


def waiting_draft(
    there: SimpleNamespace, *, name: str, number: str, score: int = 0, body: str = ""
) -> Message:
    """A draft of another lead of the office's team."""
    lead, _ = lead_with_phone(there.team, name=name, value=number, score=score)
    talk = talk_with(lead)
    said(talk, f"{name} asks", minutes_ago=2)
    message = draft(talk, body or f"An answer for {name}")
    queueing.ask_for_decision(message, talk)
    return message


def unclear_sending(there: SimpleNamespace) -> Task:
    """A message that nobody knows whether it was sent, and its question."""
    lead, _ = lead_with_phone(there.team, name="Omar Haddad", value="+14155550178")
    talk = talk_with(lead)
    said(talk, "Are you there?", minutes_ago=40)
    there.unknown = said(
        talk, "We are.", author="person", user=there.ana, state="unknown"
    )
    return pipeline.open_task(
        team=there.team,
        lead=lead,
        kind=Task.Kind.SENT_CHECK,
        title="Was this sent?",
        reason="The carrier never answered; it lists no message like it",
        subject=there.unknown.public_id,
    )


def handed_off(there: SimpleNamespace) -> Task:
    """A lead that asked for a person."""
    lead, _ = lead_with_phone(there.team, name="Kim Lee", value="+14155550177")
    talk = talk_with(lead)
    said(talk, "A person please", minutes_ago=20)
    task = holding.hand_off(conversation=talk, reason="Asked for a person")
    assert task is not None
    return task


def unclear_stop(there: SimpleNamespace) -> Task:
    """A lead that may have meant to opt out."""
    lead, _ = lead_with_phone(there.team, name="Tom Okoye", value="+14155550139")
    talk = talk_with(lead)
    message = said(talk, "just leave me alone", minutes_ago=12)
    optouts._pause(message=message, conversation=talk, words="leave me alone")
    return Task.objects.get(kind=Task.Kind.OPT_OUT)


def shared_phone(there: SimpleNamespace) -> Task:
    """Somebody wrote from a number that two leads share."""
    point = ContactPointFactory(value="+14155550199")
    there.ada = LeadFactory(team=there.team, name="Ada Bell")
    there.tom = LeadFactory(team=there.team, name="Tom Bell")
    for lead in (there.ada, there.tom):
        LeadContactFactory(lead=lead, contact_point=point)
    there.unclear = Conversation.objects.create(contact_point=point)
    Message.objects.create(
        conversation=there.unclear, direction="inbound", kind="sms", author="lead",
        state="received", body="it is me again", contact_point=point,
    )  # fmt: skip
    refresh(there.unclear)
    return pipeline.open_task(
        team=there.team,
        kind=Task.Kind.IDENTIFY,
        title="Who wrote?",
        reason="This number belongs to several leads: Ada Bell, Tom Bell",
        subject=there.unclear.public_id,
    )


def queue_world() -> SimpleNamespace:
    """Dana's draft over a price, and one of every other kind."""
    there = office()
    Lead.objects.filter(pk=there.lead.pk).update(score=72)
    there.draft = draft(
        there.talk,
        "Sure, 10% off. For 20k you get it.",
        details={
            "findings": [
                {"kind": "percent", "words": "10% off", "reason": "is in no offer"}
            ]
        },
    )
    queueing.ask_for_decision(there.draft, there.talk)
    there.sent = unclear_sending(there)
    there.hand_off = handed_off(there)
    there.stop = unclear_stop(there)
    there.who = shared_phone(there)
    return there
