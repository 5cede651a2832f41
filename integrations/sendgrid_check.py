"""Is SendGrid set up: the key, the sender, the way in and the reports."""

import time
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from integrations import sendgrid_api
from integrations.ends import for_how_long
from integrations.letter import is_address
from integrations.sendgrid_hooks import (
    EVENTS,
    INBOUND,
    events_trouble,
    inbound_trouble,
)
from integrations.sendgrid_sender import standing_of
from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    unreachable,
)
from messaging.transports import Outcome, TransportError

KEYS: Final = "app.sendgrid.com → Settings → API Keys"
_LEAST_SECONDS: Final = 0.05
Rows = list[dict[str, Any]]


class Unreadable(Exception):
    """An answer that SendGrid does not give."""


class Account:
    """Reads of one test, which end together within its deadline."""

    def __init__(self, deadline: float) -> None:
        self._until = time.monotonic() + deadline

    def read(self, path: str, **params: str | int) -> Any:
        """The JSON at `path`. Raises TransportError and Unreadable."""
        left = self._until - time.monotonic()
        if left < _LEAST_SECONDS:
            words = "SendGrid was not asked everything: the time given is used up"
            raise TransportError(Outcome.REFUSED, words, code="deadline")
        answer = sendgrid_api.call("GET", path, params=params or None, deadline=left)
        try:
            return answer.json()
        except Exception as error:
            raise Unreadable(f"answered {answer.status}, not with JSON") from error

    def scopes(self) -> set[str]:
        """What the key may do."""
        found = self.read("/v3/scopes")
        listed = found.get("scopes") if isinstance(found, dict) else None
        if not isinstance(listed, list):
            raise Unreadable("no list of rights")
        return {str(one) for one in listed}

    def domains(self) -> Rows:
        """The authenticated domains."""
        return _rows(self.read("/v3/whitelabel/domains", limit=100))

    def senders(self) -> Rows:
        """The senders that were verified one by one."""
        return _rows(self.read("/v3/verified_senders", limit=200), "results")

    def parse_settings(self) -> Rows:
        """Where incoming mail is posted to."""
        return _rows(self.read("/v3/user/webhooks/parse/settings"), "result")

    def event_webhooks(self) -> Rows:
        """Where reports are posted to."""
        found = self.read("/v3/user/webhooks/event/settings/all")
        return _rows(found, "webhooks")


def _rows(found: Any, name: str = "") -> Rows:
    listed = found.get(name) if name and isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise Unreadable(f"no list of {name or 'rows'}")
    return [row for row in listed if isinstance(row, dict)]


def ask_sendgrid(deadline: float) -> ServiceResult:
    """Read what the key may do, then all that it may read of the set-up."""
    address = settings.SENDGRID_FROM_EMAIL.strip()
    if not is_address(address):
        return _wrong(
            "SENDGRID_FROM_EMAIL is no mail address.",
            "Set it to an address that SendGrid has verified, as in sales@example.com.",
        )
    account = Account(deadline)
    started = time.monotonic()
    try:
        scopes = account.scopes()
        took = round((time.monotonic() - started) * 1000)
        return _found(account, scopes, address, took)
    except TransportError as error:
        return _trouble(error)
    except Unreadable as error:
        return _not_sendgrid(str(error))


def _found(
    account: Account, scopes: set[str], address: str, took: int
) -> ServiceResult:
    if "mail.send" not in scopes:
        return ServiceResult(
            ServiceState.REJECTED,
            "SendGrid knows this key, but it may not send mail.",
            fix=f"At {KEYS}, give it Mail Send, or make one with Full Access.",
            latency_ms=took,
        )
    may_see = {"sender_verification_eligible", "sender_verification.read"} & scopes
    standing = standing_of(
        address,
        account.domains() if "whitelabel.read" in scopes else None,
        lambda: account.senders() if may_see else None,
    )
    if standing.wrong:
        return _wrong(standing.wrong, standing.fix)
    for scope, read, judge in (
        (
            "user.webhooks.parse.settings.read",
            account.parse_settings,
            inbound_trouble,
        ),
        (
            "user.webhooks.event.settings.read",
            account.event_webhooks,
            events_trouble,
        ),
    ):
        trouble = judge(read()) if scope in scopes else None
        if trouble:
            return _wrong(*trouble)
    return ServiceResult(
        ServiceState.OK,
        f"The key may send mail, and {standing.words}.{_not_set()}",
        latency_ms=took,
        detail=standing.advice,
    )


def _not_set() -> str:
    missing = ""
    if not settings.SENDGRID_INBOUND_DOMAIN:
        missing += (
            " Answers go to that mailbox, not here: SENDGRID_INBOUND_DOMAIN is not set."
        )
    if not settings.SENDGRID_WEBHOOK_PUBLIC_KEY:
        missing += " States stop at “sent”: SENDGRID_WEBHOOK_PUBLIC_KEY is not set."
    return missing


def _wrong(words: str, fix: str) -> ServiceResult:
    return ServiceResult(ServiceState.MISCONFIGURED, words, fix=fix)


# --- what went wrong ---------------------------------------------------------

_NOT_SENDGRID: Final = frozenset(
    {"guard", "request", "redirects", "protocol", "unreadable", "not_sendgrid"}
)
_REFUSED: Final[Mapping[str, str]] = {
    "key": "It was mistyped, deleted, or is of another account (EU accounts are at"
    f" https://api.eu.sendgrid.com: SENDGRID_BASE_URL). Make a new one at {KEYS}.",
    "access": f"At {KEYS}, give it Full Access, or look whether the account is open.",
    "credits": "Raise the plan at app.sendgrid.com, or wait for the next period.",
}


def _trouble(error: TransportError) -> ServiceResult:
    if error.code == "breaker_open":
        return unreachable(
            f"{error.words}.", fix="Leadsite asks again by itself; test again then."
        )
    if error.code in _REFUSED:
        return ServiceResult(
            ServiceState.REJECTED, f"{_upper(error.words)}.", fix=_REFUSED[error.code]
        )
    if error.outcome is Outcome.LATER:
        return ServiceResult(
            ServiceState.RATE_LIMITED,
            f"The key is not in doubt: SendGrid takes no more calls for now{for_how_long(error)}.",
            fix="Nothing to do; Leadsite waits and goes on by itself.",
        )
    if error.outcome is Outcome.PERMANENT or error.code in _NOT_SENDGRID:
        return _not_sendgrid(error.words)
    return unreachable(
        f"{error.words}. Tried: {sendgrid_api.base_url()}.",
        fix="See that this machine reaches the internet"
        + (
            " and that SENDGRID_BASE_URL is right."
            if settings.SENDGRID_BASE_URL
            else "."
        ),
    )


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _not_sendgrid(words: str) -> ServiceResult:
    base = settings.SENDGRID_BASE_URL
    return _wrong(
        f"{sendgrid_api.base_url()} answers, but not as SendGrid does ({words}).",
        "Correct SENDGRID_BASE_URL, or empty it."
        if base
        else "Something between this machine and SendGrid answers in its place.",
    )


SERVICE = Service(
    key="sendgrid",
    label="SendGrid",
    purpose="Mail out and in, and what became of it.",
    needs=(
        Need("SENDGRID_API_KEY", "API key, SG.…, with Mail Send", secret=True),
        Need("SENDGRID_FROM_EMAIL", "our sender, which SendGrid has verified"),
    ),
    optional=(
        Need(
            "SENDGRID_INBOUND_DOMAIN", "the domain answers come to, MX mx.sendgrid.net"
        ),
        Need("SENDGRID_INBOUND_TOKEN", "in the address mail is posted to", secret=True),
        Need("SENDGRID_INBOUND_PUBLIC_KEY", "or a key for its signature"),
        Need("SENDGRID_WEBHOOK_PUBLIC_KEY", "the key that signs the reports"),
        Need("PUBLIC_BASE_URL", "the address the world reaches us under"),
        Need("SENDGRID_BASE_URL", "https://api.eu.sendgrid.com for an EU account"),
    ),
    without="Mail goes by Gmail where that is set, else nowhere: the log transport"
    " takes it, and the simulator works.",
    costs="The test is free. Mail costs what SendGrid's plan asks.",
    docs=f"Incoming mail comes to {INBOUND}<token>/ and reports come to {EVENTS} of"
    " PUBLIC_BASE_URL.",
    test=ask_sendgrid,
    calls=(sendgrid_api.SERVICE,),
)
