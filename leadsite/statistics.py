"""What `status` tells: rows by kind and state, what waits, nothing lost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from leads import clock
from leads.models import Work
from leads.work import workers
from leadsite import heartbeat
from leadsite.heartbeat import Seen
from messaging.models import Message
from messaging.numbers import received_equation


def status() -> dict[str, Any]:
    """The parts that run, every queue's counts and oldest due row's age, the sum.

    `received` = `answered` + `with_a_person` + `set_aside`, over all messages.
    """
    queues = {kind: _shown(model) for kind, model in kinds().items()}
    sums = received_equation(since=None, user=None)
    return {
        "processes": [_process(part) for part in heartbeat.seen()],
        "kinds": queues,
        "dead_letters": sum(queue["dead"] for queue in queues.values()),
        "unknown": Message.objects.filter(state=Message.State.UNKNOWN).count(),
        "received": sums.received,
        "answered": sums.answered,
        "with_a_person": sums.with_person,
        "set_aside": sums.set_aside,
        "nothing_lost": sums.holds,
    }


def _process(part: Seen) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "name": part.name,
        "version": part.version,
        "alive": part.alive,
        "seen_seconds_ago": round(part.age),
        "running_seconds": round(part.running_for),
    }


@dataclass(frozen=True)
class Queue:
    """The rows of one kind: how many in each state, and since when they wait."""

    states: dict[str, int]
    oldest_due: datetime | None
    newest: datetime | None


def queue(model: type[Work]) -> Queue:
    """Count one kind's rows, in one statement."""
    rows: QuerySet[Any] = model._default_manager.all()
    if model is Message:
        rows = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    due = Q(state__in=model.ready_states(), due_at__lte=clock.now())
    grouped = rows.order_by().values_list("state")
    counted = grouped.annotate(
        n=Count("pk"), due=Min("due_at", filter=due), newest=Max("created_at")
    )
    found = sorted(counted)
    return Queue(
        states={state: n for state, n, _, _ in found},
        oldest_due=min((at for _, _, at, _ in found if at), default=None),
        newest=max((at for _, _, _, at in found if at), default=None),
    )


def kinds() -> dict[str, type[Work]]:
    """Every kind of work and its rows' model, once."""
    # A worker with states of its own sees another worker's rows again.
    return {one.kind: one.model for one in workers() if one.states is None}


def _shown(model: type[Work]) -> dict[str, Any]:
    found = queue(model)
    return {
        "states": found.states,
        "oldest_due_seconds": age(found.oldest_due),
        "newest_seconds": age(found.newest),
        "dead": found.states.get(model.DEAD, 0),
    }


def age(moment: datetime | None) -> int | None:
    """Whole seconds since `moment`, by business time."""
    if moment is None:
        return None
    return max(0, round((clock.now() - moment).total_seconds()))
