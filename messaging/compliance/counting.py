"""What the compliance report counts: real people only, in one period, for one viewer.

Each set of rows is a QuerySet, so that a number and the file behind it are one thing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from leads import access
from leads.compliance.reads import addresses_in_sight, shared_unseen
from leads.models import Consent, Event, Suppression
from messaging.models import Conversation, Message

WAYS = {
    "words": "a word or a sentence",
    "link": "the link in a mail",
    "everything": "“stop everything”",
    "carrier": "the carrier's report",
    "api": "the API",
    "person": "a person",
    "list": "the old list",
    "complaint": "a complaint",
    "bounce": "a bounce",
}


@dataclass(frozen=True)
class Counting:
    """The rows of one period that one person may see."""

    user: access.Viewer
    since: datetime
    until: datetime

    def consents(self) -> "QuerySet[Consent]":
        """Statements of consent."""
        rows = Consent.objects.filter(
            contact_point__simulated=False,
            occurred_at__gte=self.since,
            occurred_at__lt=self.until,
        )
        return rows.filter(self._addresses()).select_related("contact_point")

    def closed(self) -> "QuerySet[Suppression]":
        """Addresses that were closed, whether or not they still are."""
        rows = Suppression.objects.filter(
            contact_point__simulated=False,
            since__gte=self.since,
            since__lt=self.until,
        )
        return rows.filter(self._addresses()).select_related("contact_point")

    def sent(self) -> "QuerySet[Message]":
        """Messages that a carrier has accepted."""
        rows = Message.objects.filter(
            direction=Message.Direction.OUTBOUND,
            simulated=False,
            sent_at__gte=self.since,
            sent_at__lt=self.until,
        )
        seen = access.conversation_filter(self.user)
        if seen == Q():
            return rows
        return rows.filter(conversation__in=Conversation.objects.filter(seen))

    def without_record(self) -> "QuerySet[Message]":
        """Sent messages that do not point at a consent which stood when they left."""
        used = Cast(KeyTextTransform("consent", "details"), BigIntegerField())
        rows = self.sent().annotate(used=used)
        agreed = Consent.objects.filter(
            pk=OuterRef("used"),
            contact_point=OuterRef("contact_point"),
            channel=OuterRef("kind"),
            given=True,
            occurred_at__lte=OuterRef("claimed_at"),
        )
        withdrawn = Consent.objects.filter(
            pk__gt=OuterRef("used"),
            contact_point=OuterRef("contact_point"),
            channel=OuterRef("kind"),
            given=False,
            occurred_at__lte=OuterRef("claimed_at"),
        )
        return rows.filter(~Exists(agreed) | Exists(withdrawn))

    def events(self, kind: str) -> "QuerySet[Event]":
        """Events on real leads."""
        rows = Event.objects.filter(
            kind=kind,
            occurred_at__gte=self.since,
            occurred_at__lt=self.until,
            lead__simulated=False,
            lead__demo=False,
        )
        return rows.filter(access.lead_filter(self.user, prefix="lead__"))

    def help_answers(self) -> "QuerySet[Message]":
        """Our answers to HELP."""
        rows = Message.objects.filter(
            effect_key__startswith="help:",
            simulated=False,
            created_at__gte=self.since,
            created_at__lt=self.until,
        )
        return rows.filter(access.lead_filter(self.user, prefix="conversation__lead__"))

    def stopped_by_check(self, kind: str) -> Counter[str]:
        """How many messages each check of the gate held or refused."""
        found: dict[str, set[str]] = {}
        payloads = self.events(kind).values_list("payload", flat=True)
        for payload in payloads.iterator(chunk_size=2_000):
            for name in payload.get("checks", []):
                found.setdefault(name, set()).add(payload["message"])
        return Counter({name: len(ids) for name, ids in found.items()})

    def _addresses(self) -> Q:
        seen = access.lead_filter(self.user, prefix="lead__")
        if seen == Q():
            return Q()
        return Q(contact_point__in=addresses_in_sight(self.user))

    def hidden(self) -> set[int]:
        """Addresses from which a lead out of sight may have spoken as well."""
        return shared_unseen(addresses_in_sight(self.user), self.user)


def way_of(row: Suppression) -> str:
    """By which of our ways an address was closed: a key of `WAYS`."""
    plain = {"carrier", "list", "complaint", "bounce"}
    if row.reason in plain:
        return str(row.reason)
    if row.reason == Suppression.Reason.MANUAL:
        return "api" if row.source.startswith("api") else "person"
    if "everything" in row.source:
        return "everything"
    if row.source.startswith(("link of", "a link", "sendgrid")):
        return "link"
    return "api" if row.source.startswith("api") else "words"
