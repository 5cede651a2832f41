"""A conversation rests until a moment: snoozed by a person, or parked by a sign.

One row of work for each moment wakes it; that row also says who set it to rest. The
lead's next message ends the rest before.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, jobs, outbox, pipeline
from leads.models import Job, Task
from messaging import moments
from messaging.conversations import lock_conversation, park_key, refresh
from messaging.models import Conversation
from messaging.queueing import Refused

JOB = "messaging.wake_conversation"
WOKEN = "Snoozed until now"


@transaction.atomic
def snooze(*, conversation: Conversation, user: User, until: datetime) -> Conversation:
    """Put a conversation out of sight until a moment, at most a year away.

    It is parked even when it needs a person; what the AI may do is not changed.
    Raises Refused while it is not clear who wrote, BadMoment for a past moment.
    """
    until = moments.check(until)
    conversation = lock_conversation(conversation.pk)
    if conversation.lead is None:
        raise Refused("choose who wrote first")
    conversation.done_at = None
    conversation.unread = False
    park(conversation=conversation, until=until, actor=f"user:{user.pk}", reason=WOKEN)
    refresh(conversation, ring="snoozed")
    return conversation


def park(
    *, conversation: Conversation, until: datetime, actor: str, reason: str
) -> None:
    """Let a conversation rest until `until`, when it needs a person for `reason`.

    The caller has the conversation's lock and refreshes it. Only what a person
    (`actor` "user:…") parks rests while something in it needs a person.
    """
    conversation.parked_until = until
    jobs.start_job(
        name=JOB,
        arguments={"conversation": conversation.pk, "by": actor, "reason": reason},
        effect_key=park_key(conversation.pk, until),
        due_at=until,
    )
    outbox.emit(
        kind="conversation.parked",
        lead=conversation.lead,
        actor=actor,
        payload={"until": until.isoformat()},
    )


@transaction.atomic
def unsnooze(*, conversation: Conversation, user: User) -> Conversation:
    """End the rest now: whose turn it is shows again. Nothing else changes."""
    conversation = lock_conversation(conversation.pk)
    if conversation.parked_until is None:
        return conversation
    conversation.parked_until = None
    _tell_woken(conversation, f"user:{user.pk}")
    refresh(conversation, ring="snoozed")
    return conversation


@transaction.atomic
def wake(job: Job) -> None:
    """The moment has come: the conversation needs a person, and says why.

    Does nothing when the lead wrote meanwhile, or it rests until another moment.
    """
    known = Conversation.objects.filter(pk=job.arguments["conversation"])
    if not known.exists():
        return  # erased meanwhile
    conversation = lock_conversation(known.get().pk)
    until = conversation.parked_until
    if until is None or park_key(conversation.pk, until) != job.effect_key:
        return
    conversation.parked_until = None
    if conversation.lead is not None and conversation.done_at is None:
        pipeline.open_task(
            team=conversation.lead.team,
            lead=conversation.lead,
            kind=Task.Kind.REPLY,
            title="Back in the inbox",
            reason=str(job.arguments["reason"]),
            subject=conversation.public_id,
            effect_key=f"wake:{job.effect_key}",
        )
    _tell_woken(conversation, "system")
    refresh(conversation, ring="woken")


def choices() -> list[moments.Choice]:
    """The moments that the inbox offers, on the clock of our pages."""
    now = clock.now()
    local = now.astimezone(moments.our_zone())
    offered = [("3 hours", now + timedelta(hours=3)), *moments.mornings(local)]
    return [moments.Choice(label, at, moments.here(at)) for label, at in offered]


def parse(text: str) -> datetime:
    """Read a chosen time; without a zone of its own it is that of our pages."""
    return moments.parse(text, zone=moments.our_zone())


def told(until: datetime) -> str:
    """The moment as our pages say it: "14:30", "08:00 Tue", "08:00 3 Mar"."""
    return moments.here(until)


def _tell_woken(conversation: Conversation, actor: str) -> None:
    outbox.emit(kind="conversation.woken", lead=conversation.lead, actor=actor)
