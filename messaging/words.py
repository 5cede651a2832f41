"""The words of the screens: whose turn, who spoke, what became of a message."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from leads import clock, consent
from leads.models import ContactPoint, Lead
from messaging.models import Conversation, Message, Turn

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chip:
    """Whose turn it is: an icon, words, a tone, and a countdown if one runs."""

    turn: str
    icon: str
    words: str
    seconds: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Status:
    """What became of a message. `tone` is good, bad, waits or plain."""

    words: str
    tone: str
    title: str = ""


def first_name(person: AbstractBaseUser | None) -> str:
    """Return what colleagues call a person; "Team" for someone unknown."""
    if person is None:
        return "Team"
    return str(getattr(person, "first_name", "")) or person.get_username()


def age(moment: datetime | None) -> str:
    """Return how long ago `moment` was, short: now, 2m, 3h, 5d."""
    if moment is None:
        return ""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return "now"


def time_of(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """Return "10:42" today, "10:42 Tue" within six days, else "10:42 3 Mar"."""
    local = timezone.localtime(moment, zone)
    today = timezone.localtime(clock.now(), zone).date()
    clock_words = local.strftime("%H:%M")
    if local.date() == today:
        return clock_words
    if abs(local.date() - today) < timedelta(days=6):
        return f"{clock_words} {local:%a}"
    return f"{clock_words} {local.day} {local:%b}"


def date_of(moment: datetime) -> str:
    """Return "Tue 3 Mar 15:00", with the year when it is another one."""
    local = timezone.localtime(moment)
    year = (
        "" if local.year == timezone.localtime(clock.now()).year else f" {local.year}"
    )
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def day_of(moment: datetime) -> str:
    """Return the words of a day separator: Today, Yesterday, Tue 3 March."""
    local = timezone.localtime(moment).date()
    today = timezone.localtime(clock.now()).date()
    if local == today:
        return "Today"
    if local == today - DAY:
        return "Yesterday"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local:%a} {local.day} {local:%B}{year}"


def zone_of(lead: Lead | None, contact_point: ContactPoint | None = None) -> ZoneInfo:
    """Return the lead's time zone: as known, else by the number, else ours."""
    if lead is not None and lead.time_zone:
        try:
            return ZoneInfo(lead.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(settings.TIME_ZONE)
    if contact_point is not None:
        return consent.zones_of(contact_point)[0]
    return ZoneInfo(settings.TIME_ZONE)


def chip_of(conversation: Conversation) -> Chip:
    """Return the one chip that says whose turn it is."""
    turn = conversation.turn
    icons = {
        "needs_you": "priority_high",
        "ai": "auto_awesome",
        "waiting": "hourglass_empty",
        "person": "person",
        "parked": "event",
        "opted_out": "block",
        "done": "check",
    }
    words, seconds = str(conversation.get_turn_display()), None
    if turn == Conversation.Turn.AI:
        seconds = burst_seconds(conversation)
    elif turn == Conversation.Turn.PERSON:
        words = f"{first_name(conversation.holder)} has it"
    elif turn == Conversation.Turn.PARKED and conversation.parked_until:
        words = f"Parked to {_until(conversation.parked_until)}"
    icon = icons.get(turn, "help")
    return Chip(turn, icon, words, seconds, conversation.turn_reason)


def _until(moment: datetime) -> str:
    """The day, such as "3 Mar"; the time when it is within a day."""
    if timedelta() <= moment - clock.now() < DAY:
        return time_of(moment)
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b}"


def burst_seconds(conversation: Conversation) -> int | None:
    """Return the seconds until the AI answers, None when it is not waiting."""
    due: datetime | None
    if hasattr(conversation, "burst_due_at"):
        due = conversation.burst_due_at
    else:
        waiting = conversation.turns.filter(state=Turn.State.WAITING)
        due = waiting.order_by("-due_at").values_list("due_at", flat=True).first()
    if due is None:
        return None
    return max(0, round((due - clock.now()).total_seconds()))


def status_of(message: Message) -> Status | None:
    """Return what became of an outgoing message; None for others.

    A simulated message reached nobody, so it is never called sent.
    """
    if message.direction != Message.Direction.OUTBOUND:
        return None
    state = message.state
    accepted = (Message.State.SENT, Message.State.DELIVERED)
    if message.simulated and state in accepted:
        return Status("simulated", "plain", "It reached nobody.")
    maker = _STATUS.get(state)
    return maker(message) if maker else Status(f"in an unknown state: {state}", "bad")


def _because(word: str, message: Message, otherwise: str) -> str:
    reason = message.reason or otherwise
    code = f" ({message.error_code})" if message.error_code else ""
    return f"{word}: {reason}{code}"


def _queued(message: Message) -> Status:
    if message.due_at > clock.now() + timedelta(minutes=1):
        return Status(f"goes {_their_time(message)}", "waits")
    return Status("queued", "plain", "Leaves in a moment.")


def _held(message: Message) -> Status:
    words, until = _because("held", message, "waits"), _theirs(message)
    if message.due_at > clock.now() and until not in words:
        words += f", until {until}"
    return Status(words, "waits")


def _theirs(message: Message) -> str:
    talk = message.conversation
    ahead = timedelta(seconds=talk.clock_shift)
    return time_of(message.due_at + ahead, zone_of(talk.lead, message.contact_point))


def _their_time(message: Message) -> str:
    """On the lead's clock, and in brackets on ours where that shows another time."""
    theirs = _theirs(message)
    ours = beside(theirs, time_of(message.due_at))
    return f"{theirs} ({ours} here)" if ours else theirs


def beside(theirs: str, ours: str) -> str:
    """Our time beside theirs: without the day that both have, "" when the same."""
    if theirs == ours:
        return ""
    time, _, day = ours.partition(" ")
    return time if theirs.partition(" ")[2] == day else ours


def _delivered(message: Message) -> Status:
    when = message.delivered_at
    return Status(f"delivered {time_of(when)}" if when else "delivered", "good")


_STATUS: dict[str, Callable[[Message], Status]] = {
    Message.State.DRAFT: lambda m: Status("draft", "waits"),
    Message.State.QUEUED: _queued,
    Message.State.HELD: _held,
    Message.State.CLAIMED: lambda m: Status("sending", "plain"),
    Message.State.SENT: lambda m: Status("sent", "plain", "The carrier took it."),
    Message.State.DELIVERED: _delivered,
    Message.State.FAILED: lambda m: Status(_because("failed", m, "unknown"), "bad"),
    Message.State.UNKNOWN: lambda m: Status("not known yet, checking", "waits"),
    Message.State.CANCELLED: lambda m: Status(
        _because("not sent", m, "cancelled"), "plain"
    ),
}


_OURS = {
    Message.Author.AI: "✦ AI",
    Message.Author.BUILTIN: "✦ Built-in",
    Message.Author.SYSTEM: "Automatic",
}


def speaker_of(message: Message) -> str:
    """Return who of us wrote a message, short."""
    if message.author == Message.Author.PERSON:
        return first_name(message.user)
    return _OURS.get(Message.Author(message.author), "Automatic")


def label_of(message: Message, lead_name: str) -> str:
    """Return who speaks, in the words of the screens, and who approved it."""
    if message.author == Message.Author.LEAD:
        return lead_name
    speaker = speaker_of(message)
    if message.approved_by is None or message.author == Message.Author.PERSON:
        return speaker
    edited = ", edited" if message.proposed_body else ""
    return f"{speaker}, approved by {first_name(message.approved_by)}{edited}"


def money(micro: int | None, currency: str = "USD") -> str:
    """Return millionths of a currency in words, small sums with three places."""
    if micro is None:
        return "not known"
    if micro == 0:
        return "nothing"
    amount = micro / 1_000_000
    sign = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{amount:.2f}" if amount >= 1 else f"{sign}{amount:.4f}"


_SOURCES = {
    "profile": "company profile",
    "fact": "what we know",
    "question": "question set",
    "message": "the lead's words",
    "article": "an article",
    "offer": "an offer",
}
_TITLED = ("article", "offer")  # their ids say nothing to a person


def source_words(key: str) -> str:
    """Return what an answer leaned on, such as "company profile: hours"."""
    kind, _, part = key.partition(".")
    name = _SOURCES.get(kind, kind)
    if not part or kind in _TITLED:
        return name
    return f"{name}: {part.replace('_', ' ')}"
