"""One conversation: found, locked, and whose turn it is in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import F, QuerySet

from leads import claims, clock
from leads.models import (
    ContactPoint,
    Job,
    Lead,
    LeadContact,
    Mode,
    Policy,
)
from leads.prepared import Select, Update
from messaging import live
from messaging.models import Channel, Conversation, Message, Turn

STRICTNESS = {Mode.OFF.value: 0, Mode.DRAFT.value: 1, Mode.AUTO.value: 2}
PENDING = (Message.State.QUEUED, Message.State.HELD, Message.State.CLAIMED)
WAITING_STATES = (Message.State.QUEUED, Message.State.HELD)
# The `turn_reason` of a conversation that has such a message and no other reason.
WAITS_TO_GO = "A message waits to go"
RECENT = 30
# What the inbox shows of a conversation, and `refresh` saves together.
ROW = (
    "turn",
    "turn_reason",
    "waiting_since",
    "last_message_id",
    "last_at",
    "last_inbound_at",
    "unread",
    "done_at",
    "parked_until",
    "automatic_in_a_row",
)


def conversation_of(lead: Lead) -> Conversation:
    """Return the lead's one conversation; make it when nobody wrote yet."""
    found = Conversation.objects.filter(lead=lead).first()
    if found is not None:
        return found
    return Conversation.objects.get_or_create(
        lead=lead, defaults={"last_at": clock.now(), "created_at": clock.now()}
    )[0]


def lock_conversation_of(lead: Lead) -> Conversation:
    """Lock the lead's one conversation; make it when nobody wrote yet."""
    found = _of_lead.first(lead=lead.pk)
    if found is None:
        return lock_conversation(conversation_of(lead).pk)
    found.lead = lead
    return found


_of_lead: Select[Conversation] = Select(
    lambda place: Conversation.objects.select_for_update(no_key=True).filter(
        lead=place("lead")
    )
)


def new_conversation(lead: Lead) -> Conversation:
    """Begin the conversation of a lead made in this transaction: nobody else's."""
    now = clock.now()
    return Conversation.objects.create(lead=lead, last_at=now, created_at=now)


def lock_again(conversation: Conversation) -> Conversation:
    """Lock a conversation that was read before and return it fresh."""
    fresh = claims.lock(Conversation, conversation.pk)
    fresh.lead = conversation.lead
    return fresh


def lock_conversation(pk: int) -> Conversation:
    """Lock a conversation; the address's lock comes before it."""
    return _locked.one(pk=pk)


_locked: Select[Conversation] = Select(
    lambda place: (
        Conversation.objects.select_related("lead__team", "holder")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=place("pk"))
    )
)


def effective_mode(
    conversation: Conversation, *, channel: Channel | None, policy: Policy
) -> str:
    """The most restrictive of installation, team, channel and conversation."""
    modes = [policy.mode_now]
    if conversation.lead is not None:
        modes.append(conversation.lead.team.mode)
    if channel is not None:
        modes.append(channel.mode)
    if conversation.mode:
        modes.append(conversation.mode)
    return min(modes, key=STRICTNESS.__getitem__)


def clock_of(conversation: Conversation) -> datetime:
    """Business time; for a simulated lead, by the clock the lead was given."""
    return clock.now() + timedelta(seconds=conversation.clock_shift)


def park_key(pk: int, until: datetime) -> str:
    """The key of the job that wakes a conversation at this moment."""
    return f"park:{pk}:{until:%Y%m%d%H%M%S%f}"


def latest_inbound(conversation: Conversation) -> Message | None:
    """The last message of the lead; a missed call is none."""
    rows = conversation.messages.filter(direction=Message.Direction.INBOUND)
    rows = rows.exclude(kind=Message.Kind.CALL)
    return rows.order_by("-occurred_at", "-pk").first()


def addresses(conversation: Conversation, kind: str) -> list[ContactPoint]:
    """The addresses that may be written to on a kind of channel, best first."""
    phone, email = ContactPoint.Kind.PHONE, ContactPoint.Kind.EMAIL
    known = _known_contacts(conversation).filter(
        contact_point__kind=phone if kind == Channel.Kind.SMS else email
    )
    rows = known.select_related("contact_point").order_by("-primary", "pk")
    return [row.contact_point for row in rows]


def _known_contacts(conversation: Conversation) -> QuerySet[LeadContact]:
    return LeadContact.objects.filter(lead=conversation.lead).exclude(
        known_by=LeadContact.Known.PROPOSAL
    )


def refresh(
    conversation: Conversation, *, ring: str = "changed", answering: bool = False
) -> None:
    """Work out anew whose turn it is, save the inbox row and ring the pages.

    Runs in the transaction of the change that it follows, which may have set
    the other fields of `ROW` on the locked conversation. `answering` says that
    the AI now has a turn or a message on its way: with nobody else asked for
    before, that settles it without looking.
    """
    if answering and _only_the_ai(conversation):
        turn, reason = Conversation.Turn.AI.value, ""
    else:
        turn, reason = _whose_turn(conversation)
    waits = turn == Conversation.Turn.NEEDS_YOU
    if waits != (conversation.turn == Conversation.Turn.NEEDS_YOU):
        conversation.waiting_since = clock.now() if waits else None
    conversation.turn, conversation.turn_reason = turn, reason[:200]
    row = {name: getattr(conversation, name) for name in ROW}
    _save_row({"pk": conversation.pk}, **row)
    live.ring(conversation=conversation, what=ring)


_save_row = Update(
    lambda place: Conversation.objects.filter(pk=place("pk")),
    version=F("version") + 1,
)


def _only_the_ai(conversation: Conversation) -> bool:
    return (
        conversation.lead_id is not None
        and conversation.holder_id is None
        and not conversation.paused_reason
        and conversation.turn in (Conversation.Turn.AI, Conversation.Turn.WAITING)
        and not conversation.turn_reason
    )


@dataclass(frozen=True)
class _Signs:
    """What one statement says of a conversation's surroundings."""

    suppressed: bool
    task: str
    turn_state: str
    turn_outcome: str
    turn_reason: str


# Written out: the ORM takes longer to put this together than to ask it.
_SIGNS = """
SELECT
  EXISTS (SELECT 1 FROM leads_leadcontact c
          WHERE c.lead_id = v.lead_id AND c.known_by <> 'proposal'),
  EXISTS (SELECT 1 FROM leads_leadcontact c
          WHERE c.lead_id = v.lead_id AND c.known_by <> 'proposal'
          AND NOT EXISTS (SELECT 1 FROM leads_suppression s
                          WHERE s.contact_point_id = c.contact_point_id
                          AND s.lifted_at IS NULL
                          AND s.reason <> 'bounce')),
  (SELECT CASE WHEN k.reason = '' THEN k.title ELSE k.reason END
   FROM leads_task k WHERE k.subject = v.public_id AND k.done_at IS NULL
   ORDER BY k.due_at, k.id LIMIT 1),
  t.state, t.outcome, t.outcome_reason
FROM messaging_conversation v
LEFT JOIN messaging_turn t ON t.id = (
  SELECT MAX(n.id) FROM messaging_turn n WHERE n.conversation_id = v.id)
WHERE v.id = %s
"""


def _signs(conversation: Conversation) -> _Signs:
    with connection.cursor() as cursor:
        cursor.execute(_SIGNS, [conversation.pk])
        known, free, task, state, outcome, reason = cursor.fetchone()
    return _Signs(
        suppressed=bool(known) and not free,
        task=task or "",
        turn_state=state or "",
        turn_outcome=outcome or "",
        turn_reason=reason or "",
    )


def _whose_turn(conversation: Conversation) -> tuple[str, str]:
    turn = Conversation.Turn
    if conversation.lead_id is None:
        return turn.NEEDS_YOU, "Several leads share this number: who wrote?"
    signs = _signs(conversation)
    if signs.suppressed:
        return turn.OPTED_OUT, "Asked to stop"
    if conversation.done_at:
        return turn.DONE, ""
    until = conversation.parked_until
    parked = until is not None and until > clock.now()
    if parked and _by_a_person(conversation):
        return turn.PARKED, "Snoozed"
    if conversation.paused_reason:
        return turn.NEEDS_YOU, conversation.paused_reason
    recent = [_Said(*row) for row in _recent.rows(conversation=conversation.pk)]
    waiting = _waits_for_person(recent) or signs.task
    if waiting:
        return turn.NEEDS_YOU, waiting
    whose, why = (
        (turn.PARKED.value, "")
        if parked
        else _by_last_message(conversation, recent, signs)
    )
    if not why and any(_waits_to_go(message) for message in recent):
        why = WAITS_TO_GO
    return whose, why


def _by_a_person(conversation: Conversation) -> bool:
    """Whether a person set it to rest; only of one that rests."""
    until = conversation.parked_until
    if until is None:
        return False
    jobs = Job.objects.filter(effect_key=park_key(conversation.pk, until))
    setting = jobs.values_list("arguments", flat=True).first()
    return setting is not None and str(setting.get("by", "")).startswith("user:")


def _waits_to_go(message: "_Said") -> bool:
    """A person's message that has not left: the lead's next word may stop it."""
    out = message.direction == Message.Direction.OUTBOUND
    return out and not message.automatic and message.state in WAITING_STATES


class _Said(NamedTuple):
    """What `refresh` looks at of a message."""

    state: str
    reason: str
    direction: str
    kind: str
    automatic: bool


_recent: Select[Message] = Select(
    lambda place: (
        Message.objects.filter(conversation=place("conversation"))
        .order_by("-occurred_at", "-pk")
        .values_list(*_Said._fields)[:RECENT]
    )
)


def _waits_for_person(recent: list[_Said]) -> str:
    state = Message.State
    for message in recent:  # newest first
        if message.state == state.DRAFT:
            return message.reason or "A draft waits for you"
        if message.state in (state.SENT, state.DELIVERED):
            return ""
        if message.state == state.FAILED and message.reason:
            return f"Not delivered: {message.reason}"
    return ""


def _by_last_message(
    conversation: Conversation, recent: list[_Said], signs: _Signs
) -> tuple[str, str]:
    turn = Conversation.Turn
    answering = signs.turn_state in (Turn.State.WAITING, Turn.State.WORKING)
    if conversation.holder_id is None and answering:
        return turn.AI, ""
    if _lead_spoke_last(recent):
        if conversation.holder_id is not None:
            return turn.NEEDS_YOU, "The lead wrote to you"
        if signs.turn_outcome == Turn.Outcome.SILENT:
            return turn.WAITING, signs.turn_reason
        return turn.NEEDS_YOU, "Nobody has answered yet"
    if conversation.holder_id is not None:
        return turn.PERSON, ""
    if any(m.automatic and m.state in PENDING for m in recent):
        return turn.AI, ""
    return turn.WAITING, ""


def _lead_spoke_last(recent: list[_Said]) -> bool:
    for message in recent:
        if message.direction == Message.Direction.INBOUND and not message.automatic:
            return True
        said = message.direction == Message.Direction.OUTBOUND
        if said and message.state not in (
            Message.State.CANCELLED,
            Message.State.FAILED,
        ):
            return False
        if message.kind == Message.Kind.CALL:
            return False
    return False
