"""The one send gate, which decides whether a message may leave now.

Every message ends here, whoever wrote it. The seven checks run in the
transaction that claims the message, with its address and its conversation
locked, and are kept on the message in words.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from leads import clock, consent, usage
from leads.models import Mode, Policy
from leads.opt_outs import LOCKED_WORDS, is_settled
from messaging.conversations import effective_mode
from messaging.gate_caps import check_budget, check_caps
from messaging.gate_checks import Check, Decision, Taken, Verdict
from messaging.going import going, night_words, our_time, quiet_words
from messaging.models import Conversation, Message

SWITCH_RECHECK = timedelta(seconds=30)
LOCK_RECHECK = timedelta(seconds=60)


def decide(*, message: Message, conversation: Conversation, policy: Policy) -> Decision:
    """Run the seven checks. Caps and budget are used up when all others pass."""
    checks = [
        _opt_out(message, policy),
        _consent(message),
        _clock(message, conversation, policy),
        _holder(message, conversation, policy),
        _switch(message, policy),
    ]
    taken: Taken = []
    passed = all(check.ok for check in checks)
    caps = check_caps(message, conversation, policy, taken if passed else None)
    budget = check_budget(message, policy, taken if passed and caps.ok else None)
    if not (caps.ok and budget.ok):
        give_back(taken)
        taken = []
    return Decision((*checks[:3], caps, *checks[3:], budget), tuple(taken))


def give_back(taken: Iterable[Sequence[Any]]) -> None:
    """Return what a message used up of caps and budget."""
    for key, period, amount in taken:
        usage.give_back(key=key, period=period, amount=amount)


def _opt_out(message: Message, policy: Policy) -> Check:
    locked = _locked(message, policy)
    if locked:
        recheck = clock.now() + LOCK_RECHECK
        return Check("opt-out", False, locked, Verdict.HOLD, recheck)
    point = message.contact_point
    found = consent.is_suppressed(point, message.kind) if point else None
    if found is None:
        return Check("opt-out", True, "not opted out")
    reason = found.get_reason_display()
    words = f"{found.verb} on {found.since:%d %b %H:%M} UTC: {reason}"
    return Check("opt-out", False, words, Verdict.REFUSE)


def _locked(message: Message, policy: Policy) -> str:
    """Why nothing real may leave yet: who opted out of the old system is not known."""
    if message.simulated or is_settled(policy, message.kind):
        return ""
    return LOCKED_WORDS


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
    if point is None:
        return Check("clock", True, "there is no address")
    follow_up = message.follow_up
    found = going(conversation, point, policy=policy, follow_up=follow_up)
    if found.local is None:
        return Check("clock", True, "no quiet hours for mail")
    shown = f"{found.local:%H:%M} there"
    if found.quiet is None:
        return Check("clock", True, shown)
    if found.wrote is not None:
        words = night_words(shown, _name(conversation), found.wrote)
        return Check("clock", True, words)
    words = f"quiet hours, {shown}: {quiet_words(found.quiet)}"
    if found.quiet.too_long:
        return Check("clock", False, words, Verdict.DRAFT)
    until = our_time(conversation, found.quiet.until)
    return Check("clock", False, words, Verdict.HOLD, until)


def _name(conversation: Conversation) -> str:
    lead = conversation.lead
    names = lead.name.split() if lead is not None else []
    return names[0] if names else "the lead"


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
    if message.follow_up and _wrote_meanwhile(message, conversation):
        words = "the lead wrote meanwhile"
        return Check("who has it", False, words, Verdict.REFUSE)
    if message.author == Message.Author.SYSTEM:
        # A follow-up from a template too: people wrote it and switched it on.
        words = (
            "a follow-up people wrote" if message.follow_up else "the system answers"
        )
        return Check("who has it", True, words)
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


def _wrote_meanwhile(message: Message, conversation: Conversation) -> bool:
    """Whether the lead has written since the follow-up was queued."""
    last = conversation.last_inbound_at
    return last is not None and last > message.created_at


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


__all__ = ["Check", "Decision", "Verdict", "decide", "give_back"]
