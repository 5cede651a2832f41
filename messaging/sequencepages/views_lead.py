"""Follow-ups on a lead's page: which sequence, what is next, why it stopped."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leads.models import Lead
from leads.web import staff_required
from messaging import words
from messaging.leadpage.frame import lead_act, lead_or_404
from messaging.models.sequence import LIVE_STATES, Enrollment, Sequence
from messaging.sequencepages import plans, reads
from messaging.sequencepages.views_enrollments import row_of
from messaging.sequences.enrolling import enroll
from messaging.views.answers import Act, Declined, Said

MOST = 6
MOST_NEXT = 3


class EnrollForm(forms.Form):
    """The sequence that a lead shall begin."""

    sequence = forms.UUIDField(label="Sequence")


@staff_required
@require_GET
def follow_ups(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Show a lead's follow-ups, as a fragment of its page."""
    row = lead_or_404(request, lead)
    if not request.user.has_perm(reads.SEE_WHO):
        return HttpResponse("")
    rows = Enrollment.objects.filter(lead=row).select_related(
        "sequence", "version", "next_step", "lead__team"
    )
    context = {
        "lead": row,
        "rows": [_shown(one) for one in rows.order_by("-pk")[:MOST]],
        "choices": _choices(request, row),
        **reads.may(request),
    }
    return render(request, "messaging/sequences/_lead.html", context)


def _shown(row: Enrollment) -> dict[str, Any]:
    live = row.state in LIVE_STATES
    coming = plans.still_to_come(row)[:MOST_NEXT] if live else []
    return {"row": row_of(row), "coming": coming}


def _choices(request: HttpRequest, lead: Lead) -> list[Sequence]:
    """The active sequences that the lead could begin, as far as teams go."""
    live = Enrollment.objects.filter(lead=lead, state__in=LIVE_STATES)
    rows = reads.visible(request.user).filter(state=Sequence.State.ACTIVE)
    rows = rows.exclude(pk__in=live.values("sequence"))
    return [row for row in rows if row.team_id in (None, lead.team_id)]


@lead_act(reads.ENROLL, form=EnrollForm)
def enroll_lead(act: Act, lead: Lead) -> Said:
    """Let the lead begin a sequence."""
    rows = reads.visible(act.user)
    sequence = rows.filter(public_id=act.said["sequence"]).first()
    if sequence is None:
        raise Declined("There is no such sequence")
    row = enroll(
        sequence=sequence,
        lead=lead,
        how=Enrollment.How.HAND,
        actor=f"user:{act.user.pk}",
    )
    return {"toast": f"Begins “{sequence.name}”: {words.date_of(row.due_at)}"}
