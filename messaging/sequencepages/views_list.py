"""All sequences, and a new one."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from leads.web import ask, page_context, staff_required
from messaging.forms import first_error
from messaging.models.sequence import Sequence
from messaging.sequencepages import drafting, reads
from messaging.sequencepages.forms import NewForm, teams_for
from messaging.sequencepages.starters import starters

TABS = {"": "All", **dict(Sequence.State.choices)}


@staff_required
@require_GET
def sequences(request: HttpRequest) -> HttpResponse:
    """List the sequences with who is in each and what came of it."""
    ask(request, reads.SEE, "Your role does not show sequences.")
    state = request.GET.get("state", "")
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    everything = list(reads.visible(request.user))
    found = reads.visible(request.user)
    if state in Sequence.State.values:
        found = found.filter(state=state)
    else:
        found = found.exclude(state=Sequence.State.ARCHIVED)
        state = ""
    if words:
        found = found.filter(Q(name__icontains=words) | Q(goal__icontains=words))
    rows = list(found)
    numbers = reads.numbers_of(rows, request.user)
    context = page_context(
        request,
        "Sequences",
        rows=[_row(row, numbers[row.pk]) for row in rows],
        any_sequence=bool(everything),
        tabs=_tabs(everything),
        state=state,
        q=words,
        starters=starters().values(),
        **reads.may(request),
    )
    return render(request, "messaging/sequences/list.html", context)


def _row(row: Sequence, numbers: reads.Numbers) -> dict[str, Any]:
    return {
        "sequence": row,
        "numbers": numbers,
        "rate": numbers.rate(row.measure),
        "tone": reads.TONES[row.state],
    }


def _tabs(rows: list[Sequence]) -> list[tuple[str, str, int]]:
    archived = Sequence.State.ARCHIVED
    counts = {state: sum(row.state == state for row in rows) for state in TABS}
    counts[""] = sum(row.state != archived for row in rows)
    return [(state, label, counts[state]) for state, label in TABS.items()]


@staff_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a sequence: empty, or with a ready-made start, as a draft."""
    ask(request, reads.ADD, "Your role does not make sequences.")
    asked = request.POST if request.method == "POST" else request.GET
    starter = starters().get(asked.get("start", ""))
    form = NewForm(asked, user=request.user)
    if request.method == "POST" and form.is_valid():
        user: Any = request.user
        made = drafting.create_sequence(
            name=form.cleaned_data["name"],
            team=form.cleaned_data["team"],
            user=user,
            steps=starter.steps if starter else (),
            **(starter.fields if starter else {}),
        )
        return redirect("sequence", made.public_id)
    context = page_context(
        request,
        "New sequence",
        error=first_error(form) if request.method == "POST" else "",
        name=asked.get("name", starter.name if starter else ""),
        team=asked.get("team", ""),
        teams=teams_for(request.user),
        starter=starter,
        starters=starters().values(),
    )
    status = 422 if request.method == "POST" else 200
    return render(request, "messaging/sequences/new.html", context, status=status)
