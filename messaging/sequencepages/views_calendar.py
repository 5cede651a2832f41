"""The calendar of what goes out."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leads.access import team_filter
from leads.models import Team
from leads.web import ask, page_context, staff_required
from messaging.models import Channel
from messaging.models.sequence import Sequence
from messaging.sequencepages import reads
from messaging.sequencepages.calendar import DAYS, Calendar, Wanted

SEE = "messaging.view_message"


@staff_required
@require_GET
def going_out(request: HttpRequest) -> HttpResponse:
    """Show the next two weeks, day by day."""
    ask(request, SEE, "Your role does not show messages.")
    teams = Team.objects.filter(team_filter(request.user, prefix="pk"))
    sequences = reads.visible(request.user).exclude(state=Sequence.State.ARCHIVED)
    wanted = _wanted(request, teams, sequences)
    only = _day(request.GET.get("day", ""))
    days = Calendar(request.user, wanted, only).days()
    context = page_context(
        request,
        "Going out",
        days=days,
        total=sum(day.total for day in days),
        length=DAYS,
        only=only if len(days) == 1 else None,
        wanted=wanted,
        filtered=wanted != Wanted(),
        teams=teams.order_by("name"),
        sequences=sequences.order_by("name"),
        kinds=Channel.Kind.choices,
        may_see_sequences=request.user.has_perm(reads.SEE),
    )
    return render(request, "messaging/sequences/going_out.html", context)


def _wanted(
    request: HttpRequest,
    teams: "QuerySet[Team]",
    sequences: "QuerySet[Sequence]",
) -> Wanted:
    asked = request.GET
    team, kind = asked.get("team", ""), asked.get("kind", "")
    chosen = asked.get("sequence", "")
    try:
        known = bool(chosen) and sequences.filter(public_id=UUID(chosen)).exists()
    except ValueError:
        known = False
    mine = team.isdecimal() and len(team) < 18 and teams.filter(pk=team).exists()
    return Wanted(
        team=team if mine else "",
        sequence=chosen if known else "",
        kind=kind if kind in Channel.Kind.values else "",
    )


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
