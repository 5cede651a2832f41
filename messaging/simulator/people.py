"""Invented people with numbers and mailboxes that belong to nobody.

Numbers are 555-01xx, reserved for fiction; mail goes to example.com, reserved
by RFC 2606. Both are of the simulator's own kind and reach no carrier.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from leads.lifecycle import forget_invented_addresses
from leads.models import ContactPoint

DATA = Path(__file__).parent / "data"
A_HUNDRED = 100


class TooManyPeople(ValueError):
    """Every invented number is taken; the words say what to do."""


@dataclass(frozen=True)
class Person:
    """Somebody who can write to us, on a phone and in a mailbox."""

    name: str
    phone: str
    email: str


@cache
def read(name: str) -> Any:
    """Read one of the simulator's data files, once."""
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


def reserve_person() -> Person:
    """Return the next person nobody has played yet; the number is then taken.

    Raises TooManyPeople when there is none.
    """
    taken = _taken()
    for person in everybody():
        if person.phone not in taken and _take(person.phone):
            return person
    raise TooManyPeople("All invented numbers are taken: play an earlier person.")


def next_person() -> Person | None:
    """Return who would be reserved next; takes nothing."""
    taken = _taken()
    return next((one for one in everybody() if one.phone not in taken), None)


def give_back(phones: Iterable[str]) -> None:
    """Free the numbers of people who were reserved and never wrote."""
    unused = ContactPoint.objects.filter(
        simulated=True,
        kind=ContactPoint.Kind.PHONE,
        value__in=list(phones),
        lead_contacts=None,
    )
    forget_invented_addresses(unused.values_list("pk", flat=True))


def everybody() -> Iterator[Person]:
    """Return all the people there can be, in their order."""
    data = read("people")
    names, areas = data["names"], data["areas"]
    for round_, area in enumerate(areas):
        for step in range(A_HUNDRED):
            number = (data["first"] + step) % A_HUNDRED
            place = round_ * A_HUNDRED + step
            name = names[place % len(names)]
            again = place // len(names)
            mailbox = ".".join(_plain(name).lower().split())
            yield Person(
                name=name,
                phone=f"+1{area}55501{number:02d}",
                email=f"{mailbox}{again + 1 if again else ''}@{data['mail_domain']}",
            )


def _taken() -> set[str]:
    rows = ContactPoint.objects.filter(simulated=True, kind=ContactPoint.Kind.PHONE)
    return set(rows.values_list("value", flat=True))


def _take(phone: str) -> bool:
    """Make the number's row; False when somebody was faster."""
    try:
        with transaction.atomic():
            ContactPoint.objects.create(
                kind=ContactPoint.Kind.PHONE, value=phone, simulated=True
            )
    except IntegrityError:
        return False
    return True


def _plain(name: str) -> str:
    split = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in split if letter.isascii())
