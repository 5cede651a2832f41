"""What a fact may propose for the lead itself: never more than an empty field.

The time zone alone follows what the lead says of it, since until then it is only that
of the number. A person's entry stands. A typed address is noted as only mentioned: it is no
strong key, joins no leads and is never written to.
"""

from collections.abc import Iterable
from typing import Any

from leads import clock
from leads.capture import normalise_email, normalise_phone, zone_name
from leads.models import Company, ContactPoint, Event, Fact, Lead, LeadContact
from leads.places import named
from leads.scorebook import same_words

_NORMALISE = {
    ContactPoint.Kind.EMAIL.value: normalise_email,
    ContactPoint.Kind.PHONE.value: normalise_phone,
}
# The lead's own fields and how much fits into each.
LENGTHS = {"name": 200, "company": 200, "role": 120, "time_zone": 64}
ZONE = "time_zone"


def propose_address(*, lead: Lead, kind: str, raw: str) -> LeadContact | None:
    """Note an address that was typed in a text; None when it is none.

    Takes the address's row before the lead's, like everything that locks.
    """
    value = _NORMALISE[kind](raw)
    if value is None:
        return None
    point, _ = ContactPoint.objects.get_or_create(
        kind=kind, value=value, simulated=lead.simulated
    )
    row, _ = LeadContact.objects.get_or_create(
        lead=lead,
        contact_point=point,
        defaults={
            "known_by": LeadContact.Known.PROPOSAL,
            "primary": False,
            "created_at": clock.now(),
        },
    )
    return row


def fill_empty(*, lead: Lead, facts: Iterable[Fact]) -> None:
    """Write name, company and role where the lead has none yet, and its time zone."""
    for fact in facts:
        if fact.field == ZONE:
            _follow_zone(lead, fact)
        elif fact.field in LENGTHS and not _value(lead, fact.field):
            _write(lead, fact.field, fact.value)


def take_over(*, lead: Lead, fact: Fact) -> None:
    """Write a person's name, company, role or time zone over what is there."""
    if fact.field in LENGTHS and _value(lead, fact.field) != fact.value:
        _write(lead, fact.field, fact.value)


def empty_again(*, lead: Lead, fact: Fact) -> None:
    """Take a value off the lead that a struck fact says is not true."""
    if fact.field not in LENGTHS:
        return
    if same_words(_value(lead, fact.field), _cut(fact.field, fact.value)):
        _write(lead, fact.field, _of_number(lead) if fact.field == ZONE else "")


def refuse_value(field: str, value: str) -> None:
    """Raise ValueError for a person's value that the lead's field cannot hold."""
    if field == ZONE and named(value) is None:
        raise ValueError("There is no such time zone: write it as in Europe/Berlin.")


def _follow_zone(lead: Lead, fact: Fact) -> None:
    """Take the zone that the lead states, unless a person has chosen one."""
    if named(fact.value) is None or _value(lead, ZONE) == fact.value:
        return
    edits = Event.objects.filter(lead=lead, kind="lead.edited")
    told = edits.values_list("payload", flat=True)
    if not any(ZONE in payload.get("fields", ()) for payload in told):
        _write(lead, ZONE, fact.value)


def _of_number(lead: Lead) -> str:
    """The one zone that a number of the lead can lie in, "" when it is not clear."""
    rows = lead.contacts.exclude(known_by=LeadContact.Known.PROPOSAL).filter(
        contact_point__kind=ContactPoint.Kind.PHONE
    )
    first = rows.order_by("-primary", "pk").select_related("contact_point").first()
    return zone_name(first.contact_point.value) if first is not None else ""


def _value(lead: Lead, field: str) -> str:
    """The lead's value as it is stored now, not as the caller last read it."""
    column = "company__name" if field == "company" else field
    stored = Lead.objects.filter(pk=lead.pk).values_list(column, flat=True).first()
    return stored or ""


def _write(lead: Lead, field: str, value: str) -> None:
    value = _cut(field, value)
    changed: dict[str, Any] = {field: value}
    if field == "company":
        changed = {field: _company(value) if value else None}
    setattr(lead, field, changed[field])
    Lead.objects.filter(pk=lead.pk).update(**changed)


def _cut(field: str, value: str) -> str:
    return value[: LENGTHS[field]].strip()


def _company(name: str) -> Company:
    known = Company.objects.filter(name__iexact=name).order_by("pk").first()
    return known or Company.objects.create(name=name)
