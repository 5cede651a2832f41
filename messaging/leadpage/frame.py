"""Who may open a lead and act on it, and how an act is answered."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads import access
from leads.models import Lead
from leads.web import staff_required
from messaging import live
from messaging.conversations import refresh
from messaging.models import Conversation
from messaging.views.answers import NEEDED, Said, View, done, perform

CHANGE = "leads.change_lead"


def lead_or_404(request: HttpRequest, public_id: UUID) -> Lead:
    """Return a lead that the person may see; 404 for any other."""
    seen = Lead.objects.visible_to(request.user).order_by().values("pk")
    rows = Lead.objects.filter(pk__in=seen, public_id=public_id)
    lead = rows.select_related(
        "company", "team", "owner", "stage", "source", "first_source"
    ).first()
    if lead is None:
        raise Http404("There is no such lead.")
    return lead


def talk_of(lead: Lead) -> Conversation | None:
    """Return the lead's conversation; None when nobody wrote yet."""
    return Conversation.objects.with_rows().filter(lead=lead).first()


def look_again(lead: Lead) -> None:
    """Work out anew whose turn it is: a task may be what it waited for."""
    talk = talk_of(lead)
    if talk is not None:
        refresh(talk)


def may_change(request: HttpRequest) -> bool:
    """Say whether the person's role changes leads."""
    return bool(request.user.has_perm(CHANGE))


def page_url(lead: Lead) -> str:
    """Return the address of the lead's page."""
    return reverse("lead_page", args=[lead.public_id])


def lead_act(
    needed: str | tuple[str, ...] = CHANGE, *, form: type[forms.Form] | None = None
) -> Callable[[Callable[..., Said | None]], View]:
    """Make a view of one POST on one visible lead, by `perform`."""

    def decorate(view: Callable[..., Said | None]) -> View:
        @staff_required
        @require_POST
        @wraps(view)
        def guarded(request: HttpRequest, /, lead: UUID, **named: Any) -> HttpResponse:
            row = lead_or_404(request, lead)
            return perform(
                request,
                lambda act: view(act, row, **named),
                back=page_url(row),
                needed=needed,
                form=form,
                answer=partial(changed, lead=row),
            )

        return guarded

    return decorate


def changed(
    request: HttpRequest, *, lead: Lead, back: str, toast: str = "", **more: str
) -> HttpResponse:
    """Answer that it is done, and let colleagues' pages look again.

    A person who gave the lead out of their own sight goes to the list.
    """
    talk = talk_of(lead)
    if talk is not None:
        live.ring(conversation=talk, what="lead")
    if not access.may_see(request.user, lead):
        there = reverse("admin:leads_lead_changelist")
        return done(request, back=there, toast=toast, open=there)
    return done(request, back=back, toast=toast, **more)


__all__ = [
    "CHANGE",
    "NEEDED",
    "changed",
    "lead_act",
    "lead_or_404",
    "look_again",
    "may_change",
    "page_url",
    "talk_of",
]
