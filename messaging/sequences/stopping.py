"""A follow-up stops: at once, in the transaction of what stops it, with its reason.

What it had written and has not left goes with it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from leads import claims, clock, outbox, pipeline
from leads.models import Lead, Suppression, Task
from leads.prepared import Select
from messaging.conversations import conversation_of, lock_conversation, refresh
from messaging.models import Conversation, Message
from messaging.models.sequence import LIVE_STATES, Enrollment
from messaging.sequences.events import tell
from messaging.words import first_name

Cause = Enrollment.Cause
State = Message.State
NOT_LEFT = (State.QUEUED, State.HELD, State.DRAFT)


def under_way(lead_id: int) -> list[Enrollment]:
    """What is under way with a lead: one statement, nothing more is read."""
    return _under_way.all(lead=lead_id)


_under_way: Select[Enrollment] = Select(
    lambda place: (
        Enrollment.objects.filter(lead=place("lead"), state__in=LIVE_STATES)
        .select_related("sequence", "lead")
        .order_by("pk")
    )
)


def stop_for_lead(
    *,
    lead_id: int | None,
    cause: str,
    words: str,
    actor: str,
    begun_before: datetime | None = None,
) -> int:
    """Stop all that is under way with a lead; count it.

    Runs in the caller's transaction; the caller has the conversation's lock and
    refreshes it. With `begun_before` what began later goes on.
    """
    if lead_id is None:
        return 0
    rows = under_way(lead_id)
    if begun_before is not None:
        rows = [row for row in rows if row.started_at < begun_before]
    stopped = [end(row, cause=cause, words=words, actor=actor) for row in rows]
    return sum(stopped)


@transaction.atomic
def stop_enrollment(
    *, enrollment: Enrollment, cause: str, words: str, actor: str
) -> bool:
    """Stop one of them, as by a person; False when it has ended already."""
    conversation = lock_conversation(conversation_of(enrollment.lead).pk)
    row = Enrollment.objects.select_related("sequence", "lead").get(pk=enrollment.pk)
    done = end(row, cause=cause, words=words, actor=actor)
    if done:
        refresh(conversation, ring="delivery")
    return done


def end(row: Enrollment, *, cause: str, words: str, actor: str) -> bool:
    """Stop a row that may be in a worker's hands, which then finds it lost."""
    stopped = claims.move(
        row,
        old=LIVE_STATES,
        new=Enrollment.State.STOPPED,
        cause=cause,
        reason=words[:300],
        ended_at=clock.now(),
        parked_until=None,
        claim_token=None,
        lease_until=None,
    )
    if stopped:
        _take_back([row], words)
        tell("enrollment.stopped", row, actor=actor, cause=str(cause))
    return stopped


def _take_back(rows: Iterable[Enrollment], words: str) -> None:
    """Cancel the messages of follow-ups that have not left."""
    waiting = Message.objects.filter(
        step_run__enrollment__in=list(rows), state__in=NOT_LEFT
    ).select_related("conversation__lead")
    for message in waiting:
        reason = f"The follow-up stopped: {words}"[:300]
        if not claims.move(message, old=NOT_LEFT, new=State.CANCELLED, reason=reason):
            continue
        pipeline.close_tasks(
            subject=message.public_id, kinds=[Task.Kind.DRAFT], actor="system"
        )
        outbox.emit(
            kind="message.cancelled",
            lead=message.conversation.lead,
            actor="system",
            payload={"message": str(message.public_id)},
        )


# --- what stops it, each a line where it happens ------------------------------


def name_of(lead: Lead | None) -> str:
    """What a reason calls the lead."""
    return lead.display_name if lead is not None else "The lead"


def on_opt_out(lead: Lead | None) -> None:
    """The lead asked to stop, in whatever way."""
    if lead is not None:
        words = f"{name_of(lead)} opted out"
        stop_for_lead(lead_id=lead.pk, cause=Cause.OPTED_OUT, words=words, actor="lead")


def on_address_report(lead: Lead | None, *, reason: str, words: str) -> None:
    """A mail bounced, was called spam, or its reader unsubscribed."""
    if lead is None:
        return
    if reason != Suppression.Reason.BOUNCE:
        on_opt_out(lead)
        return
    told = f"Bounced: {words}" if words else "Bounced"
    stop_for_lead(lead_id=lead.pk, cause=Cause.BOUNCED, words=told, actor="system")


def on_person(lead: Lead | None, user: User, did: str, *, cause: str) -> None:
    """A person took over, wrote, called or left a note."""
    if lead is not None:
        words = f"{first_name(user)} {did}"
        actor = f"user:{user.pk}"
        stop_for_lead(lead_id=lead.pk, cause=cause, words=words, actor=actor)


def on_failure(message: Message) -> None:
    """A message of a follow-up was not delivered."""
    if message.follow_up:
        _stop_of(message, Cause.BOUNCED, f"Not delivered: {message.reason}")


def on_refusal(message: Message, conversation: Conversation) -> None:
    """The gate let a message of a follow-up not go, for good."""
    if message.follow_up:
        cause = _refused_for(message, conversation)
        _stop_of(message, cause, f"Not sent: {message.reason}")


def _refused_for(message: Message, conversation: Conversation) -> str:
    if any(one["name"] == "opt-out" and not one["ok"] for one in message.checks):
        return Cause.OPTED_OUT
    if conversation.holder_id is not None:
        return Cause.TAKEN_OVER
    heard = conversation.last_inbound_at
    wrote = heard is not None and heard > message.created_at
    return Cause.REPLIED if wrote else Cause.REFUSED


def _stop_of(message: Message, cause: str, words: str) -> None:
    rows = Enrollment.objects.select_related("sequence", "lead").filter(
        Q(runs__message=message), state__in=LIVE_STATES
    )
    for row in rows:
        end(row, cause=cause, words=words, actor="system")
