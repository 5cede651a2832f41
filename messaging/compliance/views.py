"""The page of the compliance report, and the rows behind each of its numbers."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leads import clock
from leads.compliance.files import MOST, csv_file
from leads.web import ask, page_context, staff_required
from messaging.compliance.counting import Counting
from messaging.compliance.report import parts, rows_behind
from messaging.measures import company_zone, midnight

SEE = "leads.view_optoutlist"
PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "A year"}
USUAL = "30"


def _counting(request: HttpRequest) -> tuple[Counting, str]:
    ask(request, SEE, "Your role does not show the compliance report.")
    days = request.GET.get("days", USUAL)
    days = days if days in PERIODS else USUAL
    now = clock.now()
    start = midnight(now - timedelta(days=int(days) - 1), company_zone())
    # What happens while it is counted is in as well.
    return Counting(request.user, start, now + timedelta(minutes=1)), days


@staff_required
@require_GET
def compliance(request: HttpRequest) -> HttpResponse:
    """Show the report."""
    counting, days = _counting(request)
    context: dict[str, Any] = page_context(
        request,
        "Consent",
        tab="compliance",
        parts=parts(counting),
        periods=PERIODS,
        days=days,
        counting=counting,
    )
    return render(request, "messaging/compliance/report.html", context)


@staff_required
@require_GET
def rows(request: HttpRequest, key: str) -> HttpResponse:
    """Hand out the rows that a number counts."""
    counting, _ = _counting(request)
    name = f"compliance-{key.replace(' ', '-')[:60]}.csv"
    try:
        return csv_file(rows_behind(counting, key), name, most=MOST)
    except (KeyError, ValueError) as error:
        raise Http404("There is no such number.") from error
