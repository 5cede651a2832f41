"""Many leads begin a sequence: first who can and who cannot, then it is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from leads.models import Lead
from leads.web import ask, page_context, staff_required
from messaging.models.sequence import Enrollment, Sequence
from messaging.queueing import Refused
from messaging.sequencepages import people, reads
from messaging.sequencepages.views_enrollments import list_of
from messaging.sequences import planning
from messaging.sequences.enrolling import enroll

# In the session: the keys of the leads that were ticked in their list.
CHOSEN = "leads_to_enroll"
MOST = 200


@dataclass(frozen=True)
class Asked:
    """One lead, and why it cannot begin; "" when it can."""

    lead: Lead
    refusal: str


def choose(request: HttpRequest, leads: Iterable[Lead]) -> str:
    """Keep the ticked leads for the page that asks which sequence; its address."""
    keys = [lead.pk for lead in leads]
    if len(keys) > MOST:
        words = f"{MOST} at a time: the first {MOST} of {len(keys)} are shown."
        messages.warning(request, words)
    request.session[CHOSEN] = keys[:MOST]
    return reverse("enroll_many")


@staff_required
@require_http_methods(["GET", "POST"])
def enroll_many(request: HttpRequest) -> HttpResponse:
    """Show for each chosen lead whether it can begin, and why not; then let them."""
    ask(request, reads.ENROLL, "Your role does not enroll leads.")
    choices = reads.visible(request.user).filter(state=Sequence.State.ACTIVE)
    asked = request.POST if request.method == "POST" else request.GET
    sequence = _chosen(list(choices), asked.get("sequence", ""))
    leads = _leads(request, sequence)
    if request.method == "POST" and sequence is not None:
        return _enroll(request, sequence, leads)
    rows = _asked(sequence, leads) if sequence else [Asked(one, "") for one in leads]
    context = page_context(
        request,
        "Enroll in a sequence",
        choices=choices,
        sequence=sequence,
        rows=rows,
        able=sum(not one.refusal for one in rows),
        by_rule=request.GET.get("who") == "rule",
    )
    return render(request, "messaging/sequences/enroll.html", context)


def _chosen(rows: list[Sequence], value: str) -> Sequence | None:
    return next((row for row in rows if str(row.public_id) == value), None)


def _leads(request: HttpRequest, sequence: Sequence | None) -> list[Lead]:
    """The leads it is about, as far as the person sees them: those that were confirmed,
    those of the sequence's rule, or those ticked in the list.
    """
    if request.method == "GET" and request.GET.get("who") == "rule" and sequence:
        return list(
            planning.who_would(sequence=sequence, user=request.user, limit=MOST)
        )
    rows = Lead.objects.visible_to(request.user).order_by().values("pk")
    leads = Lead.objects.filter(pk__in=rows).select_related("team", "stage", "company")
    if request.method == "POST":
        ids = [one for one in request.POST.getlist("lead")[:MOST] if _uuid(one)]
        return list(leads.filter(public_id__in=ids))
    return list(leads.filter(pk__in=request.session.get(CHOSEN, [])))


def _uuid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _asked(sequence: Sequence, leads: list[Lead]) -> list[Asked]:
    rows = [Asked(lead, people.why_not(sequence, lead)) for lead in leads]
    return sorted(rows, key=lambda one: bool(one.refusal))


def _enroll(
    request: HttpRequest, sequence: Sequence, leads: list[Lead]
) -> HttpResponse:
    """Enroll one after the other; who cannot any more is named with the reason."""
    begun, refused = 0, []
    user: Any = request.user
    for lead in leads:
        try:
            enroll(
                sequence=sequence,
                lead=lead,
                how=Enrollment.How.HAND,
                actor=f"user:{user.pk}",
            )
            begun += 1
        except Refused as refusal:
            refused.append(f"{lead.display_name}: {refusal}")
    request.session.pop(CHOSEN, None)
    said = f"{begun} lead{'' if begun == 1 else 's'} began “{sequence.name}”."
    messages.success(request, said)
    if refused:
        messages.warning(request, f"Not: {'; '.join(refused[:10])}.")
    return redirect(list_of(sequence))
