"""What a step that is due comes to: it stops, rests, goes elsewhere, is left out, or
is written. Decided with the address and the conversation locked, and by the preview.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leads import clock
from leads.models import ContactPoint, Lead
from leads.prepared import Select
from messaging import words
from messaging.models import Conversation, Message, Turn
from messaging.models.sequence import (
    Enrollment,
    Sequence,
    Step,
    StepRun,
    StepVariant,
)
from messaging.sequences import shared, variants
from messaging.sequences.causes import Cause, Stop, why_stop
from messaging.sequences.reach import Reach, reach_of
from messaging.sequences.timing import GONE, allowed, counted_from, due_after

State = Message.State
# How often what keeps a step waiting is looked at again.
RECHECK = timedelta(minutes=15)


@dataclass(frozen=True)
class Rest:
    """Nothing yet: looked at again at `until`."""

    until: datetime
    words: str
    # What it had written was taken back by who had not the lead's conversation.
    refresh: bool = False


@dataclass(frozen=True)
class Paused:
    """The sequence is paused: nothing before somebody resumes it."""

    words: str


@dataclass(frozen=True)
class Branch:
    """It goes on at another step, None for the end."""

    to: Step | None
    words: str


@dataclass(frozen=True)
class Skip:
    """The step is left out, for a reason."""

    words: str


@dataclass(frozen=True)
class Write:
    """The step is written, to that address."""

    point: ContactPoint
    variant: StepVariant


@dataclass(frozen=True)
class Finish:
    """Nothing is left, and what was written has left."""


Decision = Stop | Rest | Paused | Branch | Skip | Write | Finish


@dataclass
class Standing:
    """An enrollment whose step is due, with all that deciding on it reads."""

    enrollment: Enrollment
    conversation: Conversation
    last: StepRun | None = None
    reach: dict[str, Reach] = field(default_factory=dict)

    @property
    def lead(self) -> Lead:
        """Whom it is about."""
        return self.enrollment.lead

    def reach_for(self, kind: str) -> Reach:
        """The lead's addresses for a kind, read once."""
        if kind not in self.reach:
            self.reach[kind] = reach_of(self.lead, kind)
        return self.reach[kind]

    def due(self, step: Step, *, after: datetime) -> datetime:
        """When a step may go that follows on `after`."""
        return due_after(
            step,
            after=after,
            lead=self.lead,
            point=self.reach_for(step.kind).point,
            conversation=self.conversation,
        )


def last_run(enrollment: Enrollment) -> StepRun | None:
    """The step that was reached last, with its message."""
    return _last_run.first(enrollment=enrollment.pk)


_last_run: Select[StepRun] = Select(
    lambda place: (
        StepRun.objects.filter(enrollment=place("enrollment"))
        .select_related("message", "step")
        .order_by("-pk")[:1]
    )
)
# Afresh: a pause holds from the moment that it is committed.
_running: Select[Sequence] = Select(
    lambda place: Sequence.objects.filter(pk=place("pk")).values_list("state", "name")
)


def decide(at: Standing) -> Decision:
    """What the step that is due comes to now."""
    enrollment, conversation = at.enrollment, at.conversation
    (running,) = _running.rows(pk=enrollment.sequence_id)
    if running[0] == Sequence.State.ARCHIVED:
        return Paused(f"“{running[1]}” was archived")  # whoever did that stops it
    stop = why_stop(enrollment, conversation) or _failed(at)
    if stop is not None:
        return stop
    if running[0] != Sequence.State.ACTIVE:
        return Paused(f"“{running[1]}” is paused")
    return _waits(at) or _decide_step(at)


def _failed(at: Standing) -> Stop | None:
    message = at.last.message if at.last is not None else None
    if message is None or message.state != State.FAILED:
        return None
    return Stop(Cause.BOUNCED, f"Not delivered: {message.reason or 'it failed'}")


def _waits(at: Standing) -> Rest | None:
    """Why nothing more may be written yet."""
    now, parked = clock.now(), at.conversation.parked_until
    if parked is not None and parked > now:
        return Rest(parked, f"Parked until {words.time_of(parked)}")
    if at.conversation.paused_reason:
        asked = f"A person is asked first: {at.conversation.paused_reason}"
        return Rest(now + RECHECK, asked)
    since = at.last.ran_at if at.last is not None else at.enrollment.started_at
    asked = shared.who_wrote(lead_id=at.lead.pk, since=since)
    if asked:
        return Rest(now + RECHECK, asked, refresh=True)
    message = at.last.message if at.last is not None else None
    if at.last is None or message is None or message.state in (*GONE, State.CANCELLED):
        return None
    why = f": {message.reason}" if message.reason else ""
    waits = f"Step {at.last.step.position} is {State(message.state).label}{why}"
    return Rest(now + RECHECK, waits)


def _decide_step(at: Standing) -> Decision:
    step = at.enrollment.next_step
    if step is None:
        return Finish()
    early = _early(at, step)
    if early is not None:
        return early
    return branch_of(step, at.conversation) or write_or_skip(at, step)


def _early(at: Standing, step: Step) -> Rest | None:
    """A step that another went late before, or that the hours there forbid now."""
    now, last = clock.now(), at.last
    if last is not None and at.enrollment.parked_until is None:
        due = at.due(step, after=counted_from(last))
        if due > now:
            return Rest(due, "")
    point = at.reach_for(step.kind).point
    until = allowed(now, lead=at.lead, point=point, conversation=at.conversation)
    return Rest(until, "") if until > now else None


def branch_of(step: Step, conversation: Conversation) -> Branch | None:
    """Where the lead's last message leads instead of this step, if anywhere."""
    if not step.branches:
        return None
    intent = last_intent(conversation)
    for branch in step.branches if intent else []:
        if intent in branch["intents"]:
            to = None
            if branch["to"]:
                rows = Step.objects.filter(version=step.version_id)
                to = rows.filter(position=branch["to"]).first()
            where = f"step {to.position}" if to is not None else "the end"
            said = intent.replace("_", " ")
            return Branch(to, f"The last message was “{said}”: on to {where}")
    return None


def last_intent(conversation: Conversation) -> str:
    """What the lead's last understood message wanted, "" when nothing is known."""
    turns = Turn.objects.filter(conversation=conversation.pk, state=Turn.State.DONE)
    found = turns.exclude(intent="").order_by("-last_inbound_id")
    return found.values_list("intent", flat=True).first() or ""


def write_or_skip(at: Standing, step: Step) -> Write | Skip | Stop:
    """Whether the step has somebody to go to and words."""
    reach = at.reach_for(step.kind)
    if reach.point is None:
        return _nowhere(at, step, reach)
    variant = variants.choose(step, lead=at.lead, sequence=at.enrollment.sequence)
    if variant is None:
        return Skip("It has no words")
    return Write(reach.point, variant)


def _nowhere(at: Standing, step: Step, reach: Reach) -> Skip | Stop:
    """Nothing can go there: left out while another step still can go elsewhere."""
    later = Step.objects.filter(
        version=step.version_id, position__gt=step.position
    ).values_list("kind", flat=True)
    others = {kind for kind in later if kind != step.kind}
    if any(at.reach_for(kind).open for kind in sorted(others)):
        return Skip(f"Not sent: {reach.lacks}")
    cause = Cause.OPTED_OUT if reach.closed is not None else Cause.NO_ADDRESS
    return Stop(cause, reach.lacks[:1].upper() + reach.lacks[1:])
