"""A person of ours plays a lead: the use cases of the simulator's page.

Nothing here answers or sends. A message comes in as a carrier would bring it,
and the workers do the rest, as they do with a real one.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from leads import capture, clock, jobs
from leads.models import ContactPoint, Lead, LeadContact, Membership, Mode
from messaging.conversations import clock_of, lock_conversation, refresh
from messaging.marking import set_mode
from messaging.models import Conversation, Message
from messaging.simulation import SimulatedMessage, receive_simulated, shift_to
from messaging.simulator.floorplan import attach_picture
from messaging.simulator.people import Person, everybody, reserve_person
from messaging.starting import team_of
from messaging.words import zone_of

NOW = "now"
CLOCKS = {
    NOW: "now there",
    "10:42": "10:42",
    "14:00": "14:00",
    "20:55": "20:55",
    "22:00": "22:00",
    "03:00": "03:00",
}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LONGEST = 10_000
MOST_AT_ONCE = 10


class NotPlayable(ValueError):
    """What was asked of the simulator makes no message; the words say why."""


@dataclass(frozen=True)
class Saying:
    """What a played lead writes, at once: a text, a burst, a mail, a picture."""

    kind: str
    texts: tuple[str, ...]
    subject: str = ""
    picture: bool = False

    def __post_init__(self) -> None:
        if self.kind not in (Message.Kind.SMS, Message.Kind.EMAIL):
            raise NotPlayable(f"{self.kind!r} is neither a text nor an email.")
        if not self.texts or not (self.picture or any(t.strip() for t in self.texts)):
            raise NotPlayable("Write something first, or tap one of the suggestions.")
        if len(self.texts) > MOST_AT_ONCE:
            raise NotPlayable(f"At most {MOST_AT_ONCE} messages at once.")
        if any(len(text) > LONGEST for text in self.texts):
            raise NotPlayable(f"A message has at most {LONGEST:,} characters.")


def check_clock(choice: str) -> str:
    """Return "now" or a time of day; raises NotPlayable for anything else."""
    if choice != NOW and not _TIME.fullmatch(choice):
        raise NotPlayable(f"There is no time {choice!r}.")
    return choice


def play(
    *,
    user: User,
    saying: Saying,
    conversation: Conversation | None = None,
    clock_choice: str = "10:42",
    ai_off: bool = False,
) -> Conversation:
    """Write as an earlier simulated person, or as the next new one.

    A new person belongs to the player and the player's team, so that the
    player sees the talk whatever their reach. A known one keeps its clock.
    Raises NotPlayable, and TooManyPeople when every number is taken.
    """
    if conversation is None:
        check_clock(clock_choice)
        person = reserve_person()
        return play_as(
            person,
            saying=saying,
            user=user,
            shift=_shift(person, clock_choice),
            ai_off=ai_off,
            owner=user,
        )
    person = _person_of(_playable(conversation), saying.kind)
    kept = timedelta(seconds=conversation.clock_shift)
    return play_as(person, saying=saying, user=user, shift=kept)


@transaction.atomic
def play_as(
    person: Person,
    *,
    saying: Saying,
    user: User | None,
    shift: timedelta | None = None,
    ai_off: bool = False,
    owner: User | None = None,
    external_id: str = "",
) -> Conversation:
    """Bring in what `person` writes; all of it or nothing.

    Without `shift` it is day where they are.
    """
    texts = saying.kind == Message.Kind.SMS
    address = person.phone if texts else person.email
    for place, text in enumerate(saying.texts):
        message = receive_simulated(
            message=SimulatedMessage(
                channel=saying.kind,
                from_address=address,
                text=text,
                subject=saying.subject,
            ),
            shift=shift,
            external_id=f"{external_id}-{place}" if external_id else "",
        )
    if saying.picture:
        attach_picture(message)
    conversation = message.conversation
    if conversation.lead is not None and not conversation.lead.name:
        _introduce(conversation.lead, person, user, owner)
    _release_held(conversation)
    if ai_off and user is not None:
        set_mode(conversation=conversation, mode=Mode.OFF, user=user)
    return conversation


def _introduce(
    lead: Lead, person: Person, user: User | None, owner: User | None
) -> None:
    """Give a new lead the name, the team and the owner it is played with."""
    lead.name = person.name
    if user is not None:
        lead.team = team_of(user)
        own = Membership.Reach.OWN
        only_own = user.memberships.exclude(reach=own).count() == 0
        lead.owner = owner or (user if only_own and not user.is_superuser else None)
    lead.save(update_fields=["name", "team", "owner"])


def _playable(conversation: Conversation) -> Lead:
    lead = conversation.lead
    if lead is None or not lead.simulated:
        raise NotPlayable("Only a simulated person can be played.")
    return lead


def _person_of(lead: Lead, kind: str) -> Person:
    """The lead as a person, with an address for this kind of message.

    On a channel they have not used yet, they get the address that belongs to
    their number, so that text and mail stay one lead.
    """
    known = {
        row.contact_point.kind: row.contact_point.value
        for row in lead.contacts.select_related("contact_point").order_by("primary")
        if row.known_by != LeadContact.Known.PROPOSAL
    }
    phone, email = known.get("phone", ""), known.get("email", "")
    wanted = (
        ContactPoint.Kind.PHONE if kind == Message.Kind.SMS else ContactPoint.Kind.EMAIL
    )
    if wanted not in known:
        value = _other_address(lead, phone=phone, email=email, kind=wanted)
        with transaction.atomic():
            point = capture.ensure_contact_point(
                kind=wanted, value=value, simulated=True
            )
            capture.add_address(
                lead=lead, contact_point=point, known_by=LeadContact.Known.WROTE
            )
        phone, email = (value, email) if wanted == "phone" else (phone, value)
    return Person(name=lead.name, phone=phone, email=email)


def _other_address(lead: Lead, *, phone: str, email: str, kind: str) -> str:
    same = (one for one in everybody() if phone == one.phone or email == one.email)
    person = next(same, None)
    if person is not None:
        return person.email if kind == ContactPoint.Kind.EMAIL else person.phone
    if kind == ContactPoint.Kind.EMAIL:
        return f"lead{lead.pk}@example.com"
    return reserve_person().phone


def _shift(person: Person, choice: str) -> timedelta:
    point = ContactPoint.objects.filter(
        kind=ContactPoint.Kind.PHONE, value=person.phone, simulated=True
    ).first()
    return _shift_in(zone_of(None, point), choice)


def _shift_in(zone: ZoneInfo, choice: str) -> timedelta:
    if check_clock(choice) == NOW:
        return timedelta()
    hour, _, minute = choice.partition(":")
    return shift_to(zone, int(hour), int(minute))


def time_there(conversation: Conversation) -> str:
    """Return the played lead's own time of day, as 10:42."""
    return f"{clock_of(conversation).astimezone(zone_there(conversation)):%H:%M}"


def zone_there(conversation: Conversation) -> ZoneInfo:
    """Return the played lead's time zone, by their number."""
    lead = conversation.lead
    contacts = lead.contacts.filter(contact_point__kind="phone") if lead else None
    contact = contacts.first() if contacts is not None else None
    return zone_of(lead, contact.contact_point if contact else None)


@transaction.atomic
def set_clock(*, conversation: Conversation, choice: str) -> None:
    """Give a played lead another time of day; what it held looks again."""
    _playable(conversation)
    conversation = lock_conversation(conversation.pk)
    shift = _shift_in(zone_there(conversation), choice)
    conversation.clock_shift = int(shift.total_seconds())
    conversation.save(update_fields=["clock_shift"])
    _release_held(conversation)
    refresh(conversation, ring="clock")


def _release_held(conversation: Conversation) -> None:
    """Let held messages pass the gate again: the lead's clock may have moved."""
    held = conversation.messages.filter(
        direction=Message.Direction.OUTBOUND, state=Message.State.HELD
    )
    for pk in held.values_list("pk", flat=True):
        held.filter(pk=pk).update(due_at=clock.now())
        jobs.enqueue("messaging.deliver_message", pk)


def switch_ai(*, conversation: Conversation, user: User) -> str:
    """Turn the AI off in a played talk, or let it follow the channel again."""
    _playable(conversation)
    mode = "" if conversation.mode == Mode.OFF else Mode.OFF.value
    set_mode(conversation=conversation, mode=mode, user=user)
    return mode


def last_saying(conversation: Conversation) -> Saying:
    """Return what the lead said last, as one burst, to be said again."""
    _playable(conversation)
    rows = list(
        conversation.messages.exclude(direction=Message.Direction.NOTE)
        .prefetch_related("attachments")
        .order_by("-occurred_at", "-pk")[:50]
    )
    burst: list[Message] = []
    for message in rows:
        inbound = message.direction == Message.Direction.INBOUND
        if burst and not inbound:
            break
        if inbound:
            burst.insert(0, message)
    if not burst:
        raise NotPlayable("This person has not written yet.")
    return Saying(
        kind=burst[-1].kind,
        texts=tuple(m.body for m in burst[-MOST_AT_ONCE:]),
        subject=burst[-1].subject,
        picture=any(m.attachments.all() for m in burst),
    )


__all__ = [
    "CLOCKS",
    "NOW",
    "NotPlayable",
    "Saying",
    "last_saying",
    "play",
    "play_as",
    "set_clock",
    "switch_ai",
    "time_there",
    "zone_there",
]
