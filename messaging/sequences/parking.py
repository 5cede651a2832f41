"""A follow-up rests until a day: the lead is away, or asked to be written to then."""

from collections.abc import Sequence
from datetime import datetime

from leads import claims, pipeline
from leads.models import Task
from messaging.models import Message
from messaging.models.sequence import LIVE_STATES, Enrollment, Step, StepRun
from messaging.sequences import reach, timing
from messaging.sequences.deciding import last_run
from messaging.sequences.events import tell
from messaging.sequences.stopping import NOT_LEFT, under_way

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
    if not hold(row):
        return False
    lead, step = row.lead, _taken_back(row) or row.next_step
    kind = step.kind if step is not None else "sms"
    opens = timing.open_from(until, lead=lead, points=reach.reach_of(lead, kind).open)
    parked = claims.move(
        row,
        old=row.state,
        new=row.state,
        next_step=step,
        due_at=max(opens, row.due_at),
        parked_until=opens,
        reason=f"Parked to {opens.day} {opens:%b}: {words}"[:300],
    )
    if parked:
        tell("enrollment.parked", row, actor=actor, until=opens.isoformat())
    return parked


def hold(row: Enrollment, **fields: str) -> bool:
    """Take a row out of a worker's hands and hold it until the transaction ends.

    False when it has ended: then nothing may be taken back. It comes before the
    message's row, as where a follow-up stops.
    """
    paused = row.state == State.PAUSED
    return row.state in LIVE_STATES and claims.move(
        row,
        old=LIVE_STATES,
        new=State.PAUSED if paused else State.WAITING,
        claim_token=None,
        lease_until=None,
        **fields,
    )


def _taken_back(row: Enrollment) -> Step | None:
    """The step whose message has not left, or is a draft that the lead's own words
    have just outdated.
    """
    run = last_run(row)
    if run is None or run.message is None:
        return None
    message = run.message
    stale = message.state == Message.State.CANCELLED and "stale" in message.details
    states = (Message.State.CANCELLED,) if stale else NOT_LEFT
    words = "The follow-up is parked: it goes later"
    return run.step if take_back(run, states, words) else None


def take_back(run: StepRun, states: Sequence[str], words: str) -> bool:
    """Cancel a step's message if it stands in one of `states`; it is as if the step
    had not been reached.
    """
    message = run.message
    if message is None or message.state not in states:
        return False
    cancelled = Message.State.CANCELLED
    if not claims.move(
        message, old=states, new=cancelled, reason=words, effect_key=None
    ):
        return False
    pipeline.close_tasks(
        subject=message.public_id, kinds=[Task.Kind.DRAFT], actor="system"
    )
    run.delete()
    return True
