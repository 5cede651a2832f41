"""Caps and budgets: counters that hold under a race."""

from datetime import datetime

from django.db.models import F

from leads.models import Counter


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
