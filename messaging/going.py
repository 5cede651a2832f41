"""When a message may go by the recipient's clock: the gate's check and the
composer's words come from here, so that one says what the other does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leads import clock, quiet
from leads.models import ContactPoint, Policy
from messaging.conversations import clock_of
from messaging.models import Channel, Conversation

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Going:
    """What the clock says of a message to an address now.

    `local` is the clock there, None where no quiet hours are kept; `quiet` says that
    it is quiet there and until when (by the conversation's clock); `wrote` that the
    lead wrote so many minutes ago, so that an answer may go all the same, until
    `answer_until` there.
    """

    local: datetime | None
    quiet: quiet.Quiet | None
    wrote: int | None
    answer_until: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether the message may not go now."""
        return self.quiet is not None and self.wrote is None


def going(
    conversation: Conversation,
    point: ContactPoint,
    *,
    policy: Policy,
    follow_up: bool = False,
) -> Going:
    """Say whether a message may go to an address now, and else when."""
    lead = conversation.lead
    at = clock_of(conversation)
    stated = lead.time_zone if lead is not None else ""
    found = quiet.quiet(
        contact_point=point,
        at=at,
        policy=policy,
        stated=stated,
        follow_up=follow_up,
    )
    texts = point.kind == ContactPoint.Kind.PHONE
    if found is None and not (texts or follow_up or policy.quiet_email):
        return Going(None, None, None)
    zone = quiet.zones_of(point, stated=stated)[0]
    local, ago = at.astimezone(zone), None
    if found is not None and not follow_up:
        ago = wrote_ago(conversation, point, policy=policy)
    if ago is None:
        return Going(local, found, None)
    longest = timedelta(minutes=policy.night_reply_minutes)
    return Going(local, found, ago // MINUTE, (at + longest - ago).astimezone(zone))


def wrote_ago(
    conversation: Conversation, point: ContactPoint, *, policy: Policy
) -> timedelta | None:
    """How long ago the lead wrote, when an answer may still go at night."""
    kind = Channel.Kind.SMS if point.kind == ContactPoint.Kind.PHONE else ""
    allowed = policy.night_reply_sms if kind else policy.night_reply_email
    last = conversation.last_inbound_at
    if not allowed or not policy.night_reply_minutes or last is None:
        return None
    # Both by our own clock: a lead's shifted one is ahead of them by the same.
    passed = clock.now() - last
    if not timedelta() <= passed <= timedelta(minutes=policy.night_reply_minutes):
        return None
    return passed


def since_words(minutes: int) -> str:
    """How long ago that is: "just now", "3 min ago"."""
    return f"{minutes} min ago" if minutes else "just now"


NIGHT = ", but "


def night_words(shown: str, who: str, minutes: int) -> str:
    """Why a message goes in quiet hours: "22:14 there, but Dana wrote 3 min ago"."""
    return f"{shown}{NIGHT}{who} wrote {since_words(minutes)}"


def went_at_night(checks: list[dict[str, Any]]) -> bool:
    """Whether the gate let a message with these checks go in quiet hours."""
    return any(c["name"] == "clock" and NIGHT in c["words"] for c in checks)


def quiet_words(found: quiet.Quiet) -> str:
    """When it goes, by the clock there; or why nothing may go for longer than a day."""
    when = f"{found.until.astimezone(found.zone):%H:%M %a}"
    if not found.too_long:
        law = f" ({found.law})" if found.law else ""
        return f"goes {when}{law}"
    return f"no texts there before {when} ({found.law or 'the law there'})"


def our_time(conversation: Conversation, there: datetime) -> datetime:
    """An instant of the conversation's clock on ours."""
    return there - timedelta(seconds=conversation.clock_shift)
