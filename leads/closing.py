"""What follows at once when an address is closed, whoever closed it.

`leads` knows the address; those above it know what is on its way there. They register
here, and are told in the transaction that closes it, with the address locked.
"""

from collections.abc import Callable
from dataclasses import dataclass

from leads.models import ContactPoint


@dataclass(frozen=True, slots=True)
class Closed:
    """An address that is not written to any more on a channel.

    `why` is what a message says that was on its way; `actor` is who closed it.
    """

    point: ContactPoint
    channel: str
    reason: str
    why: str
    actor: str
    how: str = ""


Follower = Callable[[Closed], object]
_followers: list[Follower] = []


def register(follower: Follower) -> None:
    """Let `follower` be told of every address that is closed."""
    if follower not in _followers:
        _followers.append(follower)


def tell(closed: Closed) -> None:
    """Tell all that follow; one that fails undoes the closing with it."""
    for follower in _followers:
        follower(closed)
