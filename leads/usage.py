"""Caps and budgets: counters that hold under a race, and what was used of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from leads import clock
from leads.models import Counter, Lead, UsageRecord


def hour_of(moment: datetime) -> str:
    """The name of the clock hour (UTC) that caps are counted in."""
    return f"{moment:%Y-%m-%dT%H}"


def day_of(moment: datetime) -> str:
    """The name of the day (UTC) that caps are counted in."""
    return f"{moment:%Y-%m-%d}"


def take(*, key: str, period: str, limit: int, amount: int = 1) -> bool:
    """Use up `amount` of a cap; False, and nothing used, when it is too much.

    Belongs in the transaction of the effect it pays for.
    """
    rows = Counter.objects.filter(key=key, period=period, used__lte=limit - amount)
    if rows.update(used=F("used") + amount):
        return True
    if limit < amount:
        return False
    _, made = Counter.objects.get_or_create(
        key=key, period=period, defaults={"used": amount}
    )
    return made or bool(rows.update(used=F("used") + amount))


def give_back(*, key: str, period: str, amount: int = 1) -> None:
    """Return what was taken for an effect that definitely did not happen."""
    rows = Counter.objects.filter(key=key, period=period, used__gte=amount)
    rows.update(used=F("used") - amount)


def used(*, key: str, period: str) -> int:
    """How much of a cap is used."""
    row = Counter.objects.filter(key=key, period=period).first()
    return row.used if row else 0


# --- what is set aside before a call and settled after it --------------------


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap of one day: `kind` is tokens or micro (money), `words` say which."""

    key: str
    kind: str
    limit: int
    words: str


class OverCap(Exception):
    """A cap does not allow this; nothing was taken of any."""

    def __init__(self, cap: Cap) -> None:
        super().__init__(cap.words)
        self.words = cap.words


@dataclass(frozen=True, slots=True)
class Amount:
    """What a call uses: tokens, and millionths (None: the price is not known)."""

    tokens: int
    micro: int | None
    details: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is set aside: its record, and how much of which counter."""

    record: int
    period: str
    taken: tuple[tuple[Cap, int], ...]


@transaction.atomic
def reserve(
    *,
    lead: Lead | None,
    service: str,
    what: str,
    effect_key: str,
    most: Amount,
    caps: Sequence[Cap],
) -> Reserved:
    """Set the most that a call may use aside, in all caps or in none.

    Written down at once: a process that dies in the call leaves the estimate
    counted. Raises OverCap.
    """
    period = day_of(clock.now())
    taken = []
    for cap in caps:
        amount = _part(most, cap)
        if not take(key=cap.key, period=period, limit=cap.limit, amount=amount):
            # Out of the block by the error, so that every cap gets its part back.
            raise OverCap(cap)
        taken.append((cap, amount))
    record = UsageRecord.objects.create(
        lead=lead,
        service=service,
        what=what[:80],
        effect_key=effect_key,
        quantity=most.tokens,
        micro=most.micro,
        details={**most.details, "estimated": 1},
        occurred_at=clock.now(),
    )
    return Reserved(record.pk, period, tuple(taken))


@transaction.atomic
def settle(*, reserved: Reserved, actual: Amount) -> None:
    """Replace the estimate by what was really used, in record and counters."""
    for cap, amount in reserved.taken:
        _move(cap.key, reserved.period, _part(actual, cap) - amount)
    UsageRecord.objects.filter(pk=reserved.record).update(
        quantity=actual.tokens, micro=actual.micro, details=dict(actual.details)
    )


@transaction.atomic
def release(*, reserved: Reserved) -> None:
    """Undo what was set aside for a call that definitely was not made."""
    for cap, amount in reserved.taken:
        give_back(key=cap.key, period=reserved.period, amount=amount)
    UsageRecord.objects.filter(pk=reserved.record).delete()


def _part(amount: Amount, cap: Cap) -> int:
    return amount.tokens if cap.kind == "tokens" else amount.micro or 0


def _move(key: str, period: str, change: int) -> None:
    """Correct a counter; what was really used counts even over the cap."""
    if change < 0:
        give_back(key=key, period=period, amount=-change)
    elif change:
        rows: Any = Counter.objects.filter(key=key, period=period)
        rows.update(used=F("used") + change)
