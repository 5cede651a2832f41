"""The frame of every action: who may, on which conversation, what is answered.

An action answers the script with JSON and a plain form with a redirect:
`{"toast": words, "undo": url, "open": url, "error": words}`, each only when
there is something to say. The script then fetches the changed fragments.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads.web import is_fragment, staff_required
from messaging.drafts import StaleDraft
from messaging.models import Conversation, Message
from messaging.sending import Refused
from messaging.views.reads import visible

P = ParamSpec("P")
Action = Callable[Concatenate[HttpRequest, Conversation, P], HttpResponse]
REFUSALS = (StaleDraft, Refused, ValueError)
NEEDED = "messaging.change_conversation"


def conversation_or_404(request: HttpRequest, public_id: UUID) -> Conversation:
    """Return a conversation that the person may see; 404 for any other."""
    rows = visible(request.user).with_rows()
    conversation = rows.filter(public_id=public_id).first()
    if conversation is None:
        raise Http404("There is no such conversation.")
    return conversation


def message_or_404(conversation: Conversation, public_id: UUID) -> Message:
    """Return a message of the conversation; 404 for any other."""
    message = conversation.messages.for_thread().filter(public_id=public_id).first()
    if message is None:
        raise Http404("There is no such message.")
    return message


def may_act(request: HttpRequest) -> None:
    """Refuse people whose role only lets them read."""
    if not request.user.has_perm(NEEDED):
        raise PermissionDenied("Your role may read here, not write.")


def action(view: Action[P]) -> Callable[..., HttpResponseBase]:
    """Make a view of one POST on one visible conversation.

    What a use case refuses is answered 409 with its words.
    """

    @staff_required
    @require_POST
    @wraps(view)
    def guarded(
        request: HttpRequest, /, conversation: UUID, **kwargs: Any
    ) -> HttpResponse:
        row = conversation_or_404(request, conversation)
        may_act(request)
        try:
            return view(request, row, **kwargs)  # type: ignore[call-arg]
        except REFUSALS as refusal:
            return refused(request, str(refusal), back=thread_url(row))

    return guarded


def thread_url(conversation: Conversation) -> str:
    """Return the address of a conversation's page."""
    return reverse("inbox_thread", args=[conversation.public_id])


def done(
    request: HttpRequest, *, back: str, toast: str = "", undo: str = "", **more: Any
) -> HttpResponse:
    """Answer that it is done; `undo` is the address that takes it back."""
    if is_fragment(request):
        said = {"toast": toast, "undo": undo, **more}
        return JsonResponse({name: value for name, value in said.items() if value})
    if toast:
        messages.success(request, toast)
    return redirect(str(more.get("open") or back))


def refused(
    request: HttpRequest, words: str, *, back: str, status: int = 409
) -> HttpResponse:
    """Answer that nothing was changed, and why."""
    if is_fragment(request):
        return JsonResponse({"error": words}, status=status)
    messages.error(request, words)
    return redirect(back)
