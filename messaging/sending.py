"""Messages go out: queued as a row, past the gate, to the carrier, once."""

import logging
from datetime import timedelta
from time import perf_counter
from typing import Any

from django.db import transaction

from leads import claims, clock, outbox, policy
from leads.models import Work
from leads.work import Worker
from messaging import costs, gate, roads
from messaging.composing import write_out
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation, Message, Turn
from messaging.queueing import (
    Refused,
    ask_for_decision,
    cancel_message,
    cancel_pending,
    queue_message,
)
from messaging.reconciling import RECONCILER, confirm_sent, reconcile, resend
from messaging.refusing import RETRY, take_refusal
from messaging.scheduling_messages import is_scheduled
from messaging.sequences.gating import before_gate
from messaging.sequences.stopping import on_refusal
from messaging.transports import (
    Outcome,
    OutgoingMessage,
    Receipt,
    Transport,
    TransportError,
    choose_transport,
)

log = logging.getLogger(__name__)

DEADLINE = 10.0  # seconds for one call to a carrier
LEASE = timedelta(seconds=DEADLINE + 10)
State = Message.State


def deliver(*, message_id: int) -> None:
    """Take one due message past the gate and to its carrier, at most once.

    What the carrier definitely refused may be tried again; what may have been
    accepted becomes `unknown` and is only reconciled, never sent again.
    """
    started = perf_counter()
    message = _claim(message_id)
    if message is None:
        return
    gated = perf_counter()
    transport: Transport | None = None
    try:
        road = roads.road_of(message)
        transport = choose_transport(
            message.kind, simulated=message.simulated, road=road
        )
        receipt = transport.send(as_outgoing(message))
    except TransportError as error:
        _not_accepted(message, transport, error)
    except Exception as error:
        log.exception("message %s: the carrier's adapter failed", message.public_id)
        words = f"the adapter failed: {type(error).__name__}"
        unknown = TransportError(Outcome.UNKNOWN, words)
        _not_accepted(message, transport, unknown)
    else:
        sent = perf_counter()
        times = {"gated": gated - started, "sent": sent - gated}
        _accepted(message, transport, receipt, times)


def _claim(message_id: int) -> Message | None:
    with transaction.atomic():
        found = claims.due_rows(Message).filter(pk=message_id).first()
        if found is None or found.direction != Message.Direction.OUTBOUND:
            return None
        if found.contact_point_id is not None:
            claims.lock_contact_point(found.contact_point_id)
        conversation = lock_conversation(found.conversation_id)
        rows = Message.objects.select_related("channel", "contact_point", "answers")
        message = rows.get(pk=message_id)
        if message.state not in Message.ready_states():
            return None
        rules = policy.current()
        decision = before_gate(message) or gate.decide(
            message=message, conversation=conversation, policy=rules
        )
        if decision.verdict != gate.Verdict.GO:
            _stopped_at_gate(message, conversation, decision)
            return None
        details = {**message.details, "taken": [list(t) for t in decision.taken]}
        now = clock.now()
        claimed = claims.claim(
            Message,
            message_id,
            lease=LEASE,
            checks=decision.rows(),
            details=details,
            claimed_at=now,
            # What was to go later stands in the thread where it goes.
            occurred_at=now if is_scheduled(message) else message.occurred_at,
        )
        if claimed is None:
            gate.give_back(decision.taken)
            return None
        claimed.channel, claimed.contact_point = message.channel, message.contact_point
        claimed.conversation = conversation
        return claimed


def _stopped_at_gate(
    message: Message, conversation: Conversation, decision: gate.Decision
) -> None:
    fields: dict[str, Any] = {
        "reason": decision.reason[:300],
        "checks": decision.rows(),
    }
    if decision.verdict == gate.Verdict.HOLD:
        fields["due_at"] = decision.until or clock.now() + RETRY
        new = State.HELD
    elif decision.verdict == gate.Verdict.DRAFT:
        new = State.DRAFT
        fields["automatic"] = False
    else:
        new = State.CANCELLED
    changed = (message.state, message.reason) != (new, fields["reason"])
    claims.move(message, old=Message.ready_states(), new=new, **fields)
    _mark_turn(message, {"gated": 0.0}, detail=decision.reason, ok=False)
    if new == State.DRAFT:
        ask_for_decision(message, conversation)
    if new == State.CANCELLED:
        on_refusal(message, conversation)
    if changed:
        outbox.emit(
            kind=f"message.{'cancelled' if new == State.CANCELLED else new}",
            lead=conversation.lead,
            actor="system",
            payload={
                "message": str(message.public_id),
                "checks": [check.name for check in decision.checks if not check.ok],
            },
        )
        refresh(conversation, ring="delivery")


def as_outgoing(message: Message) -> OutgoingMessage:
    """The message as a transport gets it."""
    if message.contact_point is None or message.channel is None:
        raise TransportError(Outcome.PERMANENT, "there is no address to send to")
    composed = write_out(message) if message.kind == Message.Kind.EMAIL else None
    return OutgoingMessage(
        public_id=message.public_id,
        channel=message.kind,
        from_address=message.channel.address,
        to_address=message.contact_point.value,
        body=composed.text if composed else message.body,
        subject=composed.subject if composed else message.subject,
        deadline=DEADLINE,
        mail=composed.mail if composed else None,
    )


def _accepted(
    message: Message, transport: Transport, receipt: Receipt, times: dict[str, float]
) -> None:
    now = clock.now()
    cost = costs.cost_of(
        message, price_micro=receipt.price_micro, simulated=transport.simulated
    )
    with transaction.atomic():
        conversation = lock_conversation(message.conversation_id)
        kept = {
            "external_id": receipt.external_id,
            "provider": transport.name,
            "segments": receipt.segments or message.segments,
            "cost_micro": cost,
            "simulated": message.simulated or transport.simulated,
            "last_error": "",
        }
        done = claims.finish(
            message, state=receipt.state, sent_at=now, reason="", **kept
        )
        if not done:
            _accepted_late(message, receipt.state, kept)
        costs.count_automatic(message, conversation)
        if cost:
            costs.record_cost(message, conversation, cost, service=transport.name)
        _mark_turn(message, times, detail=_sent_words(message))
        outbox.emit(
            kind="message.sent",
            lead=conversation.lead,
            actor=f"user:{message.user_id}" if message.user_id else message.author,
            origin=transport.name,
            payload={"message": str(message.public_id), "channel": message.kind},
        )
        refresh(conversation, ring="delivery")


def _accepted_late(message: Message, state: str, kept: dict[str, Any]) -> None:
    """A callback overtook the answer and moved the message on, or its lease ran
    out first: then it is unknown, until now.
    """
    fields = {**kept, "sent_at": clock.now(), "reason": ""}
    if not claims.move(message, old=State.UNKNOWN, new=state, **fields):
        Message.objects.filter(pk=message.pk).update(**kept)


def _sent_words(message: Message) -> str:
    return "simulated" if message.simulated else f"{message.kind} accepted"


def _not_accepted(
    message: Message, transport: Transport | None, error: TransportError
) -> None:
    if take_refusal(message=message, transport=transport, error=error):
        deliver(message_id=message.pk)


def _mark_turn(
    message: Message, times: dict[str, float], *, detail: str, ok: bool = True
) -> None:
    if message.turn_id is None:
        return
    turn = Turn.objects.filter(pk=message.turn_id).only("pk", "stages").first()
    if turn is None:
        return
    passed = sum(1 for check in message.checks if check["ok"])
    for name, seconds in times.items():
        words = f"{passed}/7 checks" if name == "gated" and ok else detail
        stage = {"name": name, "ms": round(seconds * 1000, 1), "detail": words}
        turn.stages.append({**stage, "ok": ok})
    turn.save(update_fields=["stages"])


def _orphaned(row: Work) -> None:
    """A process died between claim and commit: the call may have begun."""
    road = roads.road_of(row) if isinstance(row, Message) else ""
    by = f" by {road}" if road else ""
    words = f"the process died while sending{by}: not known whether it was accepted"
    claims.finish(
        row, state=State.UNKNOWN, due_at=clock.now(), last_error=words, reason=words
    )


SENDER = Worker(
    kind="messages",
    model=Message,
    task="messaging.deliver_message",
    run=lambda pk: deliver(message_id=pk),
    orphaned=_orphaned,
)
WORKER = [SENDER, RECONCILER]

__all__ = [
    "SENDER",
    "WORKER",
    "Refused",
    "cancel_message",
    "cancel_pending",
    "confirm_sent",
    "deliver",
    "queue_message",
    "reconcile",
    "resend",
]
