"""The dialogs *+ Message* and *+ Lead*: parse, one call, answer."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads.web import staff_required
from messaging import starting
from messaging.forms import LeadForm, MessageForm, first_error
from messaging.models import Message
from messaging.views.answers import done, may_act, refused, thread_url


@staff_required
@require_POST
def new_lead(request: HttpRequest) -> HttpResponse:
    """Enter a lead and open its conversation."""
    may_act(request)
    form = LeadForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form)
    user: Any = request.user
    try:
        conversation = starting.start_lead(user=user, **form.cleaned_data)
    except ValueError as refusal:
        return refused(request, str(refusal), back=reverse("inbox"))
    there = thread_url(conversation)
    return done(request, back=there, toast="Lead saved", open=there)


@staff_required
@require_POST
def new_message(request: HttpRequest) -> HttpResponse:
    """Write to an address and open its conversation."""
    may_act(request)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form)
    user: Any = request.user
    try:
        message = starting.start_conversation(user=user, **form.cleaned_data)
    except ValueError as refusal:
        return refused(request, str(refusal), back=reverse("inbox"))
    there = thread_url(message.conversation)
    undo = _undo_url(message)
    return done(request, back=there, toast="On its way", undo=undo, open=there)


def _undo_url(message: Message) -> str:
    names = [message.conversation.public_id, message.public_id]
    return reverse("inbox_message_cancel", args=names)


def _wrong(request: HttpRequest, form: forms.Form) -> HttpResponse:
    return refused(request, first_error(form), back=reverse("inbox"), status=422)
