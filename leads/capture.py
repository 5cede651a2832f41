"""Leads come in: addresses made plain, one person known again.

A strong key is the same address, a CRM id or a signed link. A name, or an
address that somebody only typed into a text, is a proposal and joins nothing.
"""

import re
from dataclasses import dataclass
from typing import Unpack

import phonenumbers
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from leads import clock, consent, digests, outbox
from leads.kept import Kept
from leads.models import (
    Company,
    ContactPoint,
    Lead,
    LeadContact,
    LeadSource,
    Stage,
    Team,
)
from leads.places import only_zone
from leads.prepared import Select
from leads.prepared_rows import insert_or_ignore

_SHORT = re.compile(r"\d{3,8}")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9 &._-]{1,11}")


class CaptureError(ValueError):
    """What was entered does not make a lead; the words say what is missing."""


@dataclass(frozen=True)
class Captured:
    """A lead that came in, and whether it is new."""

    lead: Lead
    created: bool


def normalise_phone(raw: str, *, region: str | None = None) -> str | None:
    """Return the number in E.164, None when it cannot be one."""
    try:
        number = phonenumbers.parse(raw, region or settings.DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_sender(raw: str) -> str | None:
    """Like `normalise_phone`, but keeps short codes and sender names too."""
    value = raw.strip()
    if _SHORT.fullmatch(value):
        return value
    phone = normalise_phone(value)
    if phone is None and _ALPHANUMERIC.fullmatch(value) and not value.isdigit():
        return value
    return phone


def normalise_email(raw: str) -> str | None:
    """Return the mail address in lower case, None when it is none."""
    value = raw.strip().lower()
    try:
        validate_email(value)
    except ValidationError:
        return None
    return value


def zone_name(phone: str) -> str:
    """The number's time zone when it can lie in only one, else ""."""
    return only_zone(phone)


def ensure_contact_point(
    *, kind: str, value: str, simulated: bool = False
) -> ContactPoint:
    """Return the address's one row, locked for this transaction."""
    return find_or_make_point(kind=kind, value=value, simulated=simulated)[0]


def find_or_make_point(
    *, kind: str, value: str, simulated: bool
) -> tuple[ContactPoint, bool]:
    """Return the address's row, locked, and whether this transaction made it."""
    known = _point.first(kind=kind, value=value, simulated=simulated)
    if known is not None:
        return known, False
    textable = kind == ContactPoint.Kind.PHONE and value.startswith("+")
    new = ContactPoint(kind=kind, value=value, simulated=simulated, textable=textable)
    # Two that come at once make one row; the second waits for the first's end.
    if insert_or_ignore(new):
        digests.recall(new)
        return new, True
    return _point.one(kind=kind, value=value, simulated=simulated), False


_point: Select[ContactPoint] = Select(
    lambda place: ContactPoint.objects.select_for_update(no_key=True).filter(
        kind=place("kind"), value=place("value"), simulated=place("simulated")
    )
)


def leads_of(contact_point: ContactPoint) -> list[Lead]:
    """The leads an address stands for, the oldest first; proposals do not count."""
    return [row.lead for row in _known_as.all(contact_point=contact_point.pk)]


_known_as: Select[LeadContact] = Select(
    lambda place: (
        LeadContact.objects.filter(
            contact_point=place("contact_point"), lead__archived_at=None
        )
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .select_related("lead__team")
        .order_by("lead_id")
    )
)


@transaction.atomic
def capture_lead(
    *,
    actor: str,
    name: str = "",
    phone: str = "",
    email: str = "",
    company: str = "",
    team: Team | None = None,
    owner: User | None = None,
    source: str = "",
    known_by: str = LeadContact.Known.PERSON,
    language: str = "",
    simulated: bool = False,
    demo: bool = False,
    **agreed: Unpack[consent.Agreed],
) -> Captured:
    """Take in a lead by its addresses, or find the one that is known by them.

    What it agreed to is written down as told, and lifts no opt-out. Raises
    CaptureError when there is no usable address, or when the phone and the mail
    address belong to two different leads.
    """
    points = _points(phone=phone, email=email, simulated=simulated)
    lead = _known(points)
    created = lead is None
    if lead is None:
        lead = _new_lead(
            name=name,
            company=company,
            team=team or Team.default(),
            owner=owner,
            source=source,
            language=language,
            zone=zone_name(phone_of(points)),
            simulated=simulated,
            demo=demo,
        )
    for point in points:
        add_address(lead=lead, contact_point=point, known_by=known_by)
        consent.note_agreed(point, agreed, source=source, actor=actor)
    if created:
        outbox.emit(kind="lead.captured", lead=lead, actor=actor, origin=source)
    return Captured(lead=lead, created=created)


def capture_writer(
    *,
    contact_point: ContactPoint,
    team: Team,
    source: str,
    simulated: bool,
    name: str = "",
) -> Lead:
    """Take in somebody who wrote from an address that nobody has.

    The caller holds the address's lock and has found no lead for it.
    """
    by_phone = contact_point.kind == ContactPoint.Kind.PHONE
    lead = _new_lead(
        name=name,
        company="",
        team=team,
        owner=None,
        source=source,
        language="",
        zone=zone_name(contact_point.value) if by_phone else "",
        simulated=simulated,
        demo=False,
    )
    LeadContact.objects.create(
        lead=lead,
        contact_point=contact_point,
        known_by=LeadContact.Known.WROTE,
        primary=True,
        created_at=clock.now(),
    )
    outbox.emit(kind="lead.captured", lead=lead, actor="lead", origin=source)
    return lead


def phone_of(points: list[ContactPoint]) -> str:
    """The first phone number among addresses, "" when there is none."""
    phones = [p.value for p in points if p.kind == ContactPoint.Kind.PHONE]
    return phones[0] if phones else ""


def _points(*, phone: str, email: str, simulated: bool) -> list[ContactPoint]:
    wanted: list[tuple[str, str]] = []
    if phone:
        number = normalise_sender(phone)
        if number is None:
            raise CaptureError(f"{phone!r} is not a phone number")
        wanted.append((ContactPoint.Kind.PHONE, number))
    if email:
        address = normalise_email(email)
        if address is None:
            raise CaptureError(f"{email!r} is not a mail address")
        wanted.append((ContactPoint.Kind.EMAIL, address))
    if not wanted:
        raise CaptureError("a lead needs a phone number or a mail address")
    return [
        ensure_contact_point(kind=kind, value=value, simulated=simulated)
        for kind, value in wanted
    ]


def _known(points: list[ContactPoint]) -> Lead | None:
    found = {lead.pk: lead for point in points for lead in leads_of(point)}
    if len(found) > 1:
        names = " and ".join(lead.display_name for lead in found.values())
        raise CaptureError(f"these addresses belong to different leads: {names}")
    return next(iter(found.values()), None)


def _new_lead(
    *,
    name: str,
    company: str,
    team: Team,
    owner: User | None,
    source: str,
    language: str,
    zone: str,
    simulated: bool,
    demo: bool,
) -> Lead:
    source_row = _source(source)
    return Lead.objects.create(
        name=name.strip()[:200],
        company=_company(company),
        team=team,
        owner=owner,
        stage=first_stage(),
        source=source_row,
        first_source=source_row,
        language=language,
        time_zone=zone,
        simulated=simulated,
        demo=demo,
        created_at=clock.now(),
        updated_at=clock.now(),
    )


def _company(name: str) -> Company | None:
    name = name.strip()[:200]
    if not name:
        return None
    known = Company.objects.filter(name__iexact=name).first()
    return known or Company.objects.create(name=name)


def _source(name: str) -> LeadSource | None:
    if not name:
        return None
    known = _sources().get(name[:120])
    return known or LeadSource.objects.get_or_create(name=name[:120])[0]


_sources = Kept(
    lambda: {source.name: source for source in LeadSource.objects.all()}, LeadSource
)


def first_stage() -> Stage:
    """The stage that new leads stand in; made when nothing is set up yet."""
    stages = all_stages()
    if stages:
        return stages[0]
    return Stage.objects.get_or_create(key="new", defaults={"name": "New"})[0]


all_stages = Kept(lambda: list(Stage.objects.order_by("position", "pk")), Stage)


def add_address(
    *, lead: Lead, contact_point: ContactPoint, known_by: str
) -> LeadContact:
    """Join an address to a lead; what was only a proposal becomes known."""
    row, made = LeadContact.objects.get_or_create(
        lead=lead,
        contact_point=contact_point,
        defaults={
            "known_by": known_by,
            "created_at": clock.now(),
            "primary": not lead.contacts.filter(
                contact_point__kind=contact_point.kind, primary=True
            ).exists(),
        },
    )
    proposal = LeadContact.Known.PROPOSAL
    if not made and row.known_by == proposal and known_by != proposal:
        row.known_by = known_by
        row.save(update_fields=["known_by"])
    return row
