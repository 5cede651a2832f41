"""What a person does in an open conversation: parse, one call, answer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from leads import pipeline
from leads.models import ContactPoint, Lead, Task
from messaging import conversations, drafts, holding, optouts, sharing, writing
from messaging.forms import (
    AgainForm,
    ApproveForm,
    CallForm,
    DiscardForm,
    SendForm,
    first_error,
)
from messaging.models import Conversation, Message
from messaging.queueing import cancel_message
from messaging.reconciling import confirm_sent, resend
from messaging.replies import answer_now
from messaging.views.answers import (
    action,
    done,
    message_or_404,
    refused,
    thread_url,
)
from messaging.views.threads import ask_key


def _person(request: HttpRequest) -> Any:
    return request.user


def _message_url(name: str, message: Message) -> str:
    return reverse(name, args=[message.conversation.public_id, message.public_id])


@action
def send(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Send what is in the composer: a text, an email or a note."""
    back = thread_url(conversation)
    form = SendForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    said = form.cleaned_data
    user = _person(request)
    if said["kind"] == "note":
        writing.add_note(conversation=conversation, user=user, body=said["body"])
        return done(request, back=back)
    message = writing.send_as_person(
        conversation=conversation,
        user=user,
        kind=said["kind"],
        body=said["body"],
        subject=said["subject"] if said["kind"] == "email" else "",
        contact_point=_address(conversation, said["kind"], said["address"]),
    )
    undo = _message_url("inbox_message_cancel", message)
    return done(request, back=back, toast="On its way", undo=undo)


def _address(conversation: Conversation, kind: str, value: str) -> ContactPoint | None:
    """The chosen address of the lead; None leaves the choice to the rules."""
    if not value:
        return None
    known = {p.value: p for p in conversations.addresses(conversation, kind)}
    if value not in known:
        raise ValueError(f"{value} is no address of this lead")
    return known[value]


@action
def take_over(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Let the person have the conversation."""
    holding.take_over(conversation=conversation, user=_person(request))
    return done(request, back=thread_url(conversation))


@action
def hand_back(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Give the conversation back to the AI."""
    holding.hand_back(conversation=conversation, user=_person(request))
    return done(request, back=thread_url(conversation))


@action
def answer_at_once(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """End the burst: the AI answers what is there."""
    ended = answer_now(conversation=conversation, user=_person(request))
    words = "Answering now" if ended else "Nothing waits for an answer"
    return done(request, back=thread_url(conversation), toast=words)


@action
def set_mode(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Set what the AI may do here."""
    mode = request.POST.get("mode", "")
    conversations.set_mode(conversation=conversation, mode=mode, user=_person(request))
    return done(request, back=thread_url(conversation))


@action
def mark_read(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Take the unread dot away: somebody looked."""
    conversations.mark_read(conversation=conversation)
    return done(request, back=thread_url(conversation))


@action
def mark_done(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Put the conversation aside until the lead writes again, or take it back."""
    finished = request.GET.get("done", "1") == "1"
    conversations.mark_done(
        conversation=conversation, user=_person(request), done=finished
    )
    back = thread_url(conversation)
    if not finished:
        return done(request, back=back, toast="Open again")
    undo = reverse("inbox_done", args=[conversation.public_id]) + "?done=0"
    return done(request, back=back, toast="Done", undo=undo)


@action
def log_call(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Write down a call."""
    back = thread_url(conversation)
    form = CallForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    writing.log_call(
        conversation=conversation, user=_person(request), **form.cleaned_data
    )
    return done(request, back=back, toast="Call logged")


@action
def settle_stop(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Decide whether an unclear message was an opt-out."""
    opted_out = request.POST.get("opted_out") == "1"
    optouts.settle_pause(
        conversation=conversation, opted_out=opted_out, user_id=_person(request).pk
    )
    words = "Opted out: nothing more is sent" if opted_out else "Not an opt-out"
    return done(request, back=thread_url(conversation), toast=words)


@action
def choose_lead(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """Say who wrote from a shared number."""
    wanted = _uuid(request.POST.get("lead", ""))
    seen = Lead.objects.visible_to(request.user)
    lead = seen.filter(public_id=wanted).first() if wanted else None
    if lead is None:
        words = "There is no such lead"
        return refused(request, words, back=reverse("inbox"), status=404)
    home = sharing.choose_lead(
        conversation=conversation, lead=lead, user=_person(request)
    )
    words = f"{lead.display_name} wrote"
    return done(request, back=thread_url(home), toast=words, open=thread_url(home))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# --- one message -------------------------------------------------------------


@action
def cancel(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Undo: take a message back that has not left."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    if not cancel_message(message=row, user=_person(request)):
        return refused(request, "Too late: it has already left", back=back)
    more = {"body": row.body, "kind": row.kind}
    return done(request, back=back, toast="Taken back", **more)


@action
def confirm(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """A person knows that it was sent."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    if not confirm_sent(message=row, user=_person(request)):
        return refused(request, "That is already settled", back=back)
    return done(request, back=back, toast="Marked as sent")


@action
def send_again(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Send again what was not sent."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    again = resend(message=row, user=_person(request))
    if again is None:
        return refused(request, "That is already settled", back=back)
    undo = _message_url("inbox_message_cancel", again)
    return done(request, back=back, toast="On its way again", undo=undo)


# --- the draft ---------------------------------------------------------------


@action
def approve(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Send a draft, as written or edited."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    body = form.cleaned_data["body"] if "body" in request.POST else None
    drafts.approve_draft(draft=row, user=_person(request), body=body)
    return done(request, back=back)


@action
def discard(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Throw a draft away."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    form = DiscardForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    why = form.cleaned_data["why"]
    drafts.discard_draft(draft=row, user=_person(request), why=why)
    undo = _message_url("inbox_draft_restore", row)
    return done(request, back=back, toast="Discarded", undo=undo)


@action
def restore(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Undo a discard."""
    row = message_or_404(conversation, message)
    drafts.restore_draft(draft=row, user=_person(request))
    return done(request, back=thread_url(conversation), toast="The draft is back")


@action
def again(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Ask the AI for another draft."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    form = AgainForm(request.POST)
    if not form.is_valid():
        return refused(request, first_error(form), back=back, status=422)
    drafts.ask_again(draft=row, user=_person(request), **form.cleaned_data)
    return done(request, back=back, toast="Writing another")


@action
def ask_manager(
    request: HttpRequest, conversation: Conversation, message: UUID
) -> HttpResponse:
    """Ask a manager whether a blocked draft may leave."""
    row = message_or_404(conversation, message)
    back = thread_url(conversation)
    if conversation.lead is None:
        return refused(request, "Choose the lead first", back=back)
    pipeline.open_task(
        team=conversation.lead.team,
        lead=conversation.lead,
        kind=Task.Kind.DRAFT,
        title="May this leave?",
        reason=row.reason,
        subject=row.public_id,
        effect_key=ask_key(row),
    )
    return done(request, back=back, toast="A manager was asked")
