"""Leave the demo: a page that names what goes, asks, and removes it."""

from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from leads.web import page_context, staff_required
from leadsite.accounts import DEMO_GROUP, from_loopback
from leadsite.firstrun import has_owner, owner_words
from messaging.demo.leaving import leave_demo, lines, what_goes

MANAGERS = "manager"


@staff_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Name what goes; on POST remove it. For owners, admins and the demo's manager."""
    if not may_leave(request):
        raise PermissionDenied("Only an admin leaves the demo.")
    if request.method == "POST":
        return _left(request)
    goes = what_goes()
    context = page_context(
        request,
        "Leave the demo",
        goes=goes,
        lines=lines(goes) if goes.anything else [],
        has_owner=has_owner(),
        goes_too=_is_demo(request),
    )
    return render(request, "leadsite/leave_demo.html", context)


def may_leave(request: HttpRequest) -> bool:
    """Admins may; on this machine also the demo's manager, who has the place."""
    user = request.user
    if user.has_perm("leads.delete_lead"):
        return True
    if not (_is_demo(request) and from_loopback(request)):
        return False
    return isinstance(user, User) and user.groups.filter(name=MANAGERS).exists()


def _is_demo(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.groups.filter(name=DEMO_GROUP).exists()


def _left(request: HttpRequest) -> HttpResponse:
    signed_out = _is_demo(request)
    played = request.POST.get("played") == "1"
    went = leave_demo(actor=f"user:{request.user.pk}", played=played)
    if not signed_out:
        return redirect("admin:index")
    logout(request)
    if not has_owner():
        # The link is for whoever started the process, not for the browser.
        print(f"\n  The demo is gone. {owner_words()}\n", flush=True)  # noqa: T201
    context = {"went": went, "title": "The demo is gone", "has_owner": has_owner()}
    return render(request, "leadsite/left_demo.html", context)
