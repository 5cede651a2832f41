"""Short words for stories in tests: a lead writes, time passes, work runs."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from leads import clock, policy
from leads.models import Membership, Team
from leads.seeding import ensure_ground
from leads.work import run_due
from messaging.channels import ensure_channel
from messaging.inbound import receive_message
from messaging.models import Channel, Conversation, Message, Profile
from messaging.transports import (
    Found,
    InboundMessage,
    OutgoingMessage,
    Receipt,
    TransportError,
)

DANA = "+14155550123"
OURS = "+14155550100"


class FakeCarrier:
    """A carrier in this process that counts what it accepted."""

    name = "fake"
    simulated = False
    accepted: list[OutgoingMessage] = []
    error: TransportError | Exception | None = None
    listed: list[Found] = []

    @classmethod
    def reset(cls) -> None:
        cls.accepted, cls.error, cls.listed = [], None, []

    def is_configured(self) -> bool:
        return True

    def send(self, message: OutgoingMessage) -> Receipt:
        if FakeCarrier.error is not None:
            raise FakeCarrier.error
        FakeCarrier.accepted.append(message)
        return Receipt(external_id=f"SM{uuid.uuid4().hex}")

    def find(self, message: OutgoingMessage, *, since: Any) -> list[Found]:
        return FakeCarrier.listed


def text_in(
    text: str,
    *,
    sender: str = DANA,
    ours: str = OURS,
    external_id: str = "",
    simulated: bool = False,
    **more: Any,
) -> Message:
    """A text comes in through the carrier."""
    return receive_message(
        fact=InboundMessage(
            provider="fake",
            external_id=external_id or uuid.uuid4().hex,
            channel="sms",
            from_address=sender,
            to_address=ours,
            text=text,
            received_at=clock.now(),
            simulated=simulated,
            **more,
        )
    )


def mode(name: str, *, ours: str = OURS) -> Channel:
    """Set what the AI may do on our number, at any hour."""
    ensure_ground()
    policy.change(actor="system", quiet_hours=False, burst_sms_seconds=20)
    Profile.objects.update_or_create(
        pk=1, defaults={"name": "Alder Desks", "sells": "standing desks for offices"}
    )
    channel = ensure_channel(kind="sms", address=ours)
    channel.mode = name
    channel.save()
    return channel


def later(**span: float) -> dict[str, int]:
    """Time passes, and everything due is done."""
    with clock.shifted(timedelta(**span)):
        return run_due()


def sent() -> list[str]:
    """The texts the carrier accepted."""
    return [message.body for message in FakeCarrier.accepted]


def talk() -> Conversation:
    """The one conversation there is."""
    return Conversation.objects.select_related("lead", "holder").get()


def person(name: str = "ana", *, team: Team | None = None) -> User:
    """A colleague who sees the team's leads."""
    user = User.objects.create_user(name, is_staff=True, first_name=name.title())
    team = team or Team.default()
    Membership.objects.create(user=user, team=team)
    return user
