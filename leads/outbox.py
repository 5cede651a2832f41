"""The one stream of events, and its way to those who follow it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from leads import claims, clock, jobs
from leads.models import Delivery, Event, Lead
from leads.prepared_rows import insert_all
from leads.work import Worker, retry_delay

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
WAIT_FOR_EARLIER = timedelta(seconds=2)


class Subscriber(Protocol):
    """Somebody who follows the stream, named in `settings.SUBSCRIBERS`."""

    name: str

    def wants(self, kind: str) -> bool:
        """Say whether events of this kind are for it."""

    def deliver(self, event: Event) -> None:
        """Take one event. May see it twice; raises when it must come again."""


def subscribers() -> list[Subscriber]:
    """All subscribers of this installation."""
    return [import_string(path)() for path in settings.SUBSCRIBERS]


def emit(
    *,
    kind: str,
    actor: str,
    lead: Lead | None = None,
    payload: Mapping[str, Any] | None = None,
    origin: str = "",
    occurred_at: datetime | None = None,
) -> Event:
    """Write an event and its deliveries into the caller's transaction.

    `payload` holds ids and numbers, never names, addresses or text. Inside
    `together` the event has no key until the block ends.
    """
    event = Event(
        kind=kind,
        lead=lead,
        actor=actor,
        origin=origin[:40],
        payload=dict(payload or {}),
        occurred_at=occurred_at or clock.now(),
    )
    emit_all([event])
    return event


_gathered: ContextVar[list[Event] | None] = ContextVar("leads_gathered", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Write the events of the block in one statement when it ends well.

    Goes inside the transaction of the change that they tell of.
    """
    events: list[Event] = []
    token = _gathered.set(events)
    try:
        yield
    finally:
        _gathered.reset(token)
    emit_all(events)


def holds(kind: str, lead: Lead) -> bool:
    """Whether the block of `together` has gathered such an event of the lead."""
    gathered = _gathered.get() or ()
    return any(event.kind == kind and event.lead_id == lead.pk for event in gathered)


def emit_all(events: Sequence[Event]) -> None:
    """Write several events of one change at once, with their deliveries."""
    gathered = _gathered.get()
    if gathered is not None:
        gathered.extend(events)
        return
    insert_all(events)
    rows = [
        Delivery(
            event=event,
            subscriber=subscriber.name,
            state=Delivery.State.READY,
            due_at=clock.now(),
        )
        for subscriber in subscribers()
        for event in events
        if subscriber.wants(event.kind)
    ]
    insert_all(rows)
    for row in rows:
        jobs.enqueue("leads.deliver_event", row.pk)


def deliver_event(*, delivery_id: int) -> None:
    """Hand one event to one subscriber, after that lead's earlier ones."""
    delivery = claims.claim(Delivery, delivery_id, lease=LEASE)
    if delivery is None:
        return
    if _has_earlier(delivery):
        later = clock.now() + WAIT_FOR_EARLIER
        claims.finish(
            delivery, state=delivery.READY, due_at=later, attempts=delivery.attempts - 1
        )
        return
    try:
        _subscriber(delivery.subscriber).deliver(delivery.event)
    except Exception as error:
        log.warning("event to %s failed: %s", delivery.subscriber, error)
        words = f"{type(error).__name__}: {error}"
        claims.retry_or_bury(delivery, error=words, delay=retry_delay(1))
    else:
        claims.finish(delivery, state=Delivery.State.DONE)
    _wake_next(delivery)


def _wake_next(delivery: Delivery) -> None:
    """Let the lead's next event go that waited for this one."""
    if delivery.event.lead_id is None or delivery.state == delivery.READY:
        return
    waiting = _of_same_lead(delivery).filter(pk__gt=delivery.pk, state=delivery.READY)
    following = waiting.order_by("pk").first()
    if following is not None and following.attempts == 0:
        Delivery.objects.filter(pk=following.pk).update(due_at=clock.now())
        jobs.enqueue("leads.deliver_event", following.pk)


def _has_earlier(delivery: Delivery) -> bool:
    if delivery.event.lead_id is None:
        return False
    waiting = [Delivery.READY, Delivery.WORKING]
    earlier = _of_same_lead(delivery).filter(pk__lt=delivery.pk, state__in=waiting)
    return earlier.exists()


def _of_same_lead(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        subscriber=delivery.subscriber, event__lead=delivery.event.lead
    )


def _subscriber(name: str) -> Subscriber:
    for subscriber in subscribers():
        if subscriber.name == name:
            return subscriber
    raise LookupError(f"no subscriber is called {name!r}")


WORKER = Worker(
    kind="deliveries",
    model=Delivery,
    task="leads.deliver_event",
    run=lambda pk: deliver_event(delivery_id=pk),
)
