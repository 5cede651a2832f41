"""A step that is due is run: once, whoever rings and however often.

The claim holds the row; in one transaction the address and the conversation are
locked, every cause to stop is looked up afresh, the message is written and the row
moves on. What the AI writes is asked for in between, with nothing locked.
"""

import logging
from datetime import timedelta
from time import monotonic

from django.db import transaction

from leads import claims, clock
from leads.models import Lead, Work
from leads.prepared import Select
from leads.work import Worker, retry_delay
from messaging.conversations import lock_conversation_of, refresh
from messaging.metering import EnrollmentLost
from messaging.models.sequence import Enrollment, Step, StepRun
from messaging.sequences import deciding, following, stopping
from messaging.sequences.causes import Stop
from messaging.sequences.deciding import (
    Branch,
    Decision,
    Paused,
    Rest,
    Skip,
    Standing,
    Write,
)
from messaging.sequences.events import tell, tell_run
from messaging.sequences.reach import reach_of
from messaging.sequences.timing import counted_from
from messaging.sequences.writing import Written, write_step

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=40)
# Rows claimed together. After so many seconds each is renewed before its turn, so that
# a slow one costs the others nothing.
BATCH, BATCH_LEASE, HURRY = 20, timedelta(seconds=90), 45.0
BUSY = 20.0  # seconds for which one ring goes on with what else is due
# When it is looked whether the last message has left.
LAST_LOOK = timedelta(minutes=1)
RELATED = ("sequence", "version", "next_step", "lead")
Outcome = StepRun.Outcome
State = Enrollment.State


def run_due(enrollment_id: int) -> None:
    """Run the step of one enrollment, if it is due and nobody else has it."""
    row = claims.claim(Enrollment, enrollment_id, lease=LEASE, related=RELATED)
    if row is not None:
        _work(row)


def run_batch(enrollment_id: int) -> None:
    """Run one enrollment, and what else is due for as long as a ring may last.

    A sweep rings for a hundred rows at most; this is what empties a long line.
    """
    run_due(enrollment_id)
    until = monotonic() + BUSY
    while monotonic() < until and run_some():
        pass


def run_some(*, limit: int = BATCH) -> int:
    """Claim up to `limit` due rows together and run each; how many were claimed."""
    renewed = monotonic()
    rows = claim_some(limit=limit)
    for row in rows:
        mine = _held.first(pk=row.pk, token=row.claim_token)
        if mine is None:
            continue  # it was stopped meanwhile, or took too long to come to
        if monotonic() - renewed > HURRY and not claims.renew(mine, lease=LEASE):
            continue
        _work(mine)
    return len(rows)


def claim_some(*, limit: int) -> list[Enrollment]:
    """Claim due rows together."""
    return claims.claim_due(Enrollment, limit=limit, lease=BATCH_LEASE)


_held: Select[Enrollment] = Select(
    lambda place: Enrollment.objects.select_related(*RELATED).filter(
        pk=place("pk"), claim_token=place("token")
    )
)


def _work(row: Enrollment) -> None:
    try:
        _run(row)
    except EnrollmentLost:
        log.info("enrollment %s went on elsewhere", row.public_id)
    except Exception as error:
        log.exception("enrollment %s failed", row.public_id)
        words = f"{type(error).__name__}: {error}"
        claims.retry_or_bury(row, error=words, delay=retry_delay(1))
        _tell_when_dead(row)


def _run(row: Enrollment) -> None:
    """Decide and move on; where the AI writes, ask it in between and decide again."""
    words: following.Wanted | following.Found | None = None
    for _ in range(2):
        with transaction.atomic():
            words = _step(row, words)
        if not isinstance(words, following.Wanted):
            return
        words = following.find(row, words)


def _step(
    row: Enrollment, words: "following.Wanted | following.Found | None"
) -> "following.Wanted | None":
    """One pass under the locks. Returns what the AI is to write, if it must first."""
    at = _locked(row)
    decision = deciding.decide(at)
    step = row.next_step
    if isinstance(decision, Write) and step is not None:
        if step.writer == Step.Writer.AI and not isinstance(words, following.Found):
            return following.Wanted(at, step, decision)
        found = words if isinstance(words, following.Found) else None
        _write(at, step, decision, found)
    else:
        _carry_out(at, decision)
    return None


def _locked(row: Enrollment) -> Standing:
    """The address, then the conversation, locked; all else is read after that."""
    step = row.next_step
    point = reach_of(row.lead, step.kind).point if step is not None else None
    if point is not None:
        claims.lock_contact_point(point.pk)
    conversation = lock_conversation_of(row.lead)
    # Archived, or moved to another stage, since the claim or while the AI wrote.
    row.lead = conversation.lead = _lead.one(pk=row.lead_id)
    return Standing(row, conversation, deciding.last_run(row))


_lead: Select[Lead] = Select(
    lambda place: Lead.objects.select_related("team", "stage").filter(pk=place("pk"))
)


# --- what a decision comes to -------------------------------------------------


def _carry_out(at: Standing, decision: Decision) -> None:
    match decision:
        case Stop():
            _stop(at, decision)
        case Rest():
            _rest(at, decision)
        case Paused(words):
            _move(at.enrollment, state=State.PAUSED, reason=words[:300])
        case Branch(to, words):
            _go_on(at, _reached(at, Outcome.BRANCHED, words), to)
        case Skip(words):
            run = _reached(at, Outcome.SKIPPED, words)
            _go_on(at, run, _following(at.enrollment))
        case _:
            _finish(at.enrollment)


def _stop(at: Standing, decision: Stop) -> None:
    stopping.end(
        at.enrollment, cause=decision.cause, words=decision.words, actor="system"
    )
    refresh(at.conversation, ring="written")


def _rest(at: Standing, decision: Rest) -> None:
    parked = at.enrollment.parked_until
    _move(
        at.enrollment,
        due_at=decision.until,
        reason=decision.words[:300],
        parked_until=parked if parked and parked > clock.now() else None,
    )
    if decision.refresh:
        refresh(at.conversation)


def _finish(row: Enrollment) -> None:
    _move(row, state=State.DONE, ended_at=clock.now(), reason="", parked_until=None)
    tell("enrollment.finished", row, actor="system")


def _write(
    at: Standing, step: Step, decision: Write, found: "following.Found | None"
) -> None:
    written = write_step(at, step, decision, found)
    run = _reached(
        at, written.outcome, written.reason, decision=decision, written=written
    )
    _go_on(at, run, _following(at.enrollment))
    if written.message is not None:
        refresh(at.conversation, ring="written")


def _reached(
    at: Standing,
    outcome: str,
    reason: str,
    *,
    decision: Write | None = None,
    written: Written | None = None,
) -> StepRun:
    """Write down that the step was reached; a second time is refused by the key."""
    row = at.enrollment
    run = StepRun(
        enrollment=row,
        step=row.next_step,
        variant=decision.variant if decision else None,
        message=written.message if written else None,
        outcome=outcome,
        reason=reason[:300],
        due_at=row.due_at,
        ran_at=clock.now(),
    )
    run.save(force_insert=True)
    tell_run(run, row)
    return run


def _following(row: Enrollment) -> Step | None:
    position = row.next_step.position if row.next_step is not None else 0
    return _after.first(version=row.version_id, position=position)


_after: Select[Step] = Select(
    lambda place: Step.objects.filter(
        version=place("version"), position__gt=place("position")
    ).order_by("position")[:1]
)


def _go_on(at: Standing, run: StepRun, step: Step | None) -> None:
    """Let the next step be due; without one, look once more when all has left."""
    if step is not None:
        due = at.due(step, after=counted_from(run))
    elif run.message_id is not None:
        due = clock.now() + LAST_LOOK
    else:
        due = clock.now()
    _move(at.enrollment, next_step=step, due_at=due, reason="", parked_until=None)


def _move(row: Enrollment, **fields: object) -> None:
    """Give the row back. Raises EnrollmentLost, so that nothing stays, when it is
    somebody else's by now.
    """
    state = str(fields.pop("state", State.WAITING))
    if not claims.finish(row, state=state, attempts=0, last_error="", **fields):
        raise EnrollmentLost


def _tell_when_dead(row: Enrollment) -> None:
    if row.state == State.DEAD:
        words = f"Gave up: {row.last_error}"[:300]
        Enrollment.objects.filter(pk=row.pk).update(reason=words, ended_at=clock.now())


def _orphaned(row: Work) -> None:
    """Its process died: the step runs again, unless it keeps killing its process."""
    claims.requeue_orphan(row)
    if isinstance(row, Enrollment):
        _tell_when_dead(row)


WORKER = Worker(
    kind="follow-ups",
    model=Enrollment,
    task="messaging.run_enrollment",
    run=run_batch,
    orphaned=_orphaned,
)
