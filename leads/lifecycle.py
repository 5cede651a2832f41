"""What ends: persons who are given out or erased, and those who were invented.

Every app that holds something of a lead names one `Lifecycle` in
`settings.LIFECYCLES`, from the top of the house to the ground: the lead's own row goes
last, since it says who is meant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.module_loading import import_string

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


class NotYet(Exception):
    """A part of an erasure cannot be done now; it is tried again. Words say why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an erasure leaves, why, and until when ("" for as long as it is needed)."""

    what: str
    why: str
    until: str = ""

    def row(self) -> dict[str, str]:
        """As kept on the request."""
        return {"what": self.what, "why": self.why, "until": self.until}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A stored file that belongs to a person: its path in the store, and its name in
    the export.
    """

    path: str
    name: str


class Lifecycle:
    """What one app holds of a lead: closed, given out, erased.

    `key` names the app in an export, `words` the place in a report. With `apart` a
    failure here keeps no other part of an erasure back.
    """

    key = ""
    words = ""
    apart = False

    def close(self, lead: Lead) -> None:
        """Stop everything that is under way. May be called again."""

    def export(self, lead: Lead) -> dict[str, Any]:
        """Everything held of the lead, as JSON takes it.

        A value may be an iterator of rows; it is written as it comes.
        """
        return {}

    def said_by(self, lead: Lead, references: Iterable[str]) -> set[str]:
        """Those of `references` ("message <public id>") that name the lead's own words."""
        return set()

    def files(self, lead: Lead) -> Iterator[ExportFile]:
        """The lead's stored files."""
        return iter(())

    def erase(self, lead: Lead) -> dict[str, int]:
        """Remove the lead here, and count what went by its name.

        May be called again after it was cut short, and then goes on. Raises NotYet
        when a part cannot be done now.
        """
        return {}

    def kept(self, lead: Lead) -> list[Kept]:
        """What `erase` leaves, asked before it."""
        return []


def lifecycles() -> list[Lifecycle]:
    """Those of all apps, from the top of the house down."""
    return [import_string(path) for path in settings.LIFECYCLES]


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
    count among the real ones, so these rows are erased as a person's are.
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
    Consent.objects.erase(points)
    points.delete()
