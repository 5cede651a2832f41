"""A person's decisions on drafts, each to be taken back for a few seconds."""

import hashlib
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, policy
from leads.models import Task
from messaging.conversations import lock_conversation, refresh
from messaging.drafts import (
    WAITED,
    StaleDraft,
    approve_draft,
    discard_draft,
    wait_again,
)
from messaging.models import Message

State = Message.State
WHYS = ("wrong_fact", "tone", "not_needed")
CLOSED = "closed_tasks"
CUT = "cut_before"  # [body, proposed_body] of a draft that was cut, while it is decided


@transaction.atomic
def approve(
    *,
    draft: Message,
    user: User,
    body: str | None = None,
    why: str = "",
    confirmed: bool = False,
) -> Message:
    """Approve a draft; it waits the policy's seconds, so that it can be undone.

    `why` says what was wrong when the words were changed. Raises StaleDraft
    and Refused like `drafts.approve_draft`.
    """
    talk = draft.conversation.public_id
    replies = Task.objects.open().filter(subject=talk, kind=Task.Kind.REPLY)
    closed = [str(pk) for pk in replies.values_list("public_id", flat=True)]
    waited = Message.objects.only("reason", "body", "proposed_body").get(pk=draft.pk)
    message = approve_draft(draft=draft, user=user, body=body, confirmed=confirmed)
    kept = Message.objects.get(pk=message.pk)
    details = {**kept.details, CLOSED: closed, WAITED: waited.reason}
    if waited.proposed_body:  # words were taken out of it before
        details[CUT] = [waited.body, waited.proposed_body]
    if why in WHYS and kept.proposed_body:
        details["why"] = why
    wait = timedelta(seconds=policy.current().undo_seconds)
    due = clock.now() + wait
    Message.objects.filter(pk=kept.pk).update(details=details, due_at=due)
    message.due_at, message.details = due, details
    return message


@transaction.atomic
def take_back(*, message: Message, user: User) -> Message:
    """Undo an approval: the draft waits again, in the words that waited.

    Raises StaleDraft when it has left, or when nobody approved it.
    """
    conversation = lock_conversation(message.conversation_id)
    message = Message.objects.get(pk=message.pk)
    if message.approved_by_id is None:
        raise StaleDraft("Nobody approved this")
    dropped = ("decision", "why", CLOSED, CUT, WAITED)
    details = {k: v for k, v in message.details.items() if k not in dropped}
    closed = message.details.get(CLOSED, [])
    whole = message.proposed_body or message.body
    body, proposed = message.details.get(CUT) or (whole, "")
    done = claims.move(
        message,
        old=[State.QUEUED, State.HELD],
        new=State.DRAFT,
        approved_by=None,
        body=body,
        proposed_body=proposed,
        reason=str(message.details.get(WAITED, ""))[:300],
        details=details,
        due_at=clock.now(),
    )
    if not done:
        raise StaleDraft("Too late: it has already left")
    tasks = Task.objects.filter(public_id__in=closed)
    tasks.update(done_at=None, done_by="")
    wait_again(message)
    outbox.emit(
        kind="draft.taken_back",
        lead=conversation.lead,
        actor=f"user:{user.pk}",
        payload={"message": str(message.public_id)},
    )
    refresh(conversation, ring="draft")
    return message


@transaction.atomic
def discard(*, draft: Message, user: User, why: str = "") -> None:
    """Throw a draft away, with one word about why. Raises StaleDraft."""
    discard_draft(draft=draft, user=user, why=why if why in WHYS else "")


def digest(draft: Message) -> str:
    """Return what a person has seen of a draft, short: it changes with a letter."""
    said = f"{draft.public_id}\0{draft.subject}\0{draft.body}"
    return hashlib.sha256(said.encode()).hexdigest()[:20]
