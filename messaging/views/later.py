"""Send later, snooze and preview: one call each, and what is said."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads.web import staff_required
from messaging import composing, scheduling_messages, snoozing
from messaging.forms import (
    LaterForm,
    MomentForm,
    PreviewForm,
    first_error,
)
from messaging.models import Conversation, Message
from messaging.queueing import Refused
from messaging.templating import marks_in
from messaging.views.actions import chosen_address
from messaging.views.answers import (
    Act,
    Said,
    action,
    conversation_or_404,
    may_act,
)


@action(LaterForm)
def send_later(act: Act, conversation: Conversation) -> Said:
    """Let what is in the composer go at the chosen time."""
    said = act.said
    message = scheduling_messages.schedule_message(
        conversation=conversation,
        user=act.user,
        kind=said["kind"],
        body=said["body"],
        subject=said["subject"] if said["kind"] == "email" else "",
        contact_point=chosen_address(conversation, said["kind"], said["address"]),
        at=scheduling_messages.parse(conversation, said["at"]),
    )
    return {"toast": _goes(message), "undo": _url("inbox_message_cancel", message)}


@action(MomentForm)
def change_time(act: Act, conversation: Conversation, message: Message) -> Said:
    """Give a message that waits another time."""
    moved = scheduling_messages.reschedule(
        message=message,
        user=act.user,
        at=scheduling_messages.parse(conversation, act.said["at"]),
    )
    return {"toast": _goes(moved)}


@action()
def send_now(act: Act, conversation: Conversation, message: Message) -> Said:
    """Let a message that waits go now."""
    moved = scheduling_messages.send_now(message=message, user=act.user)
    return {"toast": "On its way", "undo": _url("inbox_message_cancel", moved)}


def _goes(message: Message) -> str:
    return f"Goes {scheduling_messages.told(message.conversation, message.due_at)}"


def _url(name: str, message: Message) -> str:
    return reverse(name, args=[message.conversation.public_id, message.public_id])


@action(MomentForm)
def snooze(act: Act, conversation: Conversation) -> Said:
    """Put the conversation out of sight until the chosen time."""
    until = snoozing.parse(act.said["at"])
    snoozing.snooze(conversation=conversation, user=act.user, until=until)
    undo = reverse("inbox_unsnooze", args=[conversation.public_id])
    return {"toast": f"Snoozed until {snoozing.told(until)}", "undo": undo}


@action()
def unsnooze(act: Act, conversation: Conversation) -> Said:
    """Let the conversation show whose turn it is again."""
    snoozing.unsnooze(conversation=conversation, user=act.user)
    return {"toast": "Awake again"}


@staff_required
@require_POST
def preview(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """Return how the mail in the composer would look. Nothing is written."""
    row = conversation_or_404(request, conversation)
    may_act(request)
    form = PreviewForm(request.POST)
    context: dict[str, object] = {"conversation": row}
    if form.is_valid():
        body, subject = form.cleaned_data["body"], form.cleaned_data["subject"]
        context["marks"] = marks_in(subject, body)
        context["to"] = form.cleaned_data["address"]
        try:
            context["mail"] = composing.preview(
                conversation=row,
                body=body,
                subject=subject,
                user=request.user,  # type: ignore[arg-type]  # signed in: a User
            )
        except Refused as refusal:
            context["error"] = f"{str(refusal).capitalize()}."
    else:
        context["error"] = first_error(form)
    return render(request, "messaging/inbox/_preview.html", context)
