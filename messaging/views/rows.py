"""The rows of the inbox list, as the screens describe them."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from leads import clock
from leads.models import Policy
from messaging import words
from messaging.models import Conversation, Message
from messaging.timeline import ICONS

SHOWN = 120


@dataclass(frozen=True)
class Sla:
    """How long the lead may still wait for a person; `late` when it is over."""

    words: str
    late: bool


@dataclass(frozen=True)
class Row:
    """One conversation in the list."""

    conversation: Conversation
    name: str
    icon: str
    channel: str
    said: str
    chip: words.Chip
    sla: Sla | None
    mine: bool

    @property
    def key(self) -> str:
        """The id of its element."""
        return f"row-{self.conversation.public_id}"


def rows_of(
    conversations: list[Conversation],
    *,
    user: AbstractBaseUser | AnonymousUser,
    policy: Policy,
) -> list[Row]:
    """Return the list's rows of conversations read by `reads.page_of`."""
    return [_row(one, user=user, policy=policy) for one in conversations]


def _row(
    conversation: Any, *, user: AbstractBaseUser | AnonymousUser, policy: Policy
) -> Row:
    lead, last = conversation.lead, conversation.last_message
    return Row(
        conversation=conversation,
        name=_name(conversation),
        icon=_icon(last),
        channel=last.get_kind_display() if last is not None else "",
        said=_said(last),
        chip=words.chip_of(conversation),
        sla=sla_of(conversation, policy=policy),
        mine=user.pk in (conversation.holder_id, lead.owner_id if lead else None),
    )


def _name(conversation: Any) -> str:
    lead, point = conversation.lead, conversation.contact_point
    if lead is not None and lead.name:
        return str(lead.name)
    return conversation.address or (point.value if point else "") or "New lead"


def _icon(last: Message | None) -> str:
    if last is None:
        return "chat"
    if not last.body and last.direction == Message.Direction.INBOUND:
        return "image"
    return ICONS.get(Message.Kind(last.kind), "chat")


def _said(last: Message | None) -> str:
    """Who spoke and the words: the lead's bare, ours with the name first."""
    if last is None:
        return "Nothing said yet"
    body = " ".join(last.body.split())[:SHOWN] or last.subject
    if last.kind == Message.Kind.CALL:
        return f"{words.first_name(last.user)} called"
    quoted = f"“{body}”" if body else "picture"
    if last.direction == Message.Direction.INBOUND:
        return quoted
    draft = " draft" if last.state == Message.State.DRAFT else ""
    return f"{words.speaker_of(last)}{draft}: {quoted}"


def sla_of(conversation: Conversation, *, policy: Policy) -> Sla | None:
    """Return how long a lead that needs a person may still wait."""
    waits = conversation.turn == Conversation.Turn.NEEDS_YOU
    if not waits or conversation.waiting_since is None:
        return None
    waited = (clock.now() - conversation.waiting_since).total_seconds() / 60
    left = policy.sla_minutes - waited
    if left < 0:
        return Sla(f"{_span(-left)} late", True)
    return Sla(f"{_span(left)} left", False)


def _span(minutes: float) -> str:
    if minutes < 60:
        return f"{int(minutes)}m"
    return f"{int(minutes // 60)}h" if minutes < 1440 else f"{int(minutes // 1440)}d"
