"""Messages are queued as rows, and taken back before they leave."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, consent, jobs, outbox, pipeline
from leads.models import ContactPoint, Task
from leads.prepared import Select
from messaging.channels import default_channel, simulator_channel
from messaging.conversations import addresses, lock_conversation, refresh
from messaging.models import Channel, Conversation, Message, Turn
from messaging.ownmail import write_mail
from messaging.segments import count_segments

State = Message.State


class Refused(ValueError):
    """A message that will not be queued; the words tell the person why."""


class Columns(TypedDict, total=False):
    """What else may be set on an outgoing message."""

    subject: str
    effect_key: str | None
    automatic: bool
    follow_up: bool
    turn: Turn | None
    answers: Message | None
    due_at: datetime
    state: str
    reason: str
    details: dict[str, Any]
    resend_of: Message | None


def queue_message(
    *,
    conversation: Conversation,
    kind: str,
    body: str,
    author: str,
    user: User | None = None,
    channel: Channel | None = None,
    contact_point: ContactPoint | None = None,
    **columns: Unpack[Columns],
) -> Message:
    """Write an outgoing message's row; it leaves through `deliver`.

    The caller has the conversation's lock and refreshes it. Raises Refused
    when there is no address, the text is empty, or the address is opted out:
    there is no override.
    """
    point = contact_point or best_address(conversation, kind)
    if not body.strip():
        raise Refused("an empty message cannot be sent")
    if not columns.get("automatic"):
        refuse_opted_out(point, kind)
    channel = channel or channel_for(conversation, kind)
    texts = kind == Channel.Kind.SMS
    now = clock.now()
    fields: dict[str, Any] = {"state": State.QUEUED, "due_at": now, **columns}
    message = Message(
        conversation=conversation,
        direction=Message.Direction.OUTBOUND,
        kind=kind,
        channel=channel,
        contact_point=point,
        author=author,
        user=user,
        body=body,
        simulated=channel.simulated,
        segments=count_segments(body).segments if texts else 0,
        occurred_at=now,
        created_at=now,
        **fields,
    )
    _write(message)
    return message


def _write(message: Message) -> None:
    message.subject = message.subject[:500]
    message.reason = message.reason[:300]
    mails = message.kind == Channel.Kind.EMAIL
    with transaction.atomic(savepoint=False):
        mail = write_mail(message) if mails else None
        message.save(force_insert=True)
        if mail is not None:
            mail.message = message
            mail.save(force_insert=True)
        touch(message.conversation, message)
        if message.state == State.QUEUED:
            jobs.enqueue("messaging.deliver_message", message.pk)


def touch(conversation: Conversation, message: Message) -> None:
    """Let the inbox show this message as the latest, from the next `refresh` on."""
    conversation.last_message = message
    conversation.last_at = message.occurred_at


def best_address(conversation: Conversation, kind: str) -> ContactPoint:
    """The address the lead last wrote from, else the first one known.

    Raises Refused when there is none of this kind.
    """
    known = addresses(conversation, kind)
    if not known:
        what = "phone number" if kind == Channel.Kind.SMS else "mail address"
        raise Refused(f"this lead has no {what}")
    latest = conversation.messages.filter(
        direction=Message.Direction.INBOUND, kind=kind, contact_point__in=known
    ).order_by("-occurred_at")
    last = latest.select_related("contact_point").first()
    return last.contact_point if last and last.contact_point else known[0]


def refuse_opted_out(point: ContactPoint, kind: str) -> None:
    """Raise Refused, with time and reason, when the address is opted out."""
    found = consent.is_suppressed(point, kind)
    if found is not None:
        words = f"{point.value} {found.verb} on {found.since:%d %b %Y %H:%M} UTC"
        raise Refused(f"{words}: {found.get_reason_display()}")


def channel_for(conversation: Conversation, kind: str) -> Channel:
    """The channel the lead last used of this kind, else the default one."""
    if conversation.pk is not None:
        last = _last_on.first(conversation=conversation.pk, kind=str(kind))
    else:
        last = None  # nobody has written yet
    if last is not None and last.channel is not None:
        return last.channel
    lead = conversation.lead
    if lead is not None and (lead.simulated or lead.demo):
        return simulator_channel(kind)
    return default_channel(kind)


_last_on: Select[Message] = Select(
    lambda place: (
        Message.objects.filter(
            conversation=place("conversation"),
            kind=place("kind"),
            channel__isnull=False,
        )
        .select_related("channel")
        .order_by("-occurred_at")[:1]
    )
)


def ask_for_decision(message: Message, conversation: Conversation) -> None:
    """Put a draft into the review queue, once."""
    lead = conversation.lead
    if lead is None:
        return
    pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=Task.Kind.DRAFT,
        title=message.reason or "A draft waits",
        reason=message.reason,
        subject=message.public_id,
        effect_key=f"draft:{message.public_id}",
    )


# --- taking back -------------------------------------------------------------


def cancel_pending(
    *,
    conversation: Conversation,
    reason: str,
    point: ContactPoint | None = None,
    automatic_only: bool = False,
) -> int:
    """Stop everything that has not reached the carrier; count what was.

    With `point`, also what other leads' conversations would send there. The
    caller holds the conversation's lock, and the address's when given.
    """
    states = [State.QUEUED, State.HELD, State.DRAFT]
    rows = Message.objects.filter(direction="outbound", state__in=states)
    if point is not None:
        rows = rows.filter(contact_point=point)
    else:
        rows = rows.filter(conversation=conversation)
    if automatic_only:
        rows = rows.exclude(author=Message.Author.PERSON)
    for message in rows:
        claims.move(message, old=states, new=State.CANCELLED, reason=reason[:300])
        pipeline.close_tasks(
            subject=message.public_id, kinds=[Task.Kind.DRAFT], actor="system"
        )
    return len(rows)


@transaction.atomic
def cancel_message(*, message: Message, user: User) -> bool:
    """Undo: take a message back that has not left yet; False when it has."""
    conversation = lock_conversation(message.conversation_id)
    name = user.get_short_name() or user.get_username()
    done = claims.move(
        message,
        old=[State.QUEUED, State.HELD],
        new=State.CANCELLED,
        reason=f"taken back by {name}",
    )
    if done:
        outbox.emit(
            kind="message.cancelled",
            lead=conversation.lead,
            actor=f"user:{user.pk}",
            payload={"message": str(message.public_id)},
        )
        refresh(conversation, ring="delivery")
    return done
