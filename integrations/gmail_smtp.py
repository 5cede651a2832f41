"""Gmail's SMTP server: who we are there, and what its answers mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from integrations.ends import as_transport_error, business_time
from integrations.http_types import HttpError
from integrations.smtp import Mailbox, SmtpError
from messaging.transports import Outcome, TransportError

NAME: Final = "gmail"
_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_DAILY: Final = timedelta(hours=1)
# They have to do with this account or server, not with the mail that was given.
_ROAD: Final = frozenset(
    {
        "auth",
        "breaker_open",
        "busy",
        "greeting",
        "guard",
        "no_auth",
        "no_tls",
        "sender",
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """An enhanced status code (RFC 3463) in words; `wait` makes it a no for now."""

    words: str
    wait: timedelta | None = None


# https://support.google.com/a/answer/3726730
_MEANINGS: Final[Mapping[str, Meaning]] = {
    "5.1.1": Meaning("there is no such mailbox"),
    "5.1.2": Meaning("the address has a domain that does not exist"),
    "5.1.3": Meaning("the address is no mail address"),
    "5.2.1": Meaning("the mailbox takes no mail"),
    "5.2.2": Meaning("the mailbox is full"),
    "5.2.3": Meaning("the mail is too large for Gmail"),
    "5.3.4": Meaning("the mail is too large for Gmail"),
    "5.4.5": Meaning("Gmail's limit for a day is used up", _DAILY),
    "5.7.0": Meaning("Gmail does not take it for security reasons"),
    "5.7.1": Meaning("Gmail refused it as unwanted, or by a rule of the domain"),
    "5.7.8": Meaning("Gmail does not accept the address with this app password"),
    "5.7.9": Meaning("Gmail wants an app password, not the account's own"),
    "5.7.14": Meaning("Gmail wants somebody to sign in with a browser first"),
    "5.7.26": Meaning("Gmail could not prove that the mail comes from its sender"),
}


def mailbox() -> Mailbox:
    """Our account at Gmail, or at the server set in its place."""
    return Mailbox(
        service=NAME,
        host=settings.GMAIL_SMTP_HOST,
        port=settings.GMAIL_SMTP_PORT,
        user=settings.GMAIL_ADDRESS.strip(),
        # Google shows it in four groups.
        password=settings.GMAIL_APP_PASSWORD.replace(" ", ""),
    )


def transport_error(error: HttpError) -> TransportError:
    """A failed call as the port says it, in plain words where Gmail's are known."""
    outcome = Outcome(error.outcome.value)
    road = error.code in _ROAD or outcome is Outcome.REFUSED
    if not isinstance(error, SmtpError) or not error.said:
        return as_transport_error(error, "Gmail", elsewhere=road)
    found = _ENHANCED.search(error.said)
    meaning = _MEANINGS.get(found[1]) if found else None
    if meaning is None:
        return as_transport_error(error, "Gmail", elsewhere=road)
    wait = meaning.wait
    return TransportError(
        Outcome.LATER if wait else outcome,
        meaning.words,
        retry_at=business_time(timezone.now() + wait) if wait else None,
        code=found[1] if found else error.code,
        elsewhere=road or wait is not None,
    )
