"""The page of the company profile."""

from zoneinfo import available_timezones

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from leads import clock
from leads.web import page_context, staff_required
from messaging.forms_profile import ProfileForm
from messaging.models import Profile


@staff_required
def edit_profile(request: HttpRequest) -> HttpResponse:
    """Show the profile; save it for those who may change it."""
    if not request.user.has_perm("messaging.view_profile"):
        raise PermissionDenied("Your role does not show the company profile.")
    may_change = request.user.has_perm("messaging.change_profile")
    profile = Profile.to_edit()
    form = ProfileForm(request.POST or None, instance=profile)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Your role does not change the company profile.")
        if form.is_valid():
            form.instance.updated_at = clock.now()
            form.save()
            messages.success(request, "Saved. The next answer uses it.")
            return redirect("profile")
    if not may_change:
        form.freeze()
    context = page_context(
        request,
        "Company profile",
        form=form,
        may_change=may_change,
        changed=profile.updated_at,
        time_zones=sorted(available_timezones()),
    )
    return render(request, "leadsite/form_page.html", context)
