"""What happened to a lead besides messages, in one line each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from leads import showing
from leads.editing import LABELS
from leads.models import Event, Fact, Lead, Question, ScoreChange, Stage, Task
from messaging import words
from messaging.models.sequence import Enrollment

MOST = 200
FIXED = {
    "ai": "✦ AI",
    "builtin": "✦ Built-in",
    "lead": "the lead",
    "system": "automatic",
}


@dataclass(frozen=True)
class Change:
    """One thing that changed. `kind` is change or score."""

    key: str
    at: datetime
    line: str
    who: str
    kind: str = "change"

    @property
    def time(self) -> str:
        """The time as the screens say it."""
        return words.time_of(self.at)


@dataclass
class _Names:
    """Names and values that the lines need, looked up once for all."""

    people: dict[str, str] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)

    def who(self, actor: str) -> str:
        return FIXED.get(actor) or self.people.get(actor, "")

    def person(self, pk: Any) -> str:
        return self.people.get(f"user:{pk}", "nobody") if pk else "nobody"

    def fact(self, payload: dict[str, Any]) -> str:
        name = str(payload.get("field", ""))
        label = self.labels.get(name, name.replace("_", " ").capitalize())
        value = self.facts.get(str(payload.get("fact", "")), "")
        return f"{label}: {value}" if value else label


Line = Callable[[dict[str, Any], _Names], str]


def _stage(payload: dict[str, Any], names: _Names) -> str:
    after = str(payload.get("after", ""))
    return f"Stage → {names.stages.get(after, after)}"


def _owner(payload: dict[str, Any], names: _Names) -> str:
    return f"Owner → {names.person(payload.get('after'))}"


def _edited(payload: dict[str, Any], names: _Names) -> str:
    fields = [LABELS.get(str(one), str(one)) for one in payload.get("fields", [])]
    return f"{', '.join(fields) or 'Details'} changed"


def _mode(payload: dict[str, Any], names: _Names) -> str:
    after = str(payload.get("after", "")) or "as the channel"
    return f"AI → {after.capitalize()}"


def _meeting(said: str) -> Line:
    def line(payload: dict[str, Any], names: _Names) -> str:
        at = datetime.fromisoformat(str(payload["starts_at"]))
        return f"{said} {words.date_of(at)}"

    return line


def _task(word: str) -> Line:
    kinds = dict(Task.Kind.choices)

    def line(payload: dict[str, Any], names: _Names) -> str:
        kind = kinds.get(str(payload.get("kind", "")), "To do")
        title = names.tasks.get(str(payload.get("task", "")), str(kind))
        return f"{word}: {title}"

    return line


def _score(payload: dict[str, Any], names: _Names) -> str:
    before, after = payload.get("before"), payload.get("after")
    if before is None or before == after:
        return "Score looked at again"
    return f"Score {before} → {after}"


def _fact(word: str) -> Line:
    return lambda payload, names: f"{word} {names.fact(payload)}"


def _plain(said: str) -> Line:
    return lambda payload, names: said


def _follow_ups_stopped(payload: dict[str, Any], names: _Names) -> str:
    cause = dict(Enrollment.Cause.choices).get(str(payload.get("cause", "")), "")
    return (
        f"Follow-ups stopped: {str(cause).lower()}" if cause else "Follow-ups stopped"
    )


TOLD: dict[str, Line] = {
    "lead.captured": _plain("New lead"),
    "lead.qualified": _plain("Qualified"),
    "lead.stage_changed": _stage,
    "lead.owner_changed": _owner,
    "lead.edited": _edited,
    "lead.opted_out": _plain("Opted out"),
    "lead.opted_in": _plain("Opted in again"),
    "fact.learned": _fact("Learned"),
    "fact.set": _fact("Entered"),
    "fact.struck": _fact("Not true:"),
    "fact.restored": _fact("True again:"),
    "fact.unlocked": _fact("Unlocked"),
    "conversation.mode_changed": _mode,
    "conversation.taken_over": _plain("Taken over"),
    "conversation.handed_back": _plain("Handed back to the AI"),
    "conversation.handed_off": _plain("Handed to a person"),
    "conversation.pause_settled": _plain("Unclear “stop” decided"),
    "conversation.pause_reopened": _plain("Unclear “stop” is a question again"),
    "conversation.done": _plain("Done"),
    "conversation.reopened": _plain("Opened again"),
    "conversation.lead_chosen": _plain("Said who wrote"),
    "draft.discarded": _plain("Draft discarded"),
    "meeting.booked": _meeting("Meeting booked for"),
    "meeting.cancelled": _meeting("Meeting cancelled:"),
    "meeting.held": _meeting("Meeting took place:"),
    "meeting.missed": _meeting("Nobody came to the meeting:"),
    "enrollment.started": _plain("Follow-ups began"),
    "enrollment.parked": _plain("Follow-ups rest"),
    "enrollment.stopped": _follow_ups_stopped,
    "enrollment.finished": _plain("Follow-ups finished"),
    "task.opened": _task("Task"),
    "task.done": _task("Task done"),
    "task.reopened": _task("Task open again"),
}

# Told by bubbles and score lines already; the record names them too.
RECORDED: dict[str, Line] = {
    "score.changed": _score,
    "message.received": _plain("The lead wrote"),
    "call.missed": _plain("A call of the lead was missed"),
    "message.sent": _plain("Message sent"),
    "message.delivered": _plain("Message delivered"),
    "message.failed": _plain("Message failed"),
    "message.reconciled": _plain("Found out what became of a message"),
    "message.unsettled": _plain("“Was it sent?” is a question again"),
    "draft.approved": _plain("Draft approved"),
    "draft.taken_back": _plain("Approval taken back"),
    "draft.restored": _plain("Draft put back"),
    "draft.asked_again": _plain("Another draft asked for"),
    "draft.words_removed": _plain("Held words taken out of a draft"),
    "draft.words_put_back": _plain("Held words put back"),
    "prompt.viewed": _plain("Read what the model was told"),
    "step.ran": _plain("A step of the follow-ups was reached"),
}


def changes_of(
    lead: Lead, *, since: datetime | None = None, until: datetime | None = None
) -> list[Change]:
    """Return the told changes and the score's moves, oldest first."""
    events = _between(Event.objects.filter(lead=lead, kind__in=TOLD), since, until)
    told = told_of(events.order_by("-occurred_at", "-pk")[:MOST])
    moves = _between(ScoreChange.objects.filter(lead=lead), since, until)
    scores = [_move(row) for row in moves.order_by("-occurred_at", "-pk")[:MOST]]
    return sorted(told + scores, key=lambda one: one.at)


def history_of(lead: Lead) -> list[Change]:
    """Return everything that is on record of a lead, newest first."""
    events = Event.objects.filter(lead=lead).order_by("-occurred_at", "-pk")
    return told_of(events[:MOST])


def told_of(rows: Iterable[Event]) -> list[Change]:
    """Return events in words; an unknown kind by its own name."""
    events = list(rows)
    names = _names(events)
    return [
        Change(
            key=f"e-{event.uuid}",
            at=event.occurred_at,
            line=_line(event, names),
            who=names.who(event.actor),
        )
        for event in events
    ]


def _line(event: Event, names: _Names) -> str:
    maker = TOLD.get(event.kind) or RECORDED.get(event.kind)
    if maker is not None:
        return maker(event.payload, names)
    return event.kind.replace(".", " ").replace("_", " ").capitalize()


def _move(row: ScoreChange) -> Change:
    line = f"Score {row.before} → {row.after} · {row.cause}"
    return Change(f"s-{row.pk}", row.occurred_at, line, "", "score")


def _between(rows: Any, since: datetime | None, until: datetime | None) -> Any:
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    if until is not None:
        rows = rows.filter(occurred_at__lt=until)
    return rows


def _names(events: list[Event]) -> _Names:
    if not events:
        return _Names()
    actors = {event.actor for event in events}
    owners = {f"user:{event.payload.get('after')}" for event in events}
    ids = {one.removeprefix("user:") for one in actors | owners if "user:" in one}
    people = get_user_model().objects.filter(pk__in=[i for i in ids if i.isdigit()])
    facts = [event.payload["fact"] for event in events if "fact" in event.payload]
    tasks = [event.payload["task"] for event in events if "task" in event.payload]
    titles = Task.objects.filter(public_id__in=tasks).values_list("public_id", "title")
    known = Fact.objects.filter(public_id__in=facts)
    return _Names(
        people={f"user:{p.pk}": words.first_name(p) for p in people},
        stages=dict(Stage.objects.values_list("key", "name")),
        labels=dict(Question.objects.values_list("field", "label")),
        facts={str(fact.public_id): showing.shown(fact) for fact in known},
        tasks={str(public_id): title for public_id, title in titles},
    )
