"""The Details tab saves, or shows both values when somebody else saved first."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads import access, editing
from leads.editing import LABELS, Meanwhile
from leads.forms_lead import LeadDetailsForm
from leads.models import Event, Lead
from leads.web import staff_required
from messaging import live
from messaging.leadpage.changes import told_of
from messaging.leadpage.frame import lead_or_404, may_change, page_url, talk_of
from messaging.leadpage.views import render_lead

CONFLICT = 409
KINDS = ("lead.edited", "lead.stage_changed", "lead.owner_changed")


@dataclass(frozen=True)
class Clash:
    """One field that somebody else changed: both values, as people read them."""

    field: BoundField
    theirs: str
    theirs_words: str
    yours: str
    yours_words: str

    @property
    def touched(self) -> bool:
        """Whether both sides changed it to something different."""
        return self.theirs != self.yours


@staff_required
@require_POST
def save_details(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Save the details; on a clash show both values per field, saving nothing."""
    row = lead_or_404(request, lead)
    if not may_change(request):
        raise PermissionDenied("Your role may read here, not write.")
    choices = editing.choices_for(row, request.user)
    form = LeadDetailsForm(request.POST, choices=choices)
    if not form.is_valid():
        return render_lead(request, row, tab="details", form=form, status=422)
    wanted, seen = form.wanted(), form.seen()
    user: Any = request.user
    version = form.cleaned_data["version"]
    try:
        fields = editing.edit_details(
            lead=row, user=user, wanted=wanted, seen=seen, version=version
        )
    except Meanwhile as error:
        return _clash(request, row, form, error.theirs)
    except ValueError as error:
        form.add_error("owner", str(error))
        return render_lead(request, row, tab="details", form=form, status=422)
    _tell(request, row, fields)
    if not access.may_see(request.user, row):
        return redirect("admin:leads_lead_changelist")
    return redirect(page_url(row) + "?tab=details")


def _tell(request: HttpRequest, lead: Lead, fields: list[str]) -> None:
    names = ", ".join(LABELS[field].lower() for field in fields)
    words = f"Saved: {names}." if fields else "Nothing was changed."
    messages.success(request, words)
    talk = talk_of(lead)
    if fields and talk is not None:
        live.ring(conversation=talk, what="lead")


def _clash(
    request: HttpRequest, lead: Lead, form: LeadDetailsForm, theirs: dict[str, str]
) -> HttpResponse:
    """Show the form again: per field what is stored and what was typed."""
    lead = lead_or_404(request, lead.public_id)
    stored, wanted = editing.details_of(lead), form.wanted()
    seen = form.seen()
    clashes = [
        Clash(
            field=form[field],
            theirs=value,
            theirs_words=_words(form, field, value),
            # What the person left alone is theirs to keep: offered, not chosen.
            yours=wanted[field],
            yours_words=_words(form, field, wanted[field]),
        )
        for field, value in theirs.items()
        if value != wanted[field]
    ]
    return render_lead(
        request,
        lead,
        tab="details",
        form=form,
        status=CONFLICT,
        clashes=clashes,
        clashing={clash.field.name for clash in clashes},
        left_alone=[f for f in theirs if seen.get(f) == wanted[f]],
        stored=stored,
        stored_version=lead.version,
        who_saved=who_saved(lead),
    )


def _words(form: LeadDetailsForm, field: str, value: str) -> str:
    choices = dict(getattr(form.fields[field], "choices", ()))
    return str(choices.get(value, value)) or "empty"


def who_saved(lead: Lead) -> str:
    """Return who changed the lead last, "Somebody" when nobody is on record."""
    last = Event.objects.filter(lead=lead, kind__in=KINDS).order_by("-occurred_at")
    told = told_of(last[:1])
    return (told[0].who if told else "") or "Somebody"


def details_url(lead: Lead) -> str:
    """Return the address that the form posts to."""
    return reverse("lead_details", args=[lead.public_id])
