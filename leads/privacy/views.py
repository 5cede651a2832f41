"""The page of privacy, one request, its file, and the rules of retention."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from leads import erasing, outbox, retention
from leads.models import PrivacyRequest
from leads.privacy.reads import request_or_404, rules, shown, visible
from leads.retention import MOST_DAYS, NotAllowed
from leads.web import Handed, ask, is_fragment, page_context, staff_required

SEE, SEE_RULES, CHANGE_RULES = (
    "leads.view_privacyrequest",
    "leads.view_retentionrule",
    "leads.change_retentionrule",
)
ERASE = "leads.delete_lead"
A_PAGE = 30


class DaysForm(forms.Form):
    """For how many days; empty is for ever."""

    days = forms.IntegerField(required=False, min_value=1, max_value=MOST_DAYS)


@staff_required
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    """Show who was given out or erased, and how long what is kept."""
    ask(request, SEE, "Your role does not show privacy requests.")
    pages = Paginator(visible(request.user), A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    may_see_rules = request.user.has_perm(SEE_RULES)
    context = page_context(
        request,
        "Privacy",
        page=page,
        requests=[shown(row) for row in page],
        rules=rules() if may_see_rules else [],
        may_change=request.user.has_perm(CHANGE_RULES),
        most=MOST_DAYS,
    )
    return render(request, "leads/privacy/page.html", context)


@staff_required
@require_GET
def one(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Show one request: how far it is, what went, what stays and why."""
    ask(request, SEE, "Your role does not show privacy requests.")
    row = shown(request_or_404(request.user, request_id))
    if is_fragment(request):
        return render(request, "leads/privacy/_state.html", {"one": row})
    # While an erasure is looked at, the name goes.
    erases = row.row.kind == PrivacyRequest.Kind.ERASE
    title = "Erasure of one person" if erases else f"Export: {row.who}"
    may_try = request.user.has_perm(ERASE)
    context = page_context(request, title, one=row, may_try=may_try)
    return render(request, "leads/privacy/request.html", context)


@staff_required
@require_safe
def file(request: HttpRequest, request_id: UUID) -> HttpResponseBase:
    """Hand out an export, to those who see the lead, until it expires. On record."""
    ask(request, SEE, "Your role does not show privacy requests.")
    row = request_or_404(request.user, request_id)
    if not shown(row).fetchable:
        raise Http404("This export has expired. Ask for another one.")
    try:
        opened = default_storage.open(row.path)
    except FileNotFoundError as error:
        raise Http404("There is no such file.") from error
    except OSError:
        words = "The file store does not answer. Try again in a minute."
        return HttpResponse(words, status=503, content_type="text/plain; charset=utf-8")
    if request.method == "GET":
        _note_fetched(request, row)
    name = f"person-{str(row.lead_public_id)[:8]}.zip"
    answer = Handed(
        opened, as_attachment=True, filename=name, content_type="application/zip"
    )
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _note_fetched(request: HttpRequest, row: PrivacyRequest) -> None:
    outbox.emit(
        kind="lead.export_fetched",
        lead=row.lead,
        actor=f"user:{request.user.pk}",
        payload={"request": row.pk},
    )


@staff_required
@require_POST
def again(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Take up an erasure that gave up."""
    ask(request, ERASE, "Your role does not erase leads.")
    row = request_or_404(request.user, request_id)
    if not erasing.try_again(request=row):
        messages.info(request, "It is under way, or done.")
    return redirect("privacy_request", row.public_id)


# --- retention ---------------------------------------------------------------------


@staff_required
@require_GET
def count(request: HttpRequest, key: str) -> HttpResponse:
    """Say what would go now with so many days. Removes nothing."""
    ask(request, SEE_RULES, "Your role does not show the rules of retention.")
    context: dict[str, Any] = {}
    form = DaysForm(request.GET)
    try:
        retention.class_of(key)
        if not form.is_valid():
            raise NotAllowed(f"A whole number from 1 to {MOST_DAYS}, or nothing")
        days = form.cleaned_data["days"]
        context = {"days": days, "number": retention.would_remove(key, days)}
    except NotAllowed as refusal:
        context = {"error": str(refusal)}
    return render(request, "leads/privacy/_count.html", context)


@staff_required
@require_POST
def save_rule(request: HttpRequest, key: str) -> HttpResponse:
    """Keep a class of data for so many days from now on."""
    ask(request, CHANGE_RULES, "Your role does not change the rules of retention.")
    form = DaysForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"A whole number from 1 to {MOST_DAYS}, or nothing.")
        return redirect("privacy")
    user: Any = request.user
    try:
        rule = retention.change_rule(key=key, days=form.cleaned_data["days"], user=user)
    except NotAllowed as refusal:
        messages.error(request, f"Not saved: {refusal}.")
        return redirect("privacy")
    name = retention.class_of(key).name
    kept = f"{rule.days} days" if rule.days else "for ever"
    messages.success(request, f"{name}: kept {kept}. It is applied once a day.")
    return redirect("privacy")
