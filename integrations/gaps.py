"""The port to a provider's list of inbound messages: what the gap sweep asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Listed:
    """A message that the provider took in for us. `external_id` is the one its
    webhook has; `sent_at` is aware and of the real clock.
    """

    external_id: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """What the provider lists, oldest first. Not `complete`: there is more than we
    are ready to read.
    """

    rows: tuple[Listed, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook as the provider would have sent it: its route below /hooks/."""

    route: str
    content_type: str
    body: bytes


class InboundList(Protocol):
    """One sweep's view of a provider; made with `deadline=` in seconds, which all
    its calls share. Both methods raise TransportError.
    """

    provider: str
    route: str  # below /hooks/, where its inbound messages come in

    @property
    def account(self) -> str:
        """Whose list it is; "" while the provider is not set up."""

    def listed(self, *, since: datetime, until: datetime) -> Listing:
        """List what came in between (both aware, of the real clock)."""

    def request_of(self, listed: Listed) -> Request:
        """Return what its webhook would have carried."""
