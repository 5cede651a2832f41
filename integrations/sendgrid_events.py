"""SendGrid's events as facts: what became of a mail, and of its address.

A batch is a JSON array. Events of one batch stand for themselves: what cannot be read
is told beside the others. https://www.twilio.com/docs/sendgrid/for-developers/
tracking-events/event lists the words.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from integrations.base import Once, Received, Unreadable, UnreadableDelivery
from integrations.sendgrid_words import MESSAGE_ARGUMENT, Failure, failure_of
from messaging.text import clean
from messaging.transports import AddressReport, Engagement, MailDelivery

logger = logging.getLogger("integrations.sendgrid")

PROVIDER: Final = "sendgrid"
# The custom argument that carries our message's public id to SendGrid and back.
MAX_EVENTS: Final = 20_000
_TOLD: Final = 5  # spoilt events that are told apart, of one batch
_LATEST: Final = 4_102_444_800  # the year 2100, in seconds
# What SendGrid's own machines add to the id under which they took a mail.
_MACHINE = re.compile(r"\.(?:filter|recvd)")
# Parts of our own pages' addresses that are secrets.
_CAPABILITY = re.compile(r"(/(?:u|book)/)[^/]+")

Event = Mapping[str, Any]
Facts = tuple[object, ...]


def read_batch(received: Received) -> list[object]:
    """Each event's facts as `Once`, then what cannot be read. Raises
    UnreadableDelivery when nothing can.
    """
    events = _events(b"".join(received.pieces()))
    found: list[object] = []
    spoilt: list[str] = []
    for number, event in enumerate(events, 1):
        try:
            facts = _facts_of(event, received.received_at)
        except ValueError as error:
            spoilt.append(f"event {number}: {error}")
            continue
        if facts:
            found.append(Once(_key(event), facts))
    if spoilt:
        more = f" and {len(spoilt) - _TOLD} more" if len(spoilt) > _TOLD else ""
        found.append(Unreadable(f"{'; '.join(spoilt[:_TOLD])}{more}"))
    return found


def _events(body: bytes) -> list[Any]:
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableDelivery("the batch is no JSON that can be read") from None
    if isinstance(batch, dict):
        batch = [batch]
    if not isinstance(batch, list):
        raise UnreadableDelivery("the batch is no list of events")
    if len(batch) > MAX_EVENTS:
        raise UnreadableDelivery(f"the batch has more than {MAX_EVENTS} events")
    return batch


def _facts_of(event: Any, received_at: datetime) -> Facts:
    """What one event says; nothing for what is of no use. Raises ValueError."""
    if not isinstance(event, dict):
        raise ValueError("it is no object")
    word = _text(event, "event").lower()
    if not word:
        raise ValueError("it names no event")
    if word in _IGNORED:
        return ()
    read = _READERS.get(word)
    if read is None:
        logger.warning("SendGrid tells of an event that is not known: %.40r", word)
        return ()
    return tuple(read(_About.of(event, received_at), event))


def _key(event: Event) -> str:
    """SendGrid's own id; of one that has none, what it says."""
    known = _text(event, "sg_event_id")
    if known and len(known) <= 150:
        return known
    told = json.dumps(event, sort_keys=True, default=str)
    return f"sha256:{sha256(told.encode('utf-8', 'replace')).hexdigest()}"


@dataclass(frozen=True, slots=True)
class _About:
    """What every event says."""

    external_id: str
    message: uuid.UUID | None
    address: str
    at: datetime

    @classmethod
    def of(cls, event: Event, received_at: datetime) -> "_About":
        message_id = _MACHINE.split(_text(event, "sg_message_id"))[0]
        return cls(
            external_id=message_id[:200],
            message=_our_id(event),
            address=_text(event, "email").strip().lower()[:254],
            at=_moment(event, received_at),
        )

    def delivery(self, state: str, *, words: str = "", code: str = "") -> MailDelivery:
        return MailDelivery(
            provider=PROVIDER,
            external_id=self.external_id,
            message_public_id=self.message,
            state=state,
            occurred_at=self.at,
            error_code=code[:40],
            words=words,
        )

    def report(self, reason: str, words: str) -> AddressReport:
        if not self.address:
            raise ValueError("it names no address (email)")
        return AddressReport(
            provider=PROVIDER,
            external_id=self.external_id,
            channel="email",
            address=self.address,
            reason=reason,
            words=words,
            occurred_at=self.at,
            message_public_id=self.message,
        )


def _our_id(event: Event) -> uuid.UUID | None:
    told = event.get(MESSAGE_ARGUMENT)
    if told is None:
        nested = event.get("unique_args") or event.get("custom_args")
        told = nested.get(MESSAGE_ARGUMENT) if isinstance(nested, dict) else None
    try:
        return uuid.UUID(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _moment(event: Event, received_at: datetime) -> datetime:
    """When it happened, never later than it was received."""
    told = event.get("timestamp")
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 12:
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int | float):
        return received_at
    if not 0 < told < _LATEST:
        return received_at
    return min(datetime.fromtimestamp(told, UTC), received_at)


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    return clean(value) if isinstance(value, str) else ""


# --- one reader a kind -------------------------------------------------------


def _sent(about: _About, event: Event) -> Iterator[object]:
    yield about.delivery("sent")


def _delivered(about: _About, event: Event) -> Iterator[object]:
    yield about.delivery("delivered")


def _deferred(about: _About, event: Event) -> Iterator[object]:
    told = _text(event, "response") or _text(event, "reason")
    words = "The other server asks to wait; SendGrid goes on trying"
    yield about.delivery("sent", words=f"{words}: {told[:160]}" if told else words)


def _failed(about: _About, event: Event) -> Iterator[object]:
    """A bounce, a block or a drop: the address first, whose lock comes first."""
    failure: Failure = failure_of(event)
    if failure.suppress:
        yield about.report(failure.suppress, failure.words)
    yield about.delivery("failed", words=failure.words, code=failure.code)


def _complaint(about: _About, event: Event) -> Iterator[object]:
    yield about.report("complaint", "marked our mail as spam")


def _unsubscribe(about: _About, event: Event) -> Iterator[object]:
    yield about.report("unsubscribe", "unsubscribed by the link in our mail")


def _opened(about: _About, event: Event) -> Iterator[object]:
    # A mail program that fetches every picture says nothing of its reader.
    if event.get("sg_machine_open") not in (True, "true", "True"):
        yield _engagement(about, "opened")


def _clicked(about: _About, event: Event) -> Iterator[object]:
    yield _engagement(about, "clicked", _plain_url(_text(event, "url")))


def _engagement(about: _About, what: str, url: str = "") -> Engagement:
    return Engagement(
        provider=PROVIDER,
        external_id=about.external_id,
        message_public_id=about.message,
        what=what,
        occurred_at=about.at,
        url=url,
    )


def _plain_url(url: str) -> str:
    """Host and path, without what may be a secret or a person's."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    path = _CAPABILITY.sub(r"\1…", parts.path)
    return f"{parts.scheme}://{host}{path}"[:300]


_READERS: Final[Mapping[str, Callable[[_About, Event], Iterator[object]]]] = {
    "processed": _sent,
    "delivered": _delivered,
    "deferred": _deferred,
    "bounce": _failed,
    "blocked": _failed,
    "dropped": _failed,
    "spamreport": _complaint,
    "unsubscribe": _unsubscribe,
    "group_unsubscribe": _unsubscribe,
    "open": _opened,
    "click": _clicked,
}
# A suppression here is lifted by a person or by the lead's own words alone.
_IGNORED: Final = frozenset({"group_resubscribe", "account_status_change"})
