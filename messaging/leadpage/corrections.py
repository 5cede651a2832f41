"""A person corrects a lead's facts and score; the score moves at once."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from leads import qualification, scoring
from leads.models import Fact, Lead, ScoreLine
from messaging.forms import FactForm, first_error
from messaging.leadpage.frame import changed, lead_act, page_url
from messaging.leadpage.side import signed
from messaging.views.answers import refused


def _user(request: HttpRequest) -> Any:
    return request.user


@lead_act("leads.change_fact")
def set_fact(request: HttpRequest, lead: Lead, field: str) -> HttpResponse:
    """Enter a person's own value: locked, so that no machine changes it."""
    form = FactForm(request.POST)
    if not form.is_valid():
        back = page_url(lead)
        return refused(request, first_error(form), back=back, status=422)
    before, value = _score(lead), form.cleaned_data["value"]
    qualification.set_fact(lead=lead, field=field, value=value, user=_user(request))
    return changed(request, lead, toast=f"Yours now. {moved(lead, before)}")


@lead_act("leads.change_fact")
def strike_fact(request: HttpRequest, lead: Lead, fact: UUID) -> HttpResponse:
    """Mark a fact *Not true*, with the points that hang on it."""
    before, row = _score(lead), _fact(lead, fact)
    qualification.strike_fact(fact=row, user=_user(request))
    undo = reverse("lead_fact_restore", args=[lead.public_id, fact])
    return changed(request, lead, toast=f"Not true. {moved(lead, before)}", undo=undo)


@lead_act("leads.change_fact")
def restore_fact(request: HttpRequest, lead: Lead, fact: UUID) -> HttpResponse:
    """Undo *Not true* of a fact."""
    before = _score(lead)
    qualification.restore_fact(fact=_fact(lead, fact), user=_user(request))
    return changed(request, lead, toast=f"True again. {moved(lead, before)}")


@lead_act("leads.change_scoreline")
def strike_line(request: HttpRequest, lead: Lead, line: UUID) -> HttpResponse:
    """Mark a line of the score *Not true*."""
    before = _score(lead)
    scoring.strike_line(line=_line(lead, line), user=_user(request))
    undo = reverse("lead_line_restore", args=[lead.public_id, line])
    return changed(request, lead, toast=f"Not true. {moved(lead, before)}", undo=undo)


@lead_act("leads.change_scoreline")
def restore_line(request: HttpRequest, lead: Lead, line: UUID) -> HttpResponse:
    """Undo *Not true* of a line."""
    before = _score(lead)
    scoring.restore_line(line=_line(lead, line), user=_user(request))
    return changed(request, lead, toast=f"True again. {moved(lead, before)}")


def _score(lead: Lead) -> int:
    """The score as the page shows it now, faded to this instant."""
    return scoring.score_view(lead).value


def moved(lead: Lead, before: int) -> str:
    """Return how the score moved: "Score 72 → 47 (−25)"."""
    lead.refresh_from_db(fields=["score"])
    if lead.score == before:
        return f"The score stays {before}"
    return f"Score {before} → {lead.score} ({signed(lead.score - before)})"


def _fact(lead: Lead, public_id: UUID) -> Fact:
    row = Fact.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such fact.")
    return row


def _line(lead: Lead, public_id: UUID) -> ScoreLine:
    row = ScoreLine.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such line.")
    return row
