"""Whether the words of a turn may leave by themselves, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from leads.models import Mode
from messaging.agent import guard
from messaging.agent.model import Plan, Situation
from messaging.agent.prompting import canaries
from messaging.models import Channel, Message
from messaging.ownmail import answered_subject
from messaging.wording import Wording


@dataclass(frozen=True, slots=True)
class Vetted:
    """A reply as it would leave. With a `reason` a person decides on it first;
    `details` are kept on the message.
    """

    body: str
    subject: str
    reason: str
    details: dict[str, Any] = field(default_factory=dict)


def vet(
    worded: Wording,
    *,
    situation: Situation,
    plan: Plan,
    inbound: Message,
    mode: str,
    max_segments: int,
) -> Vetted:
    """Hold the words to the guard, the plan and the mode. Whoever wrote them."""
    body = guard.with_disclosure(worded.proposal.body, situation=situation)
    subject = _subject(inbound)
    texts = inbound.kind == Channel.Kind.SMS
    allowed = guard.allowed_for(
        situation,
        # The built-in model has no prompt that it could give away.
        canaries=canaries() if worded.author == Message.Author.AI else (),
        max_segments=max_segments if texts else 0,
    )
    if inbound.subject:  # the lead's own words as well
        allowed = replace(allowed, said=(*allowed.said, inbound.subject))
    findings = guard.inspect(body, allowed=allowed, subject=subject)
    details: dict[str, Any] = {
        "findings": [_finding(found) for found in findings],
        # The last words before a person goes on may still leave.
        "last_word": bool(plan.hand_off),
    }
    if worded.note:
        details["note"] = worded.note
    whys = (worded.draft_reason, _in_words(findings) or plan.draft_reason)
    reason = "; ".join(why for why in whys if why)
    if not reason and mode == Mode.DRAFT:
        reason = "The AI drafts here; you send"
    return Vetted(body, subject, reason, details)


def _in_words(findings: Sequence[guard.Finding]) -> str:
    return "; ".join(
        f"“{f.words}”: {f.reason}" if f.words else f.reason for f in findings
    )


def _finding(found: guard.Finding) -> dict[str, str]:
    return {"kind": found.kind, "words": found.words, "reason": found.reason}


def _subject(inbound: Message) -> str:
    mail = inbound.kind == Channel.Kind.EMAIL
    return answered_subject(inbound.subject) if mail else ""
