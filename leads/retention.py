"""How long each class of data is kept. One rule a class; without one its own default.

The classes are those of `settings.RETENTION`. A rule is shown with what it would remove
now before it is saved, and applied once a day, in batches.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.module_loading import import_string

from leads import clock, outbox
from leads.models import Job, RetentionRule

log = logging.getLogger(__name__)

JOB = "leads.apply_retention"
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class DataClass:
    """One class of data. `default` are days, None for ever.

    `count` says how much is older than a moment and would go; `apply` removes it, in
    batches, each its own write, and says how much went. `least` are the fewest days.
    """

    key: str
    name: str
    words: str
    default: int | None
    count: Callable[[datetime], int]
    apply: Callable[[datetime], int]
    least: int = 1


class NotAllowed(ValueError):
    """A rule that cannot be; the words say why."""


def classes() -> list[DataClass]:
    """All classes of this installation."""
    return [one for path in settings.RETENTION for one in import_string(path)]


def class_of(key: str) -> DataClass:
    """The class by its key. Raises NotAllowed."""
    for one in classes():
        if one.key == key:
            return one
    raise NotAllowed(f"there is no class of data called {key[:40]!r}")


def days_of(key: str) -> int | None:
    """How many days the class is kept now, None for ever."""
    rule = RetentionRule.objects.filter(data_class=key).first()
    return rule.days if rule is not None else class_of(key).default


def cutoff(key: str, now: datetime) -> datetime | None:
    """What is older than this goes; None when the class is kept for ever."""
    days = days_of(key)
    return None if days is None else now - timedelta(days=days)


def would_remove(key: str, days: int | None) -> int:
    """How much would go now if the class were kept for so many days. Removes nothing.

    Raises NotAllowed.
    """
    one = class_of(key)
    if days is None:
        return 0
    return one.count(clock.now() - timedelta(days=_checked(one, days)))


def change_rule(*, key: str, days: int | None, user: User) -> RetentionRule:
    """Keep the class for so many days from now on, None for ever. Raises NotAllowed."""
    one = class_of(key)
    if days is not None:
        _checked(one, days)
    with transaction.atomic():
        before = days_of(key)
        rule, _ = RetentionRule.objects.update_or_create(
            data_class=key,
            defaults={
                "days": days,
                "updated_at": clock.now(),
                "updated_by": f"user:{user.pk}",
            },
        )
        if before != days:
            payload = {"class": key, "before": before, "after": days}
            outbox.emit(
                kind="retention.changed", actor=f"user:{user.pk}", payload=payload
            )
    return rule


def run_job(job: Job) -> None:
    """The daily job: see `apply_rules`."""
    apply_rules(clock.now())


def apply_rules(now: datetime) -> dict[str, int]:
    """Remove what is older than its class is kept; how much of each.

    A class that fails keeps no other from its turn; the first failure is raised then.
    """
    removed: dict[str, int] = {}
    failures: list[Exception] = []
    for one in classes():
        before = cutoff(one.key, now)
        if before is None:
            continue
        try:
            removed[one.key] = one.apply(before)
        except Exception as error:
            log.warning("retention of %s failed: %s", one.key, type(error).__name__)
            failures.append(error)
    counts = {key: number for key, number in removed.items() if number}
    if counts:
        outbox.emit(kind="retention.applied", actor="system", payload=counts)
    if failures:
        raise failures[0]
    return removed


def _checked(one: DataClass, days: int) -> int:
    if not one.least <= days <= MOST_DAYS:
        raise NotAllowed(f"{one.name}: from {one.least} to {MOST_DAYS} days")
    return days
