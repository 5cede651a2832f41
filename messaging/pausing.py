"""A person decides what an unclear "stop" meant, and may take that back.

A decision may be undone for some seconds only. Nothing is wiped out by it: the
suppression is lifted, and what was said of consent before is said once more.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from leads import claims, clock, consent, jobs, outbox, pipeline, policy
from leads.models import Consent, ContactPoint, Suppression, Task
from messaging.conversations import latest_inbound, lock_conversation, refresh
from messaging.models import Conversation, Message
from messaging.opting_out import ASKED_TO_STOP
from messaging.optouts import stop

State = Message.State
PENDING = (State.QUEUED, State.HELD, State.DRAFT)
DECIDED = "stop_decided"
SHOWN = 5  # seconds, at least, that a page offers Undo
ON_THE_WAY = 10  # seconds that a click and its request may take


class NotDecided(ValueError):
    """There is nothing to take back, or it is too late; the words say which."""


@dataclass(frozen=True)
class Decision:
    """What was decided and all that it changed, kept on the lead's message."""

    at: str
    opted_out: bool
    paused_reason: str
    read_as: str
    tasks: list[str]
    suppression: int | None = None
    statement: int | None = None
    # What waited for this address: [primary key, state, reason].
    stopped: list[list[Any]] | None = None


@transaction.atomic
def settle_pause(
    *, conversation: Conversation, opted_out: bool, user_id: int
) -> Message | None:
    """Decide; return the message it was about, None when nobody has written."""
    actor = f"user:{user_id}"
    message = latest_inbound(conversation)
    if message is not None and message.contact_point_id is not None:
        claims.lock(ContactPoint, message.contact_point_id)
    conversation = lock_conversation(conversation.pk)
    asked = Task.objects.open().filter(
        subject=conversation.public_id, kind=Task.Kind.OPT_OUT
    )
    fields: dict[str, Any] = {
        "paused_reason": conversation.paused_reason,
        "tasks": [str(one) for one in asked.values_list("public_id", flat=True)],
    }
    if message is not None:
        fields["read_as"] = message.details.get("opt_out", "")
    if opted_out and message is not None:
        fields |= _stop(message, conversation)
    conversation.paused_reason = ""
    conversation.save(update_fields=["paused_reason"])
    pipeline.close_tasks(
        subject=conversation.public_id, kinds=[Task.Kind.OPT_OUT], actor=actor
    )
    if message is not None:
        at = clock.now().isoformat()
        decision = Decision(at=at, opted_out=opted_out, **fields)
        message.details = {**message.details, DECIDED: asdict(decision)}
        message.save(update_fields=["details"])
    outbox.emit(
        kind="conversation.pause_settled",
        lead=conversation.lead,
        actor=actor,
        payload={"opted_out": opted_out},
    )
    refresh(conversation)
    return message


def _stop(message: Message, conversation: Conversation) -> dict[str, Any]:
    """Stop; return which rows that made, and which it took out of the line."""
    point, channel = message.contact_point, message.kind
    if point is None:
        raise ValueError("an inbound message has an address")
    stood = consent.is_suppressed(point, channel)
    waiting = Message.objects.filter(
        direction=Message.Direction.OUTBOUND, contact_point=point, state__in=PENDING
    )
    stopped = [list(row) for row in waiting.values_list("pk", "state", "reason")]
    stop(message=message, conversation=conversation, words=message.body[:200])
    made = consent.is_suppressed(point, channel) if stood is None else None
    statement = _latest_statement(point, channel)
    return {
        "suppression": made.pk if made else None,
        "statement": statement.pk if statement else None,
        "stopped": stopped,
    }


@transaction.atomic
def unsettle_pause(*, message: Message, user_id: int) -> None:
    """Undo a decision: the same question is open again, and nothing is sent.

    After *Yes, stop* exactly the suppression that it made is lifted. Raises
    NotDecided after some seconds, and when the lead has spoken on it since.
    """
    actor = f"user:{user_id}"
    if message.contact_point_id is not None:
        claims.lock(ContactPoint, message.contact_point_id)
    conversation = lock_conversation(message.conversation_id)
    message = Message.objects.select_related("contact_point").get(pk=message.pk)
    decision = _decision_on(message)
    if decision.opted_out:
        _lift(message, conversation, decision, actor)
    details = {k: v for k, v in message.details.items() if k != DECIDED}
    message.details = {**details, "opt_out": decision.read_as}
    message.save(update_fields=["details"])
    conversation.paused_reason = decision.paused_reason
    conversation.save(update_fields=["paused_reason"])
    tasks = Task.objects.filter(public_id__in=decision.tasks)
    tasks.update(done_at=None, done_by="")
    outbox.emit(
        kind="conversation.pause_reopened",
        lead=conversation.lead,
        actor=actor,
        payload={"opted_out": decision.opted_out},
    )
    refresh(conversation)


def _decision_on(message: Message) -> Decision:
    """The decision that may still be taken back. Raises NotDecided."""
    kept = message.details.get(DECIDED)
    if kept is None:
        raise NotDecided("Nothing was decided here")
    decision = Decision(**kept)
    shown = max(policy.current().undo_seconds, SHOWN)
    until = datetime.fromisoformat(decision.at) + timedelta(seconds=shown + ON_THE_WAY)
    if clock.now() > until:
        raise NotDecided("Too late: it was decided a while ago")
    return decision


def _lift(
    message: Message, conversation: Conversation, decision: Decision, actor: str
) -> None:
    """Allow the address again, by new rows: what was written down stays."""
    point, channel, at = message.contact_point, message.kind, clock.now()
    if point is None:
        raise ValueError("an inbound message has an address")
    latest = _latest_statement(point, channel)
    if latest is None or latest.pk != decision.statement:
        raise NotDecided("Too late: the lead has spoken on it meanwhile")
    standing = Suppression.objects.filter(lifted_at=None)
    for made in standing.filter(pk=decision.suppression or 0):
        consent.lift_suppression(suppression=made, actor=actor, at=at)
    before = _latest_statement(point, channel, but=latest)
    if before is not None and before.given:
        consent.record_consent(
            contact_point=point,
            channel=channel,
            given=True,
            basis=before.basis,
            wording=before.wording,
            wording_version=before.wording_version,
            evidence=before.evidence,
            source=f"statement {before.pk} stands: {latest.pk} was taken back",
            actor=actor,
            at=at,
        )
    _wait_again(decision)
    outbox.emit(
        kind="lead.opted_in",
        lead=conversation.lead,
        actor=actor,
        payload={"channel": channel, "taken_back": True},
    )


def _wait_again(decision: Decision) -> None:
    """Put what the stop took out of the line back where it waited."""
    for pk, state, reason in decision.stopped or []:
        taken = Message.objects.filter(pk=pk, reason=ASKED_TO_STOP).first()
        fields = {"new": state, "reason": reason, "due_at": clock.now()}
        if taken is None or not claims.move(taken, old=State.CANCELLED, **fields):
            continue
        if state == State.DRAFT:
            tasks = Task.objects.filter(subject=taken.public_id, kind=Task.Kind.DRAFT)
            tasks.update(done_at=None, done_by="")
        else:
            jobs.enqueue("messaging.deliver_message", pk)


def _latest_statement(
    point: ContactPoint, channel: str, *, but: Consent | None = None
) -> Consent | None:
    rows = Consent.objects.filter(contact_point=point, channel=channel)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    return rows.order_by("-occurred_at", "-pk").first()
