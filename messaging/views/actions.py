"""What a person does in an open conversation: one call each, and what is said."""

from uuid import UUID

from django.urls import reverse

from leads.models import ContactPoint, Lead, Task
from messaging import (
    conversations,
    drafts,
    held,
    holding,
    marking,
    pausing,
    removing,
    sharing,
    writing,
)
from messaging.forms import (
    AgainForm,
    ApproveForm,
    CallForm,
    DiscardForm,
    RemoveForm,
    SendForm,
)
from messaging.models import Conversation, Message
from messaging.queueing import cancel_message
from messaging.replies import answer_now
from messaging.review import settling
from messaging.views.answers import (
    Act,
    Declined,
    Said,
    action,
    thread_url,
)


def _message_url(name: str, message: Message) -> str:
    return reverse(name, args=[message.conversation.public_id, message.public_id])


@action(SendForm)
def send(act: Act, conversation: Conversation) -> Said:
    """Send what is in the composer: a text, an email or a note."""
    said, user = act.said, act.user
    if said["kind"] == "note":
        writing.add_note(conversation=conversation, user=user, body=said["body"])
        return {}
    message = writing.send_as_person(
        conversation=conversation,
        user=user,
        kind=said["kind"],
        body=said["body"],
        subject=said["subject"] if said["kind"] == "email" else "",
        contact_point=chosen_address(conversation, said["kind"], said["address"]),
    )
    undo = _message_url("inbox_message_cancel", message)
    return {"toast": "On its way", "undo": undo}


def chosen_address(
    conversation: Conversation, kind: str, value: str
) -> ContactPoint | None:
    """The chosen address of the lead; None leaves the choice to the rules."""
    if not value:
        return None
    known = {p.value: p for p in conversations.addresses(conversation, kind)}
    if value not in known:
        raise Declined(f"{value} is no address of this lead")
    return known[value]


@action()
def take_over(act: Act, conversation: Conversation) -> None:
    """Let the person have the conversation."""
    holding.take_over(conversation=conversation, user=act.user)


@action()
def hand_back(act: Act, conversation: Conversation) -> None:
    """Give the conversation back to the AI."""
    holding.hand_back(conversation=conversation, user=act.user)


@action()
def answer_at_once(act: Act, conversation: Conversation) -> Said:
    """End the burst: the AI answers what is there."""
    ended = answer_now(conversation=conversation, user=act.user)
    return {"toast": "Answering now" if ended else "Nothing waits for an answer"}


@action()
def set_mode(act: Act, conversation: Conversation) -> None:
    """Set what the AI may do here."""
    mode = act.request.POST.get("mode", "")
    marking.set_mode(conversation=conversation, mode=mode, user=act.user)


@action()
def mark_read(act: Act, conversation: Conversation) -> None:
    """Take the unread dot away: somebody looked."""
    marking.mark_read(conversation=conversation)


@action()
def mark_done(act: Act, conversation: Conversation) -> Said:
    """Put the conversation aside until the lead writes again, or take it back."""
    finished = act.request.GET.get("done", "1") == "1"
    marking.mark_done(conversation=conversation, user=act.user, done=finished)
    if not finished:
        return {"toast": "Open again"}
    undo = reverse("inbox_done", args=[conversation.public_id]) + "?done=0"
    return {"toast": "Done", "undo": undo}


@action(CallForm)
def log_call(act: Act, conversation: Conversation) -> Said:
    """Write down a call."""
    writing.log_call(conversation=conversation, user=act.user, **act.said)
    return {"toast": "Call logged"}


@action()
def choose_lead(act: Act, conversation: Conversation) -> Said:
    """Say who wrote from a shared number."""
    wanted = _uuid(act.request.POST.get("lead", ""))
    seen = Lead.objects.visible_to(act.user)
    lead = seen.filter(public_id=wanted).first() if wanted else None
    if lead is None:
        raise Declined("There is no such lead", status=404, back=reverse("inbox"))
    home = sharing.choose_lead(conversation=conversation, lead=lead, user=act.user)
    there = thread_url(home)
    return {"toast": f"{lead.display_name} wrote", "open": there, "back": there}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# --- one message -------------------------------------------------------------


@action()
def cancel(act: Act, conversation: Conversation, message: Message) -> Said:
    """Undo: take a message back that has not left."""
    if message.resend_of is not None and settling.is_settled(message.resend_of):
        settling.take_back(message=message.resend_of, user=act.user)
    elif not cancel_message(message=message, user=act.user):
        raise Declined("Too late: it has already left")
    said = {"toast": "Taken back"}
    if message.author == Message.Author.PERSON:  # back into the box, to write on
        said |= {"body": message.body, "kind": message.kind}
        said["subject"] = message.subject
    return said


# --- questions, each to be asked again for a few seconds ----------------------


@action()
def settle_stop(act: Act, conversation: Conversation) -> Said:
    """Decide whether an unclear message was an opt-out."""
    opted_out = act.request.POST.get("opted_out") == "1"
    message = pausing.settle_pause(
        conversation=conversation, opted_out=opted_out, user_id=act.user.pk
    )
    words = "Opted out: nothing more is sent" if opted_out else "Not an opt-out"
    if message is None:
        return {"toast": words}
    args = [conversation.public_id, message.public_id]
    return {"toast": words, "undo": reverse("inbox_message_unstop", args=args)}


@action()
def unsettle_stop(act: Act, conversation: Conversation, message: Message) -> Said:
    """Undo that decision: the question is open again."""
    pausing.unsettle_pause(message=message, user_id=act.user.pk)
    asked = Task.objects.open().filter(
        subject=conversation.public_id, kind=Task.Kind.OPT_OUT
    )
    return _asked_again(asked.first())


@action()
def confirm(act: Act, conversation: Conversation, message: Message) -> Said:
    """A person knows that it was sent."""
    if not settling.confirm(message=message, user=act.user):
        raise Declined("That is already settled")
    undo = _message_url("inbox_message_unsettle", message)
    return {"toast": "Marked as sent", "undo": undo}


@action()
def send_again(act: Act, conversation: Conversation, message: Message) -> Said:
    """Send again what was not sent."""
    if settling.send_again(message=message, user=act.user) is None:
        raise Declined("That is already settled")
    undo = _message_url("inbox_message_unsettle", message)
    return {"toast": "On its way again", "undo": undo}


@action()
def unsettle(act: Act, conversation: Conversation, message: Message) -> Said:
    """Undo either: whether it was sent is a question again."""
    return _asked_again(settling.take_back(message=message, user=act.user))


def _asked_again(task: Task | None) -> Said:
    """Say so, and where the review queue asks; without a task nothing is asked."""
    show = reverse("review_item", args=[task.public_id]) if task else ""
    return {"toast": "Taken back, it waits again", "show": show}


# --- the draft ---------------------------------------------------------------


@action(ApproveForm)
def approve(act: Act, conversation: Conversation, message: Message) -> None:
    """Send a draft, as written or edited."""
    body = act.said["body"] if "body" in act.request.POST else None
    confirmed = act.said["confirmed"]
    drafts.approve_draft(draft=message, user=act.user, body=body, confirmed=confirmed)


@action(DiscardForm)
def discard(act: Act, conversation: Conversation, message: Message) -> Said:
    """Throw a draft away."""
    drafts.discard_draft(draft=message, user=act.user, why=act.said["why"])
    undo = _message_url("inbox_draft_restore", message)
    return {"toast": "Discarded", "undo": undo}


@action()
def restore(act: Act, conversation: Conversation, message: Message) -> Said:
    """Undo a discard."""
    drafts.restore_draft(draft=message, user=act.user)
    return {"toast": "The draft is back"}


@action(AgainForm)
def again(act: Act, conversation: Conversation, message: Message) -> Said:
    """Ask the AI for another draft."""
    drafts.ask_again(draft=message, user=act.user, **act.said)
    return {"toast": "Writing another"}


@action()
def ask_manager(act: Act, conversation: Conversation, message: Message) -> Said:
    """Ask a manager whether a blocked draft may leave."""
    held.ask_manager(draft=message, user=act.user)
    return {"toast": "A manager was asked"}


@action(RemoveForm)
def remove(act: Act, conversation: Conversation, message: Message) -> Said:
    """Take the sentence with held words out of a draft."""
    removing.remove_words(draft=message, user=act.user, words=act.said["words"])
    return {"toast": "Taken out", "undo": _message_url("inbox_draft_back", message)}


@action()
def put_back(act: Act, conversation: Conversation, message: Message) -> Said:
    """Undo that."""
    removing.put_back(draft=message, user=act.user)
    return {"toast": "It is back"}
