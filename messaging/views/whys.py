"""Why a message says what it says, what the model was told, and that it was wrong."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from leads import retention
from leads.web import page_context, staff_required
from messaging import prompts, words
from messaging.evaluating import cases
from messaging.forms import FlagForm
from messaging.models import Conversation, Message
from messaging.views.answers import (
    NEEDED,
    Act,
    Said,
    action,
    conversation_or_404,
    message_or_404,
)
from messaging.whys import READ_PROMPTS, why_of


@staff_required
@require_GET
def why(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    """Return the *Why* of a message: what it rests on, and the seven checks."""
    row = conversation_or_404(request, conversation)
    shown = message_or_404(row, message)
    if shown.direction != Message.Direction.OUTBOUND:
        raise Http404("Only what we say has a reason.")
    user: Any = request.user
    found = why_of(shown, row, user=user)
    context = {
        "why": found,
        "message": shown,
        "turn": shown.turn,
        "may_flag": found.by_machine and user.has_perm(NEEDED),
    }
    return render(request, "messaging/inbox/_why.html", context)


@staff_required
@require_GET
def prompt(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    """Show what the model was told for a message; reading it is on record."""
    row = conversation_or_404(request, conversation)
    shown = message_or_404(row, message)
    if not request.user.has_perm(READ_PROMPTS):
        raise PermissionDenied("Your role does not show what the model was told.")
    shown.conversation = row
    user: Any = request.user
    context = page_context(
        request,
        "What the model was told",
        message=shown,
        label=words.label_of(shown, ""),
        records=prompts.open_prompts(message=shown, user=user),
        days=retention.days_of("prompts"),
        thread=reverse("inbox_thread", args=[row.public_id]),
    )
    return render(request, "messaging/inbox/prompt.html", context)


@action(FlagForm)
def flag(act: Act, conversation: Conversation, message: Message) -> Said:
    """Keep an answer that is wrong as a case that every later prompt is held to."""
    cases.flag(message=message, user=act.user, why=act.said["why"])
    return {"toast": "Flagged: it is a case of the evaluations now"}
