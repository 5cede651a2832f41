"""The *Privacy* menu of one lead: give everything out, or erase it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from leads import erasing, exporting
from leads.erasing import NotPossible
from leads.lifecycle import lifecycles
from leads.models import Lead
from leads.privacy.views import ERASE, SEE
from leads.web import ask, page_context, staff_required

EXPORT = "leads.add_privacyrequest"


class EraseForm(forms.Form):
    """Why, and the name or number typed, so that no click erases the wrong one."""

    reason = forms.CharField(required=False, max_length=300)
    typed = forms.CharField(required=False, max_length=254)


def lead_or_404(request: HttpRequest, public_id: UUID) -> Lead:
    """Return a lead that the person may see; 404 for any other."""
    seen = Lead.objects.visible_to(request.user).order_by().values("pk")
    lead = Lead.objects.filter(pk__in=seen, public_id=public_id).first()
    if lead is None:
        raise Http404("There is no such lead.")
    return lead


@staff_required
@require_GET
def menu(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """The part of the lead's page; empty for roles that may do neither."""
    lead = lead_or_404(request, lead_id)
    context = {
        "lead": lead,
        "may_export": request.user.has_perm(EXPORT),
        "may_erase": request.user.has_perm(ERASE),
        "may_see": request.user.has_perm(SEE),
        "erasing": erasing.erasure_of(lead),
    }
    return render(request, "leads/privacy/_menu.html", context)


@staff_required
@require_POST
def export(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Begin an export, and go where it can be watched and fetched."""
    ask(request, EXPORT, "Your role does not give out a person's data.")
    lead = lead_or_404(request, lead_id)
    user: Any = request.user
    try:
        asked = exporting.request_export(lead=lead, user=user)
    except NotPossible as refusal:
        messages.error(request, f"{refusal}.")
        return redirect("lead_page", lead.public_id)
    return redirect("privacy_request", asked.public_id)


@staff_required
def erase(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Say what goes and what stays; erase once the name or a number is typed."""
    ask(request, ERASE, "Your role does not erase leads.")
    lead = lead_or_404(request, lead_id)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if erasing.is_confirmed(lead, form.cleaned_data["typed"]):
            return _begin(request, lead, form.cleaned_data["reason"])
        form.add_error("typed", "That is neither the name nor an address of this lead.")
    kept = [one for app in reversed(lifecycles()) for one in app.kept(lead)]
    context = page_context(
        request,
        f"Erase {lead.display_name}",
        lead=lead,
        form=form,
        kept=kept,
        under_way=erasing.erasure_of(lead),
    )
    status = 422 if form.errors else 200
    return render(request, "leads/privacy/erase.html", context, status=status)


def _begin(request: HttpRequest, lead: Lead, reason: str) -> HttpResponse:
    user: Any = request.user
    try:
        asked = erasing.request_erasure(lead=lead, user=user, reason=reason)
    except NotPossible as refusal:
        raise PermissionDenied(str(refusal)) from None
    if not request.user.has_perm(SEE):
        messages.success(request, "The lead is being erased.")
        return redirect("admin:leads_lead_changelist")
    return redirect("privacy_request", asked.public_id)
