"""Where a lead can be followed up: addresses that take the kind of a step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from leads.models import ContactPoint, Lead, LeadContact, Suppression
from leads.prepared import Select
from messaging.models import Channel, Message

WHAT = {"sms": "phone number", "email": "mail address"}


@dataclass(frozen=True)
class Reach:
    """What of a lead's addresses may be written to on one kind of channel.

    `closed` is what stands against the best of them when none is open.
    """

    kind: str
    open: tuple[ContactPoint, ...]
    closed: Suppression | None = None
    known: bool = False

    @property
    def point(self) -> ContactPoint | None:
        """The address that a step goes to."""
        return self.open[0] if self.open else None

    @property
    def lacks(self) -> str:
        """Why nothing can go, "" when something can."""
        if self.open:
            return ""
        if self.closed is not None:
            return f"{self.closed.verb} on {self.closed.since:%d %b %Y}"
        if self.known and self.kind == Channel.Kind.SMS:
            return "the number cannot receive texts"
        return f"there is no {WHAT[self.kind]}"


def reach_of(lead: Lead, kind: str) -> Reach:
    """Read the lead's addresses for a kind, the one last written from first."""
    stored = "phone" if kind == Channel.Kind.SMS else "email"
    points = [row.contact_point for row in _known.all(lead=lead.pk, kind=stored)]
    if not points:
        return Reach(kind, ())
    fit = [p for p in points if kind != Channel.Kind.SMS or p.textable]
    found = _standing.all(lead=lead.pk, channel=str(kind))
    standing = {row.contact_point_id: row for row in found}
    free = [point for point in fit if point.pk not in standing]
    if not free:
        closed = next((standing[point.pk] for point in fit), None)
        return Reach(kind, (), closed, known=True)
    if len(free) > 1:
        last = _last_from(lead, kind, free)
        free.sort(key=lambda point: point.pk != last)
    return Reach(kind, tuple(free), known=True)


def reaches_of(lead: Lead, kinds: Iterable[str]) -> dict[str, Reach]:
    """The reach of each kind, in the order in which they are first named."""
    return {kind: reach_of(lead, kind) for kind in dict.fromkeys(kinds)}


def unreachable(reaches: Mapping[str, Reach]) -> str:
    """Why nothing could reach the lead on any of the kinds; "" when something can."""
    if any(one.open for one in reaches.values()):
        return ""
    closed = [f"{WHAT[r.kind]}: {r.lacks}" for r in reaches.values() if r.closed]
    if closed:
        return f"May not be written to: {'; '.join(closed)}"
    return "; ".join(one.lacks for one in reaches.values()) or "there is no step"


_known: Select[LeadContact] = Select(
    lambda place: (
        LeadContact.objects.filter(
            lead=place("lead"), contact_point__kind=place("kind")
        )
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .select_related("contact_point")
        .order_by("-primary", "pk")
    )
)


_standing: Select[Suppression] = Select(
    lambda place: Suppression.objects.filter(
        contact_point__lead_contacts__lead=place("lead"),
        channel=place("channel"),
        lifted_at=None,
    )
)


def _last_from(lead: Lead, kind: str, points: list[ContactPoint]) -> int | None:
    heard: QuerySet[Message] = Message.objects.filter(
        conversation__lead=lead,
        direction=Message.Direction.INBOUND,
        kind=kind,
        contact_point__in=points,
    )
    latest = heard.order_by("-occurred_at", "-pk")
    return latest.values_list("contact_point_id", flat=True).first()
