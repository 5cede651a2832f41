"""The rows of the inbox list, as the screens describe them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils import timezone

from leads import clock
from leads.calendars import Calendar, NeverOpen, calendar_of
from leads.models import Policy
from messaging import words
from messaging.models import Conversation, Message
from messaging.timeline import icon_of

SHOWN = 120


@dataclass(frozen=True)
class Sla:
    """How long the lead may still wait for a person, in the team's working time, or
    when an answer is due; `late` when that is over.
    """

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
    return icon_of(last)


def _said(last: Message | None) -> str:
    """Who spoke and the words: the lead's bare, ours with the name first."""
    if last is None:
        return "Nothing said yet"
    body = " ".join(last.body.split())[:SHOWN] or last.subject
    if last.kind == Message.Kind.CALL:
        ours = last.direction != Message.Direction.INBOUND
        return f"{words.first_name(last.user)} called" if ours else last.body
    quoted = f"“{body}”" if body else "picture"
    if last.direction == Message.Direction.INBOUND:
        return quoted
    draft = " draft" if last.state == Message.State.DRAFT else ""
    return f"{words.speaker_of(last)}{draft}: {quoted}"


def sla_of(conversation: Conversation, *, policy: Policy) -> Sla | None:
    """Return how long a lead that needs a person may still wait.

    The clock runs while the lead's team works; while it rests, and when the answer is
    due on another day, the row says when instead.
    """
    waits = conversation.turn == Conversation.Turn.NEEDS_YOU
    since = conversation.waiting_since
    if not waits or since is None:
        return None
    lead, now = conversation.lead, clock.now()
    calendar = calendar_of(lead.team if lead is not None else None)
    try:
        due = calendar.add(since, policy.sla_minutes, "minutes", working=True)
        if due < now:
            return Sla(f"{_late(calendar, due, now)} late", True)
        if calendar.is_open(now) and _same_day(now, due):
            return Sla(f"{_span(calendar.open_minutes(now, due))} left", False)
    except NeverOpen:
        return Sla("no working hours", False)
    return Sla(f"due {_moment(due, now)}", False)


def _late(calendar: Calendar, due: datetime, now: datetime) -> str:
    """In working time; in days as everybody counts them from one day on."""
    passed = now - due
    if passed >= timedelta(days=1):
        return _span(passed.total_seconds() / 60)
    return _span(calendar.open_minutes(due, now))


def _same_day(one: datetime, other: datetime) -> bool:
    return timezone.localtime(one).date() == timezone.localtime(other).date()


def _moment(at: datetime, now: datetime) -> str:
    """Such as "09:15" today, else "Mon 09:15"; never more than some days ahead."""
    local = timezone.localtime(at)
    return f"{local:%H:%M}" if _same_day(at, now) else f"{local:%a %H:%M}"


def _span(minutes: float) -> str:
    if minutes < 60:
        return f"{int(minutes)}m"
    return f"{int(minutes // 60)}h" if minutes < 1440 else f"{int(minutes // 1440)}d"
