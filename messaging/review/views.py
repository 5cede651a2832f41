"""The review queue: the page, its fragments, and each decision."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from leads import pipeline
from leads.access import task_filter
from leads.editing import reopen_task
from leads.models import Task
from leads.web import is_fragment, page_context, staff_required
from messaging.conversations import refresh
from messaging.drafts import restore_draft
from messaging.models import Conversation, Message
from messaging.review import decisions, queue
from messaging.review.card import card_context
from messaging.review.queue import ORDERS, TABS, Row
from messaging.views.answers import (
    NEEDED,
    Act,
    Said,
    View,
    done,
    message_or_404,
    perform,
    refused,
)
from messaging.views.reads import visible

MOST_WORDS = 20_000


@staff_required
@require_GET
def review(request: HttpRequest, item: UUID | None = None) -> HttpResponse:
    """Show the queue with one decision open: the named one, else the first."""
    context = list_context(request)
    rows: list[Row] = context["rows"]
    row = queue.find(request.user, item) if item else next(iter(rows), None)
    context["may_act"] = request.user.has_perm(NEEDED)
    if item is not None and row is None:
        context["settled"] = settled_words(request, item)
    if row is not None:
        context |= card_context(row, user=request.user)
    context["opened"] = row.key if row else item
    if is_fragment(request):
        return render(request, "messaging/review/_card.html", context)
    page = page_context(request, "Review", **context)
    return render(request, "messaging/review/page.html", page)


@staff_required
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """Return tabs and rows, for a page that is open."""
    context = list_context(request)
    context["may_act"] = request.user.has_perm(NEEDED)
    return render(request, "messaging/review/_list.html", context)


def list_context(request: HttpRequest) -> dict[str, Any]:
    """Return the list as the address asks for it."""
    tab, order = request.GET.get("tab", ""), request.GET.get("order", "")
    tab = tab if tab in TABS else "all"
    order = order if order in ORDERS else "hot"
    every = queue.rows_of(request.user, order=order)
    counts = queue.counts_of(every)
    shown = [row for row in every if tab in ("all", row.group)]
    return {
        "rows": shown,
        "tab": tab,
        "order": order,
        "orders": ORDERS,
        "tabs": [
            {"name": name, "label": label, "count": counts[name], "on": name == tab}
            for name, label in TABS.items()
            if counts[name] or name not in ("opt_out", "who") or name == tab
        ],
        "query": f"tab={tab}&order={order}",
        "waiting": counts["all"],
    }


def settled_words(request: HttpRequest, item: UUID) -> str:
    """Say what became of a decision that waits no more; 404 for a stranger's."""
    seen = visible(request.user)
    message = Message.objects.filter(public_id=item, conversation__in=seen).first()
    if message is not None:
        if message.details.get("stale"):
            return f"{message.reason}, a new draft is coming"
        said = message.reason or "This is decided"
        return said[:1].upper() + said[1:]
    task = Task.objects.filter(public_id=item).select_related("lead").first()
    talks = seen.filter(lead=task.lead_id) if task and task.lead_id else seen.none()
    if task is None or not talks.exists():
        raise Http404("There is no such decision.")
    return "This is decided"


# --- decisions ---------------------------------------------------------------


def decision(view: Callable[[Act, Message], Said]) -> View:
    """Make a view of one POST on one visible draft, by `perform`."""

    @staff_required
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, /, item: UUID) -> HttpResponse:
        draft = find_or_404(request, item)
        back = reverse("review")
        return perform(request, lambda act: view(act, draft), back=back)

    return guarded


def find_or_404(request: HttpRequest, item: UUID) -> Message:
    """Return a message of a conversation that the person may see."""
    talks = visible(request.user).filter(messages__public_id=item)
    row = talks.with_rows().first()
    if row is None:
        raise Http404("There is no such draft.")
    message = message_or_404(row, item)
    message.conversation = row
    return message


@decision
def approve(act: Act, draft: Message) -> Said:
    """Approve a draft, as written or with the person's words."""
    body = _words(act.request, "body") if "body" in act.request.POST else None
    why = _words(act.request, "why")
    confirmed = act.request.POST.get("confirmed") == "1"
    decisions.approve(
        draft=draft, user=act.user, body=body, why=why, confirmed=confirmed
    )
    undo = reverse("review_take_back", args=[draft.public_id])
    words = "Approved" if body is None else "Approved with your words"
    return {"toast": words, "undo": undo}


@decision
def take_back(act: Act, draft: Message) -> Said:
    """Undo an approval."""
    decisions.take_back(message=draft, user=act.user)
    return _waits_again(draft, "Taken back, the draft waits again")


@decision
def discard(act: Act, draft: Message) -> Said:
    """Throw a draft away, with one word about why."""
    why = _words(act.request, "why")
    decisions.discard(draft=draft, user=act.user, why=why)
    undo = reverse("review_restore", args=[draft.public_id])
    return {"toast": "Discarded", "undo": undo}


@decision
def restore(act: Act, draft: Message) -> Said:
    """Undo a discard."""
    restore_draft(draft=draft, user=act.user)
    return _waits_again(draft, "The draft is back")


def _waits_again(draft: Message, words: str) -> Said:
    there = reverse("review_item", args=[draft.public_id])
    return {"toast": words, "show": there, "back": there}


@staff_required
@require_POST
def finish(request: HttpRequest, item: UUID) -> HttpResponse:
    """Mark a hand-off done."""
    task = _task_or_404(request, item)
    if not pipeline.close_task(task=task, actor=f"user:{request.user.pk}"):
        return refused(request, "It is done already", back=reverse("review"))
    _look_again(task)
    undo = reverse("review_reopen", args=[item])
    return done(request, back=reverse("review"), toast="Done", undo=undo)


@staff_required
@require_POST
def reopen(request: HttpRequest, item: UUID) -> HttpResponse:
    """Undo *Done*."""
    task = _task_or_404(request, item)
    reopen_task(task=task, actor=f"user:{request.user.pk}")
    _look_again(task)
    there = reverse("review_item", args=[item])
    return done(request, back=there, toast="Open again", show=there)


def _task_or_404(request: HttpRequest, item: UUID) -> Task:
    """Return a hand-off that the person may see and close."""
    rows = Task.objects.filter(task_filter(request.user), public_id=item)
    task = rows.exclude(kind__in=(*queue.GROUPS, Task.Kind.DRAFT)).first()
    if task is None:
        raise Http404("There is no such hand-off.")
    if not request.user.has_perm("leads.change_task"):
        raise PermissionDenied("Your role may read here, not write.")
    return task


def _look_again(task: Task) -> None:
    talk = Conversation.objects.filter(lead=task.lead_id).first()
    if task.lead_id is not None and talk is not None:
        refresh(talk)


def _words(request: HttpRequest, name: str) -> str:
    said = request.POST.get(name, "")[:MOST_WORDS]
    return said.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


__all__ = [
    "approve",
    "discard",
    "finish",
    "reopen",
    "restore",
    "review",
    "rows",
    "take_back",
]
