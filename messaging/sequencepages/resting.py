"""A person lets one lead's follow-ups rest for a while, or go on before that."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.models.sequence import Enrollment, StepRun
from messaging.sequences import parking
from messaging.sequences.reach import reach_of
from messaging.sequences.timing import due_after
from messaging.words import first_name

State = Enrollment.State


@transaction.atomic
def rest(*, enrollment: Enrollment, until: datetime, user: User) -> datetime | None:
    """Let it rest until the team works from `until` on; until when, None if it ended."""
    conversation = lock_conversation(conversation_of(enrollment.lead).pk)
    row = _fresh(enrollment)
    words = f"{first_name(user)} let it rest"
    if not parking.park(row, until=until, words=words, actor=f"user:{user.pk}"):
        return None
    refresh(conversation)
    return row.parked_until


@transaction.atomic
def go_on(*, enrollment: Enrollment) -> bool:
    """End a rest: the next step goes when it would have gone; False when none rests.

    A step whose time has passed goes now, as the hours there allow.
    """
    conversation = lock_conversation(conversation_of(enrollment.lead).pk)
    row = _fresh(enrollment)
    if row.parked_until is None or row.next_step is None:
        return False
    moved = claims.move(
        row,
        old=State.WAITING,
        new=State.WAITING,
        due_at=_due(row),
        parked_until=None,
        reason="",
    )
    if moved:
        refresh(conversation)
    return moved


def _due(row: Enrollment) -> datetime:
    """Before its first step its delay counts from the start; the worker counts the
    others from the step before by itself.
    """
    step = row.next_step
    if step is None or StepRun.objects.filter(enrollment=row).exists():
        return clock.now()
    due = due_after(
        step,
        after=row.started_at,
        lead=row.lead,
        point=reach_of(row.lead, str(step.kind)).point,
    )
    return max(due, clock.now())


def _fresh(enrollment: Enrollment) -> Enrollment:
    rows = Enrollment.objects.select_related("lead__team", "sequence", "next_step")
    return rows.get(pk=enrollment.pk)
