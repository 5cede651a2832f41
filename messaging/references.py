"""Whose words a consent or an opt-out rests on, where it names a message."""

import re
from collections.abc import Iterable

from leads.models import Lead
from messaging.models import Message

_MESSAGE = re.compile(r"\bmessage ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


def said_by(lead: Lead, references: Iterable[str]) -> set[str]:
    """Those of `references` that name a message of the lead's own conversation."""
    named = {one: found[1] for one in references if (found := _MESSAGE.search(one))}
    rows = Message.objects.filter(
        conversation__lead=lead, public_id__in=set(named.values())
    )
    mine = {str(one) for one in rows.values_list("public_id", flat=True)}
    return {one for one, public_id in named.items() if public_id in mine}
