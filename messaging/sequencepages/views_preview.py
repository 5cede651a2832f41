"""The live preview beside the builder, and the look at it all before activation."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from leads.models import Lead
from leads.web import ask, page_context, staff_required
from messaging.models.sequence import Sequence, SequenceVersion
from messaging.queueing import Refused
from messaging.sequencepages import people, plans, reads
from messaging.sequencepages.cards import rule_words
from messaging.sequencepages.content import content_of
from messaging.sequencepages.views_builder import page_of
from messaging.sequences import publishing
from messaging.views.answers import Act, Declined, Said, perform

MOST_PLANS = 6
CHANGED = "It was changed since you looked. Look through it again, then activate."


def _lead(request: HttpRequest, value: str) -> Lead | None:
    """The chosen lead, if the person may see it."""
    try:
        public_id = UUID(value)
    except ValueError:
        return None
    seen = Lead.objects.visible_to(request.user).order_by().values("pk")
    rows = Lead.objects.filter(pk__in=seen, public_id=public_id)
    return rows.select_related("team", "stage", "company", "owner").first()


@staff_required
@require_GET
def preview(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """What the chosen lead would get if it began now, as a fragment."""
    row = reads.sequence_or_404(request, sequence)
    lead = _lead(request, request.GET.get("lead", ""))
    version = reads.draft_or_current(row)
    lines = plans.plan_of(version, lead) if version and lead else []
    context = {
        "sequence": row,
        "lead": lead,
        "lines": lines,
        "refusal": people.unreachable(version, lead) if lead and lines else "",
    }
    return render(request, "messaging/sequences/_preview.html", context)


@staff_required
@require_GET
def find_leads(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Leads by name or address, as a fragment."""
    row = reads.sequence_or_404(request, sequence)
    words = request.GET.get("q", "")
    context = {"found": people.search(row, request.user, words), "q": words.strip()}
    return render(request, "messaging/sequences/_found.html", context)


@staff_required
@require_GET
def who(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Who meets the rule now, as a fragment."""
    row = reads.sequence_or_404(request, sequence)
    context = {
        "sequence": row,
        "meeting": people.who_meets(row, request.user),
        "rule_words": rule_words(row),
        **reads.may(request),
    }
    return render(request, "messaging/sequences/_who.html", context)


# --- activation ----------------------------------------------------------------------


def mark_of(version: SequenceVersion) -> str:
    """A mark of all steps of a version, so that what is activated is what was shown."""
    return "".join(content_of(step).mark for step in reads.steps_of(version))


@staff_required
@require_http_methods(["GET", "POST"])
def activate(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Show who gets what and when; activate on confirmation."""
    row = reads.sequence_or_404(request, sequence)
    ask(request, reads.CHANGE, "Your role does not activate sequences.")
    if request.method == "POST":
        return perform(
            request,
            lambda act: _activate(act, row),
            back=request.path,
            needed=reads.CHANGE,
        )
    draft = row.versions.filter(number=None).first()
    if draft is None:
        return redirect(page_of(row))
    context = page_context(
        request, f"Activate “{row.name}”", **_activation(request, row, draft)
    )
    return render(request, "messaging/sequences/activate.html", context)


def _activation(
    request: HttpRequest, row: Sequence, draft: SequenceVersion
) -> dict[str, Any]:
    chosen = _lead(request, request.GET.get("lead", ""))
    leads = people.suggested(row, request.user)
    if chosen is not None:
        leads = [chosen, *(lead for lead in leads if lead.pk != chosen.pk)]
    lacking = publishing.problems(draft)
    shown = [] if lacking and not reads.steps_of(draft) else leads[:MOST_PLANS]
    return {
        "sequence": row,
        "problems": lacking,
        "mark": mark_of(draft),
        "next_number": (row.current.number or 0) + 1 if row.current else 1,
        "numbers": reads.numbers_of([row], request.user)[row.pk],
        "rule_words": rule_words(row),
        "meeting": people.who_meets(row, request.user),
        "plans": [
            {
                "lead": lead,
                "lines": plans.plan_of(draft, lead),
                "refusal": people.unreachable(draft, lead),
            }
            for lead in shown
        ],
    }


def _activate(act: Act, row: Sequence) -> Said:
    draft = row.versions.filter(number=None).first()
    if draft is None or mark_of(draft) != act.asked("mark"):
        raise Declined(CHANGED)
    try:
        version = publishing.activate(sequence=row, user=act.user)
    except publishing.NotReady as refusal:
        raise Declined("; ".join(refusal.words)) from refusal
    toast = f"Active as version {version.number}. New enrollments begin it."
    return {"toast": toast, "open": page_of(row)}


@staff_required
@require_POST
def set_state(request: HttpRequest, sequence: UUID, do: str) -> HttpResponse:
    """Pause, resume or archive it."""
    if do not in _STATES:
        raise Http404("There is no such act.")
    row = reads.sequence_or_404(request, sequence)
    return perform(
        request,
        lambda act: _set_state(act, row, do),
        back=page_of(row),
        needed=reads.CHANGE,
    )


def _set_state(act: Act, row: Sequence, do: str) -> Said:
    change, toast, refusal = _STATES[do]
    if not change(sequence=row, user=act.user):
        raise Refused(refusal)
    return {"toast": toast, "open": page_of(row)}


_STATES = {
    "pause": (
        publishing.pause,
        "Paused. Nothing of it leaves until you resume it.",
        "It is not active",
    ),
    "resume": (publishing.resume, "It goes on.", "It is not paused"),
    "archive": (
        publishing.archive,
        "Archived. All that was under way stops.",
        "It is archived already",
    ),
}
