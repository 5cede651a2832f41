"""What a fact may propose for the lead itself: never more than an empty field.

A person's entry stands. A typed address is noted as only mentioned: it is no
strong key, joins no leads and is never written to.
"""

from collections.abc import Iterable
from typing import Any

from leads import clock
from leads.capture import normalise_email, normalise_phone
from leads.models import Company, ContactPoint, Fact, Lead, LeadContact
from leads.scorebook import same_words

_NORMALISE = {
    ContactPoint.Kind.EMAIL.value: normalise_email,
    ContactPoint.Kind.PHONE.value: normalise_phone,
}
# The lead's own fields and how much fits into each.
LENGTHS = {"name": 200, "company": 200, "role": 120}


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
    """Write name, company and role where the lead has none yet."""
    for fact in facts:
        if fact.field in LENGTHS and not _value(lead, fact.field):
            _write(lead, fact.field, fact.value)


def take_over(*, lead: Lead, fact: Fact) -> None:
    """Write a person's name, company or role over what is there."""
    if fact.field in LENGTHS and _value(lead, fact.field) != fact.value:
        _write(lead, fact.field, fact.value)


def empty_again(*, lead: Lead, fact: Fact) -> None:
    """Take a value off the lead that a struck fact says is not true."""
    if fact.field not in LENGTHS:
        return
    if same_words(_value(lead, fact.field), _cut(fact.field, fact.value)):
        _write(lead, fact.field, "")


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
