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
