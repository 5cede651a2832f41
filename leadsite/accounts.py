"""Sign-in rules: no public sign-up; demo people only from this machine."""

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

DEMO_GROUP = "Demo"


def from_loopback(request: HttpRequest) -> bool:
    """Say whether the request comes straight from this machine.

    A forwarded request is never from this machine, whatever its peer says.
    """
    if any(name in request.META for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by the owner, never by strangers."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: there is no public sign-up."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Check the password; demo people only pass on this machine."""
        user = super().authenticate(request, **credentials)
        if user is None or from_loopback(request):
            return user
        return None if user.groups.filter(name=DEMO_GROUP).exists() else user
