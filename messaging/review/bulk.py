"""Several drafts at once: one page shows every text, then they are approved.

A draft is approved only with the mark of the very words that were on the page.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from leads.web import page_context, staff_required
from messaging.models import Message
from messaging.pieces import Piece, findings_of, pieces_of
from messaging.review import decisions, queue
from messaging.review.queue import Row
from messaging.views.answers import NEEDED, REFUSALS
from messaging.views.reads import visible

MOST = 50
PAGE = "messaging/review/bulk.html"


@dataclass(frozen=True)
class Shown:
    """One draft on the page: its row, its words, and the mark of them."""

    row: Row
    pieces: list[Piece]
    findings: list[dict[str, Any]]
    mark: str


@dataclass(frozen=True)
class Outcome:
    """What became of one draft."""

    name: str
    key: UUID
    refused: str = ""


@staff_required
@require_GET
def bulk(request: HttpRequest) -> HttpResponse:
    """Show the full text of every ticked draft that waits still."""
    asked = keys_of(request.GET.getlist("item"))
    if not asked:
        return redirect("review")
    rows = queue.drafts_rows(request.user, asked)
    context = page_context(
        request,
        "Review together",
        shown=[shown_of(row) for row in rows if row.message is not None],
        gone=len(asked) - len(rows),
        may_act=request.user.has_perm(NEEDED),
    )
    return render(request, PAGE, context)


@staff_required
@require_POST
def approve_together(request: HttpRequest) -> HttpResponse:
    """Approve the ticked drafts; refuse in words what moved on since."""
    if not request.user.has_perm(NEEDED):
        raise PermissionDenied("Your role may read here, not write.")
    asked = keys_of(request.POST.getlist("item"))
    rows = {row.key: row for row in queue.drafts_rows(request.user, asked)}
    outcomes = [
        _approve(request, key, rows.get(key), request.POST.get(f"mark-{key}", ""))
        for key in asked
    ]
    approved = [one for one in outcomes if not one.refused]
    context = page_context(
        request,
        "Review together",
        outcomes=outcomes,
        approved=approved,
        refused=[one for one in outcomes if one.refused],
        may_act=True,
    )
    return render(request, PAGE, context)


def _approve(request: HttpRequest, key: UUID, row: Row | None, mark: str) -> Outcome:
    if row is None or row.message is None:
        words = gone_words(request, key)
        return Outcome(words[0], key, words[1])
    if mark != decisions.digest(row.message):
        return Outcome(row.name, key, "Its words changed: read them first")
    user: Any = request.user
    try:
        # The page names the held words beside a box that somebody had to tick.
        decisions.approve(draft=row.message, user=user, confirmed=True)
    except REFUSALS as refusal:
        return Outcome(row.name, key, str(refusal))
    return Outcome(row.name, key)


def gone_words(request: HttpRequest, key: UUID) -> tuple[str, str]:
    """Say whose draft it was and why it waits no more, to those who may know."""
    seen = visible(request.user)
    draft = Message.objects.filter(public_id=key, conversation__in=seen).first()
    if draft is None:
        return "A draft", "There is no such draft"
    name = str(draft.conversation.lead or "A draft")
    return name, draft.reason or "It is decided already"


def shown_of(row: Row) -> Shown:
    """Return a draft as the page shows it, whole."""
    if row.message is None:
        raise ValueError("a draft's row has its message")
    return Shown(
        row=row,
        pieces=pieces_of(row.message, row.lead),
        findings=findings_of(row.message),
        mark=decisions.digest(row.message),
    )


def keys_of(texts: list[str]) -> list[UUID]:
    """Return the ids among `texts`, each once, at most 50."""
    found: dict[UUID, None] = {}
    for text in texts[:MOST]:
        try:
            found[UUID(text)] = None
        except ValueError:
            continue
    return list(found)
