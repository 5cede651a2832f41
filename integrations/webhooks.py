"""What becomes of the journal's rows: read, routed, replayed, released, purged."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from integrations import journal, retaining, services_phone, spool
from integrations.base import (
    MEGABYTE,
    Body,
    Once,
    Received,
    Unreadable,
    UnreadableDelivery,
    Webhook,
    WebhookRejected,
    webhook_of,
)
from integrations.models import ProcessedFact, WebhookDelivery
from leads import claims, clock, jobs, outbox, retention
from leads.models import Job
from leads.prepared_rows import insert_or_ignore
from leads.work import Worker
from messaging.calls import MissedCall
from messaging.engagement import (
    record_address_report,
    record_engagement,
    record_mail_delivery,
)
from messaging.inbound import UnusableMessage, receive_message, record_delivery
from messaging.mail.facts import InboundMail
from messaging.mailroom import receive_mail
from messaging.missed_calls import record_missed_call
from messaging.transports import (
    AddressReport,
    DeliveryUpdate,
    Engagement,
    InboundMessage,
    MailDelivery,
)

log = logging.getLogger(__name__)

TASK: Final = "integrations.process_delivery"
# P8: what a dead process held is in hand again within a minute.
LEASE: Final = timedelta(seconds=40)
RENEW_SECONDS: Final = 10.0
# Soon, because it may be a STOP; then 30 s, 3 min and 18 min.
FIRST_DELAY: Final = timedelta(seconds=5)
GROWTH: Final = 6
KEY_DAYS: Final = timedelta(days=45)
_BATCH: Final = 500

State = WebhookDelivery.State
# What another try would find as it is.
_HOPELESS: Final = (UnreadableDelivery, UnusableMessage)


def take_delivery(*, fact: DeliveryUpdate) -> bool:
    """A report on a message, or on a test text of the services page."""
    return services_phone.record_delivery(fact) or record_delivery(fact=fact)


# The one place that says which use case takes which fact.
ROUTES: Final[Mapping[type, Callable[..., object]]] = {
    InboundMessage: receive_message,
    InboundMail: receive_mail,
    DeliveryUpdate: take_delivery,
    MailDelivery: record_mail_delivery,
    Engagement: record_engagement,
    AddressReport: record_address_report,
    MissedCall: record_missed_call,
}


class NotPossible(ValueError):
    """What was asked of a row cannot be done; the words say why."""


def process(*, delivery_id: int) -> None:
    """Read one journal row and hand its facts on; each acts once.

    What can never be read is a dead letter at once, any other failure is tried
    five times first. One row's failure is written on the row and goes no further;
    one fact's keeps no other of its row from acting.
    """
    row = claims.claim(WebhookDelivery, delivery_id, lease=LEASE)
    if row is None:
        return
    try:
        with _facts(row) as facts:
            _hand_on(row, facts)
    except _HOPELESS as error:
        # Its words, which may be the sender's, stand on the row.
        log.warning("%s is a dead letter: %s", row, type(error).__name__)
        claims.finish(row, state=State.DEAD, last_error=str(error)[:2000])
    except Exception as error:
        log.warning("%s failed: %s", row, type(error).__name__, exc_info=True)
        words = f"{type(error).__name__}: {error}"
        claims.retry_or_bury(row, error=words, delay=FIRST_DELAY, growth=GROWTH)
    else:
        claims.finish(row, state=State.DONE, done_at=clock.now(), last_error="")


@contextmanager
def _facts(row: WebhookDelivery) -> Iterator[list[object]]:
    """What the row says; the folders that hold parts of it are gone afterwards."""
    webhook = webhook_of(row.provider)
    found = webhook.match_kept(row.route)
    if found is None:
        raise UnreadableDelivery("its address is no longer served")
    facts = webhook.parse(_received(row, webhook, *found))
    try:
        yield facts
    finally:
        for folder in filter(None, (getattr(fact, "folder", "") for fact in facts)):
            spool.remove_folder(folder)


def _received(
    row: WebhookDelivery, webhook: Webhook, kind: str, parts: Mapping[str, str]
) -> Received:
    large = webhook.in_pieces and row.size > MEGABYTE
    return Received(
        kind=kind,
        parts=parts,
        headers=row.headers,
        content_type=row.content_type,
        body=b"" if large else journal.body_of(row),
        received_at=row.received_at,
        large=partial(journal.pieces_of, row) if large else None,
    )


def _hand_on(row: WebhookDelivery, facts: Iterable[object]) -> None:
    """Let every fact act, then raise the first failure that another try may end
    well, else the first of all.
    """
    failures: list[Exception] = []
    renewed = time.monotonic()
    for fact in facts:
        if time.monotonic() - renewed > RENEW_SECONDS:
            if not claims.renew(row, lease=LEASE):
                return  # another process has it by now, and goes on
            renewed = time.monotonic()
        try:
            _act(fact, row.provider)
        except Exception as error:
            failures.append(error)
    failures.sort(key=lambda failure: isinstance(failure, _HOPELESS))
    for other in failures[1:]:
        log.warning("%s: %s: %s besides", row, type(other).__name__, other)
    if failures:
        raise failures[0]


def _act(fact: object, provider: str) -> None:
    if isinstance(fact, Unreadable):
        raise UnreadableDelivery(fact.words)
    if not isinstance(fact, Once):
        ROUTES[type(fact)](fact=fact)
        return
    with transaction.atomic():
        # Known from here on, together with what it does or not at all.
        known = ProcessedFact(
            provider=provider, external_id=fact.key[:200], seen_at=clock.now()
        )
        if insert_or_ignore(known):
            for part in fact.facts:
                ROUTES[type(part)](fact=part)


WORKER = Worker(
    kind="webhooks",
    model=WebhookDelivery,
    task=TASK,
    run=lambda pk: process(delivery_id=pk),
)


# --- by a person -------------------------------------------------------------


@transaction.atomic
def replay(*, delivery: WebhookDelivery, user: User) -> None:
    """Read a dead or a done row again; what it did before is not done twice.

    Raises NotPossible.
    """
    if delivery.purged_at is not None:
        raise NotPossible(f"its body was purged on {delivery.purged_at:%d %b %Y}")
    fresh = {"attempts": 0, "due_at": clock.now(), "done_at": None, "last_error": ""}
    old = [State.DEAD, State.DONE]
    if not claims.move(delivery, old=old, new=State.RECEIVED, **fresh):
        raise NotPossible(f"it is {_words(delivery)}, not done or dead")
    _note("replayed", delivery, user)
    jobs.enqueue(TASK, delivery.pk)


def release(*, delivery: WebhookDelivery, user: User) -> None:
    """Let a quarantined row in after all, when it can now be proven genuine: over
    the address it was signed for, or with the settings of today.

    A copy of what came in otherwise is discarded. Raises NotPossible.
    """
    if delivery.state != State.QUARANTINED:
        raise NotPossible("it is not in quarantine")
    external_id = _prove(delivery)
    fresh = {"external_id": external_id, "due_at": clock.now(), "attempts": 0}
    try:
        with transaction.atomic():
            old = State.QUARANTINED
            if not claims.move(delivery, old=old, new=State.RECEIVED, **fresh):
                raise NotPossible("somebody else has just decided it")
            _note("released", delivery, user)
            jobs.enqueue(TASK, delivery.pk)
    except IntegrityError:
        delivery.refresh_from_db()
        discard(delivery=delivery, user=user)
        raise NotPossible("it had already come in; this copy was discarded") from None
    journal.quarantine_has_room()


def _prove(delivery: WebhookDelivery) -> str:
    if len(delivery.body) < delivery.size:
        raise NotPossible("only its first 64 KB were kept")
    webhook = webhook_of(delivery.provider)
    found = webhook.match_kept(delivery.route)
    if found is None:
        raise NotPossible("its address is no longer served")
    reason = ""
    # The real clock, which says whether its time stamp was right when it came.
    arrived_at = delivery.created_at.timestamp()
    for url in filter(None, (delivery.url, delivery.verifying_url)):
        body = Body(bytes(delivery.body), arrived_at=arrived_at)
        try:
            return webhook.verify(url, delivery.headers, body, found[0])
        except WebhookRejected as rejection:
            reason = rejection.reason
        finally:
            body.close()
    raise NotPossible(f"it cannot be proven genuine: {reason}")


@transaction.atomic
def discard(*, delivery: WebhookDelivery, user: User) -> None:
    """Set a dead or quarantined row aside for good. Raises NotPossible."""
    old = [State.DEAD, State.QUARANTINED]
    if not claims.move(delivery, old=old, new=State.DISCARDED, done_at=clock.now()):
        raise NotPossible(f"it is {_words(delivery)}, not dead or refused")
    _note("discarded", delivery, user)
    journal.quarantine_has_room()


def _words(delivery: WebhookDelivery) -> str:
    return str(State(delivery.state).label)


def _note(what: str, delivery: WebhookDelivery, user: User) -> None:
    outbox.emit(
        kind=f"webhook.{what}",
        actor=f"user:{user.pk}",
        origin=delivery.provider,
        payload={"delivery": str(delivery.public_id)},
    )


# --- by time -----------------------------------------------------------------


PURGE_JOB = "integrations.purge_bodies"


def run_purge(job: Job) -> None:
    """The daily job: see `purge_bodies`; and what killed processes left on disk."""
    purge_bodies(clock.now())
    spool.remove_old_folders()


def purge_bodies(now: datetime) -> dict[str, int]:
    """Empty bodies when their retention is over, delete the keys of rows and facts
    after 45 days and refused requests after 7; how many of each. In batches, each its own write.
    """
    ended = WebhookDelivery.objects.filter(state__in=[State.DONE, State.DISCARDED])
    before = retention.cutoff(retaining.KEY, now)
    emptied = retaining.empty_bodies(before) if before is not None else 0
    refused = WebhookDelivery.objects.filter(state=State.QUARANTINED)
    counts = {
        "emptied": emptied,
        "forgotten": _delete(ended, done_at__lt=now - KEY_DAYS),
        "facts": _delete(ProcessedFact.objects.all(), seen_at__lt=now - KEY_DAYS),
        "refused": _delete(refused, received_at__lt=now - journal.QUARANTINE_DAYS),
    }
    if counts["refused"]:
        journal.quarantine_has_room()
    return counts


def _delete(rows: Any, **older: Any) -> int:
    deleted = 0
    while ids := _some(rows, **older):
        rows.model.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted


def _some(rows: Any, **which: Any) -> list[int]:
    return list(rows.filter(**which).values_list("pk", flat=True)[:_BATCH])
