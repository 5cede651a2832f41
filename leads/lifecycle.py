"""What ends: the demo's rows in `leads`, and those who stood in for real ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from leads.models import (
    Company,
    Consent,
    ContactPoint,
    Counter,
    Event,
    Lead,
    LeadContact,
    Suppression,
    UsageRecord,
)

BATCH = 10


@dataclass(frozen=True)
class Invented:
    """Which invented leads are meant: the demo's, the simulator's, or both."""

    demo: bool = True
    simulated: bool = False

    def leads(self) -> "QuerySet[Lead]":
        """Return them; a real lead is never among them."""
        none = Lead.objects.none()
        demo = Lead.objects.filter(demo=True) if self.demo else none
        played = Lead.objects.filter(simulated=True, demo=False)
        return demo | played if self.simulated else demo


def remove_invented(leads: Iterable[Lead]) -> None:
    """Remove invented leads with all that hangs on them, some at a time.

    Their conversations must be gone already. Raises ValueError for a real
    lead, before anything is removed.
    """
    wanted = list(leads)
    if any(not (lead.demo or lead.simulated) for lead in wanted):
        raise ValueError("a real lead is erased, not removed with the demo")
    for start in range(0, len(wanted), BATCH):
        _remove(wanted[start : start + BATCH])


@transaction.atomic
def _remove(leads: list[Lead]) -> None:
    ids = [lead.pk for lead in leads]
    companies = {lead.company_id for lead in leads if lead.company_id}
    shared = LeadContact.objects.filter(contact_point=OuterRef("pk")).exclude(
        lead__in=ids
    )
    points = ContactPoint.objects.filter(
        ~Exists(shared), simulated=True, lead_contacts__lead__in=ids
    )
    point_ids = list(points.values_list("pk", flat=True).distinct())
    UsageRecord.objects.filter(lead__in=ids).delete()
    Counter.objects.filter(key__in=[f"automatic:lead:{pk}" for pk in ids]).delete()
    Lead.objects.filter(pk__in=ids).delete()
    forget_invented_addresses(point_ids)
    unused = Company.objects.filter(pk__in=companies, leads=None)
    unused.delete()


def forget_invented_addresses(ids: Iterable[int]) -> None:
    """Remove simulated addresses with their consents and suppressions.

    Consent is append-only because it is the proof of what a person said. Of
    an invented person there is nothing to prove, and a row left behind would
    count among the real ones, so these rows alone go by way of the queryset.
    A real address is left untouched, whatever ids are given.
    """
    points = ContactPoint.objects.filter(pk__in=list(ids), simulated=True)
    stopped = Suppression.objects.filter(contact_point__in=points)
    told = [str(pk) for pk in stopped.values_list("pk", flat=True)]
    Event.objects.filter(
        lead=None,
        kind__in=("contact.suppressed", "contact.unsuppressed"),
        payload__suppression__in=[int(pk) for pk in told],
    ).delete()
    stopped.delete()
    Consent.objects.filter(contact_point__in=points).delete()
    points.delete()
