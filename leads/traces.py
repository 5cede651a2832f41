"""How a person is found where nobody wrote down whose row it is.

The bodies of webhooks, the admin's history and sessions hold addresses in many forms:
plain, percent-encoded, quoted-printable, escaped for JSON, in base64.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property

from leads.models import ContactPoint, Lead, LeadContact

# Fewer digits stand in too many numbers: short codes are not looked for.
FEWEST_DIGITS = 8
SHORTEST_NAME = 3
# Before an address nothing that belongs to it may stand, but an encoded sign may.
_START = r"(?:(?<![\w.+-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
_START_DIGITS = r"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2}))"
_BETWEEN_DIGITS = r"[ ().\-]{0,2}"


@dataclass(frozen=True)
class Traces:
    """Addresses and names of one lead.

    `own` are addresses that only this lead has, `shared` those of other leads too:
    what holds only a shared one may be about somebody else.
    """

    own: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def in_bytes(self, data: bytes) -> bool:
        """Whether one of the lead's own addresses stands in `data`, in any form."""
        return any(pattern.search(data) for pattern in self._of_addresses)

    def in_text(self, text: str) -> bool:
        """Whether an own address or the lead's name stands in `text`."""
        if self.in_bytes(text.encode("utf-8", "replace")):
            return True
        return any(pattern.search(text) for pattern in self._of_names)

    @cached_property
    def _of_addresses(self) -> "tuple[re.Pattern[bytes], ...]":
        found = [_pattern(value) for value in self.own]
        found += [_in_base64(value) for value in self.own]
        return tuple(pattern for pattern in found if pattern is not None)

    @cached_property
    def _of_names(self) -> tuple[re.Pattern[str], ...]:
        return tuple(
            re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
            for name in self.names
        )


def is_findable(value: str) -> bool:
    """Whether an address is long enough to be looked for by itself."""
    return "@" in value or len(re.sub(r"\D", "", value)) >= FEWEST_DIGITS


def traces_of(lead: Lead) -> Traces:
    """What to look for; read while the lead and its addresses are still there."""
    own, shared = own_points(lead)
    names = [
        lead.name,
        *lead.facts.filter(field="name").values_list("value", flat=True),
    ]
    wanted = (" ".join(name.split()) for name in names)
    return Traces(
        own=tuple(point.value for point in own),
        shared=tuple(point.value for point in shared),
        names=tuple(dict.fromkeys(n for n in wanted if len(n) >= SHORTEST_NAME)),
    )


def own_points(lead: Lead) -> tuple[list[ContactPoint], list[ContactPoint]]:
    """The lead's addresses: those nobody else has, and those that other leads share.

    An address that another lead only mentioned is shared as well: it is a part of what
    that lead said.
    """
    points = ContactPoint.objects.filter(lead_contacts__lead=lead).order_by("pk")
    others = LeadContact.objects.exclude(lead=lead)
    taken = set(
        others.filter(contact_point__in=points).values_list("contact_point", flat=True)
    )
    rows = list(points)
    return [p for p in rows if p.pk not in taken], [p for p in rows if p.pk in taken]


# --- forms of an address ---------------------------------------------------------


def _pattern(value: str) -> "re.Pattern[bytes] | None":
    if not is_findable(value):
        return None
    if "@" in value:
        body = "".join(_sign(one) for one in value)
        return re.compile(f"{_START}{body}(?![\\w-])".encode(), re.IGNORECASE)
    digits = _BETWEEN_DIGITS.join(re.sub(r"\D", "", value))
    return re.compile(f"{_START_DIGITS}{digits}(?![0-9])".encode())


def _sign(one: str) -> str:
    """One sign of a mail address, plain or as forms, mails and JSON write it."""
    if one.isascii() and one.isalnum():
        return one
    plain = one.encode()
    encoded = "".join(f"%{byte:02X}" for byte in plain)
    quoted = "".join(f"={byte:02X}" for byte in plain)
    escaped = "".join(rf"\\u{ord(c):04x}" for c in one)
    raw = "".join(rf"\x{byte:02x}" for byte in plain)
    return f"(?:{raw}|{encoded}|{quoted}|{escaped})"


def _in_base64(value: str) -> "re.Pattern[bytes] | None":
    forms = base64_forms(value) if is_findable(value) else []
    return re.compile(b"|".join(map(re.escape, forms))) if forms else None


def base64_forms(value: str) -> list[bytes]:
    """What of `value` stands in base64 whatever stands before and after it: one form
    for each of the three ways in which it may be cut.
    """
    plain, found = value.encode(), []
    for before in range(3):
        whole = b64encode(b"\0" * before + plain)
        start = -(-before * 8 // 6)
        end = (before + len(plain)) * 8 // 6
        found.append(whole[start:end])
    return [one for one in found if len(one) >= FEWEST_DIGITS]
