"""Who hears how every call at the one door out ended."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from integrations.http_exchange import Heard
from integrations.http_types import HttpError

Observer = Callable[[str, Heard | HttpError, float], None]

# They get the service, the answer or the error, and the seconds it took. They must
# not raise; no database transaction is open.
observers: list[Observer] = []
_observed: ContextVar[bool] = ContextVar("integrations_http_observed", default=True)


def tell(service: str, ended: Heard | HttpError, seconds: float) -> None:
    """Let everybody hear of one call."""
    if _observed.get():
        for observer in observers:
            observer(service, ended, seconds)


@contextmanager
def unobserved() -> Iterator[None]:
    """Tell nobody of the calls inside: whoever makes them tells it better."""
    token = _observed.set(False)
    try:
        yield
    finally:
        _observed.reset(token)
