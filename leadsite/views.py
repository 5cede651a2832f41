"""Sign-in, with buttons for the demo people on this machine."""

from typing import Any

from allauth.account.views import LoginView
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from leadsite.accounts import DEMO_GROUP, from_loopback

# What a demo person is for, by role.
ROLE_WORDS = {
    "admin": "sets everything up",
    "manager": "leads the team, sees all of it",
    "rep": "sells, sees the team's leads",
    "read-only": "looks, changes nothing",
}


class SignInView(LoginView):  # type: ignore[misc]
    """allauth's sign-in; names the demo people when asked from this machine."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add `demo_people`; empty off this machine and without a demo."""
        people = demo_people() if from_loopback(self.request) else []
        return {
            **super().get_context_data(**kwargs),
            "demo_people": [
                {
                    "username": user.get_username(),
                    "name": user.get_full_name() or user.get_username(),
                    "words": role_words(user),
                }
                for user in people
            ],
        }


@method_decorator(never_cache, name="dispatch")
class DemoLoginView(View):
    """Sign in as a demo person without a password, on this machine only."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, username: str) -> HttpResponse:
        """Sign in and go to Today; anybody else finds no such page."""
        if not from_loopback(request):
            raise Http404("no such page")
        user = get_object_or_404(demo_people(), username=username)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("admin:index")


def demo_people() -> "QuerySet[User]":
    """Return the active people of the demo, in the order they were made."""
    people = User.objects.filter(groups__name=DEMO_GROUP, is_active=True)
    return people.order_by("pk")


def role_words(user: User) -> str:
    """Say in a few words what a demo person may do."""
    if user.is_superuser:
        return "owns the place, sees everything"
    names = user.groups.exclude(name=DEMO_GROUP).values_list("name", flat=True)
    return next((ROLE_WORDS[name] for name in names if name in ROLE_WORDS), "")
