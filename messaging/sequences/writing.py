"""A step becomes a message: on its way, or a draft for a person."""

from dataclasses import dataclass
from typing import Any

from messaging.models import Message
from messaging.models.sequence import Step, StepRun
from messaging.queueing import Refused, ask_for_decision, queue_message
from messaging.sequences.deciding import Standing, Write
from messaging.sequences.following import Found
from messaging.sequences.wording import words_for

Outcome = StepRun.Outcome


@dataclass(frozen=True)
class Written:
    """What became of a step, and the message it wrote if it did."""

    outcome: str
    reason: str = ""
    message: Message | None = None


def write_step(
    at: Standing, step: Step, decision: Write, found: Found | None
) -> Written:
    """Write the step's message; the address and the conversation are locked.

    With a gap in its words, or with words that are held, it is a draft for a person.
    """
    if found is not None and found.skip:
        return Written(Outcome.SKIPPED, found.skip)
    filled = words_for(decision.variant, at.conversation)
    body, reason, details = filled.body, filled.reason, {}
    author = str(Message.Author.SYSTEM)
    if found is not None:
        body, author, details = found.vetted.body, found.author, found.vetted.details
        reason = "; ".join(why for why in (found.vetted.reason, reason) if why)
    words = (filled.subject, body, reason)
    try:
        message = _queue(at, step, decision, author, words, details)
    except Refused as error:
        return Written(Outcome.SKIPPED, f"Not sent: {error}")
    if reason:
        ask_for_decision(message, at.conversation)
        return Written(Outcome.DRAFTED, reason, message)
    return Written(Outcome.QUEUED, "", message)


def _queue(
    at: Standing,
    step: Step,
    decision: Write,
    author: str,
    words: tuple[str, str, str],
    details: dict[str, Any],
) -> Message:
    subject, body, reason = words
    enrollment = at.enrollment
    return queue_message(
        conversation=at.conversation,
        kind=step.kind,
        body=body,
        author=author,
        contact_point=decision.point,
        subject=subject,
        automatic=not reason,
        follow_up=True,
        state=Message.State.DRAFT if reason else Message.State.QUEUED,
        reason=reason,
        effect_key=f"follow:{enrollment.pk}:{step.pk}",
        details={**details, **whence(enrollment.sequence.name, step)},
    )


def whence(sequence: str, step: Step) -> dict[str, Any]:
    """What a message says of the step that wrote it."""
    return {"sequence": sequence, "step": step.position}
