"""Consent on one lead: everything on record, and what a person may write there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from leads import clock, consent, opt_outs
from leads.compliance.forms import BASES, AddressForm, ConsentForm, ReasonForm
from leads.compliance.reads import record_of
from leads.compliance.suppressions import ADD
from leads.models import ContactPoint, Lead, LeadContact, Suppression
from leads.privacy.lead import lead_or_404
from leads.web import ask, is_fragment, staff_required

SEE, RECORD = "leads.view_consent", "leads.add_consent"
NOT_THEIRS = "This address is not one of the lead's own"


@staff_required
@require_GET
def record(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """The part of the lead's page; empty for roles that do not see consent."""
    lead = lead_or_404(request, lead_id)
    if not is_fragment(request):
        return redirect("lead_page", lead.public_id)
    return _card(request, lead)


def _card(request: HttpRequest, lead: Lead, **more: Any) -> HttpResponse:
    if not request.user.has_perm(SEE):
        return HttpResponse("")
    kept = record_of(lead, request.user)
    own = [one for one in kept if not one.mentioned]
    context = {
        "lead": lead,
        "kept": kept,
        "open_ones": [one for one in own if one.standing is None],
        "own": own,
        "may_stop": request.user.has_perm(ADD),
        "may_record": request.user.has_perm(RECORD),
        "bases": BASES,
        **more,
    }
    return render(request, "leads/compliance/_lead.html", context)


def _answer(request: HttpRequest, lead: Lead, *, said: str, ok: bool) -> HttpResponse:
    if is_fragment(request):
        return _card(request, lead, said=said, ok=ok)
    (messages.success if ok else messages.error)(request, said)
    return redirect("lead_page", lead.public_id)


def _act(
    request: HttpRequest,
    lead_id: UUID,
    form: forms.Form,
    do: Callable[[Lead, dict[str, Any]], str],
) -> HttpResponse:
    lead = lead_or_404(request, lead_id)
    if not form.is_valid():
        return _answer(request, lead, said="Say why, in a few words.", ok=False)
    try:
        said = do(lead, form.cleaned_data)
    except opt_outs.NotPossible as refusal:
        return _answer(request, lead, said=f"{refusal}.", ok=False)
    return _answer(request, lead, said=said, ok=True)


@staff_required
@require_POST
def stop(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """A person opts one address of the lead out."""
    ask(request, ADD, "Your role does not opt people out.")

    def do(lead: Lead, given: dict[str, Any]) -> str:
        point = _own(lead, given["point"])
        opt_outs.opt_out_point(
            point=point,
            actor=_actor(request),
            words=given["words"],
            source=f"lead {lead.public_id}, by hand",
        )
        return f"Nothing goes to {point} any more."

    return _act(request, lead_id, AddressForm(request.POST), do)


@staff_required
@require_POST
def revoke(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """The lead wants nothing more, on any channel."""
    ask(request, ADD, "Your role does not opt people out.")

    def do(lead: Lead, given: dict[str, Any]) -> str:
        closed = consent.revoke_all(
            lead=lead,
            words=given["words"],
            actor=_actor(request),
            at=clock.now(),
            source=f"lead {lead.public_id}, by hand",
            reason=Suppression.Reason.MANUAL,
            basis="verbal",
        )
        many = f"{closed} address{'' if closed == 1 else 'es'}"
        return f"Everything stops: {many} closed." if closed else "All is closed."

    return _act(request, lead_id, ReasonForm(request.POST), do)


@staff_required
@require_POST
def add(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Write down what the lead agreed to, with its proof. Lifts no opt-out."""
    ask(request, RECORD, "Your role does not record consent.")

    def do(lead: Lead, given: dict[str, Any]) -> str:
        point = _own(lead, given["point"])
        channel = consent.channel_of(point)
        consent.record_consent(
            contact_point=point,
            channel=channel,
            given=True,
            basis=given["basis"],
            wording=given["words"],
            source=f"lead {lead.public_id}, by hand",
            evidence=given["evidence"] or f"entered by {_actor(request)}",
            actor=_actor(request),
            at=clock.now(),
        )
        if consent.is_suppressed(point, channel) is not None:
            return f"Written down. {point} stays closed: the opt-out stands."
        return "Written down."

    return _act(request, lead_id, ConsentForm(request.POST), do)


def _own(lead: Lead, pk: int) -> ContactPoint:
    ties = LeadContact.objects.filter(lead=lead, contact_point=pk)
    if not ties.exclude(known_by=LeadContact.Known.PROPOSAL).exists():
        raise opt_outs.NotPossible(NOT_THEIRS)
    return ContactPoint.objects.get(pk=pk)


def _actor(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
