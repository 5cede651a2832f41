"""Claims and locks: the only way a queue row changes hands.

Lock order, everywhere: contact point, then conversation, then the queue row.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from leads import clock
from leads.models import ContactPoint, Work
from leads.prepared import PlaceMaker, Select, Update

W = TypeVar("W", bound=Work)
M = TypeVar("M", bound=models.Model)

# A row whose claims ended without a word this often kills its process.
MAX_ORPHANED = 3


def claim(
    model: type[W],
    pk: int,
    *,
    lease: timedelta,
    related: Sequence[str] = (),
    columns: Sequence[str] = (),
    **fields: Any,
) -> W | None:
    """Take one due row for `lease` (real time); None when somebody else has it.

    Raises the row's `attempts`, so that a row which kills its process counts.
    `fields` are written with the claim; `related` rows come with it, only the
    `columns` where they are named.
    """
    token = uuid.uuid4()
    taken = _taken(model, token, lease)
    due = {"pk": pk, "now": clock.now()}
    if not _claiming(model)(due, **taken, **fields):
        return None
    held: Select[W] = _held(model, tuple(related), tuple(columns))
    return held.first(pk=pk, token=token)


@cache
def _claiming(model: type[Work]) -> Update:
    states = model.ready_states()
    return Update(
        lambda place: model._default_manager.filter(
            pk=place("pk"), state__in=states, due_at__lte=place("now")
        ),
        attempts=F("attempts") + 1,
    )


@cache
def _held(
    model: type[Work], related: tuple[str, ...], columns: tuple[str, ...]
) -> "Select[Any]":
    def build(place: PlaceMaker) -> "models.QuerySet[Any]":
        rows = model._default_manager.filter(pk=place("pk"), claim_token=place("token"))
        if related:
            rows = rows.select_related(*related)
        return rows.only(*columns) if columns else rows

    return Select(build)


def claim_due(model: type[W], *, limit: int, lease: timedelta) -> list[W]:
    """Take up to `limit` due rows, oldest first; never a row somebody holds."""
    taken = _taken(model, uuid.uuid4(), lease)
    with transaction.atomic():
        due = due_rows(model).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        # Locked from here on, so what is written is all that changes in them.
        rows = list(due[:limit])
        mine = model._default_manager.filter(pk__in=[row.pk for row in rows])
        mine.update(attempts=F("attempts") + 1, **taken)
    for row in rows:
        _set(row, {**taken, "attempts": row.attempts + 1})
    return rows


def due_rows(
    model: type[W], *, states: Sequence[str] | None = None
) -> "models.QuerySet[W]":
    """Rows that may be claimed now; `states` in place of the usual ones."""
    return model._default_manager.filter(
        state__in=states or model.ready_states(), due_at__lte=clock.now()
    )


def orphans(model: type[W]) -> "models.QuerySet[W]":
    """Claimed rows whose lease ran out: their process died or hangs."""
    return model._default_manager.filter(
        state=model.WORKING, lease_until__lt=timezone.now()
    )


def _taken(model: type[Work], token: uuid.UUID, lease: timedelta) -> dict[str, Any]:
    return {
        "state": model.WORKING,
        "claim_token": token,
        "lease_until": timezone.now() + lease,
    }


def renew(row: Work, *, lease: timedelta) -> bool:
    """Extend the holder's lease before its next call; False when it was lost."""
    return bool(
        _mine(type(row))(_holding(row), lease_until=timezone.now() + lease),
    )


def finish(row: Work, *, state: str, **fields: Any) -> bool:
    """End the holder's claim in `state`; False when the claim was lost."""
    fields.update(state=state, claim_token=None, lease_until=None)
    done = bool(_mine(type(row))(_holding(row), **fields))
    if done:
        _set(row, fields)
    return done


def retry_or_bury(row: Work, *, error: str, delay: timedelta, growth: int = 2) -> bool:
    """Put a failed row back for later, or bury it after its last attempt.

    `delay` is the wait after the first attempt; it grows `growth` times with each.
    """
    fields: dict[str, Any] = {"last_error": error[:2000]}
    if row.attempts >= row.MAX_ATTEMPTS:
        return finish(row, state=row.DEAD, **fields)
    wait = delay * growth ** max(row.attempts - 1, 0)
    return finish(row, state=row.READY, due_at=clock.now() + wait, **fields)


def requeue_orphan(row: Work) -> bool:
    """Put an orphan back, or bury it when it keeps killing its process."""
    error = "the process that worked on this ended without a word"
    if row.attempts >= MAX_ORPHANED:
        return finish(row, state=row.DEAD, last_error=f"{error}, {row.attempts} times")
    return finish(row, state=row.READY, last_error=error)


def move(row: M, *, old: str | Sequence[str], new: str, **fields: Any) -> bool:
    """Move a row from one of `old` to `new`; False when it stood elsewhere."""
    states = (old,) if isinstance(old, str) else tuple(old)
    fields["state"] = new
    done = bool(_moving(type(row), states)({"pk": row.pk}, **fields))
    if done:
        _set(row, fields)
    return done


def lock_contact_point(pk: int) -> ContactPoint:
    """Lock the address for this transaction and return it fresh."""
    return lock(ContactPoint, pk)


def lock(model: type[M], pk: int) -> M:
    """Lock one row for this transaction and return it fresh."""
    found: M = _locking(model).one(pk=pk)
    return found


@cache
def _locking(model: type[models.Model]) -> "Select[Any]":
    # SQLite has no row locks: its IMMEDIATE transaction already locks all.
    rows = model._default_manager.select_for_update(of=("self",), no_key=True)
    return Select(lambda place: rows.filter(pk=place("pk")))


@cache
def _moving(model: type[models.Model], states: tuple[str, ...]) -> Update:
    rows = model._default_manager.filter(state__in=states)
    return Update(lambda place: rows.filter(pk=place("pk")))


@cache
def _mine(model: type[Work]) -> Update:
    return Update(
        lambda place: model._default_manager.filter(
            pk=place("pk"), state=model.WORKING, claim_token=place("token")
        )
    )


def _holding(row: Work) -> dict[str, Any]:
    # A row that nobody claimed is found by no token.
    return {"pk": row.pk, "token": row.claim_token or uuid.UUID(int=0)}


def _set(row: models.Model, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
