"""A turn is claimed with all that answering it needs, in one statement."""

from datetime import timedelta

from leads import claims
from messaging.models import Turn

LEASE = timedelta(seconds=40)
RELATED = (
    "conversation__lead__team",
    "last_inbound__channel",
    "last_inbound__contact_point",
)
# A row of all five tables takes longer to put together than to fetch.
COLUMNS = (
    *(f.attname for f in Turn._meta.concrete_fields),
    *(
        f"conversation__{name}"
        for name in ("public_id", "mode", "holder", "paused_reason", "clock_shift")
    ),
    *(
        f"conversation__lead__{name}"
        for name in ("public_id", "name", "language", "time_zone", "score")
    ),
    *(
        f"conversation__lead__{name}"
        for name in ("score_changed_at", "owner", "company", "role", "stage")
    ),
    "conversation__lead__version",
    "conversation__lead__team__mode",
    "conversation__lead__team__name",
    *(
        f"last_inbound__{name}"
        for name in ("public_id", "kind", "body", "subject", "occurred_at", "details")
    ),
    "last_inbound__simulated",
    "last_inbound__conversation",
    "last_inbound__channel__mode",
    "last_inbound__channel__kind",
    "last_inbound__channel__simulated",
    "last_inbound__channel__address",
    "last_inbound__contact_point__kind",
    "last_inbound__contact_point__value",
    "last_inbound__contact_point__simulated",
)


def claim_turn(turn_id: int) -> Turn | None:
    """Take a due turn with its talk, lead and message; None when taken."""
    return claims.claim(Turn, turn_id, lease=LEASE, related=RELATED, columns=COLUMNS)
