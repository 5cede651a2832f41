"""How a call at one of our doors ended, as the port to carriers says it."""

from datetime import datetime

from django.utils import timezone

from integrations.http_types import HttpError
from leads import clock
from messaging.transports import Outcome, TransportError


def as_transport_error(
    error: HttpError, label: str, *, elsewhere: bool
) -> TransportError:
    """The error that a transport raises; `label` names the carrier to people."""
    return TransportError(
        Outcome(error.outcome.value),
        f"{label}: {error.words}",
        retry_at=business_time(error.retry_at),
        code=error.code,
        elsewhere=elsewhere,
    )


def business_time(moment: datetime | None) -> datetime | None:
    """A moment of the real clock on the clock that due times use."""
    return None if moment is None else clock.now() + (moment - timezone.now())


def for_how_long(error: TransportError) -> str:
    """How long the other side asks us to wait: ", for 90 s", "" when it does not say."""
    if error.retry_at is None:
        return ""
    seconds = max(1, round((error.retry_at - clock.now()).total_seconds()))
    return f", for {seconds} s" if seconds < 120 else f", for {seconds // 60} min"
