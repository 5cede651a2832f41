"""The house's own mail (a forgotten password, a notice) on the roads of all mail.

Django's `EMAIL_BACKEND`. Where no road is set up it is printed, as a developer needs.
"""

import logging
import uuid
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Any, Final

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as Console
from django.utils.html import strip_tags

from messaging.transports import (
    Outcome,
    OutgoingMail,
    OutgoingMessage,
    Transport,
    TransportError,
    choose_transport,
    next_transport,
)

log = logging.getLogger(__name__)
DEADLINE: Final = 10.0
KIND: Final = "email"
# Each becomes what OutgoingMail has for it, or is the transport's own.
_NAMED: Final = frozenset({"from", "to", "cc", "bcc", "subject", "reply-to"})


class HouseBackend(BaseEmailBackend):
    """Sends each mail to each of its people by the first road that takes it.

    Raises TransportError for a definite no, unless it is to fail silently; a mail
    that may have left counts as sent, since asking again would double it.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send them now; how many went to everybody."""
        first = choose_transport(KIND, simulated=False)
        if first.simulated:
            return Console(fail_silently=self.fail_silently).send_messages(
                list(email_messages)
            )
        return sum(self._send(mail) for mail in email_messages)

    def _send(self, mail: EmailMessage) -> bool:
        try:
            for letter in letters_of(mail):
                _carry(letter)
        except TransportError as error:
            log.warning("house mail was not sent: %s", error.words)
            if self.fail_silently:
                return False
            raise
        return bool(mail.recipients())


def letters_of(mail: EmailMessage) -> Iterator[OutgoingMessage]:
    """One for each address. Raises TransportError for what house mail cannot carry."""
    if mail.attachments:
        raise TransportError(
            Outcome.PERMANENT, "house mail carries no files", code="request"
        )
    name, sender = parseaddr(str(mail.from_email))
    plain = mail.content_subtype == "plain"
    text, html = str(mail.body), "" if plain else str(mail.body)
    for content, kind in _alternatives(mail):
        html = str(content) if kind == "text/html" else html
    for recipient in mail.recipients():
        public_id = uuid.uuid4()
        yield OutgoingMessage(
            public_id=public_id,
            channel=KIND,
            from_address=sender,
            to_address=parseaddr(recipient)[1],
            body=text if plain else strip_tags(text),
            subject=str(mail.subject),
            deadline=DEADLINE,
            mail=OutgoingMail(
                message_id=f"{public_id}@{sender.rpartition('@')[2] or 'localhost'}",
                from_name=name,
                reply_to=parseaddr(mail.reply_to[0])[1] if mail.reply_to else "",
                html=html,
                headers=(("Auto-Submitted", "auto-generated"), *_further(mail)),
            ),
        )


def _alternatives(mail: EmailMessage) -> Sequence[tuple[Any, Any]]:
    if not isinstance(mail, EmailMultiAlternatives):
        return ()
    return [(one[0], one[1]) for one in mail.alternatives]


def _further(mail: EmailMessage) -> Iterator[tuple[str, str]]:
    for name, value in mail.extra_headers.items():
        if name.lower() not in _NAMED:
            yield name, str(value)


def _carry(letter: OutgoingMessage) -> None:
    road = choose_transport(KIND, simulated=False)
    other = next_transport(KIND, after=road.name)
    try:
        road.send(letter)
    except TransportError as error:
        if error.elsewhere and other is not None:
            log.warning("house mail goes by %s: %s", other.name, error.words)
            _carry_by(other, letter)
            return
        _end(road, error)


def _carry_by(road: Transport, letter: OutgoingMessage) -> None:
    try:
        road.send(letter)
    except TransportError as error:
        _end(road, error)


def _end(road: Transport, error: TransportError) -> None:
    if error.outcome is not Outcome.UNKNOWN:
        raise error
    log.warning("house mail may have left by %s: %s", road.name, error.words)
