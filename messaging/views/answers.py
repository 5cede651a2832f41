"""The frame of every action: who may, on which conversation, what is answered.

An action answers the script with JSON and a plain form with a redirect:
`{"toast": words, "undo": url, "open": url, "error": words}`, each only when
there is something to say. The script then fetches the changed fragments.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
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
from messaging.forms import first_error
from messaging.held import Unconfirmed
from messaging.models import Conversation, Message
from messaging.sending import Refused
from messaging.views.reads import visible

# What an act answers: toast, undo, open, show, and what else its script reads.
Said = Mapping[str, str]
View = Callable[..., HttpResponseBase]
NEEDED = "messaging.change_conversation"
REFUSALS = (StaleDraft, Refused, ValueError)


class Declined(ValueError):
    """What was asked cannot be done now; the words say why."""

    def __init__(self, words: str, *, status: int = 409, back: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.back = back


@dataclass(frozen=True)
class Act:
    """One POST of one person; `said` holds the form's checked values."""

    request: HttpRequest
    said: Mapping[str, Any]

    @property
    def user(self) -> Any:
        """The signed-in person; `staff_required` let nobody else in."""
        return self.request.user

    def asked(self, name: str) -> str:
        """A value of the post, or of an Undo's address."""
        values = self.request.POST.get(name, self.request.GET.get(name, ""))
        return values.replace("\0", "")


def perform(
    request: HttpRequest,
    call: Callable[[Act], Said | None],
    *,
    back: str,
    needed: str | tuple[str, ...] = NEEDED,
    form: type[forms.Form] | None = None,
    answer: Callable[..., HttpResponse] | None = None,
) -> HttpResponse:
    """Check the permission, parse, call, answer: the one shape of every act.

    A form that does not fit is answered 422, what a use case refuses 409, each
    with its words; `confirm` says that it may be asked again, confirmed. `answer` is `done` unless the page has its own.
    """
    may_act(request, needed)
    filled = form(request.POST) if form is not None else None
    if filled is not None and not filled.is_valid():
        return refused(request, first_error(filled), back=back, status=422)
    try:
        said = call(Act(request, filled.cleaned_data if filled is not None else {}))
    except Declined as refusal:
        back = refusal.back or back
        return refused(request, str(refusal), back=back, status=refusal.status)
    except Unconfirmed as question:
        return refused(request, str(question), back=back, confirm="1")
    except REFUSALS as refusal:
        return refused(request, str(refusal), back=back)
    return (answer or done)(request, **{"back": back, **(said or {})})


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


def may_act(request: HttpRequest, needed: str | tuple[str, ...] = NEEDED) -> None:
    """Refuse people whose role only lets them read; several are all needed."""
    wanted = (needed,) if isinstance(needed, str) else needed
    if not request.user.has_perms(wanted):
        raise PermissionDenied("Your role may read here, not write.")


def action(
    form: type[forms.Form] | None = None,
    *,
    needed: str | tuple[str, ...] = NEEDED,
) -> Callable[[Callable[..., Said | None]], View]:
    """Make a view of one POST on one visible conversation, by `perform`.

    The function gets the act, the conversation and, where the address names
    one, the message.
    """

    def decorate(view: Callable[..., Said | None]) -> View:
        @staff_required
        @require_POST
        @wraps(view)
        def guarded(
            request: HttpRequest, /, conversation: UUID, **named: Any
        ) -> HttpResponse:
            row = conversation_or_404(request, conversation)
            if "message" in named:
                may_act(request, needed)
                named["message"] = message_or_404(row, named["message"])
            return perform(
                request,
                lambda act: view(act, row, **named),
                back=thread_url(row),
                needed=needed,
                form=form,
            )

        return guarded

    return decorate


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
    request: HttpRequest, words: str, *, back: str, status: int = 409, **more: str
) -> HttpResponse:
    """Answer that nothing was changed, and why."""
    if is_fragment(request):
        return JsonResponse({"error": words, **more}, status=status)
    messages.error(request, words)
    return redirect(back)
