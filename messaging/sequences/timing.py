"""When a step may go: its delay in the team's working time, then the hours there."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from leads import calendars, policy, quiet
from leads.models import ContactPoint, Lead
from messaging.models import Conversation, Message
from messaging.models.sequence import Step, StepRun

# A step that went this soon after it was due has kept its time: the next is counted
# from when it was due, so that a plan keeps its minutes.
SOON = timedelta(minutes=5)
GONE = (Message.State.SENT, Message.State.DELIVERED)


def due_after(
    step: Step,
    *,
    after: datetime,
    lead: Lead,
    point: ContactPoint | None,
    conversation: Conversation | None = None,
) -> datetime:
    """When `step` may go if what was before it went at `after`.

    Without an address only the calendar counts.
    """
    calendar = calendars.calendar_of(lead.team)
    at = calendar.add(after, step.delay, step.unit, working=step.working_time)
    return allowed(at, lead=lead, point=point, conversation=conversation)


def allowed(
    at: datetime,
    *,
    lead: Lead,
    point: ContactPoint | None,
    conversation: Conversation | None = None,
) -> datetime:
    """The first moment from `at` on at which the address may get a follow-up."""
    if point is None:
        return at
    shift = timedelta(seconds=conversation.clock_shift if conversation else 0)
    there = quiet.first_allowed(
        contact_point=point,
        at=at + shift,
        policy=policy.lately(),  # the gate reads it anew
        stated=lead.time_zone,
        follow_up=True,
    )
    return there - shift


def open_from(at: datetime, *, lead: Lead, points: Iterable[ContactPoint]) -> datetime:
    """The first moment from `at` on when the team works and the lead may be written
    to; where nobody is known to write to, when the team works.
    """
    opens = calendars.calendar_of(lead.team).next_open(at)
    point = next(iter(points), None)
    return allowed(opens, lead=lead, point=point)


def counted_from(run: StepRun) -> datetime:
    """The moment from which the delay of the step after `run` is counted."""
    message = run.message
    went = run.ran_at
    if message is not None and message.sent_at is not None:
        went = max(went, message.sent_at)
    return run.due_at if went - run.due_at <= SOON else went
