"""Tests of services as they are kept: by a person's press, and by real calls.

A test runs in a thread of the web process, not as a job: it must also tell what is
wrong when the worker, or the Redis between them, is what is away. A page may be left;
the row is written when the test ends.
"""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.background import in_background
from integrations.http_exchange import Heard
from integrations.http_types import HttpError
from integrations.models import ServiceCheck
from integrations.services import (
    DEADLINE,
    Service,
    ServiceResult,
    ServiceState,
    catalogue,
    check,
)

log = logging.getLogger(__name__)

# A test that was begun and never ended: its process is gone.
STALE: Final = timedelta(seconds=DEADLINE + 7)
# Real calls write their news at once, the same old answer this rarely.
EVERY: Final = 60.0
_GOOD: Final = (ServiceState.OK, ServiceState.OFF)


def start(services: Iterable[Service], *, user: User) -> list[str]:
    """Begin tests side by side; the keys of those begun. One that runs is not begun
    a second time.
    """
    begun = [service for service in services if _begin(service.key)]
    for service in begun:
        work = partial(run_check, service, user_id=user.pk)
        in_background(f"test-{service.key}", work)
    return [service.key for service in begun]


def run_check(service: Service, *, user_id: int | None = None) -> ServiceResult:
    """Test a service now and keep what was found. Never raises for the service."""
    result = check(service)
    record(service.key, result, user_id=user_id)
    return result


def is_running(row: ServiceCheck | None) -> bool:
    """Whether its test has begun and can still end."""
    since = row.running_since if row is not None else None
    return since is not None and timezone.now() - since < STALE


def _begin(key: str) -> bool:
    ServiceCheck.objects.get_or_create(key=key)
    free = Q(running_since=None) | Q(running_since__lt=timezone.now() - STALE)
    rows = ServiceCheck.objects.filter(free, key=key)
    return bool(rows.update(running_since=timezone.now()))


def record(key: str, result: ServiceResult, *, user_id: int | None = None) -> None:
    """Write down what a test or a real call found. The fields are each's own last
    word: a success leaves the last failure standing.
    """
    now = timezone.now()
    fields: dict[str, Any] = {
        "state": result.state,
        "words": result.words,
        "fix": result.fix,
        "detail": result.detail,
        "latency_ms": result.latency_ms,
        "checked_at": now,
        "checked_by_id": user_id,
        "running_since": None,
    }
    if result.state == ServiceState.OK:
        fields["last_ok_at"] = now
    elif result.state not in _GOOD:
        fields.update(last_failure_at=now, last_failure=result.words)
    with transaction.atomic():
        if not ServiceCheck.objects.filter(key=key).update(**fields):
            ServiceCheck.objects.update_or_create(key=key, defaults=fields)


# --- by real calls -----------------------------------------------------------


class Notes:
    """What this process's real calls tell of the services, written down rarely.

    A change is written at once, the same answer once a minute. Trouble with the
    database is no trouble of the call: it is logged, and the next call tells again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[ServiceState, float]] = {}
        self._keys: dict[str, tuple[str, str]] | None = None

    def __call__(self, service: str, ended: Heard | HttpError, seconds: float) -> None:
        """Hear how one call ended."""
        named = self._named(service)
        found = named and _meaning(named[1], ended)
        if not named or not found or not self._is_news(named[0], found.state):
            return
        try:
            _write(named[0], found, round(seconds * 1000))
        except Exception as error:
            log.info("%s was not written down: %s", named[0], type(error).__name__)

    def forget(self) -> None:
        """Write the next answer whatever it is; for tests."""
        with self._lock:
            self._last.clear()
            self._keys = None

    def _named(self, call: str) -> tuple[str, str] | None:
        """Key and label of the service that goes by this name at the door."""
        if self._keys is None:
            self._keys = {
                name: (service.key, service.label)
                for service in catalogue()
                for name in service.calls or (service.key,)
            }
        return self._keys.get(call)

    def _is_news(self, key: str, state: ServiceState) -> bool:
        now = time.monotonic()
        with self._lock:
            last = self._last.get(key)
            if last is not None and last[0] == state and now - last[1] < EVERY:
                return False
            self._last[key] = (state, now)
            return True


def _meaning(label: str, ended: Heard | HttpError) -> ServiceResult | None:
    """What a call's end says of the service; None when it says nothing."""
    if isinstance(ended, HttpError):
        if ended.code in ("breaker_open", "guard", "request", "redirects", "too_large"):
            return None
        words = f"A call got no answer: {ended.words}."
        return ServiceResult(ServiceState.UNREACHABLE, words, fix=_BY_ITSELF)
    status = ended.status
    if status == 401:
        words = f"{label} refused a call: the keys were not accepted."
        return ServiceResult(
            ServiceState.REJECTED, words, fix="Test it: that says why."
        )
    if status == 429:
        # A used-up credit is told by the same status: only a test knows.
        words = f"{label} takes no more calls for now (429)."
        return ServiceResult(ServiceState.RATE_LIMITED, words, fix=_TEST_IT)
    if status >= 500:
        words = f"{label} answered a call with {status}: trouble on its side."
        return ServiceResult(ServiceState.UNREACHABLE, words, fix=_BY_ITSELF)
    if status < 300:
        return ServiceResult(ServiceState.OK, f"{label} answered a real call.")
    return None


_BY_ITSELF: Final = "Leadsite tries again by itself."
_TEST_IT: Final = "Test it: that says why."


def _write(key: str, found: ServiceResult, latency_ms: int) -> None:
    """Like `record`, but a good answer to a call does not overwrite the words of a
    test that found something set up wrongly.
    """
    now = timezone.now()
    row, _ = ServiceCheck.objects.get_or_create(key=key)
    if found.state == ServiceState.OK and row.state in _FOR_A_TEST:
        ServiceCheck.objects.filter(pk=row.pk).update(last_ok_at=now)
        return
    if found.state == ServiceState.OK and row.state == ServiceState.OK:
        ServiceCheck.objects.filter(pk=row.pk).update(
            last_ok_at=now, latency_ms=latency_ms, checked_at=now, checked_by=None
        )
        return
    fields: dict[str, Any] = {
        "state": found.state,
        "words": found.words,
        "fix": found.fix,
        "detail": "",
        "latency_ms": latency_ms,
        "checked_at": now,
        "checked_by": None,
    }
    if found.state == ServiceState.OK:
        fields["last_ok_at"] = now
    else:
        fields.update(last_failure_at=now, last_failure=found.words)
    ServiceCheck.objects.filter(pk=row.pk).update(**fields)


_FOR_A_TEST: Final = (ServiceState.MISCONFIGURED,)

notes = Notes()
