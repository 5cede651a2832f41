"""What `status` tells: rows by kind and state, what waits, nothing lost."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, QuerySet

from leads import clock
from leads.models import Work
from leads.work import workers
from messaging.models import Message
from messaging.numbers import received_equation


def status() -> dict[str, Any]:
    """Counts of every queue, its oldest due row's age in seconds, and the sum.

    `received` = `answered` + `with_a_person` + `set_aside`, over all messages.
    """
    kinds: dict[str, Any] = {}
    for worker in workers():
        if worker.states is None:  # else another worker's rows, seen again
            kinds[worker.kind] = _queue(worker.model)
    sums = received_equation(since=None, user=None)
    return {
        "kinds": kinds,
        "dead_letters": sum(kind["dead"] for kind in kinds.values()),
        "unknown": Message.objects.filter(state=Message.State.UNKNOWN).count(),
        "received": sums.received,
        "answered": sums.answered,
        "with_a_person": sums.with_person,
        "set_aside": sums.set_aside,
        "nothing_lost": sums.holds,
    }


def _queue(model: type[Work]) -> dict[str, Any]:
    rows: QuerySet[Any] = model._default_manager.all()
    if model is Message:
        rows = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    states = dict(rows.values_list("state").annotate(n=Count("pk")).order_by("state"))
    due = rows.filter(state__in=model.ready_states(), due_at__lte=clock.now())
    oldest: datetime | None = due.aggregate(at=Min("due_at"))["at"]
    newest: datetime | None = rows.aggregate(at=Max("created_at"))["at"]
    return {
        "states": states,
        "oldest_due_seconds": _age(oldest),
        "newest_seconds": _age(newest),
        "dead": states.get(model.DEAD, 0),
    }


def _age(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return max(0, round((clock.now() - moment).total_seconds()))
