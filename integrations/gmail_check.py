"""Is Gmail set up: can we connect and sign in. Nothing is sent."""

import time
from typing import Final

from django.conf import settings

from integrations import gmail_smtp, smtp
from integrations.http_types import HttpError, Outcome
from integrations.letter import is_address
from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    unreachable,
)

_PASSWORDS: Final = "myaccount.google.com/apppasswords"
_ADVICE: Final = (
    "It must be an app password (16 letters), not the account's own: switch on 2-Step"
    f" Verification, then make one at {_PASSWORDS}."
)
_NOT_GMAIL: Final = frozenset({"no_tls", "no_auth", "guard", "greeting", "protocol"})


def ask_gmail(deadline: float) -> ServiceResult:
    """Connect, check the certificate, sign in, leave."""
    box = gmail_smtp.mailbox()
    if not is_address(box.user):
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            "GMAIL_ADDRESS is no mail address.",
            fix="Set it to the whole address, as in sales@example.com.",
        )
    started = time.monotonic()
    try:
        greeting = smtp.knock(box, deadline=deadline)
    except HttpError as error:
        return _trouble(error)
    return ServiceResult(
        ServiceState.OK,
        f"{box.user} can sign in and send.",
        latency_ms=round((time.monotonic() - started) * 1000),
        detail=greeting[:100],
    )


def _trouble(error: HttpError) -> ServiceResult:
    words = error.words[:1].upper() + error.words[1:]
    if error.code == "breaker_open":
        return unreachable(
            f"{words}.", fix="Leadsite asks again by itself; test again then."
        )
    if error.code == "auth":
        said = gmail_smtp.transport_error(error).words
        return ServiceResult(ServiceState.REJECTED, f"{said}.", fix=_ADVICE)
    if error.outcome is Outcome.LATER:
        return ServiceResult(
            ServiceState.RATE_LIMITED,
            f"The password is not in doubt: {error.words}.",
            fix="Nothing to do; Leadsite waits and goes on by itself.",
        )
    if error.code in _NOT_GMAIL or error.outcome is Outcome.PERMANENT:
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"{_tried()} does not answer as a mail server for sending does: {words}.",
            fix="Set GMAIL_SMTP_HOST and GMAIL_SMTP_PORT (587 or 465), or empty both.",
        )
    if error.code == "tls":
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            f"{words}. Nothing was said to it.",
            fix="Something between this machine and the server answers in its place,"
            " or GMAIL_SMTP_HOST is not the name in its certificate.",
        )
    return unreachable(
        f"{words}. Tried: {_tried()}.",
        fix="See that this machine may reach that port; many networks close it.",
    )


def _tried() -> str:
    return f"{settings.GMAIL_SMTP_HOST}:{settings.GMAIL_SMTP_PORT}"


SERVICE = Service(
    key="gmail",
    label="Gmail",
    purpose="Mail out when SendGrid definitely refuses, or alone.",
    needs=(
        Need("GMAIL_ADDRESS", "the account's whole address"),
        Need("GMAIL_APP_PASSWORD", "an app password, 16 letters", secret=True),
    ),
    optional=(
        Need("GMAIL_SMTP_HOST", "smtp.gmail.com, or another server"),
        Need("GMAIL_SMTP_PORT", "587 (STARTTLS) or 465 (TLS)"),
    ),
    without="Nothing stands in for SendGrid: a person is asked about what it refuses.",
    costs="Free. Gmail takes about 500 mails a day, Workspace 2,000.",
    docs="Answers come to SendGrid's way in, since our mail says so (Reply-To).",
    test=ask_gmail,
    action="Connect and sign in",
)
