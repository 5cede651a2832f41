"""“Text my phone”: one marked text to the phone of the person who asks.

It goes straight to the transport, because it belongs to no lead; what stops every
message stops it too: the kill switch and a STOP from that number. One press sends one
text at most, whatever its end; the row shows the carrier's id and what became of it.
"""

import logging
import uuid
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.background import in_background
from integrations.models import TrialText
from integrations.services import Service
from leads import capture, clock, consent, outbox, policy, usage
from leads.models import ContactPoint
from messaging.models import Channel
from messaging.receipts import RANK
from messaging.transports import (
    DeliveryUpdate,
    Outcome,
    OutgoingMessage,
    TransportError,
    choose_transport,
)

log = logging.getLogger(__name__)

DEADLINE: Final = 10.0
# A text that was begun and never ended: its process is gone.
LOST: Final = timedelta(seconds=DEADLINE + 10)
PER_HOUR: Final = 5
# A second press this soon is the same press.
SOON: Final = timedelta(seconds=5)
BODY: Final = (
    "Test message from Leadsite. You asked for it on the services page;"
    " no answer is needed."
)
State = TrialText.State
_RANK: Final = {
    State.SENDING: 1,
    **{State(k): v for k, v in RANK.items() if k in State},
}


class NotPossible(ValueError):
    """The text cannot be sent; the words say why."""


def text_my_phone(
    *, service: Service, user: User, number: str, agreed: bool, click: uuid.UUID
) -> TrialText:
    """Send one test text in the background and return its row. A second press with
    the same `click`, or right after the first, returns the first's. Raises NotPossible.
    """
    known = TrialText.objects.filter(click=click, user=user).first()
    if known is not None:
        return known
    phone = _allowed(service, number, agreed)
    row, made = _open(service, user, phone, click)
    if made:
        work = partial(send, row, phone)
        transaction.on_commit(lambda: in_background("trial-text", work))
    return row


def _allowed(service: Service, number: str, agreed: bool) -> str:
    phone = capture.normalise_phone(number)
    if phone is None:
        raise NotPossible("That is no phone number. Write it as in +1 415 555 0123.")
    if not agreed:
        raise NotPossible("Tick the box: the text may only go to your own phone.")
    if not policy.current().sending:
        raise NotPossible("Sending is switched off, so this text stays here too.")
    point = ContactPoint.objects.filter(kind="phone", value=phone).first()
    if point is not None and consent.is_suppressed(point, Channel.Kind.SMS):
        raise NotPossible("This number said STOP: nothing may be sent to it.")
    try:
        transport = choose_transport(Channel.Kind.SMS, simulated=False)
    except TransportError as error:
        raise NotPossible(f"{error.words}.") from None
    if transport.name != service.texts:
        raise NotPossible(f"{service.label} is not set up: texts would go nowhere.")
    return phone


@transaction.atomic
def _open(
    service: Service, user: User, phone: str, click: uuid.UUID
) -> tuple[TrialText, bool]:
    """The new row, or the one that a double click has just made. The counter's row
    lets one press of a person pass at a time.
    """
    key, hour = f"trial-text:{user.pk}", usage.hour_of(clock.now())
    if not usage.take(key=key, period=hour, limit=PER_HOUR):
        raise NotPossible(f"{PER_HOUR} test texts an hour are enough; try again later.")
    now = timezone.now()
    mine = TrialText.objects.filter(user=user, service=service.key)
    known = mine.filter(Q(click=click) | Q(created_at__gt=now - SOON)).first()
    if known is not None:
        usage.give_back(key=key, period=hour)
        return known, False
    row = TrialText.objects.create(
        click=click,
        user=user,
        service=service.key,
        ending=phone[-4:],
        created_at=now,
        changed_at=now,
    )
    outbox.emit(
        kind="service.phone_texted",
        actor=f"user:{user.pk}",
        origin=service.key,
        payload={"text": str(row.public_id)},
    )
    return row, True


def send(row: TrialText, phone: str) -> None:
    """Hand it to the carrier, once, and write down how that ended."""
    message = OutgoingMessage(
        public_id=row.public_id,
        channel=Channel.Kind.SMS,
        from_address="",  # the transport knows its own
        to_address=phone,
        body=BODY,
        deadline=DEADLINE,
    )
    try:
        transport = choose_transport(Channel.Kind.SMS, simulated=False)
        receipt = transport.send(message)
    except TransportError as error:
        _not_sent(row, error)
    except Exception as error:
        log.exception("the test text %s failed", row.public_id)
        words = f"the adapter failed: {type(error).__name__}"
        _not_sent(row, TransportError(Outcome.UNKNOWN, words))
    else:
        _move(row.public_id, State.SENT, external_id=receipt.external_id[:200])


def _not_sent(row: TrialText, error: TransportError) -> None:
    if error.outcome is Outcome.UNKNOWN:
        words = f"{error.words}. It may still arrive: look at the phone first."
        _move(row.public_id, State.UNKNOWN, words=words[:300])
    else:
        _move(row.public_id, State.FAILED, words=error.words[:300])


def record_delivery(fact: DeliveryUpdate) -> bool:
    """Take the carrier's report when it is on a test text; else False."""
    if fact.message_public_id is None or fact.state not in State:
        return False
    rows = TrialText.objects.filter(public_id=fact.message_public_id)
    if not rows.exists():
        return False
    _move(
        fact.message_public_id,
        State(fact.state),
        words=fact.words[:300],
        external_id=fact.external_id[:200],
    )
    return True


def _move(public_id: uuid.UUID, state: State, **fields: Any) -> bool:
    """States only move forward, as those of messages do."""
    lower = [one for one, rank in _RANK.items() if rank < _RANK[state]]
    rows = TrialText.objects.filter(public_id=public_id, state__in=lower)
    return bool(rows.update(state=state, changed_at=timezone.now(), **fields))


def shown_state(row: TrialText) -> State:
    """Its state; one that was never heard of again is not known."""
    lost = timezone.now() - row.changed_at > LOST
    return State.UNKNOWN if row.state == State.SENDING and lost else State(row.state)
