"""The classes of data of `leads`, and how each goes when its time has come."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, Q, QuerySet

from leads import clock, erasing
from leads.leaving import delete_events, export_path
from leads.models import Delivery, Event, Lead, PrivacyRequest, Stage
from leads.retention import DataClass

EXPORT_DAYS = 7
# In one day: erasing is work for every part of the house.
LEADS_A_DAY = 500
_WAITING = (Delivery.READY, Delivery.WORKING)


def closed_leads(before: datetime) -> "QuerySet[Lead]":
    """Won, lost or archived leads with which nothing has happened since."""
    closed = Q(stage__kind__in=[Stage.Kind.WON, Stage.Kind.LOST])
    closed |= Q(archived_at__lt=before)
    since = Event.objects.filter(lead=OuterRef("pk"), occurred_at__gte=before)
    asked = PrivacyRequest.objects.filter(
        lead=OuterRef("pk"), kind=PrivacyRequest.Kind.ERASE, done_at=None
    )
    return Lead.objects.filter(
        closed,
        ~Exists(since),
        ~Exists(asked),
        demo=False,
        created_at__lt=before,
        updated_at__lt=before,
    )


def _count_leads(before: datetime) -> int:
    return closed_leads(before).count()


def _erase_leads(before: datetime) -> int:
    """Asks for their erasure, as a person would."""
    rows = list(closed_leads(before).order_by("pk")[:LEADS_A_DAY])
    for lead in rows:
        erasing.request_erasure(lead=lead, user=None, reason="kept long enough")
    return len(rows)


def _old_events(before: datetime) -> "QuerySet[Event]":
    """Without those that still wait for a subscriber."""
    waiting = Delivery.objects.filter(event=OuterRef("pk"), state__in=_WAITING)
    return Event.objects.filter(~Exists(waiting), occurred_at__lt=before)


def _count_events(before: datetime) -> int:
    return _old_events(before).count()


def _delete_events(before: datetime) -> int:
    return delete_events(_old_events(before))


def _old_exports(before: datetime) -> "QuerySet[PrivacyRequest]":
    """By their age, and those whose own time is over."""
    rows = PrivacyRequest.objects.filter(kind=PrivacyRequest.Kind.EXPORT)
    over = Q(done_at__lt=before) | Q(expires_at__lte=clock.now())
    return rows.filter(over).exclude(path="")


def _count_exports(before: datetime) -> int:
    return _old_exports(before).count()


def _delete_exports(before: datetime) -> int:
    deleted = 0
    for row in _old_exports(before):
        default_storage.delete(export_path(row))
        PrivacyRequest.objects.filter(pk=row.pk).update(path="")
        deleted += 1
    return deleted


CLASSES: Sequence[DataClass] = (
    DataClass(
        key="exports",
        name="Exports",
        words="The files that were made for somebody who asked for their data.",
        default=EXPORT_DAYS,
        count=_count_exports,
        apply=_delete_exports,
    ),
    DataClass(
        key="closed_leads",
        name="Closed leads",
        words="Won, lost and archived leads with which nothing has happened for so long"
        " are erased like somebody who asked for it.",
        default=None,
        count=_count_leads,
        apply=_erase_leads,
        least=30,
    ),
    DataClass(
        key="events",
        name="History",
        words="What happened when, on the History tab and for reports.",
        default=None,
        count=_count_events,
        apply=_delete_events,
        least=30,
    ),
)
