"""What people do with an offer: save it, switch it off."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, User
from django.db import transaction

from leads import claims, clock
from messaging.knowledge.indexing import index_offer
from messaging.knowledge.publishing import tell
from messaging.models import Offer


@transaction.atomic
def save_offer(
    *, offer: Offer, user: User | None, may_exceed: Iterable[Group] | None = None
) -> Offer:
    """Store `offer` and let replies use it at once, as far as it is active.

    `may_exceed`: None leaves the groups as they are. Raises ValidationError when a
    value is none that an offer can have.
    """
    offer.full_clean()
    offer.updated_at = clock.now()
    is_new = offer.pk is None
    offer.save()
    if may_exceed is not None:
        offer.may_exceed.set(may_exceed)
    words = "Added." if is_new else "Saved: replies use it from now on."
    tell("offer.changed", offer, user, words)
    index_offer(offer)
    return offer


@transaction.atomic
def deactivate(*, offer: Offer, user: User | None) -> bool:
    """Let no reply name it any more. False when it was off already."""
    stored = claims.lock(Offer, offer.pk)
    if not stored.active:
        return False
    stored.active, stored.updated_at = False, clock.now()
    stored.save(update_fields=["active", "updated_at"])
    offer.active, offer.updated_at = stored.active, stored.updated_at
    tell("offer.changed", stored, user, "Switched off.")
    index_offer(stored)
    return True
