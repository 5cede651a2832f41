"""What the compliance report counts: real people only, in one period, for one viewer.

Each set of rows is a QuerySet, so that a number and the file behind it are one thing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import (
    Cast,
    Concat,
    Left,
    Lower,
    Replace,
    StrIndex,
    Trim,
)

from leads import access
from leads.compliance.reads import hidden_from, in_sight
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

_API = Q(source__startswith="api")
_LINKS = ("link of", "a link", "sendgrid")
_LINK = reduce(or_, (Q(source__startswith=words) for words in _LINKS))
_WAY = Case(
    When(reason__in=["carrier", "list", "complaint", "bounce"], then=F("reason")),
    When(_API, then=Value("api")),
    When(reason=Suppression.Reason.MANUAL, then=Value("person")),
    When(source__contains="everything", then=Value("everything")),
    When(_LINK, then=Value("link")),
    default=Value("words"),
    output_field=CharField(),
)
# The first word of a source, without the ids behind it.
_SOURCE = Concat(Trim(Replace("source", Value(","), Value(" "))), Value(" "))
_ORIGIN = Case(
    When(source__icontains="by hand", then=Value("by hand")),
    When(source="", then=Value("not said")),
    default=Lower(Left(_SOURCE, StrIndex(_SOURCE, Value(" ")) - 1)),
    output_field=CharField(),
)


@dataclass(frozen=True)
class Counting:
    """The rows of one period that one person may see."""

    user: access.Viewer
    since: datetime
    until: datetime

    def consents(self) -> "QuerySet[Any]":
        """Statements of consent, each with its `origin`: "twilio", "message", "lead"."""
        rows = Consent.objects.filter(
            contact_point__simulated=False,
            occurred_at__gte=self.since,
            occurred_at__lt=self.until,
        )
        rows = rows.filter(in_sight(self.user)).select_related("contact_point")
        return rows.annotate(hidden=hidden_from(self.user), origin=_ORIGIN)

    def closed(self) -> "QuerySet[Any]":
        """Addresses that were closed, whether or not they still are, each with its
        `way`: a key of `WAYS`.
        """
        rows = Suppression.objects.filter(
            contact_point__simulated=False,
            since__gte=self.since,
            since__lt=self.until,
        )
        rows = rows.filter(in_sight(self.user)).select_related("contact_point")
        return rows.annotate(hidden=hidden_from(self.user), way=_WAY)

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
