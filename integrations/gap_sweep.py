"""The gap sweep: what a provider took in for us and never brought is fetched.

A vendor like Twilio does not bring an inbound text twice. Every few minutes its list
is laid beside the journal; what is missing becomes the journal row that its webhook
would have been, under the same external id, so that a late webhook is a copy and the
text is received once. The vendor's count and ours are kept for the dashboard.

What is never fetched: anything from before the first sweep of that account, or its
first webhook when that came earlier; so connecting an account with a history makes no
leads of it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.module_loading import import_string

from integrations.gaps import InboundList, Listed, Request
from integrations.models import GapSweep, WebhookDelivery
from integrations.webhooks import TASK
from leads import clock, jobs
from leads.models import Job
from messaging.measures import company_zone
from messaging.transports import TransportError

log = logging.getLogger(__name__)

JOB: Final = "integrations.gap_sweep"
ORIGIN: Final = "gap sweep"
DEADLINE: Final = 45.0  # seconds for all calls of one sweep
# A webhook that is on its way is no gap: Twilio gives its answer 15 s.
GRACE: Final = timedelta(seconds=60)
# How far a sweep looks behind the one before: the vendor's list may lag.
OVERLAP: Final = timedelta(minutes=10)
# After a longer silence of ours the texts are too old to be answered by a machine.
LONGEST: Final = timedelta(days=3)
JOBS_KEPT: Final = timedelta(days=2)
WINDOW: Final = timedelta(hours=6)
_BATCH: Final = 500


@dataclass(slots=True)
class Swept:
    """What one sweep of one account found, and why it ended early."""

    listed: int = 0
    fetched: int = 0
    trouble: str = ""


def run_job(job: Job) -> None:
    """The recurring job: see `sweep`. Forgets its own old rows."""
    sweep()
    old = Job.objects.filter(name=JOB, state=Job.State.DONE)
    old.filter(created_at__lt=timezone.now() - JOBS_KEPT).delete()


def sweep() -> dict[str, Swept]:
    """Fetch what never arrived, from every provider of `settings.GAP_LISTS` that is
    set up; what was found, by provider. A vendor's trouble is written on its row and
    tried again by the next sweep, which then looks back as far as needed.
    """
    found: dict[str, Swept] = {}
    for path in settings.GAP_LISTS:
        source = cast(InboundList, import_string(path)(deadline=DEADLINE))
        if source.account:
            found[source.provider] = _sweep_one(source)
    return found


def _sweep_one(source: InboundList) -> Swept:
    # Twilio tells whole seconds.
    end = (timezone.now() - GRACE).replace(microsecond=0)
    row = _row_of(source, end)
    swept = Swept()
    try:
        for since, until in _windows(row, end):
            _compare(source, row, since=since, until=until, swept=swept)
    except TransportError as error:
        swept.trouble = error.words
    if swept.trouble:
        _note_failure(row, swept.trouble)
    return swept


def _windows(row: GapSweep, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans from the last sweep to now, none longer than WINDOW, each seen through
    before the next.
    """
    since = max(row.swept_until - OVERLAP, row.begins_at, end - LONGEST)
    while since < end:
        until = min(end, since + WINDOW)
        yield since, until
        since = until


def _compare(
    source: InboundList,
    row: GapSweep,
    *,
    since: datetime,
    until: datetime,
    swept: Swept,
) -> None:
    listing = source.listed(since=since, until=until)
    missing = _missing(source.provider, listing.rows)
    for one in missing:
        swept.fetched += _journal(source.provider, one, source.request_of(one))
    late = [one for one in missing if one.sent_at <= row.swept_until]
    new = [one for one in listing.rows if one.sent_at > row.swept_until]
    swept.listed += len(late) + len(new)
    if not listing.complete:
        # Not again and again: the rest of this span is for a person to look at.
        swept.trouble = (
            f"{source.provider} lists more between {since:%d %b %H:%M} and"
            f" {until:%H:%M} UTC than is read; compare by hand"
        )
    _move_on(row, [*late, *new], until=until)


def _row_of(source: InboundList, until: datetime) -> GapSweep:
    """The account's row; a first sweep begins where the account's webhooks did."""
    begins = _first_webhook(source.provider) or until
    return GapSweep.objects.get_or_create(
        provider=source.provider,
        account=source.account,
        defaults={"begins_at": begins, "swept_until": begins},
    )[0]


def _first_webhook(provider: str) -> datetime | None:
    """When the provider's first genuine webhook came, if this is the first account
    we ever swept: another account's history is none of ours.
    """
    if GapSweep.objects.filter(provider=provider).exists():
        return None
    State = WebhookDelivery.State
    rows = WebhookDelivery.objects.filter(provider=provider)
    rows = rows.exclude(state__in=[State.QUARANTINED, State.DISCARDED])
    first: datetime | None = rows.aggregate(at=Min("received_at"))["at"]
    return first


def _missing(provider: str, rows: Iterable[Listed]) -> list[Listed]:
    """Those without a row in the journal, in their order."""
    wanted = {row.external_id: row for row in rows}
    ids = list(wanted)
    for start in range(0, len(ids), _BATCH):
        known = WebhookDelivery.objects.filter(
            provider=provider, external_id__in=ids[start : start + _BATCH]
        )
        for external_id in known.values_list("external_id", flat=True):
            del wanted[external_id]
    return list(wanted.values())


@transaction.atomic
def _journal(provider: str, listed: Listed, request: Request) -> bool:
    """Write the row its webhook would have made; False when that has just come."""
    now = clock.now()
    values: Mapping[str, Any] = {
        "route": request.route,
        "origin": ORIGIN,
        "state": WebhookDelivery.State.RECEIVED,
        "content_type": request.content_type,
        "body": request.body,
        "size": len(request.body),
        "digest": sha256(request.body).hexdigest(),
        "received_at": now,
        "due_at": now,
    }
    row, made = WebhookDelivery.objects.get_or_create(
        provider=provider, external_id=listed.external_id, defaults=values
    )
    if made:
        log.warning("%s: a message never arrived and was fetched", provider)
        jobs.enqueue(TASK, row.pk)
    return made


# --- counts ------------------------------------------------------------------


def _move_on(row: GapSweep, counted: list[Listed], *, until: datetime) -> None:
    """Keep how far the list was seen, and the day's counts; unless another process
    did so meanwhile: then its counts stand.
    """
    today = clock.now().astimezone(company_zone()).date()
    if row.day != today:
        row.day, row.listed, row.arrived, row.fetched = today, 0, 0, 0
    ids = [one.external_id for one in counted if _is_of(one, today)]
    fetched = _fetched_among(row.provider, ids)
    row.listed += len(ids)
    row.fetched += fetched
    row.arrived += len(ids) - fetched
    before, row.swept_until = row.swept_until, max(row.swept_until, until)
    row.swept_at = timezone.now()
    names = ("day", "listed", "arrived", "fetched", "swept_until", "swept_at")
    values = {name: getattr(row, name) for name in names}
    rows = GapSweep.objects.filter(pk=row.pk, swept_until=before)
    rows.update(failure="", **values)


def _fetched_among(provider: str, ids: list[str]) -> int:
    rows = WebhookDelivery.objects.filter(provider=provider, origin=ORIGIN)
    parts = (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
    return sum(rows.filter(external_id__in=part).count() for part in parts)


def _is_of(listed: Listed, day: date) -> bool:
    return listed.sent_at.astimezone(company_zone()).date() == day


def _note_failure(row: GapSweep, words: str) -> None:
    """Keep the words; what was fetched before the trouble is safe."""
    log.warning("%s: the gap sweep did not get through: %s", row, words)
    rows = GapSweep.objects.filter(pk=row.pk)
    rows.update(failed_at=timezone.now(), failure=words[:300])
