"""Send later: a message waits in the thread until its time, or until the lead writes.

It is an ordinary queued row with a due time to come, so the gate decides when that
time comes: who opted out meanwhile gets nothing. `details["scheduled"]` says that a
person chose the time.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, jobs, outbox, policy, quiet
from leads.models import ContactPoint
from leads.prepared import Select
from messaging import moments, words
from messaging.conversations import addresses, clock_of, lock_conversation, refresh
from messaging.models import Channel, Conversation, Message
from messaging.queueing import Refused, touch
from messaging.writing import send_as_person

State = Message.State
WAITS = (State.QUEUED, State.HELD)
SCHEDULED = "scheduled"
GONE = "Too late: it has already left"


@transaction.atomic
def schedule_message(
    *,
    conversation: Conversation,
    user: User,
    kind: str,
    body: str,
    at: datetime,
    subject: str = "",
    contact_point: ContactPoint | None = None,
) -> Message:
    """Queue a person's message for `at`, at most a year away.

    As with any message of a person, that person has the conversation from now on.
    Raises Refused, and BadMoment when `at` is not to come.
    """
    if kind not in Channel.Kind.values:
        raise Refused("only a text or an email can be sent later")
    at = moments.check(at)
    message = send_as_person(
        conversation=conversation,
        user=user,
        kind=kind,
        body=body,
        subject=subject,
        contact_point=contact_point,
        due_at=at,
        details={SCHEDULED: at.isoformat()},
    )
    _tell("message.scheduled", message, user)
    return message


@transaction.atomic
def reschedule(*, message: Message, user: User, at: datetime) -> Message:
    """Give a message that still waits another time. Raises Refused, BadMoment."""
    message, conversation = _locked(message)
    at = moments.check(at)
    details = {**message.details, SCHEDULED: at.isoformat()}
    _move(message, due_at=at, details=details, reason="")
    _tell("message.scheduled", message, user)
    refresh(conversation, ring="delivery")
    return message


@transaction.atomic
def send_now(*, message: Message, user: User) -> Message:
    """Let a message that waits for its time go as if it were written now.

    It waits the policy's undo seconds. Raises Refused when it has already left.
    """
    message, conversation = _locked(message)
    now = clock.now()
    wait = timedelta(seconds=policy.current().undo_seconds)
    details = {k: v for k, v in message.details.items() if k != SCHEDULED}
    _move(message, due_at=now + wait, occurred_at=now, details=details, reason="")
    touch(conversation, message)
    jobs.enqueue("messaging.deliver_message", message.pk)
    _tell("message.sent_early", message, user)
    refresh(conversation, ring="delivery")
    return message


def cancel_scheduled(*, conversation: Conversation, reason: str = "") -> int:
    """Take back what was to be sent later; count it. The lead wrote, or it is done.

    The caller has the conversation's lock and refreshes it afterwards. Without a
    message that waits this asks the database nothing: `refresh` leaves no
    conversation with one without a `turn_reason`.
    """
    if not conversation.turn_reason:
        return 0
    name = _first_name(conversation)
    count = 0
    for message in _waiting.all(conversation=conversation.pk):
        if not is_scheduled(message):
            continue
        why = (reason or f"{name} wrote")[:300]
        if claims.move(message, old=WAITS, new=State.CANCELLED, reason=why):
            count += 1
            payload = {"message": str(message.public_id)}
            lead = conversation.lead
            outbox.emit(
                kind="message.cancelled", lead=lead, actor="system", payload=payload
            )
    return count


_waiting: Select[Message] = Select(
    lambda place: (
        Message.objects.pending()
        .filter(conversation=place("conversation"))
        .order_by("pk")
        .only("details", "public_id", "state")
    )
)


def is_scheduled(message: Message) -> bool:
    """Say whether a message waits for a time that a person chose."""
    return message.state in WAITS and SCHEDULED in message.details


def is_changeable(message: Message) -> bool:
    """Say whether a person may give a message another time: it waits for one that
    was chosen, or it is a person's and held.
    """
    held = message.state == State.HELD and not message.automatic
    return held or is_scheduled(message)


def zone_there(conversation: Conversation) -> ZoneInfo:
    """The lead's zone: as known, else by the phone number, else ours."""
    return words.zone_of(conversation.lead, _phone(conversation))


def _phone(conversation: Conversation) -> ContactPoint | None:
    phones = addresses(conversation, Channel.Kind.SMS) if conversation.lead else []
    return phones[0] if phones else None


def choices(conversation: Conversation) -> list[moments.Choice]:
    """The moments that the composer offers: mornings are those of the lead."""
    phone = _phone(conversation)
    zone = words.zone_of(conversation.lead, phone)
    shift = _shift(conversation)
    offered = [("In 1 hour", clock.now() + timedelta(hours=1))]
    local = clock_of(conversation).astimezone(zone)
    mornings = moments.mornings(local, hour=_morning())
    offered += [(label, at - shift) for label, at in mornings]
    return [
        moments.Choice(
            label,
            at,
            told(conversation, at, zone=zone) + _waits(conversation, phone, at),
        )
        for label, at in offered
    ]


def _waits(conversation: Conversation, phone: ContactPoint | None, at: datetime) -> str:
    """What is added to a moment at which it is quiet there: a text waits longer."""
    lead = conversation.lead
    if phone is None or lead is None:
        return ""
    found = quiet.quiet(
        contact_point=phone,
        at=at + _shift(conversation),
        policy=policy.lately(),
        stated=lead.time_zone,
    )
    if found is None:
        return ""
    return (
        f" · quiet then, a text waits for {found.until.astimezone(found.zone):%H:%M %a}"
    )


def _morning() -> int:
    """When a morning begins there: where quiet hours are kept, when they end."""
    rules = policy.lately()
    ends = rules.quiet_until
    kept = rules.quiet_hours and rules.quiet_from > ends and not ends.minute
    return ends.hour if kept else moments.MORNING


def told(
    conversation: Conversation, at: datetime, *, zone: ZoneInfo | None = None
) -> str:
    """A moment on the lead's clock, and on ours: "08:00 for Dana · 17:00 here"."""
    zone, name = zone or zone_there(conversation), _first_name(conversation)
    return moments.there(at, zone=zone, name=name, shift=_shift(conversation))


def parse(conversation: Conversation, text: str) -> datetime:
    """Read a chosen time; without a zone of its own it is the lead's."""
    zone, shift = zone_there(conversation), _shift(conversation)
    return moments.parse(text, zone=zone, shift=shift)


def _first_name(conversation: Conversation) -> str:
    lead = conversation.lead
    names = lead.display_name.split() if lead is not None else []
    return names[0] if names else "the lead"


def _shift(conversation: Conversation) -> timedelta:
    return timedelta(seconds=conversation.clock_shift)


def _locked(message: Message) -> tuple[Message, Conversation]:
    if message.contact_point_id is not None:
        claims.lock_contact_point(message.contact_point_id)
    conversation = lock_conversation(message.conversation_id)
    fresh = Message.objects.get(pk=message.pk)
    fresh.conversation = conversation
    if not is_changeable(fresh):
        raise Refused(fresh.reason if fresh.state == State.CANCELLED else GONE)
    return fresh, conversation


def _move(message: Message, **fields: object) -> None:
    if not claims.move(message, old=WAITS, new=State.QUEUED, **fields):
        raise Refused(GONE)


def _tell(kind: str, message: Message, user: User) -> None:
    outbox.emit(
        kind=kind,
        lead=message.conversation.lead,
        actor=f"user:{user.pk}",
        payload={"message": str(message.public_id), "at": message.due_at.isoformat()},
    )
