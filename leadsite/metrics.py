"""What /metrics tells, for all processes that share the database.

Rows come from the database, at most eight statements. What happened inside the
processes comes with their signs of life, at most a few seconds old.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest

from integrations.http_counts import BOUNDS
from leadsite import heartbeat
from leadsite.heartbeat import Seen
from leadsite.probes import Probe
from leadsite.statistics import Queue, age, kinds, queue
from messaging.models import Message, Turn

KEPT: Final = 5.0  # seconds; a scraper that asks more often hears the same
_EDGES: Final = [*(str(bound) for bound in BOUNDS), "+Inf"]


@dataclass(frozen=True)
class Rows:
    """What one look at the database told."""

    queues: dict[str, Queue]
    dead: dict[str, int]
    sends: list[tuple[str, str, int]]  # state, author, rows
    turns: list[tuple[str, int]]  # outcome, rows
    parts: list[Seen]


def ask() -> Rows:
    """One statement a kind of work, and three more."""
    try:
        queues = {kind: queue(model) for kind, model in kinds().items()}
        outgoing = Message.objects.filter(direction=Message.Direction.OUTBOUND)
        sends = outgoing.order_by().values_list("state", "author")
        ended = Turn.objects.filter(state=Turn.State.DONE).order_by()
        return Rows(
            queues=queues,
            dead={k: queues[k].states.get(m.DEAD, 0) for k, m in kinds().items()},
            sends=list(sends.annotate(n=Count("pk"))),
            turns=list(ended.values_list("outcome").annotate(n=Count("pk"))),
            parts=heartbeat.seen(),
        )
    finally:
        connection.close()


rows = Probe("metrics", ask, kept=KEPT)


def text(found: Rows | None) -> bytes:
    """The exposition; without rows only that the database is away."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(_Families(found))
    return generate_latest(registry)


class _Families:
    """The rows as metric families."""

    def __init__(self, found: Rows | None) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Everything there is to tell."""
        up = self._found is not None
        yield _gauge("database_up", "1 when the database answered", {(): int(up)})
        if self._found is None:
            return
        yield from _work(self._found)
        yield from _processes(self._found.parts)
        yield _intake(self._found.parts)
        yield _calls(self._found.parts)


Values = dict[tuple[str, ...], float]


def _gauge(name: str, words: str, values: Values, *labels: str) -> Metric:
    family = GaugeMetricFamily(f"leadsite_{name}", words, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family


def _work(found: Rows) -> Iterator[Metric]:
    counted: Values = {
        (kind, state): n
        for kind, one in found.queues.items()
        for state, n in one.states.items()
    }
    yield _gauge("queue_rows", "Rows of work", counted, "kind", "state")
    waits: Values = {
        (kind,): age(one.oldest_due) or 0 for kind, one in found.queues.items()
    }
    words = "For how long the oldest row has been due; 0 when none is"
    yield _gauge("queue_oldest_due_seconds", words, waits, "kind")
    dead: Values = {(kind,): n for kind, n in found.dead.items()}
    yield _gauge("dead_letters", "Rows that gave up", dead, "kind")
    unknown = sum(n for state, _, n in found.sends if state == Message.State.UNKNOWN)
    words = "Messages not known to have left"
    yield _gauge("unknown_messages", words, {(): unknown})
    sends: Values = {(state, author): n for state, author, n in found.sends}
    words = "Messages to leads"
    yield _gauge("outgoing_messages", words, sends, "state", "author")
    turns: Values = {(outcome or "none",): n for outcome, n in found.turns}
    yield _gauge("turns", "Finished turns of the AI", turns, "outcome")


def _processes(parts: list[Seen]) -> Iterator[Metric]:
    ages: Values = {(part.kind, part.name): part.age for part in parts}
    words = "Since the last sign of life"
    yield _gauge("process_seen_seconds", words, ages, "kind", "process")
    alive: Values = {
        (kind,): sum(part.kind == kind and part.alive for part in parts)
        for kind in ("web", "worker", "beat")
    }
    yield _gauge("processes", "Parts seen lately", alive, "kind")
    swept = [part.swept_ago for part in parts if part.swept_ago is not None]
    if swept:
        words = "Since due work was last looked for"
        yield _gauge("sweep_age_seconds", words, {(): min(swept)})


def _once(parts: list[Seen]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each process's counts, once: all its parts carry the same."""
    for part in {part.process: part for part in parts}.values():
        yield part.name, part.counts


def _intake(parts: list[Seen]) -> Metric:
    family = CounterMetricFamily(
        "leadsite_intake", "Webhook requests at the door", labels=["what", "process"]
    )
    for process, counts in _once(parts):
        for what, number in counts.get("intake", {}).items():
            family.add_metric([what, process], number)
    return family


def _calls(parts: list[Seen]) -> Metric:
    family = HistogramMetricFamily(
        "leadsite_service_call_seconds",
        "Calls to outside services",
        labels=["service", "outcome", "process"],
    )
    for process, counts in _once(parts):
        for row in counts.get("calls", []):
            total, buckets = 0, []
            for edge, number in zip(_EDGES, row["buckets"], strict=False):
                total += number
                buckets.append((edge, total))
            labels = [row["service"], row["outcome"], process]
            family.add_metric(labels, buckets, sum_value=row["seconds"])
    return family
