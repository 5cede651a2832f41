"""Mail out through SendGrid: its library builds the body, our own door sends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header as Encoded
from typing import Any, Final

from django.conf import settings
from sendgrid.helpers.mail import (
    Category,
    ClickTracking,
    Content,
    CustomArg,
    Email,
    Header,
    Mail,
    OpenTracking,
    ReplyTo,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from integrations import sendgrid_api
from integrations.letter import Letter, is_address, letter_of
from integrations.sendgrid_words import MESSAGE_ARGUMENT
from messaging.transports import (
    Found,
    Outcome,
    OutgoingMessage,
    Receipt,
    TransportError,
)

CATEGORY: Final = "leadsite"


@dataclass(frozen=True)
class SendGridTransport:
    """Mail from our verified sender address."""

    name: str = "sendgrid"
    simulated: bool = False

    def is_configured(self) -> bool:
        """A key, and an address to send from."""
        return bool(settings.SENDGRID_API_KEY and settings.SENDGRID_FROM_EMAIL)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one mail over. Raises TransportError."""
        letter = letter_of(message, sender=_sender(message.from_address))
        answer = sendgrid_api.call(
            "POST",
            "/v3/mail/send",
            json=body_of(letter, our_id=str(message.public_id)),
            deadline=message.deadline,
        )
        taken = answer.headers.get("x-message-id", "").strip()
        if not taken:
            words = f"SendGrid answered {answer.status} without its id of the mail"
            raise TransportError(Outcome.UNKNOWN, words, code="unreadable")
        return Receipt(external_id=taken[:200])

    def find(self, message: OutgoingMessage, *, since: datetime) -> Sequence[Found]:
        """Raises TransportError: there is no list that every account may read. Its
        reports carry our id and settle what is unknown.
        """
        words = "SendGrid keeps no list to look in; its reports would tell"
        raise TransportError(Outcome.REFUSED, words, code="no_list")


def _sender(address: str) -> str:
    """The mailbox that the lead knows, else the address that is set."""
    return address if is_address(address) else settings.SENDGRID_FROM_EMAIL.strip()


def body_of(letter: Letter, *, our_id: str) -> dict[str, Any]:
    """The v3 mail body. Reports bring `our_id` back; it says nothing of a person."""
    # A name makes the library take the address as it is, not parse it.
    mail = Mail(from_email=_who(Email, letter.sender), subject=letter.subject)
    if letter.sender_name:
        mail.from_email.name = letter.sender_name
    mail.to = _who(To, letter.recipient)
    if letter.reply_to:
        mail.reply_to = _who(ReplyTo, letter.reply_to)
    mail.add_content(_Words("text/plain", letter.text))
    if letter.html:
        mail.add_content(_Words("text/html", letter.html))
    for name, value in (("Message-ID", letter.message_id), *letter.headers):
        mail.add_header(Header(name, _ascii(value)))
    mail.add_custom_arg(CustomArg(MESSAGE_ARGUMENT, our_id))
    mail.add_category(Category(CATEGORY))
    mail.tracking_settings = _tracking()
    body: dict[str, Any] = mail.get()
    return body


class _Words(Content):  # type: ignore[misc]  # the library has no types
    """Any text. The library's own class refuses every text that holds something like
    "SG.com.sg", which it takes for an API key.
    """

    def __init__(self, mime_type: str, text: str) -> None:
        super().__init__(mime_type, None)
        self._content = text


def _who(kind: type[Any], address: str) -> Any:
    """The library splits an address that it gets by its constructor."""
    who = kind()
    who.email = address
    return who


def _ascii(value: str) -> str:
    return value if value.isascii() else Encoded(value, "utf-8", 900).encode()


def _tracking() -> TrackingSettings:
    """Opens and clicks by setting; unsubscribing is always ours."""
    on = settings.SENDGRID_TRACKING
    return TrackingSettings(
        click_tracking=ClickTracking(on, False),
        open_tracking=OpenTracking(on),
        subscription_tracking=SubscriptionTracking(False),
    )
