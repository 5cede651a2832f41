"""An address is closed: everything on its way there ends, in the same transaction.

All ways to opt out come through here: a word, a link, a carrier's report, a person, the
API (those by `leads.closing`). Several leads may have the address: it ends for each.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User

from leads import clock, consent, outbox
from leads.closing import Closed
from leads.models import ContactPoint, Lead, LeadContact, Suppression
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation, Message, Turn
from messaging.queueing import cancel_pending
from messaging.sequences import stopping
from messaging.words import first_name

ASKED_TO_STOP = "the lead asked to stop"
OPTED_OUT = "lead.opted_out"
# What a lead may take back; a bounce, a complaint or a person's word stands.
LEADS_OWN = ("stop", "carrier", "list")


def close_address(
    *,
    point: ContactPoint,
    channel: str,
    reason: str,
    words: str,
    actor: str,
    source: str = "",
    why: str = ASKED_TO_STOP,
    event: str = OPTED_OUT,
    payload: dict[str, Any] | None = None,
    mine: Conversation | None = None,
    also: Iterable[int] = (),
    answered: bool = True,
    **more: Any,
) -> Suppression:
    """Forbid the address on the channel and end what is on its way there.

    The caller has the address's lock; `mine` is the conversation it has locked too,
    and refreshes; with `answered` False no answer at all follows in it. `also` are
    conversations that have to do with it. `more` goes to the event. Which reason
    stands, `consent.suppress` says.
    """
    row = consent.suppress(
        contact_point=point,
        channel=channel,
        reason=reason,
        words=words,
        actor=actor,
        at=clock.now(),
        source=source,
    )
    talks = talks_with(point, mine=mine, also=also)
    silent = None if answered else mine
    end_all(point, channel, talks, why=why, silent=silent)
    for talk in talks:
        _stop_sequences(talk.lead, reason=reason, words=words, actor=actor)
    said = {"channel": channel, **(payload or {})}
    _tell(event, _leads(talks, point), actor, said, **more)
    for talk in talks:
        if mine is None or talk.pk != mine.pk:
            refresh(talk)
    return row


def close_by_carrier(
    message: Message, conversation: Conversation, words: str, *, code: str
) -> None:
    """The carrier says of a message that its reader has opted out with it.

    Address and conversation are locked, and the caller refreshes. Once is enough.
    """
    point, reason = message.contact_point, Suppression.Reason.CARRIER
    standing = consent.is_suppressed(point, message.kind) if point else None
    known = standing is not None and not consent.can_be_raised(standing, reason)
    if point is None or known:
        return
    source = f"{message.provider or 'carrier'} {code}".strip()
    consent.record_consent(
        contact_point=point,
        channel=message.kind,
        given=False,
        basis="inbound",
        wording=words,
        source=source,
        evidence=f"message {message.public_id}",
        actor="system",
        at=clock.now(),
    )
    close_address(
        point=point,
        channel=message.kind,
        reason=reason,
        words=words,
        actor="system",
        source=source,
        why="the carrier reports an opt-out",
        payload={"message": str(message.public_id)},
        mine=conversation,
    )


def follow(closed: Closed) -> None:
    """What `leads.closing` tells of: somebody else has written the suppression."""
    talks = talks_with(closed.point)
    end_all(closed.point, closed.channel, talks, why=closed.why)
    for talk in talks:
        _stop_sequences(talk.lead, reason=closed.reason, words="", actor=closed.actor)
    payload = {"channel": closed.channel, "how": closed.how}
    _tell(OPTED_OUT, _leads(talks, closed.point), closed.actor, payload)
    for talk in talks:
        refresh(talk)


def talks_with(
    point: ContactPoint,
    *,
    mine: Conversation | None = None,
    also: Iterable[int] = (),
) -> list[Conversation]:
    """The conversations of those who have the address, and those in which something
    waits to go there, locked in one order. `mine` is locked already.
    """
    theirs = Conversation.objects.filter(
        lead__in=LeadContact.objects.filter(contact_point=point)
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .values("lead")
    )
    writing = Conversation.objects.filter(
        messages__contact_point=point,
        messages__direction=Message.Direction.OUTBOUND,
        messages__state__in=(*Message.ready_states(), Message.State.DRAFT),
    )
    ids = {*theirs.values_list("pk", flat=True), *writing.values_list("pk", flat=True)}
    ids |= set(also)
    found = {} if mine is None else {mine.pk: mine}
    others = [lock_conversation(pk) for pk in sorted(ids - found.keys())]
    return [*found.values(), *others]


def end_all(
    point: ContactPoint,
    channel: str,
    talks: list[Conversation],
    *,
    why: str,
    silent: Conversation | None = None,
) -> None:
    """Cancel what waits for the address, and the answers to what was written from it.

    In `silent` no answer at all follows: the lead said so there.
    """
    if talks:
        # With the address given, those of all conversations.
        cancel_pending(conversation=talks[0], reason=why, point=point)
    for talk in talks:
        turns = talk.turns.filter(state=Turn.State.WAITING)
        if silent is None or talk.pk != silent.pk:
            turns = turns.filter(
                last_inbound__kind=channel, last_inbound__contact_point=point
            )
        turns.update(state=Turn.State.SUPERSEDED, outcome_reason=why[:300])


def _stop_sequences(lead: Lead | None, *, reason: str, words: str, actor: str) -> None:
    if actor.startswith("user:") and lead is not None:
        name = first_name(User.objects.filter(pk=actor.removeprefix("user:")).first())
        stopping.stop_for_lead(
            lead_id=lead.pk,
            cause=stopping.Cause.OPTED_OUT,
            words=f"{name} opted {stopping.name_of(lead)} out",
            actor=actor,
        )
        return
    stopping.on_address_report(lead, reason=reason, words=words)


def _leads(talks: Iterable[Conversation], point: ContactPoint) -> list[Lead]:
    """All whose address it is, with a conversation or without."""
    found = {talk.lead.pk: talk.lead for talk in talks if talk.lead is not None}
    rows = LeadContact.objects.filter(contact_point=point).exclude(
        known_by=LeadContact.Known.PROPOSAL
    )
    for row in rows.exclude(lead__in=found).select_related("lead").order_by("pk"):
        found[row.lead_id] = row.lead
    return list(found.values())


def _tell(
    event: str, leads: list[Lead], actor: str, payload: dict[str, Any], **more: Any
) -> None:
    told: list[Lead | None] = [*leads] or [None]
    for lead in told:
        outbox.emit(kind=event, lead=lead, actor=actor, payload=payload, **more)
