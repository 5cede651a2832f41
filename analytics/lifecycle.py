"""What `analytics` holds of a person: documents in MongoDB."""

from typing import Any

from analytics.stores import StoreAway, store
from leads.lifecycle import Lifecycle, NotYet
from leads.models import Lead


class AnalyticsLifecycle(Lifecycle):
    """The lead's documents, by its public id. MongoDB may be away: it is asked again."""

    key = "analytics"
    words = "MongoDB"
    apart = True

    def export(self, lead: Lead) -> dict[str, Any]:
        """The documents as they are stored."""
        try:
            return {"documents": store().documents_of(str(lead.public_id))}
        except StoreAway as error:
            raise NotYet(str(error)) from None

    def erase(self, lead: Lead) -> dict[str, int]:
        """Delete them; raises NotYet while MongoDB is away."""
        try:
            deleted = store().erase_lead(str(lead.public_id))
        except StoreAway as error:
            raise NotYet(str(error)) from None
        return {"documents in MongoDB": deleted}


LIFECYCLE = AnalyticsLifecycle()
