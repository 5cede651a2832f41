"""Gmail: mail by SMTP with an app password, and SendGrid's stand-in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from integrations import gmail_check, gmail_smtp, smtp
from integrations.http_types import HttpError
from integrations.letter import address, is_address, letter_of
from integrations.mime import mime_of
from messaging.transports import (
    Found,
    Outcome,
    OutgoingMessage,
    Receipt,
    TransportError,
)

SERVICE = gmail_check.SERVICE


@dataclass(frozen=True)
class GmailTransport:
    """Mail from our Gmail address; answers go to the mailbox that the lead knows."""

    name: str = gmail_smtp.NAME
    simulated: bool = False

    def is_configured(self) -> bool:
        """An address and its app password."""
        return bool(settings.GMAIL_ADDRESS and settings.GMAIL_APP_PASSWORD)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one mail over. Raises TransportError."""
        box = gmail_smtp.mailbox()
        letter = letter_of(message, sender=box.user)
        known = message.from_address
        if not letter.reply_to and is_address(known) and known != box.user:
            letter = replace(letter, reply_to=address(known, "our mailbox"))
        try:
            smtp.carry(
                box,
                sender=letter.sender,
                recipient=letter.recipient,
                content=mime_of(letter),
                deadline=message.deadline,
            )
        except HttpError as error:
            raise gmail_smtp.transport_error(error) from None
        return Receipt(external_id=letter.message_id.strip("<>")[:200])

    def find(self, message: OutgoingMessage, *, since: datetime) -> Sequence[Found]:
        """Raises TransportError: SMTP lists nothing, a person looks in the mailbox."""
        words = "SMTP keeps no list to look in; the mailbox's Sent folder would tell"
        raise TransportError(Outcome.REFUSED, words, code="no_list")
