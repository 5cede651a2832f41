"""A follow-up rests until a day: the lead is away, or asked to be written to then."""

from datetime import datetime

from leads import claims
from messaging.conversations import WAITING_STATES
from messaging.models import Message
from messaging.models.sequence import LIVE_STATES, Enrollment, Step, StepRun
from messaging.sequences import reach, timing
from messaging.sequences.events import tell
from messaging.sequences.stopping import under_way

State = Enrollment.State


def park_for_lead(
    *, lead_id: int | None, until: datetime, words: str, actor: str
) -> int:
    """Let all that is under way with a lead rest until the team next works from
    `until` on; count it. Nothing is brought forward.

    Runs in the caller's transaction; the caller has the conversation's lock. `words`
    are the reason after "Parked to 3 Mar: ".
    """
    if lead_id is None:
        return 0
    return sum(
        park(row, until=until, words=words, actor=actor) for row in under_way(lead_id)
    )


def park(row: Enrollment, *, until: datetime, words: str, actor: str) -> bool:
    """Let one of them rest, also out of a worker's hands.

    A step that is written and has not left goes anew when the rest is over.
    """
    lead, step = row.lead, _taken_back(row) or row.next_step
    kind = step.kind if step is not None else "sms"
    opens = timing.open_from(until, lead=lead, points=reach.reach_of(lead, kind).open)
    due = max(opens, row.due_at)
    day = f"{opens.day} {opens:%b}"
    paused = row.state == State.PAUSED
    parked = claims.move(
        row,
        old=LIVE_STATES,
        new=State.PAUSED if paused else State.WAITING,
        next_step=step,
        due_at=due,
        parked_until=opens,
        reason=f"Parked to {day}: {words}"[:300],
        claim_token=None,
        lease_until=None,
    )
    if parked:
        tell("enrollment.parked", row, actor=actor, until=opens.isoformat())
    return parked


def _taken_back(row: Enrollment) -> Step | None:
    """The step whose message has not left; it is as if that had not been reached."""
    runs = StepRun.objects.filter(enrollment=row, message__state__in=WAITING_STATES)
    run = runs.select_related("message", "step").order_by("-pk").first()
    if run is None or run.message is None:
        return None
    taken = claims.move(
        run.message,
        old=WAITING_STATES,
        new=Message.State.CANCELLED,
        reason="The follow-up is parked: it goes later",
        effect_key=None,
    )
    if not taken:
        return None
    run.delete()
    return run.step
