"""The kinds of work there are, and the one pass over all that is due."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from leads import claims
from leads.models import Work

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Worker:
    """How one kind of queue row is worked on.

    `run` takes a row id, claims the row itself and never leaves it claimed.
    `task` is the Celery name that the doorbell rings. `orphaned` decides what
    becomes of a row whose lease ran out; without it the row is requeued.
    `states` are looked for in place of the model's own ready states.
    """

    kind: str
    model: type[Work]
    task: str
    run: Callable[[int], object]
    orphaned: Callable[[Work], object] = claims.requeue_orphan
    states: tuple[str, ...] | None = None

    def due_ids(self, *, limit: int = 100) -> list[int]:
        """Ids of due rows, the longest due first."""
        due = claims.due_rows(self.model, states=self.states)
        return list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def workers() -> list[Worker]:
    """All kinds of work, as named in `settings.WORKERS`."""
    found: list[Worker] = []
    for path in settings.WORKERS:
        item = import_string(path)
        found.extend(item if isinstance(item, Iterable) else [item])
    return found


def rescue_orphans() -> dict[str, int]:
    """Deal with rows whose process died; return how many of each kind.

    One row's failure never keeps another from its rescue.
    """
    rescued: dict[str, int] = {}
    for worker in workers():
        if worker.states is not None:
            continue
        rows = list(claims.orphans(worker.model)[:100])
        for row in rows:
            _rescue(worker, row)
        if rows:
            rescued[worker.kind] = len(rows)
            log.warning("rescued %d orphaned %s", len(rows), worker.kind)
    return rescued


def _rescue(worker: Worker, row: Work) -> None:
    try:
        worker.orphaned(row)
    except Exception:
        log.exception("an orphan of %s, %s, could not be rescued", worker.kind, row.pk)


def run_due(*, rounds: int = 20, limit: int = 100) -> dict[str, int]:
    """Run everything due in this process until nothing is; return the counts.

    One row's failure never keeps another from its turn: `run` writes it down
    on the row, and what escapes it is logged here.
    """
    counts: dict[str, int] = {}
    for _ in range(rounds):
        ran = 0
        for worker in workers():
            for pk in worker.due_ids(limit=limit):
                ran += 1
                counts[worker.kind] = counts.get(worker.kind, 0) + 1
                run_one(worker, pk)
        if not ran:
            break
    return counts


def run_one(worker: Worker, pk: int) -> None:
    """Run one row; an escaped error is logged and its claim left to expire."""
    try:
        worker.run(pk)
    except Exception:
        log.exception("%s %s failed outside its own care", worker.kind, pk)


def retry_delay(attempts: int) -> timedelta:
    """Seconds to wait before attempt `attempts` + 1: 5, 10, 20 … up to 600."""
    return timedelta(seconds=min(600, 5 * 2 ** max(attempts - 1, 0)))
