"""The gate's caps and budget: counters taken in the transaction that claims.

Always in the same order, what is the lead's own before what many share, so that no
two claims wait for each other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leads import clock, usage
from leads.models import Policy
from messaging.gate_checks import Check, Taken, Verdict
from messaging.models import Conversation, Message
from messaging.segments import sms_cost

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """One counter, how far it goes, and what becomes of who comes too late."""

    key: str
    period: str
    limit: int
    words: str
    verdict: Verdict


def check_caps(
    message: Message, conversation: Conversation, policy: Policy, taken: Taken | None
) -> Check:
    """The caps; they are used up into `taken`, None looks at nothing but the row."""
    in_a_row = conversation.automatic_in_a_row
    if message.automatic and in_a_row >= policy.cap_conversation:
        words = f"{policy.cap_conversation} automatic messages without a person"
        return Check("caps", False, words, Verdict.DRAFT)
    limits = _limits(message, conversation, policy)
    if not limits:
        return Check("caps", True, "caps are for automatic messages")
    if taken is None:
        return Check("caps", True, "not counted")
    for limit in limits:
        if not usage.take(key=limit.key, period=limit.period, limit=limit.limit):
            until = _tomorrow() if limit.verdict == Verdict.HOLD else None
            return Check("caps", False, limit.words, limit.verdict, until)
        taken.append((limit.key, limit.period, 1))
    return Check("caps", True, "under all caps")


def _limits(
    message: Message, conversation: Conversation, policy: Policy
) -> list[Limit]:
    now = clock.now()
    hour, day = usage.hour_of(now), usage.day_of(now)
    limits = []
    if message.automatic:
        key = f"automatic:lead:{conversation.lead_id}"
        limits += [
            _automatic(key, hour, policy.cap_lead_hour),
            _automatic(key, day, policy.cap_lead_day),
        ]
    if message.follow_up:
        limits.append(_follow_ups(conversation, day, policy.cap_follow_day))
    channel = message.channel
    if channel is not None and channel.cap_day is not None:
        words = f"{channel.cap_day} messages in a day is the cap of {channel}"
        words += f": goes after {_tomorrow():%H:%M %a} UTC"
        key = f"channel:{channel.pk}"
        limits.append(Limit(key, day, channel.cap_day, words, Verdict.HOLD))
    if message.automatic and not message.simulated:
        limits.append(_automatic("automatic:all", day, policy.cap_installation_day))
    return limits


def _automatic(key: str, period: str, limit: int) -> Limit:
    span = "an hour" if "T" in period else "a day"
    words = f"the cap of {limit} automatic messages in {span} is reached"
    return Limit(key, period, limit, words, Verdict.DRAFT)


def _follow_ups(conversation: Conversation, day: str, limit: int) -> Limit:
    key = f"follow:lead:{conversation.lead_id}"
    if not limit:
        words = "follow-ups are switched off: 0 to one lead in a day"
        return Limit(key, day, limit, words, Verdict.REFUSE)
    words = f"the cap of {limit} follow-ups to one lead in a day is reached"
    return Limit(key, day, limit, words, Verdict.HOLD)


def _tomorrow() -> datetime:
    """When the day that caps are counted in ends."""
    midnight = clock.now().astimezone(UTC) + DAY
    return midnight.replace(hour=0, minute=0, second=0, microsecond=0)


def check_budget(message: Message, policy: Policy, taken: Taken | None) -> Check:
    """Today's budget for automatic messages, used up into `taken`."""
    cost = 0 if message.simulated else _cost(message, policy)
    if not message.automatic or not cost or taken is None:
        return Check("budget", True, "within today's budget")
    day = usage.day_of(clock.now())
    limit = policy.budget_day_micro
    if usage.take(key="spend", period=day, limit=limit, amount=cost):
        taken.append(("spend", day, cost))
        return Check("budget", True, "within today's budget")
    words = "today's budget for automatic messages is used up"
    return Check("budget", False, words, Verdict.DRAFT)


def _cost(message: Message, policy: Policy) -> int:
    if message.kind != Message.Kind.SMS:
        return 0
    return sms_cost(message.body, policy=policy)
