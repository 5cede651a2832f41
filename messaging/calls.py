"""Calls to our numbers: that one was missed, how one is met, and the words for both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from leads import capture
from leads.models import ContactPoint, Lead, LeadContact
from messaging.channels import find_channel
from messaging.models import Channel, Profile

DATA = Path(__file__).parent / "data" / "calls.json"
DEFAULT = "en"


@dataclass(frozen=True)
class MissedCall:
    """Somebody rang one of our numbers and nobody answered.

    `from_address` is "" or no number when the caller withheld it; with `doubtful` the
    carrier found that the number shown is not the caller's own.
    """

    provider: str
    external_id: str
    from_address: str
    to_address: str
    received_at: datetime
    doubtful: bool = False
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Reception:
    """How a call is met: a telephone that rings first, "" when none does, and what
    the caller hears when nobody answers, with the code of its language.
    """

    forward_to: str
    said: str
    voice: str


def reception_of(
    *, to_address: str, from_address: str, forwarded_from: str = ""
) -> Reception:
    """Say how a call to our number is met. Only reads.

    A call that the telephone itself passed on to us does not ring there again.
    """
    ours = capture.normalise_sender(to_address) or to_address[:254]
    channel = find_channel(kind=Channel.Kind.SMS, address=ours)
    there = channel.forward_to if channel is not None else ""
    if there and there == capture.normalise_phone(forwarded_from):
        there = ""
    number = capture.normalise_phone(from_address)
    words = words_in(_language_of(number) if number else "")
    said = words["said" if number else "said_withheld"]
    company = Profile.current().name
    return Reception(there, said.format(company=company), words["voice"])


def _language_of(number: str) -> str:
    """The language of the caller, when one lead has this number; else ""."""
    known = LeadContact.objects.filter(
        contact_point__kind=ContactPoint.Kind.PHONE,
        contact_point__value=number,
        contact_point__simulated=False,
        lead__archived_at=None,
    ).exclude(known_by=LeadContact.Known.PROPOSAL)
    rows = Lead.objects.filter(pk__in=known.values("lead")).order_by()
    languages = set(rows.values_list("language", flat=True)[:5])
    return languages.pop() if len(languages) == 1 else ""


def words_in(language: str) -> Mapping[str, str]:
    """The sentences for calls in a language, English for one without any."""
    every = _every()
    return every.get(language.partition("-")[0].lower()) or every[DEFAULT]


@cache
def _every() -> Mapping[str, Mapping[str, str]]:
    read: dict[str, dict[str, str]] = json.loads(DATA.read_text("utf-8"))
    return read
