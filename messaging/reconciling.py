"""After a timeout the truth is unknown: find out, never send again.

In this order: the carrier's report, which `receipts` takes; the carrier's list, asked
here; a person, asked after 15 minutes or when several texts on the list could be it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, outbox, pipeline
from leads.models import Lead, Task, Team
from leads.work import Worker
from messaging import costs
from messaging.conversations import lock_conversation, refresh
from messaging.models import Message
from messaging.queueing import queue_message
from messaging.receipts import record_delivery
from messaging.roads import last_road
from messaging.transports import (
    DeliveryUpdate,
    Found,
    OutgoingMessage,
    TransportError,
    choose_transport,
)

log = logging.getLogger(__name__)

State = Message.State
ASK_AFTER = timedelta(minutes=15)
# The carrier's clock may be off by this much.
MARGIN = timedelta(minutes=2)
# A call ends after 10 s, its process is missed after 20; what was made later on the
# list is another text.
TAKEN_WITHIN = timedelta(minutes=3)
# How long after the call its message is looked up how often.
PAUSES = (
    (timedelta(minutes=1), timedelta(seconds=15)),
    (ASK_AFTER, timedelta(seconds=60)),
    (timedelta(days=1), timedelta(minutes=15)),
)
LAST_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class Lookup:
    """What a carrier lists that may be our message, and why it could not be asked."""

    provider: str = ""
    rows: Sequence[Found] = ()
    trouble: str = ""


def reconcile(*, message_id: int) -> None:
    """Look a message up at its carrier; after 15 minutes ask a person.

    One match settles it. None yet means looking again; several, or silence
    for 15 minutes, mean that a person decides.
    """
    message = _take(message_id)
    if message is None:
        return
    lookup = _look_up(message)
    if len(lookup.rows) == 1 and _settle(message, lookup.provider, lookup.rows[0]):
        return
    if len(lookup.rows) > 1 or clock.now() - _begun(message) >= ASK_AFTER:
        listed = len(lookup.rows)
        words = f"the carrier lists {listed or 'no'} messages like it"
        _ask(message, lookup.trouble or words)


def _begun(message: Message) -> datetime:
    return message.claimed_at or message.created_at


def _take(message_id: int) -> Message | None:
    """Claim by moving the due time on: one process looks at a time."""
    rows = claims.due_rows(Message, states=[State.UNKNOWN]).filter(pk=message_id)
    related = rows.select_related("channel", "contact_point", "conversation__lead")
    message = related.first()
    if message is None:
        return None
    age = clock.now() - _begun(message)
    pause = next((often for until, often in PAUSES if age < until), LAST_PAUSE)
    # The update asks again whether it is due: it may have been taken since.
    return message if rows.update(due_at=clock.now() + pause) else None


def _look_up(message: Message) -> Lookup:
    if message.contact_point is None or message.channel is None:
        return Lookup(trouble="there was no address")
    asked = OutgoingMessage(
        public_id=message.public_id,
        channel=message.kind,
        from_address=message.channel.address,
        to_address=message.contact_point.value,
        body=message.body,
    )
    begun = _begun(message)
    try:
        transport = choose_transport(
            message.kind, simulated=message.simulated, road=last_road(message)
        )
        listed = list(transport.find(asked, since=begun - MARGIN))
    except TransportError as error:
        return Lookup(trouble=f"the carrier could not be asked: {error.words}")
    except Exception as error:
        log.exception("message %s: the carrier's list failed", message.public_id)
        return Lookup(trouble=f"the adapter failed: {type(error).__name__}")
    rows = [row for row in listed if row.created_at <= begun + TAKEN_WITHIN]
    taken = set(
        Message.objects.filter(
            external_id__in=[row.external_id for row in rows]
        ).values_list("external_id", flat=True)
    )
    free = [row for row in rows if row.external_id not in taken]
    return Lookup(provider=transport.name, rows=free)


@transaction.atomic
def _settle(message: Message, provider: str, found: Found) -> bool:
    """Take the carrier's word from its list; False when another message of ours
    has taken it meanwhile, or a report already settled this one.
    """
    if message.contact_point_id is not None:
        # The same words to the same address: whoever holds it takes the row.
        claims.lock_contact_point(message.contact_point_id)
    if Message.objects.filter(external_id=found.external_id).exists():
        return False
    moved = record_delivery(
        fact=DeliveryUpdate(
            provider=provider,
            external_id=found.external_id,
            message_public_id=message.public_id,
            state=found.state,
            occurred_at=found.created_at,
            error_code=found.error_code,
            words=found.words or _failed_words(found),
            opted_out=found.opted_out,
            not_textable=found.not_textable,
        )
    )
    if moved:
        _take_price(message.pk, found)
    return moved


def _failed_words(found: Found) -> str:
    return "the carrier lists it as failed" if found.state == State.FAILED else ""


def _take_price(pk: int, found: Found) -> None:
    """The list knows segments and price, which a report does not carry."""
    message = Message.objects.select_related("conversation__lead").get(pk=pk)
    if found.segments:
        message.segments = found.segments
        message.save(update_fields=["segments"])
    if found.price_micro is not None:
        costs.correct_cost(message, message.conversation, found.price_micro)


def _team_of(message: Message, lead: Lead | None) -> Team | None:
    if lead is not None:
        return lead.team
    return message.channel.team if message.channel is not None else None


@transaction.atomic
def _ask(message: Message, words: str) -> None:
    conversation = lock_conversation(message.conversation_id)
    lead = conversation.lead
    team = _team_of(message, lead)
    now = Message.objects.filter(pk=message.pk, state=State.UNKNOWN)
    if team is None or not now.exists():
        return
    pipeline.open_task(
        team=team,
        lead=lead,
        kind=Task.Kind.SENT_CHECK,
        title="Was this sent?",
        reason=f"The carrier never answered; {words}",
        subject=message.public_id,
        effect_key=f"sent:{message.public_id}",
    )
    refresh(conversation, ring="delivery")


@transaction.atomic
def confirm_sent(*, message: Message, user: User) -> bool:
    """A person knows that it was sent; False when that is already settled."""
    conversation = lock_conversation(message.conversation_id)
    moved = claims.move(
        message,
        old=State.UNKNOWN,
        new=State.SENT,
        sent_at=message.claimed_at,
        reason=f"confirmed by {user.get_short_name() or user.get_username()}",
    )
    if moved:
        costs.count_automatic(message, conversation)
        costs.take_over(message, conversation)
        _close(message, actor=f"user:{user.pk}")
        outbox.emit(
            kind="message.reconciled",
            lead=conversation.lead,
            actor=f"user:{user.pk}",
            payload={"message": str(message.public_id), "state": "sent"},
        )
        refresh(conversation, ring="delivery")
    return moved


@transaction.atomic
def resend(*, message: Message, user: User) -> Message | None:
    """Send again as a new row that points to this one; None when settled."""
    conversation = lock_conversation(message.conversation_id)
    name = user.get_short_name() or user.get_username()
    old = [State.UNKNOWN, State.FAILED]
    words = f"taken as not sent; {name} sent it again"
    if Message.objects.filter(resend_of=message).exists():
        return None
    if not claims.move(message, old=old, new=State.FAILED, reason=words):
        return None
    again = queue_message(
        conversation=conversation,
        kind=message.kind,
        body=message.body,
        subject=message.subject,
        author=Message.Author.PERSON,
        user=user,
        channel=message.channel,
        contact_point=message.contact_point,
        resend_of=message,
    )
    _close(message, actor=f"user:{user.pk}")
    refresh(conversation, ring="delivery")
    return again


def _close(message: Message, *, actor: str) -> None:
    kinds = [Task.Kind.SENT_CHECK, Task.Kind.FAILED]
    pipeline.close_tasks(subject=message.public_id, kinds=kinds, actor=actor)


RECONCILER = Worker(
    kind="unknown messages",
    model=Message,
    task="messaging.reconcile_message",
    run=lambda pk: reconcile(message_id=pk),
    states=(State.UNKNOWN,),
)
