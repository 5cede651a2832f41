"""What happened to a lead beside its messages, in a line each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from leads.models import Event, Lead, Stage
from messaging import words
from messaging.models.sequence import Enrollment

MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Happening:
    """One event and how it is told."""

    at: datetime
    event: UUID
    words: str


@dataclass
class _Names:
    """Names that event lines need, looked up once for a whole thread."""

    stages: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    # Of each enrollment: its sequence's name, and why it rests or has ended.
    sequences: dict[str, tuple[str, str]] = field(default_factory=dict)

    def who(self, actor: str) -> str:
        fixed = {"ai": "✦ AI", "builtin": "✦ Built-in", "lead": "The lead"}
        return fixed.get(actor) or self.people.get(actor, "")


def happenings(
    lead: Lead | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Happening]:
    """Return the events of a lead that a thread tells, the oldest first."""
    if lead is None:
        return []
    rows = Event.objects.filter(lead=lead, kind__in=LINES)
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    if until is not None:
        rows = rows.filter(occurred_at__lt=until)
    events = list(rows.order_by("-occurred_at", "-pk")[:MOST_LINES])
    names = _names(events)
    lines = []
    for event in reversed(events):
        said = LINES[event.kind](event.payload, names.who(event.actor), names)
        if said:
            lines.append(Happening(event.occurred_at, event.uuid, said))
    return lines


def _names(events: list[Event]) -> _Names:
    ids = {e.actor.removeprefix("user:") for e in events if "user:" in e.actor}
    if not events:
        return _Names()
    people = get_user_model().objects.filter(pk__in=[i for i in ids if i.isdigit()])
    return _Names(
        stages=dict(Stage.objects.values_list("key", "name")),
        people={f"user:{p.pk}": words.first_name(p) for p in people},
        sequences=_sequences(events),
    )


def _sequences(events: list[Event]) -> dict[str, tuple[str, str]]:
    ids = {str(e.payload["enrollment"]) for e in events if "enrollment" in e.payload}
    if not ids:
        return {}
    rows = Enrollment.objects.filter(public_id__in=ids)
    told = rows.values_list("public_id", "sequence__name", "reason")
    return {str(pk): (name, reason) for pk, name, reason in told}


Line = Callable[[dict[str, Any], str, _Names], str]


def _by(said: str, who: str) -> str:
    return f"{said} · {who}" if who else said


def _stage(payload: dict[str, Any], who: str, names: _Names) -> str:
    after = str(payload.get("after", ""))
    return _by(f"Stage → {names.stages.get(after, after)}", who)


def _mode(payload: dict[str, Any], who: str, names: _Names) -> str:
    after = str(payload.get("after", "")) or "as the channel"
    return _by(f"AI → {after.capitalize()}", who)


def _handed_off(payload: dict[str, Any], who: str, names: _Names) -> str:
    reason = str(payload.get("reason", ""))
    return f"Handed to a person: {reason}" if reason else "Handed to a person"


def _parked(payload: dict[str, Any], who: str, names: _Names) -> str:
    until = datetime.fromisoformat(str(payload["until"]))
    return _by(f"Parked until {words.time_of(until)}", who)


def _sequence(did: str, *, why: bool = False) -> Line:
    """A line about a follow-up: "Follow-up “Warm up” stopped: Dana replied"."""

    def line(payload: dict[str, Any], who: str, names: _Names) -> str:
        known = names.sequences.get(str(payload.get("enrollment")))
        name, reason = known or ("", "")
        said = f"Follow-up “{name}” {did}" if name else f"Follow-up {did}"
        return f"{said}: {reason}" if why and reason else _by(said, who)

    return line


def _follow_up_parked(payload: dict[str, Any], who: str, names: _Names) -> str:
    name, _ = names.sequences.get(str(payload.get("enrollment")), ("", ""))
    until = datetime.fromisoformat(str(payload["until"]))
    return f"Follow-up “{name}” parked until {words.time_of(until)}"


def _meeting(said: str) -> "Line":
    def line(payload: dict[str, Any], who: str, names: _Names) -> str:
        at = datetime.fromisoformat(str(payload["starts_at"]))
        return _by(f"{said} {words.date_of(at)}", who)

    return line


def _followed(payload: dict[str, Any], who: str, names: _Names) -> str:
    url = str(payload.get("url", ""))
    return f"Followed {url[:80]}" if url else "Followed a link in the mail"


LINES: dict[str, Line] = {
    "lead.captured": lambda payload, who, names: _by("New lead", who),
    "lead.qualified": lambda payload, who, names: "Qualified",
    "lead.stage_changed": _stage,
    "conversation.mode_changed": _mode,
    "conversation.taken_over": lambda p, who, n: f"{who or 'A person'} took over",
    "conversation.handed_back": lambda p, who, n: _by("Handed back to the AI", who),
    "conversation.handed_off": _handed_off,
    "conversation.done": lambda p, who, n: _by("Done", who),
    "conversation.parked": _parked,
    "conversation.woken": lambda p, who, n: _by("Back in the inbox", who),
    "conversation.reopened": lambda p, who, n: _by("Opened again", who),
    "message.opened": lambda payload, who, names: "Opened the mail",
    "message.clicked": _followed,
    "contact.bounced": lambda p, w, n: "Mail bounced: nothing more goes there",
    "contact.complained": lambda p, w, n: "Marked our mail as spam: nothing more goes",
    "enrollment.started": _sequence("started"),
    "enrollment.parked": _follow_up_parked,
    "enrollment.stopped": _sequence("stopped", why=True),
    "enrollment.finished": _sequence("finished"),
    "meeting.booked": _meeting("Meeting booked for"),
    "meeting.cancelled": _meeting("Meeting cancelled:"),
    "meeting.held": _meeting("Meeting took place:"),
    "meeting.missed": _meeting("Nobody came to the meeting:"),
    "conversation.lead_chosen": lambda p, who, n: _by("Lead chosen", who),
}
