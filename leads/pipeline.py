"""Stages and tasks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from leads import clock, outbox
from leads.models import Event, Lead, Stage, Task, Team
from leads.prepared import Select, Update


@transaction.atomic(savepoint=False)
def move_stage(*, lead: Lead, stage: Stage, actor: str) -> bool:
    """Move a lead to a stage; False when it already stands there."""
    before = lead.stage
    if before.pk == stage.pk:
        return False
    lead.stage = stage
    lead.updated_at = clock.now()
    lead.version += 1
    lead.save(update_fields=["stage", "updated_at", "version"])
    outbox.emit(
        kind="lead.stage_changed",
        lead=lead,
        actor=actor,
        payload={"before": before.key, "after": stage.key},
    )
    return True


@transaction.atomic(savepoint=False)
def open_task(
    *,
    team: Team,
    kind: str,
    title: str,
    reason: str = "",
    lead: Lead | None = None,
    subject: UUID | None = None,
    effect_key: str | None = None,
    due_at: datetime | None = None,
    actor: str = "system",
) -> Task:
    """Ask a person for something; with an `effect_key` only once."""
    values = {
        "team": team,
        "lead": lead,
        "assignee": lead.owner if lead else None,
        "kind": kind,
        "title": title[:200],
        "reason": reason,
        "subject": subject,
        "due_at": due_at or clock.now(),
        "created_at": clock.now(),
    }
    if effect_key is not None:
        # The caller's lock on the subject keeps a second one from slipping in;
        # the unique key stands behind it.
        known = _asked.first(effect_key=effect_key)
        if known is not None:
            return known
    task = Task.objects.create(effect_key=effect_key, **values)
    outbox.emit(
        kind="task.opened",
        lead=lead,
        actor=actor,
        payload={"task": str(task.public_id), "kind": kind},
    )
    return task


_asked: Select[Task] = Select(
    lambda place: Task.objects.filter(effect_key=place("effect_key"))
)


@transaction.atomic(savepoint=False)
def close_task(*, task: Task, actor: str) -> bool:
    """Mark a task done; False when it already was."""
    if not _close_open({"pk": task.pk}, done_at=clock.now(), done_by=actor):
        return False
    told = Event(
        kind="task.done",
        lead_id=task.lead_id,
        actor=actor,
        payload={"task": str(task.public_id), "kind": task.kind},
        occurred_at=clock.now(),
    )
    outbox.emit_all([told])
    return True


_close_open = Update(lambda place: Task.objects.filter(pk=place("pk"), done_at=None))


def close_tasks(*, subject: UUID, kinds: Sequence[str], actor: str) -> int:
    """Mark all open tasks of these kinds about a subject done; count them."""
    tasks = [task for task in _open_about.all(subject=subject) if task.kind in kinds]
    return sum(close_task(task=task, actor=actor) for task in tasks)


_open_about: Select[Task] = Select(
    lambda place: Task.objects.open().filter(subject=place("subject"))
)
