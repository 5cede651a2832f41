"""The one send gate, which decides whether a message may leave now.

Every message ends here, whoever wrote it. The seven checks run in the
transaction that claims the message, with its address and its conversation
locked, and are kept on the message in words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from leads import clock, consent, usage
from leads.models import Mode, Policy
from messaging.conversations import clock_of, effective_mode
from messaging.models import Conversation, Message
from messaging.segments import sms_cost

SWITCH_RECHECK = timedelta(seconds=30)


class Verdict(StrEnum):
    """What becomes of a message at the gate."""

    GO = "go"
    HOLD = "hold"  # later, at `Decision.until`
    DRAFT = "draft"  # a person must decide
    REFUSE = "refuse"  # never


@dataclass(frozen=True)
class Check:
    """One of the seven checks, as decided, in words."""

    name: str
    ok: bool
    words: str
    verdict: Verdict = Verdict.GO
    until: datetime | None = None

    def row(self) -> dict[str, Any]:
        """As kept on the message."""
        return {"name": self.name, "ok": self.ok, "words": self.words}


@dataclass(frozen=True)
class Decision:
    """All checks, the strictest verdict among them, and what was used up.

    `taken` lists `[key, period, amount]` of the counters, to be given back
    when the message definitely did not leave.
    """

    checks: tuple[Check, ...]
    taken: tuple[tuple[str, str, int], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The strictest of all."""
        found = {check.verdict for check in self.checks}
        order = (Verdict.REFUSE, Verdict.DRAFT, Verdict.HOLD)
        return next((v for v in order if v in found), Verdict.GO)

    @property
    def reason(self) -> str:
        """Why, in the words of the check that decided."""
        deciding = [c for c in self.checks if c.verdict == self.verdict and not c.ok]
        return deciding[0].words if deciding else ""

    @property
    def until(self) -> datetime | None:
        """When a held message is looked at again."""
        moments = [c.until for c in self.checks if c.until is not None]
        return max(moments, default=None)

    def rows(self) -> list[dict[str, Any]]:
        """As kept on the message."""
        return [check.row() for check in self.checks]


def decide(*, message: Message, conversation: Conversation, policy: Policy) -> Decision:
    """Run the seven checks. Caps and budget are used up when all others pass."""
    checks = [
        _opt_out(message),
        _consent(message),
        _clock(message, conversation, policy),
        _holder(message, conversation, policy),
        _switch(message, policy),
    ]
    taken: list[tuple[str, str, int]] = []
    passed = all(check.ok for check in checks)
    caps = _caps(message, conversation, policy, taken if passed else None)
    budget = _budget(message, policy, taken if passed and caps.ok else None)
    if not (caps.ok and budget.ok):
        give_back(taken)
        taken = []
    return Decision((*checks[:3], caps, *checks[3:], budget), tuple(taken))


def give_back(taken: Iterable[Sequence[Any]]) -> None:
    """Return what a message used up of caps and budget."""
    for key, period, amount in taken:
        usage.give_back(key=key, period=period, amount=amount)


def _opt_out(message: Message) -> Check:
    point = message.contact_point
    found = consent.is_suppressed(point, message.kind) if point else None
    if found is None:
        return Check("opt-out", True, "not opted out")
    reason = found.get_reason_display()
    words = f"{found.verb} on {found.since:%d %b %H:%M} UTC: {reason}"
    return Check("opt-out", False, words, Verdict.REFUSE)


def _consent(message: Message) -> Check:
    point = message.contact_point
    if point is None:
        return Check("consent", False, "there is no address", Verdict.REFUSE)
    if message.kind == Message.Kind.SMS and not point.textable:
        words = "this number cannot receive texts"
        return Check("consent", False, words, Verdict.REFUSE)
    row = consent.has_consent(point, message.kind)
    if row is None:
        words = "no consent on record for this address"
        return Check("consent", False, words, Verdict.REFUSE)
    details = {**message.details, "consent": row.pk}
    message.details = details
    return Check("consent", True, f"{row.get_basis_display()}, {row.occurred_at:%d %b}")


def _clock(message: Message, conversation: Conversation, policy: Policy) -> Check:
    point = message.contact_point
    if point is None or message.kind != Message.Kind.SMS:
        return Check("clock", True, "no quiet hours for mail")
    local = clock_of(conversation)
    until = consent.quiet_until(contact_point=point, at=local, policy=policy)
    zone = consent.zones_of(point)[0]
    shown = f"{local.astimezone(zone):%H:%M} there"
    if until is None:
        return Check("clock", True, shown)
    words = f"quiet hours, {shown}: goes {until.astimezone(zone):%H:%M %a}"
    real = until - timedelta(seconds=conversation.clock_shift)
    return Check("clock", False, words, Verdict.HOLD, real)


def _holder(message: Message, conversation: Conversation, policy: Policy) -> Check:
    if not message.automatic:
        return Check("who has it", True, "written or approved by a person")
    holder = conversation.holder
    if holder is not None:
        name = holder.get_short_name() or holder.get_username()
        words = f"{name} took over"
        return Check("who has it", False, words, Verdict.REFUSE)
    if conversation.paused_reason and not message.details.get("last_word"):
        words = f"paused: {conversation.paused_reason}"
        return Check("who has it", False, words, Verdict.REFUSE)
    if message.author == Message.Author.SYSTEM:
        return Check("who has it", True, "the system answers")
    if _outdated(message, conversation):
        words = "the lead wrote again"
        return Check("who has it", False, words, Verdict.REFUSE)
    mode = effective_mode(conversation, channel=message.channel, policy=policy)
    if mode == Mode.OFF:
        return Check("who has it", False, "the AI is off", Verdict.REFUSE)
    if mode == Mode.DRAFT:
        words = "the AI only drafts here"
        return Check("who has it", False, words, Verdict.DRAFT)
    return Check("who has it", True, "the AI has it")


def _outdated(message: Message, conversation: Conversation) -> bool:
    answered = message.answers
    last = conversation.last_inbound_at
    return answered is not None and last is not None and last > answered.occurred_at


def _switch(message: Message, policy: Policy) -> Check:
    recheck = clock.now() + SWITCH_RECHECK
    if not policy.sending:
        words = "sending is switched off"
        return Check("switch", False, words, Verdict.HOLD, recheck)
    channel = message.channel
    if channel is not None and not channel.sending:
        words = f"sending on {channel} is switched off"
        return Check("switch", False, words, Verdict.HOLD, recheck)
    return Check("switch", True, "sending is on")


Taken = list[tuple[str, str, int]]


def _caps(
    message: Message, conversation: Conversation, policy: Policy, taken: Taken | None
) -> Check:
    if not message.automatic:
        return Check("caps", True, "caps are for automatic messages")
    if conversation.automatic_in_a_row >= policy.cap_conversation:
        words = f"{policy.cap_conversation} automatic messages without a person"
        return Check("caps", False, words, Verdict.DRAFT)
    if taken is None:
        return Check("caps", True, "not counted")
    now = clock.now()
    lead = f"automatic:lead:{conversation.lead_id}"
    limits = [
        (lead, usage.hour_of(now), policy.cap_lead_hour),
        (lead, usage.day_of(now), policy.cap_lead_day),
    ]
    if not message.simulated:
        limits.append(("automatic:all", usage.day_of(now), policy.cap_installation_day))
    for key, period, limit in limits:
        if not usage.take(key=key, period=period, limit=limit):
            span = "an hour" if "T" in period else "a day"
            words = f"the cap of {limit} automatic messages in {span} is reached"
            return Check("caps", False, words, Verdict.DRAFT)
        taken.append((key, period, 1))
    return Check("caps", True, "under all caps")


def _budget(message: Message, policy: Policy, taken: Taken | None) -> Check:
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
