"""The one-time page on which the owner is made."""

from typing import Any

from django import forms
from django.contrib.auth import login, password_validation
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from leadsite.firstrun import NoOwnerNow, is_owner_code, make_owner

TRIES = 5
WINDOW = 15 * 60  # seconds
BACKEND = "django.contrib.auth.backends.ModelBackend"


class OwnerForm(forms.Form):
    """Who the owner is, and with which password."""

    name = forms.CharField(max_length=150)
    email = forms.EmailField(max_length=150)
    password = forms.CharField(max_length=128, strip=False)

    def clean(self) -> dict[str, Any]:
        """Check the password against the rules, knowing name and address."""
        cleaned = super().clean() or self.cleaned_data
        email = str(cleaned.get("email", "")).lower()
        if email and User.objects.filter(username=email).exists():
            self.add_error("email", "There is an account with this address already.")
        if "password" in cleaned:
            user = User(email=email, first_name=cleaned.get("name", ""))
            try:
                password_validation.validate_password(cleaned["password"], user)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


@method_decorator(never_cache, name="dispatch")
@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class OwnerView(View):
    """With the code from the terminal: make the owner and sign them in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form; without the right code only words."""
        code = request.GET.get("code", "")
        refusal = self._refusal(request, code)
        return refusal or self._form(request, OwnerForm(), code)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the owner, once."""
        code = request.POST.get("code", "")
        refusal = self._refusal(request, code)
        if refusal is not None:
            return refusal
        form = OwnerForm(request.POST)
        if not form.is_valid():
            return self._form(request, form, code)
        try:
            owner = make_owner(code=code, **form.cleaned_data)
        except NoOwnerNow as error:
            return self._refused(request, str(error), status=403)
        login(request, owner, backend=BACKEND)
        return redirect("admin:index")

    def _refusal(self, request: HttpRequest, code: str) -> HttpResponse | None:
        """Count wrong codes by address: a code cannot be guessed."""
        key = f"owner-code:{request.META.get('REMOTE_ADDR', '')}"
        tries = cache.get(key, 0)
        if tries >= TRIES:
            words = "Too many wrong links from here. Try again in 15 minutes."
            return self._refused(request, words, status=429)
        if is_owner_code(code):
            return None
        cache.add(key, 0, WINDOW)
        cache.incr(key)
        words = (
            "This link was used already, or it is not the latest one. "
            "The terminal that runs Leadsite shows the right one."
        )
        return self._refused(request, words, status=403)

    def _form(self, request: HttpRequest, form: OwnerForm, code: str) -> HttpResponse:
        context = {"form": form, "code": code, "title": "Become the owner"}
        status = 400 if form.errors else 200
        return render(request, "account/owner.html", context, status=status)

    def _refused(
        self, request: HttpRequest, words: str, *, status: int
    ) -> HttpResponse:
        context = {"refusal": words, "title": "Become the owner"}
        return render(request, "account/owner.html", context, status=status)
