"""The vendor's count of today beside ours: what came by itself, what was fetched."""

from dataclasses import dataclass

from integrations.gap_counts import Compared, compared_today
from integrations.gap_sweep import ORIGIN
from integrations.models import WebhookDelivery
from leads.access import Viewer
from leadsite.dashboard_strip import Period, rows_of

State = WebhookDelivery.State
_CAME_IN = ",".join([State.RECEIVED, State.WORKING, State.DONE, State.DEAD])


@dataclass(frozen=True)
class VendorCount:
    """One line: what the vendor lists, its parts, and where their rows are."""

    found: Compared
    arrived_link: str | None
    fetched_link: str | None


def vendor_counts(user: Viewer, period: Period) -> list[VendorCount]:
    """Return a line for each vendor that is set up. From the last gap sweep's
    numbers: no page ever waits for a vendor.
    """
    return [_line(user, period, found) for found in compared_today()]


def _line(user: Viewer, period: Period, found: Compared) -> VendorCount:
    rows = {
        origin: rows_of(
            user,
            WebhookDelivery,
            route=found.route,
            origin=origin,
            state__in=_CAME_IN,
            received_at__gte=period.start,
        )
        for origin in ("", ORIGIN)
    }
    return VendorCount(found, arrived_link=rows[""], fetched_link=rows[ORIGIN])
