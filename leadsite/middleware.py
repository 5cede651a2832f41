"""Staff pages tell the time as the company's clocks do."""

from collections.abc import Callable
from time import monotonic
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from messaging.measures import company_zone

KEPT_SECONDS = 30.0
STAFF = "/admin/"


class CompanyTimeMiddleware:
    """Activates the company profile's time zone for staff pages.

    The zone is read at most every 30 s in a process; a change shows by then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._zone = ZoneInfo("UTC")
        self._until = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request within the company's time zone."""
        if not request.path.startswith(STAFF):
            return self.get_response(request)
        with timezone.override(self.zone()):
            return self.get_response(request)

    def zone(self) -> ZoneInfo:
        """Return the company's zone, UTC when the profile names none."""
        if monotonic() >= self._until:
            self._zone = company_zone()
            self._until = monotonic() + KEPT_SECONDS
        return self._zone
