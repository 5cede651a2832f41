"""The list of addresses that must not be written to."""

from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from leads import opt_outs
from leads import policy as policies
from leads.compliance import lifting
from leads.compliance.files import MOST, csv_file
from leads.compliance.forms import CloseForm, ReasonForm
from leads.compliance.reads import (
    CHANNELS,
    STATES,
    Row,
    filtered,
    shown,
    visible,
)
from leads.models import Suppression
from leads.opt_outs import NotPossible
from leads.web import ask, page_context, staff_required

SEE, ADD, LIFT = (
    "leads.view_suppression",
    "leads.add_suppression",
    "leads.change_suppression",
)
A_PAGE = 50
A_PART = 500  # rows of a file that are read together


@staff_required
@require_GET
def suppressions(request: HttpRequest) -> HttpResponse:
    """Show whom nothing goes to, why, and since when."""
    ask(request, SEE, "Your role does not show who opted out.")
    asked = {
        "channel": _asked(request, "channel"),
        "reason": _asked(request, "reason"),
        "state": _asked(request, "state") or "standing",
        "q": _asked(request, "q"),
    }
    found = filtered(visible(request.user), **asked)
    if request.GET.get("format") == "csv":
        return _csv(found, request)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    policy = policies.lately()
    context = page_context(
        request,
        "Consent",
        tab="suppressions",
        page=page,
        rows=shown(page, request.user),
        asked=asked,
        query=urlencode({k: v for k, v in asked.items() if v}),
        channels=CHANNELS,
        reasons=Suppression.Reason.choices,
        states=STATES,
        may_add=request.user.has_perm(ADD),
        may_lift=request.user.has_perm(LIFT),
        locked=[k for k in ("sms", "email") if not opt_outs.is_settled(policy, k)],
        searched=bool(asked["q"] or asked["channel"] or asked["reason"]),
    )
    return render(request, "leads/compliance/suppressions.html", context)


def _csv(found: Any, request: HttpRequest) -> HttpResponse:
    heading = ["address", "channel", "reason", "since", "by", "words", "source"]
    # One more than the file holds, so that it can say that it does not hold all.
    rows = found[: MOST + 1].iterator(chunk_size=A_PART)
    parts = iter(lambda: list(islice(rows, A_PART)), [])
    listed = (_line(row) for part in parts for row in shown(part, request.user))
    return csv_file(chain([heading], listed), "opted-out.csv", most=MOST)


def _line(row: Row) -> list[Any]:
    of: Any = row.of
    return [
        of.contact_point.value,
        of.channel,
        of.reason,
        of.since.isoformat(),
        row.by,
        row.words,
        "" if of.hidden else of.source,
    ]


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:120]


@staff_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Close an address by hand."""
    ask(request, ADD, "Your role does not opt people out.")
    form = CloseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say which address, and why.")
        return redirect("suppressions")
    value = form.cleaned_data["address"]
    try:
        row = opt_outs.opt_out_address(
            value=value,
            channel="email" if "@" in value else "sms",
            actor=f"user:{request.user.pk}",
            words=form.cleaned_data["words"],
            source="the list of opt-outs, by hand",
        )
    except NotPossible as refusal:
        messages.error(request, f"{refusal}.")
    else:
        messages.success(request, f"Nothing goes to {row.contact_point} any more.")
    return redirect("suppressions")


@staff_required
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Open an address again that a person closed, or a bounce that is mended."""
    ask(request, LIFT, "Your role does not open addresses again.")
    row = visible(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such opt-out.")
    form = ReasonForm(request.POST)
    why = form.cleaned_data["words"] if form.is_valid() else ""
    try:
        lifting.lift(suppression=row, user=request.user, why=why)
    except NotPossible as refusal:
        messages.error(request, f"{refusal}.")
    else:
        words = f"{row.contact_point} is open again. Writing needs a consent on record."
        messages.success(request, words)
    return redirect("suppressions")
