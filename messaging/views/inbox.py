"""The inbox: the page, and the fragments that its script fetches."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from leads import policy as policies
from leads.models import Consent, Lead
from leads.web import is_fragment, page_context, staff_required
from messaging import segments, templating
from messaging.models import Conversation
from messaging.views import reads
from messaging.views.answers import conversation_or_404
from messaging.views.panel import may, page_url, panel_context
from messaging.views.rows import rows_of
from messaging.views.threads import items_context, thread_context


@staff_required
def inbox(request: HttpRequest, conversation: UUID | None = None) -> HttpResponse:
    """Show the list, with one conversation open when the address names it."""
    opened: dict[str, Any] = {**may(request)}
    if conversation is not None:
        row = conversation_or_404(request, conversation)
        opened |= thread_context(row, user=request.user)
        opened |= panel_context(row)
        if is_fragment(request):
            return render(request, "messaging/inbox/_open.html", opened)
    context = page_context(request, "Inbox", **_list(request), **opened)
    context["script_data"] = script_data(request)
    context["bases"] = Consent.Basis.choices
    return render(request, "messaging/inbox/page.html", context)


@staff_required
def rows(request: HttpRequest) -> HttpResponse:
    """Return the tabs and rows; with `after` only the next rows."""
    context = _list(request)
    name = "_rows.html" if request.GET.get("after") else "_list.html"
    return render(request, f"messaging/inbox/{name}", context)


@staff_required
def update(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return the parts of an open conversation that may have changed."""
    row = conversation_or_404(request, conversation)
    context = thread_context(row, user=request.user)
    context |= may(request)
    return render(request, "messaging/inbox/_update.html", context)


@staff_required
def earlier(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return the messages before the one that `before` names."""
    row = conversation_or_404(request, conversation)
    before = request.GET.get("before", "")
    context = items_context(row, before=before)
    return render(request, "messaging/inbox/_earlier.html", context)


def _list(request: HttpRequest) -> dict[str, Any]:
    search = reads.Search.of(request.GET)
    user = request.user
    after = request.GET.get("after", "")
    limit = _number(request.GET.get("limit", ""))
    page = reads.page_of(user, search, after=after, limit=limit)
    counts = reads.tab_counts(user)
    shown = rows_of(page.rows, user=user, policy=policies.current())
    return {
        "search": search,
        "query": urlencode(search.pairs()),
        "rows": shown,
        "after": page.after,
        "counts": counts,
        "tabs": [_tab(name, label, search, counts) for name, label in _TABS],
        "with_ai": counts["ai"],
        "anyone": counts["all"] > 0,
        "alerts_json": json.dumps(alerts(user)),
        "simulator_url": page_url("simulator"),
        "now_open": _opened(request),
    }


_TABS = list(reads.TABS.items())


def _tab(
    name: str, label: str, search: reads.Search, counts: dict[str, int]
) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "count": counts[name] if name != "all" else None,
        "on": search.tab == name,
    }


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 5 else reads.PAGE


def _opened(request: HttpRequest) -> str:
    """The conversation that is open in the page that asks for the list."""
    match = request.resolver_match
    named = match.kwargs.get("conversation") if match else None
    return str(named or request.GET.get("open", ""))


def alerts(user: Any) -> list[dict[str, str]]:
    """Return what a browser notice may be about, the newest first.

    The page remembers which it has told: hand-offs (a talk that needs a
    person) and new leads of one's own.
    """
    waiting = reads.visible(user).filter(turn=Conversation.Turn.NEEDS_YOU)
    told = [
        {
            "id": f"needs:{row.public_id}:{row.waiting_since:%Y%m%d%H%M%S}",
            "words": f"{row.lead or 'Somebody'} needs you",
            "conversation": str(row.public_id),
        }
        for row in waiting.exclude(waiting_since=None)
        .select_related("lead")
        .order_by("-waiting_since")[:ALERTS]
    ]
    mine = Lead.objects.visible_to(user).filter(owner=user.pk).exclude(demo=True)
    for lead in mine.select_related("conversation").order_by("-created_at")[:ALERTS]:
        talk = getattr(lead, "conversation", None)
        if talk is not None:
            words_ = f"New lead of yours: {lead}"
            alert = {"id": f"mine:{lead.public_id}", "words": words_}
            told.append({**alert, "conversation": str(talk.public_id)})
    return told


ALERTS = 5


def script_data(request: HttpRequest) -> dict[str, Any]:
    """Return what the page's script has to know: addresses, alphabet, person."""
    return {
        "person": request.user.pk,
        "rows": reverse("inbox_rows"),
        "thread": reverse("inbox_thread", args=[UUID(int=0)]),
        "nobody": str(UUID(int=0)),
        "basic": "".join(sorted(segments.GSM_BASIC)),
        "extended": "".join(sorted(segments.GSM_EXTENDED)),
        "undo": policies.current().undo_seconds,
        "names": list(templating.NAMES),
    }
