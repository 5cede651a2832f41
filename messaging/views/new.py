"""The dialogs *+ Message* and *+ Lead*: one call each, and what is said."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads.web import staff_required
from messaging import starting
from messaging.forms import LeadForm, MessageForm
from messaging.views.answers import Act, Said, perform, thread_url


@staff_required
@require_POST
def new_lead(request: HttpRequest) -> HttpResponse:
    """Enter a lead and open its conversation."""
    return perform(request, _start_lead, back=reverse("inbox"), form=LeadForm)


def _start_lead(act: Act) -> Said:
    conversation = starting.start_lead(user=act.user, **act.said)
    there = thread_url(conversation)
    return {"toast": "Lead saved", "open": there}


@staff_required
@require_POST
def new_message(request: HttpRequest) -> HttpResponse:
    """Write to an address and open its conversation."""
    return perform(request, _start_talk, back=reverse("inbox"), form=MessageForm)


def _start_talk(act: Act) -> Said:
    message = starting.start_conversation(user=act.user, **act.said)
    talk = message.conversation
    undo = reverse("inbox_message_cancel", args=[talk.public_id, message.public_id])
    return {"toast": "On its way", "undo": undo, "open": thread_url(talk)}
