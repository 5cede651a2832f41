"""Somebody wrote from an address that several leads share: whether it is still open
who it was. Until then nothing follows up any of them.
"""

from datetime import datetime

from django.db.models import QuerySet

from leads.models import ContactPoint, LeadContact
from leads.prepared import Place, Select
from messaging.models import Conversation, Message

# What every reason begins with that this module gives.
SOMEBODY = "Somebody "


def who_wrote(*, lead_id: int, since: datetime) -> str:
    """Why a lead is not followed up while it is open who wrote since; "" if it is not.

    Any of the lead's addresses counts, not only the one that is written to.
    """
    found = _unclear.rows(lead=lead_id, since=since)
    if not found:
        return ""
    ((kind, said),) = found
    return words_for(kind, called=said == Message.Kind.CALL)


def words_for(kind: str, *, called: bool) -> str:
    """What a follow-up that rests for it says."""
    did = "called" if called else "wrote"
    what = "number" if kind == ContactPoint.Kind.PHONE else "address"
    return f"{SOMEBODY}{did} from the shared {what}: who {did} comes first"


def known(**whose: Place) -> QuerySet[LeadContact]:
    """Who has which address; proposals do not count."""
    rows = LeadContact.objects.filter(**whose)
    return rows.exclude(known_by=LeadContact.Known.PROPOSAL)


# Its last inbound is the one that is not a machine's.
_unclear: Select[Conversation] = Select(
    lambda place: Conversation.objects.filter(
        contact_point__in=known(lead=place("lead")).values("contact_point"),
        lead=None,
        done_at=None,
        last_inbound_at__gt=place("since"),
    ).values_list("contact_point__kind", "last_message__kind")[:1]
)
