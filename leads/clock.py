"""Business time. Leases, deadlines and signature windows use the real clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from django.utils import timezone

_shift: ContextVar[timedelta] = ContextVar("leads_clock_shift", default=timedelta())


def now() -> datetime:
    """Return the business time: aware, UTC, moved by `at` or `shifted`."""
    return timezone.now() + _shift.get()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let business time start from `moment` (aware) and run on from there."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    with _shifted_to(moment - timezone.now()):
        yield


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Move business time by `by`, on top of the shift there is."""
    with _shifted_to(_shift.get() + by):
        yield


@contextmanager
def _shifted_to(shift: timedelta) -> Iterator[None]:
    token = _shift.set(shift)
    try:
        yield
    finally:
        _shift.reset(token)
