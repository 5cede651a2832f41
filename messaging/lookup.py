"""One lead by any of its addresses or ids, with all that is known of it."""

import uuid
from typing import Any

from leads import capture, scoring
from leads.models import ContactPoint, Lead, Suppression
from messaging.models import Conversation, Message


class NotOne(LookupError):
    """No lead, or more than one, is meant."""


def find_lead(who: str) -> Lead:
    """Find a lead by phone, mail address or public id; a real one first.

    Raises NotOne when there is none, or several share the address.
    """
    try:
        by_id = Lead.objects.filter(public_id=uuid.UUID(who)).first()
    except ValueError:
        by_id = None
    if by_id is not None:
        return by_id
    value = capture.normalise_email(who) or capture.normalise_sender(who)
    points = ContactPoint.objects.filter(value=value or who).order_by("simulated")
    for point in points:
        found = capture.leads_of(point)
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(str(lead.public_id) for lead in found)
            raise NotOne(f"{who} belongs to several leads: {ids}")
    raise NotOne(f"no lead is known by {who!r}")


def describe_lead(lead: Lead) -> dict[str, Any]:
    """All that is known of a lead, ready for JSON but for its datetimes."""
    conversation = Conversation.objects.filter(lead=lead).first()
    view = scoring.score_view(lead)
    return {
        "lead": str(lead.public_id),
        "name": lead.display_name,
        "team": lead.team.name,
        "owner": lead.owner.get_username() if lead.owner else None,
        "stage": lead.stage.key,
        "language": lead.language,
        "simulated": lead.simulated,
        "demo": lead.demo,
        "turn": conversation.turn if conversation else "",
        "turn_reason": conversation.turn_reason if conversation else "",
        "holder": conversation.holder.get_username()
        if conversation and conversation.holder
        else None,
        "paused": conversation.paused_reason if conversation else "",
        "addresses": [_address(row.contact_point) for row in lead.contacts.all()],
        "facts": [
            {"field": f.field, "value": f.value, "quote": f.quote, "locked": f.locked}
            for f in lead.facts.filter(replaced_at=None, struck_at=None)
        ],
        "score": {
            "value": view.value,
            "lines": [
                {"reason": x.label, "points": x.points, "evidence": x.quote}
                for x in view.lines
            ],
        },
        "messages": [_message(m) for m in _messages(conversation)],
        "tasks": [
            {"kind": t.kind, "reason": t.reason or t.title, "due": t.due_at}
            for t in lead.tasks.filter(done_at=None)
        ],
    }


def _address(point: ContactPoint) -> dict[str, Any]:
    channel = "sms" if point.kind == ContactPoint.Kind.PHONE else "email"
    stop = Suppression.objects.filter(contact_point=point, lifted_at=None).first()
    latest = point.consents.filter(channel=channel).order_by("-occurred_at", "-pk")
    consent = latest.first()
    return {
        "kind": point.kind,
        "value": point.value,
        "suppressed": {"reason": stop.reason, "since": stop.since} if stop else None,
        "consent": {"given": consent.given, "basis": consent.basis}
        if consent
        else None,
    }


def _messages(conversation: Conversation | None) -> list[Message]:
    return list(conversation.messages.for_thread()) if conversation else []


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.public_id),
        "at": message.occurred_at,
        "direction": message.direction,
        "kind": message.kind,
        "author": message.author,
        "state": message.state,
        "reason": message.reason,
        "body": message.body,
        "external_id": message.external_id,
        "simulated": message.simulated,
    }
