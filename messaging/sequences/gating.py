"""Whether a follow-up that is written may still leave, asked in the transaction that
claims it: after a pause or a stop nothing does.
"""

from datetime import timedelta

from leads import clock
from messaging import gate
from messaging.models import Message
from messaging.models.sequence import Enrollment, Sequence, StepRun
from messaging.sequences import shared

NAME = "follow-up"
RECHECK = timedelta(minutes=1)


def before_gate(message: Message) -> gate.Decision | None:
    """What keeps a message of a sequence from leaving, None for every other."""
    if not message.follow_up:
        return None
    runs = StepRun.objects.filter(message=message)
    found = runs.values_list(
        "enrollment__state",
        "enrollment__reason",
        "enrollment__sequence__state",
        "enrollment__sequence__name",
        "enrollment__lead",
        "enrollment__lead__archived_at",
    ).first()
    if found is None:
        return None
    state, reason, running, name, lead_id, archived_at = found
    if state == Enrollment.State.STOPPED:
        words = f"The follow-up stopped: {reason}"
        return _kept(words, gate.Verdict.REFUSE)
    if archived_at is not None:
        return _kept("The lead is archived", gate.Verdict.REFUSE)
    if running == Sequence.State.ARCHIVED:
        return _kept(f"“{name}” was archived", gate.Verdict.REFUSE)
    if running == Sequence.State.PAUSED:
        return _kept(f"“{name}” is paused", gate.Verdict.HOLD)
    asked = shared.who_wrote(lead_id=lead_id, since=message.created_at)
    return _kept(asked, gate.Verdict.HOLD) if asked else None


def _kept(words: str, verdict: gate.Verdict) -> gate.Decision:
    until = clock.now() + RECHECK if verdict == gate.Verdict.HOLD else None
    return gate.Decision((gate.Check(NAME, False, words, verdict, until),))
