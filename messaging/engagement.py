"""What carriers tell of a mail after it left: delivered, opened, bounced, refused.

A report may be on a mail that is not ours, since an account can have several users:
then nothing happens. All of these run once per event, in its transaction.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from django.db import transaction

from leads import capture, claims, clock, consent, outbox
from leads.models import ContactPoint
from messaging.conversations import lock_conversation, refresh
from messaging.models import Channel, Message
from messaging.opting_out import close_address
from messaging.receipts import record_delivery
from messaging.transports import AddressReport, Engagement, MailDelivery

log = logging.getLogger(__name__)

MAX_LINKS: Final = 20
State = Message.State
# What of a report becomes which suppression and which event.
_SUPPRESSIONS: Final = {
    "bounce": ("bounce", "contact.bounced"),
    "complaint": ("complaint", "contact.complained"),
    "unsubscribe": ("stop", "lead.opted_out"),
}


def find_message(fact: MailDelivery | Engagement | AddressReport) -> Message | None:
    """The message of ours that a report is on: by our own id, else by the longest
    beginning of the carrier's.
    """
    rows = Message.objects.filter(direction=Message.Direction.OUTBOUND)
    if fact.message_public_id is not None:
        return rows.filter(public_id=fact.message_public_id).first()
    ids = list(_beginnings(fact.external_id))
    found = rows.filter(provider=fact.provider, external_id__in=ids)
    return max(found, key=lambda row: len(row.external_id), default=None)


def _beginnings(external_id: str) -> Iterator[str]:
    parts = external_id.split(".")[:20]
    for end in range(len(parts), 0, -1):
        beginning = ".".join(parts[:end])
        if beginning:
            yield beginning


def record_mail_delivery(*, fact: MailDelivery) -> bool:
    """Take a report on the way of a mail; False when it tells nothing new.

    While the carrier still tries, the message is sent and says why it waits.
    """
    message = find_message(fact)
    if message is None:
        log.info("a report of %s is on no mail of ours", fact.provider)
        return False
    if record_delivery(fact=replace(fact, message_public_id=message.public_id)):
        return True
    return bool(fact.words) and _note_waiting(message, fact)


@transaction.atomic
def _note_waiting(found: Message, fact: MailDelivery) -> bool:
    if fact.state != State.SENT:
        return False
    conversation = lock_conversation(found.conversation_id)
    rows = Message.objects.filter(pk=found.pk, state=State.SENT)
    noted = bool(rows.update(reason=fact.words[:300]))
    if noted:
        refresh(conversation, ring="delivery")
    return noted


def record_engagement(*, fact: Engagement) -> bool:
    """Count that a mail was opened or a link in it followed; the first time of each
    mail and link becomes an event. False when it is no mail of ours.
    """
    found = find_message(fact)
    if found is None:
        log.info("a report of %s is on no mail of ours", fact.provider)
        return False
    with transaction.atomic():
        conversation = lock_conversation(found.conversation_id)
        message = Message.objects.get(pk=found.pk)
        first = _count(message, fact)
        message.save(update_fields=["details"])
        if first:
            link = {"url": fact.url} if fact.url else {}
            outbox.emit(
                kind=f"message.{fact.what}",
                lead=conversation.lead,
                actor="lead",
                origin=fact.provider,
                payload={"message": str(message.public_id), **link},
                occurred_at=fact.occurred_at,
            )
            refresh(conversation, ring="delivery")
    return True


def _count(message: Message, fact: Engagement) -> bool:
    """Count in `details[what]`, a list of {"url", "times", "first", "last"}; say
    whether this is the first of its kind.
    """
    rows: list[dict[str, Any]] = list(message.details.get(fact.what, []))
    at = fact.occurred_at.isoformat()
    row = next((row for row in rows if row["url"] == fact.url), None)
    if row is not None:
        row["times"] += 1
        row["first"], row["last"] = min(row["first"], at), max(row["last"], at)
    elif len(rows) < MAX_LINKS:
        rows.append({"url": fact.url, "times": 1, "first": at, "last": at})
    message.details = {**message.details, fact.what: rows}
    return row is None and rows[-1]["url"] == fact.url


def record_address_report(*, fact: AddressReport) -> bool:
    """Write nothing more to an address, and cancel what was about to go there.

    What an unsubscriber once agreed to is withdrawn. False when nobody of ours has
    the address, or it says nothing new.
    """
    reason, event = _SUPPRESSIONS[fact.reason]
    found = find_message(fact)
    point = _point_of(fact, found)
    if point is None:
        log.info("a report of %s is on no address of ours", fact.provider)
        return False
    with transaction.atomic():
        point = claims.lock_contact_point(point.pk)
        if not _is_news(point, fact):
            return False
        if fact.reason == "unsubscribe":
            _withdraw(point, fact, found)
        close_address(
            point=point,
            channel=fact.channel,
            reason=reason,
            words=fact.words,
            actor=_actor(fact),
            source=f"{fact.provider} {fact.external_id}",
            why=fact.words,
            event=event,
            payload={"message": str(found.public_id) if found is not None else None},
            also=[found.conversation_id] if found is not None else [],
            origin=fact.provider,
            occurred_at=fact.occurred_at,
        )
    return True


def _is_news(point: ContactPoint, fact: AddressReport) -> bool:
    """Whether it changes anything: what was agreed to before a bounce can still be
    taken back.
    """
    standing = consent.is_suppressed(point, fact.channel)
    reason, _ = _SUPPRESSIONS[fact.reason]
    if standing is None or consent.can_be_raised(standing, reason):
        return True
    agreed = consent.has_consent(point, fact.channel) is not None
    return fact.reason == "unsubscribe" and agreed


def _actor(fact: AddressReport) -> str:
    return "system" if fact.reason == "bounce" else "lead"


def _point_of(fact: AddressReport, found: Message | None) -> ContactPoint | None:
    """The real address that the report names, else that of its message."""
    if fact.channel == Channel.Kind.EMAIL:
        value, kind = capture.normalise_email(fact.address), ContactPoint.Kind.EMAIL
    else:
        value, kind = capture.normalise_sender(fact.address), ContactPoint.Kind.PHONE
    rows = ContactPoint.objects.filter(kind=kind, value=value, simulated=False)
    return rows.first() or (found.contact_point if found is not None else None)


def _withdraw(point: ContactPoint, fact: AddressReport, found: Message | None) -> None:
    consent.record_consent(
        contact_point=point,
        channel=fact.channel,
        given=False,
        basis="inbound",
        wording=fact.words,
        source=f"{fact.provider} {fact.external_id}",
        evidence=f"message {found.public_id}" if found is not None else "",
        actor="lead",
        at=clock.now(),
    )
