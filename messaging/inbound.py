"""A message comes in: stored, matched to its lead, obeyed, and put in line."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.db import transaction

from leads import capture, clock, consent, jobs, outbox, pipeline
from leads.models import ContactPoint, Lead, Task
from leads.prepared import Select
from messaging import optouts
from messaging.bursts import burst_of, schedule_turn
from messaging.channels import ensure_channel
from messaging.conversations import (
    lock_conversation,
    lock_conversation_of,
    new_conversation,
    refresh,
)
from messaging.holding import leave_to_person
from messaging.models import Attachment, Channel, Conversation, Message, Turn
from messaging.receipts import record_delivery
from messaging.scheduling_messages import cancel_scheduled
from messaging.sequences import hearing
from messaging.text import clean
from messaging.transports import InboundMessage

MEDIA_JOB = "integrations.fetch_media"
MAX_MEDIA = 10


class UnusableMessage(ValueError):
    """The message names nobody that could be answered; the words say why."""


@dataclass(frozen=True, slots=True)
class MailSide:
    """What a mail brings beside its words: where it belongs, and what it is.

    `conversation` is the one it answers, None when its sender decides. A mail with
    `machine` was written by one: it is kept, and nothing follows from it. With
    `no_answer` a person answers it, for that reason. `keep` writes the mail's rows,
    in the transaction that stores the message.
    """

    keep: Callable[[Message], None]
    conversation: int | None = None
    words: str = ""
    name: str = ""
    machine: bool = False
    no_answer: Callable[[Message], str] = lambda message: ""


@dataclass
class _Stages:
    """What happened to a message and how long each step took."""

    rows: list[dict[str, Any]]
    started: float

    def mark(self, name: str, detail: str) -> None:
        now = perf_counter()
        ms = round((now - self.started) * 1000, 1)
        self.rows.append({"name": name, "ms": ms, "detail": detail, "ok": True})
        self.started = now


def receive_message(*, fact: InboundMessage, mail: MailSide | None = None) -> Message:
    """Store a message once, and start what follows from it.

    A second copy (same provider, id and sender) returns the first and does
    nothing. Raises UnusableMessage when there is no sender.
    """
    stages = _Stages([], perf_counter())
    with transaction.atomic(), outbox.together():
        channel = ensure_channel(
            kind=fact.channel, address=_our_address(fact), simulated=fact.simulated
        )
        point, unheard_of = _sender(fact)
        known = None if unheard_of else _already(fact, point)
        if known is not None:
            return known
        leads = [] if unheard_of else capture.leads_of(point)
        conversation, detail = _conversation_for(point, channel, fact, leads, mail)
        message = _store(fact, mail, channel=channel, point=point, to=conversation)
        stages.mark("stored", f"{message.kind} of {len(message.body)} characters")
        stages.mark("matched", detail)
        turn = None
        if not message.automatic:
            if unheard_of or not consent.has_statement(point, fact.channel):
                _note_consent(point, fact, message)
            turn = _begin_answer(message, conversation, fact, mail, stages)
        hearing.on_inbound(message, conversation)
        if turn is None:
            _keep_stages(message, stages)
        outbox.emit(
            kind="message.received",
            lead=conversation.lead,
            actor="lead",
            origin=fact.provider,
            payload={"message": str(message.public_id), "channel": fact.channel},
            occurred_at=message.occurred_at,
        )
        refresh(conversation, ring="received", answering=turn is not None)
    if turn is not None and turn.due_at <= clock.now():
        jobs.ring("messaging.answer_turn", turn.pk)
    return message


def _begin_answer(
    message: Message,
    conversation: Conversation,
    fact: InboundMessage,
    mail: MailSide | None,
    stages: _Stages,
) -> Turn | None:
    """Obey what the lead asks for; else put the answer in line, or ask a person."""
    stopped = optouts.obey(message=message, conversation=conversation, fact=fact)
    if stopped or conversation.lead_id is None:
        return None
    why = mail.no_answer(message) if mail is not None else ""
    if why:
        leave_to_person(conversation, why)
        return None
    return schedule_turn(conversation=conversation, message=message, stages=stages.rows)


def _keep_stages(message: Message, stages: _Stages) -> None:
    """Without a turn the message itself remembers what happened to it."""
    stages.mark("understood", message.details.get("opt_out", "no answer follows"))
    message.details = {**message.details, "stages": stages.rows}
    message.save(update_fields=["details"])


def _our_address(fact: InboundMessage) -> str:
    if fact.channel == Channel.Kind.EMAIL:
        return capture.normalise_email(fact.to_address) or fact.to_address[:254]
    return capture.normalise_sender(fact.to_address) or fact.to_address[:254]


def _sender(fact: InboundMessage) -> tuple[ContactPoint, bool]:
    """The locked address of the sender, and whether nobody knew it.

    Who wants nothing more at all has the other addresses locked as well.
    """
    if fact.channel == Channel.Kind.EMAIL:
        value, kind = capture.normalise_email(fact.from_address), "email"
    else:
        value, kind = capture.normalise_sender(fact.from_address), "phone"
    if value is None:
        raise UnusableMessage(f"the sender {fact.from_address[:60]!r} is no address")
    optouts.lock_all(
        kind=kind, value=value, simulated=fact.simulated, text=clean(fact.text)
    )
    return capture.find_or_make_point(kind=kind, value=value, simulated=fact.simulated)


def _already(fact: InboundMessage, point: ContactPoint) -> Message | None:
    if not fact.external_id:
        return None
    same = _same.rows(provider=fact.provider, external_id=fact.external_id[:200])
    pk = next((pk for pk, sender in same if sender == point.pk), None)
    return Message.objects.get(pk=pk) if pk is not None else None


# The sender is compared by `_already`: asked for it too, SQLite reads all that the
# sender ever wrote.
_same: Select[Message] = Select(
    lambda place: (
        Message.objects.filter(
            provider=place("provider"),
            external_id=place("external_id"),
            direction=Message.Direction.INBOUND,
        )
        .order_by("pk")
        .values_list("pk", "contact_point_id")
    )
)


def _conversation_for(
    point: ContactPoint,
    channel: Channel,
    fact: InboundMessage,
    leads: list[Lead],
    mail: MailSide | None,
) -> tuple[Conversation, str]:
    """Return the locked conversation, and how the lead was recognised."""
    if mail is not None and mail.conversation is not None:
        return lock_conversation(mail.conversation), mail.words
    if len(leads) > 1:
        unclear, _ = Conversation.objects.get_or_create(
            lead=None, contact_point=point, defaults={"created_at": clock.now()}
        )
        _ask_who_wrote(unclear, leads)
        return lock_conversation(unclear.pk), f"{len(leads)} leads share this number"
    if leads:
        return lock_conversation_of(leads[0]), "known lead"
    lead = capture.capture_writer(
        contact_point=point,
        team=channel.team,
        source=_source_name(channel, fact),
        simulated=fact.simulated,
        name=mail.name if mail is not None else "",
    )
    return new_conversation(lead), "new lead"


def _source_name(channel: Channel, fact: InboundMessage) -> str:
    if fact.simulated:
        return "Simulator"
    return f"{channel.get_kind_display()} to {channel}"


def _ask_who_wrote(conversation: Conversation, leads: list[Lead]) -> None:
    names = ", ".join(lead.display_name for lead in leads[:4])
    pipeline.open_task(
        team=leads[0].team,
        kind=Task.Kind.IDENTIFY,
        title="Who wrote?",
        reason=f"This number belongs to several leads: {names}",
        subject=conversation.public_id,
        effect_key=f"identify:{conversation.public_id}",
    )


def _store(
    fact: InboundMessage,
    mail: MailSide | None,
    *,
    channel: Channel,
    point: ContactPoint,
    to: Conversation,
) -> Message:
    now = clock.now()
    message = Message.objects.create(
        conversation=to,
        direction=Message.Direction.INBOUND,
        kind=fact.channel,
        channel=channel,
        contact_point=point,
        author=Message.Author.LEAD,
        subject=clean(fact.subject)[:500],
        body=clean(fact.text),
        state=Message.State.RECEIVED,
        provider=fact.provider,
        external_id=fact.external_id[:200],
        segments=fact.segments,
        automatic=mail is not None and mail.machine,
        simulated=fact.simulated,
        occurred_at=now,
        created_at=now,
        due_at=now,
    )
    if mail is not None:
        mail.keep(message)
    _expect_media(fact, message)
    # `refresh` saves these with whose turn it is.
    to.last_message, to.last_at = message, now
    if not message.automatic:
        to.last_inbound_at, to.unread = now, True
        to.done_at = to.parked_until = None
        _outdate_drafts(to)
        cancel_scheduled(conversation=to)
    return message


def _expect_media(fact: InboundMessage, message: Message) -> None:
    """A row and a job for each picture that the carrier keeps for us."""
    for position, media in enumerate(fact.media[:MAX_MEDIA]):
        attachment = Attachment.objects.create(
            message=message,
            position=position,
            source_url=media.url[:1000],
            content_type=media.content_type[:100],
        )
        jobs.start_job(
            name=MEDIA_JOB,
            arguments={"attachment": attachment.pk},
            effect_key=f"media:{attachment.pk}",
        )


def _outdate_drafts(conversation: Conversation) -> None:
    if conversation.turn != Conversation.Turn.NEEDS_YOU:
        return  # a draft always needs somebody
    for draft in _drafts.all(conversation=conversation.pk):
        name = conversation.lead.display_name if conversation.lead else "The lead"
        draft.state = Message.State.CANCELLED
        draft.reason = f"{name} wrote again"
        draft.details = {**draft.details, "stale": True}
        draft.save(update_fields=["state", "reason", "details"])
        pipeline.close_tasks(
            subject=draft.public_id, kinds=[Task.Kind.DRAFT], actor="lead"
        )


_drafts: Select[Message] = Select(
    lambda place: (
        Message.objects.drafts()
        .filter(conversation=place("conversation"))
        .only("details", "public_id", "state")
    )
)


def _note_consent(point: ContactPoint, fact: InboundMessage, message: Message) -> None:
    """Whoever writes first may be answered, until they say otherwise."""
    consent.record_consent(
        contact_point=point,
        channel=fact.channel,
        given=True,
        basis="inbound",
        wording=message.body[:500],
        source=f"{fact.provider} {fact.external_id}"[:200],
        evidence=f"message {message.public_id}",
        actor="lead",
        at=clock.now(),
    )


__all__ = [
    "UnusableMessage",
    "burst_of",
    "receive_message",
    "record_delivery",
    "schedule_turn",
]
