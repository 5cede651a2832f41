"""The port to carriers: facts that cross it, its one error, its twins."""

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What the end of a call says of its effect (promises.md has the table)."""

    REFUSED = "refused"  # definitely not done; may be tried again at once
    LATER = "later"  # definitely not done; may be tried from `retry_at`
    PERMANENT = "permanent"  # definitely not done; will never be
    UNKNOWN = "unknown"  # may have been done: never repeat it automatically


class TransportError(Exception):
    """The only error a transport raises.

    `elsewhere` says that a definite refusal has to do with the road, not with this
    message or its recipient: another road may be tried at once.
    """

    def __init__(
        self,
        outcome: Outcome,
        words: str,
        *,
        retry_at: datetime | None = None,
        code: str = "",
        elsewhere: bool = False,
    ) -> None:
        super().__init__(words)
        self.outcome = outcome
        self.words = words
        self.retry_at = retry_at
        self.code = code
        self.elsewhere = elsewhere and outcome != Outcome.UNKNOWN


@dataclass(frozen=True)
class Media:
    """A picture or file that the carrier keeps for us to fetch."""

    url: str
    content_type: str


@dataclass(frozen=True)
class InboundMessage:
    """A message that a carrier brought.

    `opt_out_type` is the carrier's own word ("STOP", "START", "HELP", or "").
    `keywords_answered` says that the carrier itself answers STOP and HELP.
    """

    provider: str
    external_id: str
    channel: str  # sms | email
    from_address: str
    to_address: str
    text: str
    received_at: datetime
    subject: str = ""
    media: tuple[Media, ...] = ()
    opt_out_type: str = ""
    keywords_answered: bool = False
    segments: int = 0
    simulated: bool = False


@dataclass(frozen=True)
class DeliveryUpdate:
    """What a carrier says has become of one of our messages.

    `state` is a Message state: queued, sent, delivered or failed.
    """

    provider: str
    external_id: str
    message_public_id: uuid.UUID | None
    state: str
    occurred_at: datetime
    error_code: str = ""
    words: str = ""
    opted_out: bool = False
    not_textable: bool = False


@dataclass(frozen=True)
class MailDelivery(DeliveryUpdate):
    """The same of a mail. It may be none of ours: an account can have several users.

    `external_id` may begin with the id under which the carrier took the mail. While
    the carrier still tries, `state` is "sent" and the `words` say why it waits.
    """


@dataclass(frozen=True)
class Engagement:
    """That somebody opened one of our mails, or followed a link in it.

    `what` is opened or clicked. `url` is the link's address without its query.
    """

    provider: str
    external_id: str
    message_public_id: uuid.UUID | None
    what: str
    occurred_at: datetime
    url: str = ""


@dataclass(frozen=True)
class AddressReport:
    """What a carrier says of an address: nothing may go to it on `channel` any more.

    `reason` is bounce, complaint or unsubscribe; `words` say why in plain English.
    The message that brought it up may be named as in DeliveryUpdate.
    """

    provider: str
    external_id: str
    channel: str
    address: str
    reason: str
    words: str
    occurred_at: datetime
    message_public_id: uuid.UUID | None = None


@dataclass(frozen=True)
class OutgoingMail:
    """What a mail has beyond the text: both roads carry exactly this.

    Ids are without brackets; `message_id` is ours and the same on every road.
    `headers` come beside those named here (List-Unsubscribe, Auto-Submitted, …) and
    hold no line break.
    """

    message_id: str
    from_name: str = ""
    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OutgoingMessage:
    """A message as a transport gets it. `deadline` is seconds for the call."""

    public_id: uuid.UUID
    channel: str
    from_address: str
    to_address: str
    body: str
    subject: str = ""
    media_urls: tuple[str, ...] = ()
    deadline: float = 10.0
    mail: OutgoingMail | None = None


@dataclass(frozen=True)
class Receipt:
    """That a carrier accepted a message. `price_micro` is millionths of USD."""

    external_id: str
    state: str = "sent"
    segments: int = 0
    price_micro: int | None = None


@dataclass(frozen=True)
class Found:
    """A message that a carrier lists, for reconciliation; what it says of the
    address and the price as in DeliveryUpdate and Receipt.
    """

    external_id: str
    state: str
    to_address: str
    body: str
    created_at: datetime
    error_code: str = ""
    words: str = ""
    opted_out: bool = False
    not_textable: bool = False
    segments: int = 0
    price_micro: int | None = None


class Transport(Protocol):
    """A carrier of texts or mail."""

    name: str
    simulated: bool

    def is_configured(self) -> bool:
        """Say whether everything it needs is set."""

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one message over, or raise TransportError."""

    def find(self, message: OutgoingMessage, *, since: datetime) -> Sequence[Found]:
        """List messages that may be this one, or raise TransportError."""


@dataclass
class LogTransport:
    """The twin without an account: writes a log line, reaches nobody."""

    name: str = "log"
    simulated: bool = True
    sent: list[OutgoingMessage] = field(default_factory=list)

    def is_configured(self) -> bool:
        """Always."""
        return True

    def send(self, message: OutgoingMessage) -> Receipt:
        """Accept and log, without the text."""
        log.info("simulated %s %s", message.channel, message.public_id)
        self.sent.append(message)
        del self.sent[:-50]
        return Receipt(external_id=f"log-{message.public_id}")

    def find(self, message: OutgoingMessage, *, since: datetime) -> Sequence[Found]:
        """It keeps what it accepted, for as long as the process lives."""
        return [
            Found(
                external_id=f"log-{kept.public_id}",
                state="sent",
                to_address=kept.to_address,
                body=kept.body,
                created_at=since,
            )
            for kept in self.sent
            if kept.public_id == message.public_id
        ]


@dataclass
class SimulatorTransport(LogTransport):
    """The simulator's own: used for its leads whatever keys are set."""

    name: str = "simulator"


SIMULATOR = SimulatorTransport()


def choose_transport(
    channel_kind: str, *, simulated: bool, road: str = ""
) -> Transport:
    """Return the transport that runs now: the simulator's, the one named `road` when
    it is configured, else the first that is among `settings.TRANSPORTS[channel_kind]`.
    """
    if simulated:
        return SIMULATOR
    roads = list(configured_transports(channel_kind))
    if not roads:
        raise TransportError(
            Outcome.REFUSED, f"no transport for {channel_kind} is configured"
        )
    return next((one for one in roads if one.name == road), roads[0])


def next_transport(channel_kind: str, *, after: str) -> Transport | None:
    """The next configured transport after the one named `after`; None when there is
    none. A log never stands in for a carrier: that would only pretend to send.
    """
    roads = list(configured_transports(channel_kind))
    names = [one.name for one in roads]
    later = roads[names.index(after) + 1 :] if after in names else []
    return next((one for one in later if not one.simulated), None)


def configured_transports(channel_kind: str) -> Iterator[Transport]:
    """The transports of a kind that could run now, in the order of settings."""
    for path in settings.TRANSPORTS[channel_kind]:
        transport = cast(Transport, import_string(path)())
        if transport.is_configured():
            yield transport
