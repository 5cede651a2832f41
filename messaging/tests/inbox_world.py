"""A small office for the inbox's tests: two teams, three people, one talk."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from leads import clock, consent
from leads.models import ContactPoint, Lead, Stage, Team
from leads.seeding import ensure_ground
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)
from messaging.conversations import refresh
from messaging.models import Channel, Conversation, Message

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


def rep(name: str, team: Team, *, reach: str = "team", role: str = "rep") -> User:
    """A member of staff with a role and a reach."""
    known = Group.objects.filter(name=role)
    if not (known.exists() and Stage.objects.exclude(key="new").exists()):
        ensure_ground()
    user = UserFactory(username=name, first_name=name.title())
    user.groups.add(Group.objects.get(name=role))
    MembershipFactory(user=user, team=team, reach=reach)
    return user


def signed_in(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def channel(team: Team, kind: str = "sms", **fields: Any) -> Channel:
    """A number or mailbox of ours."""
    address = "+14155550100" if kind == "sms" else "hello@example.com"
    values = {"team": team, "mode": "draft", **fields}
    return Channel.objects.get_or_create(kind=kind, address=address, defaults=values)[0]


def lead_with_phone(
    team: Team, *, name: str = "Dana Reyes", value: str = "+14155550123", **fields: Any
) -> tuple[Lead, ContactPoint]:
    """A lead whose number agreed to texts."""
    lead = LeadFactory(team=team, name=name, **fields)
    point = ContactPointFactory(value=value)
    LeadContactFactory(lead=lead, contact_point=point)
    consent.record_consent(
        contact_point=point,
        channel="sms",
        given=True,
        basis="inbound",
        actor="lead",
        at=clock.now(),
    )
    return lead, point


def talk_with(lead: Lead, **fields: Any) -> Conversation:
    """A conversation without a word."""
    return Conversation.objects.create(lead=lead, last_at=clock.now(), **fields)


def said(
    conversation: Conversation,
    body: str,
    *,
    author: str = "lead",
    minutes_ago: float = 0,
    **fields: Any,
) -> Message:
    """A text of the lead or of us, as stored."""
    lead = conversation.lead
    contact = lead.contacts.first() if lead else None
    inbound = author == "lead"
    moment = clock.now() - timedelta(minutes=minutes_ago)
    values: dict[str, Any] = {
        "direction": "inbound" if inbound else "outbound",
        "kind": "sms",
        "state": "received" if inbound else "delivered",
        "contact_point": contact.contact_point if contact else None,
        "channel": channel(lead.team) if lead else None,
        "occurred_at": moment,
        "created_at": moment,
        **fields,
    }
    message = Message.objects.create(
        conversation=conversation, author=author, body=body, **values
    )
    if message.state != "draft":
        conversation.last_message, conversation.last_at = message, moment
    if inbound:
        conversation.last_inbound_at, conversation.unread = moment, True
    conversation.save()
    refresh(conversation)
    return message


def draft(conversation: Conversation, body: str, **fields: Any) -> Message:
    """A proposal of the AI that answers the lead's last message."""
    inbound = conversation.messages.filter(direction="inbound").last()
    values = {"state": "draft", "answers": inbound, "reason": "Unsure: price"}
    return said(conversation, body, author="ai", **{**values, **fields})


def office() -> SimpleNamespace:
    """Ana owns Dana's talk, Ben is in her team, Cleo in another."""
    team, other = TeamFactory(name="North"), TeamFactory(name="South")
    ana, ben, cleo = rep("ana", team), rep("ben", team), rep("cleo", other)
    lead, point = lead_with_phone(team, owner=ana, score=72)
    conversation = talk_with(lead)
    first = said(conversation, "We need about 40 seats, budget is 20k", minutes_ago=5)
    return SimpleNamespace(
        team=team,
        other=other,
        ana=ana,
        ben=ben,
        cleo=cleo,
        lead=lead,
        point=point,
        talk=conversation,
        first=first,
    )
