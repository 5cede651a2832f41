"""Prepared answers: plain `{{ name }}` substitution, never the Django engine.

What a name stands for is put in once and not looked at again, so a lead who is
called `{{ our_phone }}` stays called so. A name without a value stays in the words
as a mark, `[company?]`, which nothing sends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from leads.models import Lead, LeadContact
from messaging.models import Conversation, Profile
from messaging.text import clean

# Every name there is, and what it stands for, in the words of the forms.
NAMES: dict[str, str] = {
    "first_name": "the lead's first name",
    "name": "the lead's whole name",
    "company": "the lead's company",
    "phone": "the lead's phone number",
    "email": "the lead's mail address",
    "my_first_name": "the first name of whoever sends it",
    "my_name": "the whole name of whoever sends it",
    "our_company": "our company's name",
    "our_phone": "our phone number",
    "our_email": "our mail address",
    "our_website": "our website",
    "our_address": "our postal address",
    "our_hours": "our opening hours",
    "booking_url": "the address of our booking page",
}
# As a form shows how an answer reads; ours come from the company profile.
EXAMPLE: dict[str, str] = {
    "first_name": "Dana",
    "name": "Dana Reyes",
    "company": "Acme",
    "phone": "+1 415 555 0123",
    "email": "dana@example.com",
    "my_first_name": "Ana",
    "my_name": "Ana Moreno",
}
_NAME = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
# What is still to be filled in, also a name that somebody typed or pasted.
_MARK = re.compile(r"\[(?:" + "|".join(NAMES) + r")\?\]|\{\{\s*\w+\s*\}\}")


class Unusable(ValueError):
    """The words of a prepared answer cannot be filled in; the text says why."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Filled-in words. `missing` names what had no value, in order, each once."""

    text: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of filled-in words; `missing` when it is a mark still to be filled."""

    text: str
    missing: bool = False


def render(text: str, *, values: Mapping[str, str]) -> Rendered:
    """Put `values` in place of their names; without one a mark stays: `[name?]`.

    A name that nobody knows stays as it is written.
    """
    missing: dict[str, None] = {}

    def put(match: re.Match[str]) -> str:
        name = match[1].strip()
        value = values.get(name, "")
        if value:
            return value
        missing[name] = None
        return f"[{name}?]" if name in NAMES else match[0]

    return Rendered(_NAME.sub(put, text), tuple(missing))


def pieces(text: str) -> list[Piece]:
    """Cut filled-in words at their marks, so that a page can highlight them."""
    found: list[Piece] = []
    end = 0
    for match in _MARK.finditer(text):
        found.append(Piece(text[end : match.start()]))
        found.append(Piece(match[0], missing=True))
        end = match.end()
    return [piece for piece in [*found, Piece(text[end:])] if piece.text]


def marks_in(*texts: str) -> list[str]:
    """Marks that somebody still has to fill in, in order, each once."""
    found = [match[0] for text in texts for match in _MARK.finditer(text)]
    return list(dict.fromkeys(found))


def check(text: str) -> None:
    """Raise Unusable when a name is unknown or braces are left over."""
    unknown = [m[1].strip() for m in _NAME.finditer(text) if m[1].strip() not in NAMES]
    if unknown:
        named = ", ".join(f"{{{{ {' '.join(one.split())[:40]} }}}}" for one in unknown)
        raise Unusable(f"There is no {named}. Known are: {', '.join(NAMES)}.")
    rest = _NAME.sub("", text)
    for odd in ("{{", "}}", "{%", "%}"):
        if odd in rest:
            raise Unusable(f"There is a {odd} that belongs to no {{{{ name }}}}.")


def values_for(*, conversation: Conversation, user: object) -> dict[str, str]:
    """What each name stands for in this conversation; "" where nothing is known."""
    return {
        **our_values(),
        **people_values(lead=conversation.lead, user=user),
        **_addresses(conversation),
    }


def people_values(*, lead: Lead | None, user: object) -> dict[str, str]:
    """What is known of the lead, addresses aside, and of whoever writes to it."""
    name = _line(lead.name) if lead is not None else ""
    company = _line(str(lead.company)) if lead is not None and lead.company else ""
    return {
        **_our_person(user),
        "name": name,
        "first_name": name.split()[0] if name else "",
        "company": company,
    }


def our_values() -> dict[str, str]:
    """What the company profile says of us."""
    profile = Profile.current()
    unnamed = profile.name == Profile._meta.get_field("name").default
    kept = {
        "our_company": "" if unnamed else profile.name,
        "our_phone": profile.phone,
        "our_email": profile.email,
        "our_website": profile.website,
        "our_address": profile.postal_address,
        "our_hours": profile.hours,
        "booking_url": profile.booking_url,
    }
    return {name: _line(value) for name, value in kept.items()}


def _our_person(user: object) -> dict[str, str]:
    first = _line(str(getattr(user, "first_name", "")))
    last = _line(str(getattr(user, "last_name", "")))
    return {"my_first_name": first, "my_name": f"{first} {last}".strip()}


def _addresses(conversation: Conversation) -> dict[str, str]:
    found = {"phone": "", "email": ""}
    if conversation.lead is None:
        return found
    rows = conversation.lead.contacts.exclude(known_by=LeadContact.Known.PROPOSAL)
    for row in rows.select_related("contact_point").order_by("-primary", "pk"):
        kind = row.contact_point.kind
        found[kind] = found.get(kind) or row.contact_point.value
    return found


def _line(value: str) -> str:
    return " ".join(clean(value).split())
