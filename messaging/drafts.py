"""A person decides on what the AI proposed."""

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, jobs, outbox, pipeline
from leads.models import ContactPoint, Task
from messaging.conversations import latest_inbound, lock_conversation, refresh
from messaging.held import refuse_held
from messaging.holding import name_of
from messaging.models import Conversation, Message, Turn
from messaging.queueing import Refused, refuse_opted_out, touch
from messaging.writing import refuse_marks

State = Message.State
WAITED = "waited_for"  # why a draft waited, kept while it is decided


class StaleDraft(ValueError):
    """The draft answers something that has moved on; the words say what."""


def why_stale(draft: Message) -> str:
    """Why this draft may no longer be approved, "" when it may."""
    if draft.state != State.DRAFT:
        return draft.reason or "This draft is already decided"
    latest = latest_inbound(draft.conversation)
    if latest is not None and draft.answers_id not in (None, latest.pk):
        return "The lead wrote again"
    answered = draft.conversation.messages.filter(
        direction=Message.Direction.OUTBOUND,
        created_at__gt=draft.created_at,
        state__in=[
            State.QUEUED,
            State.CLAIMED,
            State.SENT,
            State.DELIVERED,
            State.UNKNOWN,
        ],
    ).exclude(author=Message.Author.SYSTEM)
    return "Somebody answered meanwhile" if answered.exists() else ""


@transaction.atomic
def approve_draft(
    *, draft: Message, user: User, body: str | None = None, confirmed: bool = False
) -> Message:
    """Send a draft, as written or with the person's own words.

    Raises StaleDraft when the lead wrote again or somebody answered, Refused
    when the address is opted out, the text empty, or words are held that the
    person may not send or did not confirm (`held.refuse_held`). What was
    proposed is kept when the words were changed.
    """
    message, conversation = lock_draft(draft)
    if message.contact_point is not None:
        refuse_opted_out(message.contact_point, message.kind)
    text = message.body if body is None else body
    if not text.strip():
        raise Refused("an empty message cannot be sent")
    if message.follow_up:
        refuse_marks(text)
    refuse_held(message, user=user, body=body, confirmed=confirmed)
    fields: dict[str, object] = {
        "approved_by": user,
        "automatic": False,
        "reason": "",
        "occurred_at": clock.now(),
        "due_at": clock.now(),
    }
    # Words that a person took out before count as an edit too.
    proposed = message.proposed_body or message.body
    edited = text.strip() != proposed.strip()
    if text.strip() != message.body.strip():
        fields["body"] = text
    fields["proposed_body"] = proposed if edited else ""
    _settle(message, new=State.QUEUED, **fields)
    details = {**message.details, "decision": "edited" if edited else "as_written"}
    Message.objects.filter(pk=message.pk).update(details=details)
    touch(conversation, message)
    pipeline.close_tasks(
        subject=conversation.public_id,
        kinds=[Task.Kind.REPLY],
        actor=f"user:{user.pk}",
    )
    tell(message, "draft.approved", user, edited=edited)
    jobs.enqueue("messaging.deliver_message", message.pk)
    refresh(conversation, ring="draft")
    return message


@transaction.atomic
def discard_draft(*, draft: Message, user: User, why: str = "") -> None:
    """Throw a draft away; `why` is wrong_fact, tone, not_needed or free text.

    Raises StaleDraft when it is already decided.
    """
    message, conversation = lock_draft(draft, fresh=False)
    details = {
        **message.details,
        "decision": "discarded",
        "why": why[:200],
        WAITED: message.reason,
    }
    words = f"discarded by {name_of(user)}"
    _settle(message, new=State.CANCELLED, reason=words, details=details)
    tell(message, "draft.discarded", user, why=why[:40])
    refresh(conversation, ring="draft")


@transaction.atomic
def restore_draft(*, draft: Message, user: User) -> None:
    """Undo a discard. Raises StaleDraft when the talk has moved on."""
    message, conversation = lock_draft(draft, expected=State.CANCELLED, fresh=False)
    if message.details.get("decision") != "discarded":
        raise StaleDraft("Only a discarded draft comes back")
    decided = ("decision", "why", WAITED)
    details = {k: v for k, v in message.details.items() if k not in decided}
    reason = str(message.details.get(WAITED, ""))
    claims.move(
        message, old=State.CANCELLED, new=State.DRAFT, reason=reason, details=details
    )
    stale = why_stale(message)
    if stale:
        raise StaleDraft(stale)
    wait_again(message)
    tell(message, "draft.restored", user)
    refresh(conversation, ring="draft")


def wait_again(draft: Message) -> None:
    """The task of a draft that waits again is open again."""
    tasks = Task.objects.filter(subject=draft.public_id, kind=Task.Kind.DRAFT)
    tasks.update(done_at=None, done_by="")


@transaction.atomic
def ask_again(*, draft: Message, user: User, instruction: str = "") -> Turn:
    """Throw a draft away and let the AI write another, heeding a wish.

    Raises StaleDraft when the lead wrote again: a new one is coming anyway.
    """
    message, conversation = lock_draft(draft)
    details = {**message.details, "decision": "asked_again"}
    words = f"{name_of(user)} asked for another"
    _settle(message, new=State.CANCELLED, reason=words, details=details)
    turn = Turn.objects.filter(last_inbound=message.answers).first()
    if message.answers is None or turn is None:
        raise StaleDraft("This draft answers no message of the lead")
    now = clock.now()
    turn.state, turn.due_at, turn.attempts = Turn.State.WAITING, now, 0
    turn.instruction = instruction[:300]
    turn.round += 1
    turn.stages = [s for s in turn.stages if s["name"] in ("stored", "matched")]
    turn.save(
        update_fields=[
            "state",
            "due_at",
            "attempts",
            "instruction",
            "round",
            "stages",
        ]
    )
    tell(message, "draft.asked_again", user)
    jobs.enqueue("messaging.answer_turn", turn.pk)
    refresh(conversation, ring="draft")
    return turn


def lock_draft(
    draft: Message, *, expected: str = State.DRAFT, fresh: bool = True
) -> tuple[Message, Conversation]:
    """Lock a draft's address and conversation and read it anew.

    Raises StaleDraft when it is not `expected`, or, with `fresh`, outdated.
    """
    if draft.contact_point_id is not None:
        claims.lock(ContactPoint, draft.contact_point_id)
    conversation = lock_conversation(draft.conversation_id)
    rows = Message.objects.select_related("contact_point", "answers", "channel", "turn")
    message = rows.get(pk=draft.pk)
    message.conversation = conversation
    if message.state != expected:
        raise StaleDraft(message.reason or "This draft is already decided")
    if fresh and (stale := why_stale(message)):
        raise StaleDraft(stale)
    return message, conversation


def _settle(message: Message, *, new: str, **fields: object) -> None:
    if not claims.move(message, old=State.DRAFT, new=new, **fields):
        raise StaleDraft("This draft is already decided")
    pipeline.close_tasks(
        subject=message.public_id, kinds=[Task.Kind.DRAFT], actor="system"
    )


def tell(message: Message, kind: str, user: User, **payload: object) -> None:
    """Write down what a person did with a draft, without its words."""
    outbox.emit(
        kind=kind,
        lead=message.conversation.lead,
        actor=f"user:{user.pk}",
        payload={"message": str(message.public_id), **payload},
    )


__all__ = [
    "WAITED",
    "Refused",
    "StaleDraft",
    "approve_draft",
    "ask_again",
    "discard_draft",
    "lock_draft",
    "restore_draft",
    "tell",
    "wait_again",
    "why_stale",
]
