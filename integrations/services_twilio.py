"""Is Twilio set up: the account, the number or Messaging Service, the way in."""

import re
import time
from typing import Any, Final

from django.conf import settings
from twilio.rest import Client

from integrations import twilio_api
from integrations.ends import for_how_long
from integrations.services import (
    Need,
    Service,
    ServiceResult,
    ServiceState,
    unreachable,
)
from messaging.transports import Outcome, TransportError

HOOK: Final = "/hooks/twilio/sms/"
VOICE_HOOK: Final = "/hooks/twilio/voice/"
CONSOLE: Final = "console.twilio.com"
_ACCOUNT = re.compile(r"AC[0-9a-zA-Z]{2,}")
_NOT_OPEN: Final = {
    "suspended": "Twilio has suspended this account.",
    "closed": "This Twilio account is closed.",
}


class _Wrong(Exception):
    """Something is set up wrongly; carries the finding."""

    def __init__(self, words: str, fix: str) -> None:
        super().__init__(words)
        self.result = ServiceResult(ServiceState.MISCONFIGURED, words, fix=fix)


def ask_twilio(deadline: float) -> ServiceResult:
    """Fetch the account, then the number and the Messaging Service that are set."""
    sid = twilio_api.account_sids()[0]
    if not _ACCOUNT.fullmatch(sid):
        return ServiceResult(
            ServiceState.MISCONFIGURED,
            "TWILIO_ACCOUNT_SID is no account SID: those begin with AC.",
            fix=f"Copy the Account SID from {CONSOLE} (an API key, SK…, will not do).",
        )
    try:
        api = twilio_api.client(deadline=deadline)
        started = time.monotonic()
        account = api.api.v2010.accounts(sid).fetch()
        took = round((time.monotonic() - started) * 1000)
        return _found(api, account, took)
    except _Wrong as wrong:
        return wrong.result
    except TransportError as error:
        return _trouble(error)
    except Exception as error:
        return _not_twilio(f"its answer cannot be read: {type(error).__name__}")


def _found(api: Client, account: Any, took: int) -> ServiceResult:
    name = str(account.friendly_name or account.sid)[:60]
    if account.status in _NOT_OPEN:
        return ServiceResult(
            ServiceState.REJECTED,
            _NOT_OPEN[account.status],
            fix=f"Sign in at {CONSOLE}: it says why, and what is to be done.",
            latency_ms=took,
            detail=name,
        )
    _check_public_address()
    number = settings.TWILIO_PHONE_NUMBER
    service = settings.TWILIO_MESSAGING_SERVICE_SID
    by_number = _check_service(api, service) if service else True
    calls = ""
    if number.startswith("+"):
        calls = _calls(api, _check_number(api, number, by_number=by_number))
    trial = str(account.type) == "Trial"
    more = " It is a trial account: texts reach verified numbers only." if trial else ""
    sender = number or "the Messaging Service"
    return ServiceResult(
        ServiceState.OK,
        f"The account is open, {sender} sends, and texts to it come in here.{calls}{more}",
        latency_ms=took,
        detail=f"Account “{name}”",
    )


def _check_public_address() -> None:
    if not settings.PUBLIC_BASE_URL:
        raise _Wrong(
            "The keys are right, but Twilio does not know the way to us:"
            " PUBLIC_BASE_URL is not set.",
            "Set PUBLIC_BASE_URL to the https address the world reaches this"
            f" installation under; Twilio then gets that address with {HOOK}.",
        )


def our_address() -> str:
    """What belongs into Twilio's console as the address for incoming texts."""
    return f"{settings.PUBLIC_BASE_URL}{HOOK}"


def voice_address() -> str:
    """What belongs into Twilio's console as the address for incoming calls."""
    return f"{settings.PUBLIC_BASE_URL}{VOICE_HOOK}"


def _calls(api: Client, row: Any) -> str:
    """Whether calls come in here: who does without them has nothing to mend."""
    if not _capabilities(row).get("voice"):
        return ""
    address = row.voice_url
    if row.voice_application_sid:
        address = api.applications(row.voice_application_sid).fetch().voice_url
    if str(address or "").strip() == voice_address():
        return " Calls come in here too: a missed one is answered by a text."
    return (
        " Calls do not come in here. To have missed ones answered by a text, paste"
        f" {voice_address()} in {CONSOLE}, Phone Numbers → {row.phone_number} →"
        " A call comes in, with HTTP POST, and beside it as Call status changes."
    )


def _capabilities(row: Any) -> dict[str, bool]:
    return {str(k).lower(): bool(v) for k, v in dict(row.capabilities or {}).items()}


def _check_number(api: Client, number: str, *, by_number: bool) -> Any:
    """The number's row, when it can text and texts to it come here. Raises _Wrong."""
    rows = api.incoming_phone_numbers.list(phone_number=number, limit=5)
    row = next((one for one in rows if one.phone_number == number), None)
    if row is None:
        raise _Wrong(
            f"{number} is not a number of this Twilio account.",
            f"Set TWILIO_PHONE_NUMBER to one that {CONSOLE} lists under Phone Numbers,"
            " as in +15017122661.",
        )
    if not _capabilities(row).get("sms"):
        raise _Wrong(
            f"{number} cannot send texts: Twilio lists it for calls only.",
            "Buy a number with the capability SMS and set it as TWILIO_PHONE_NUMBER.",
        )
    if not by_number:
        return row
    address, method = row.sms_url, row.sms_method
    if row.sms_application_sid:
        app = api.applications(row.sms_application_sid).fetch()
        address, method = app.sms_url, app.sms_method
    place = f"Phone Numbers → {number} → A message comes in"
    _check_address(str(address or ""), str(method or "POST"), place)
    return row


def _check_service(api: Client, sid: str) -> bool:
    """Whether the number's own address counts; the service's is checked if not."""
    try:
        service = api.messaging.v1.services(sid).fetch()
    except TransportError as error:
        if error.outcome is not Outcome.PERMANENT or error.code not in ("20404", ""):
            raise
        raise _Wrong(
            "TWILIO_MESSAGING_SERVICE_SID is no Messaging Service of this account.",
            f"Copy it (MG…) from {CONSOLE}, Messaging → Services.",
        ) from None
    if service.use_inbound_webhook_on_number:
        return True
    place = "Messaging → Services → Integration → Send a webhook"
    method = str(service.inbound_method or "POST")
    _check_address(str(service.inbound_request_url or ""), method, place)
    return False


def _check_address(address: str, method: str, place: str) -> None:
    ours = our_address()
    fix = f"In {CONSOLE}, {place}, paste {ours} with HTTP POST."
    if not address:
        raise _Wrong("Texts leave, but Twilio sends incoming ones nowhere.", fix)
    if address.strip() != ours:
        shown = address.partition("?")[0][:120]
        raise _Wrong(f"Twilio sends incoming texts to {shown}, not to us.", fix)
    if method.upper() != "POST":
        raise _Wrong(f"Twilio sends incoming texts with {method.upper()[:8]}.", fix)


# --- what went wrong ---------------------------------------------------------

_CONFIGURED = ("guard", "request", "redirects", "protocol", "unreadable")


def _trouble(error: TransportError) -> ServiceResult:
    if error.code == "breaker_open":
        return unreachable(
            f"{error.words}.",
            fix=f"Leadsite asks again by itself{for_how_long(error)}; test again then.",
        )
    if error.code == "20003":
        return ServiceResult(
            ServiceState.REJECTED,
            "Twilio does not accept this account SID with this auth token.",
            fix="The auth token does not belong to this account SID, or was changed:"
            f" copy both from {CONSOLE}, the first page.",
        )
    if error.outcome is Outcome.LATER:
        return ServiceResult(
            ServiceState.RATE_LIMITED,
            f"The keys are not in doubt: Twilio takes no more calls for now{for_how_long(error)}.",
            fix="Nothing to do; Leadsite waits and goes on by itself.",
        )
    if error.outcome is Outcome.PERMANENT or error.code in _CONFIGURED:
        return _not_twilio(error.words)
    return unreachable(
        f"{error.words}. Tried: {_tried()}.",
        fix="See that this machine reaches the internet"
        + (" and that TWILIO_BASE_URL is right." if settings.TWILIO_BASE_URL else "."),
    )


def _tried() -> str:
    return settings.TWILIO_BASE_URL or f"https://{twilio_api.API_HOST}"


def _not_twilio(words: str) -> ServiceResult:
    base = settings.TWILIO_BASE_URL
    return ServiceResult(
        ServiceState.MISCONFIGURED,
        f"{_tried()} answers, but not as Twilio does ({words}).",
        fix="Correct TWILIO_BASE_URL, or empty it."
        if base
        else "Something between this machine and Twilio answers in its place.",
    )


SERVICE = Service(
    key="twilio",
    label="Twilio",
    purpose="Texts in and out, pictures, and calls that were missed.",
    needs=(
        Need("TWILIO_ACCOUNT_SID", "Account SID, AC…, first page of the console"),
        Need("TWILIO_AUTH_TOKEN", "auth token, beside it", secret=True),
    ),
    one_of=(
        Need("TWILIO_PHONE_NUMBER", "our number, as in +15017122661"),
        Need("TWILIO_MESSAGING_SERVICE_SID", "or a Messaging Service, MG…"),
    ),
    optional=(
        Need("PUBLIC_BASE_URL", "the address the world reaches us under"),
        Need("TWILIO_BASE_URL", "only to call something else in Twilio's place"),
    ),
    without="Texts go nowhere: the log transport takes them, and the simulator works.",
    costs="The test is free. A text costs what Twilio asks, in the US about $0.008.",
    docs=f"The number must send incoming texts to {HOOK} of PUBLIC_BASE_URL, and calls"
    f" to {VOICE_HOOK} where missed ones are to be answered by a text.",
    test=ask_twilio,
    texts="twilio",
    calls=("twilio", "twilio-media"),
)
