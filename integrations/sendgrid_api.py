"""SendGrid's web API over the one door out, and what its answers mean."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from integrations import http
from integrations.ends import as_transport_error, business_time
from messaging.transports import Outcome, TransportError

SERVICE: Final = "sendgrid"
API: Final = "https://api.sendgrid.com"
# A shorter wait is kept on this road: the limits are by the minute.
SHORT_WAIT: Final = timedelta(seconds=60)
_LONGEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words of SendGrid's mean: our code and words, and whether the road is to
    blame, not the message.
    """

    code: str
    words: str
    elsewhere: bool = False


NO_KEY: Final = Meaning("key", "SendGrid does not accept the API key", True)
NO_RIGHT: Final = Meaning(
    "access", "the API key may not send mail, or the account is suspended", True
)
# Found in the lower-case message of an error; the first that fits wins.
_MEANINGS: Final[tuple[tuple[str, Meaning], ...]] = (
    (
        "verified sender identity",
        Meaning("sender", "SendGrid has not verified our sender address", True),
    ),
    (
        "maximum credits exceeded",
        Meaning("credits", "the SendGrid account has used up its mails", True),
    ),
    ("authorization grant is invalid", NO_KEY),
    ("authorization required", NO_KEY),
    ("access forbidden", NO_RIGHT),
    (
        "does not contain a valid address",
        Meaning("address", "the address is no mail address"),
    ),
    ("content too large", Meaning("size", "the mail is too large for SendGrid")),
)
_BY_STATUS: Final[Mapping[int, Meaning]] = {
    401: NO_KEY,
    403: NO_RIGHT,
    404: Meaning("not_sendgrid", "the address called is not SendGrid's", True),
    405: Meaning("not_sendgrid", "the address called is not SendGrid's", True),
    413: Meaning("size", "the mail is too large for SendGrid"),
    429: Meaning("rate", "SendGrid takes no more mail for now"),
    503: Meaning("busy", "SendGrid takes no mail for now"),
}


def base_url() -> str:
    """Where the API is, without a slash at the end."""
    return (settings.SENDGRID_BASE_URL or API).rstrip("/")


def account() -> str:
    """Names the account to the breaker and to nobody else: no part of the key."""
    return hashlib.sha256(settings.SENDGRID_API_KEY.encode()).hexdigest()[:16]


def call(
    method: str,
    path: str,
    *,
    deadline: float,
    json: Mapping[str, Any] | None = None,
    params: Mapping[str, str | int] | None = None,
) -> http.Response:
    """Make one call and return its 2xx. Raises TransportError for everything else."""
    key = settings.SENDGRID_API_KEY.strip()
    if not key:
        raise TransportError(
            Outcome.REFUSED, "SendGrid is not set up", code="off", elsewhere=True
        )
    try:
        answer = http.request(
            method,
            f"{base_url()}{path}",
            service=SERVICE,
            account=account(),
            headers={"Authorization": f"Bearer {key}"},
            params=dict(params) if params else None,
            json=json,
            deadline=deadline,
        )
    except http.HttpError as error:
        # It was not asked, or not reached: nothing is said of the message.
        raise as_transport_error(error, "SendGrid", elsewhere=True) from None
    if not answer.ok:
        raise refusal(answer)
    return answer


def refusal(answer: http.Response) -> TransportError:
    """What an answer outside 2xx means, by its status and SendGrid's own words."""
    outcome = Outcome(http.classify(answer) or Outcome.UNKNOWN)
    if outcome is Outcome.UNKNOWN:
        words = f"SendGrid answered {answer.status}: it may have taken the mail"
        return TransportError(outcome, words, code=str(answer.status))
    said, field = vendor_words(answer)
    meaning = _meaning(answer.status, said)
    if outcome is Outcome.LATER:
        again = _again_at(answer)
        long = again is not None and again - timezone.now() > SHORT_WAIT
        return TransportError(
            outcome,
            meaning.words,
            retry_at=business_time(again),
            code=meaning.code,
            elsewhere=long,
        )
    words = meaning.words
    if not words:
        at = f" ({field})" if field else ""
        words = f"SendGrid refused it{at}: {said or answer.status}"
    return TransportError(
        outcome, words, code=meaning.code, elsewhere=meaning.elsewhere
    )


def _meaning(status: int, said: str) -> Meaning:
    low = said.lower()
    found = next((meaning for text, meaning in _MEANINGS if text in low), None)
    return found or _BY_STATUS.get(status) or Meaning(str(status), "")


def vendor_words(answer: http.Response) -> tuple[str, str]:
    """The message and the field of its first error, redacted; "" where none is."""
    try:
        first = json.loads(answer.body)["errors"][0]
        message, field = first["message"], first.get("field")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return "", ""
    named = field if isinstance(field, str) and field != "null" else ""
    said = message if isinstance(message, str) else ""
    secrets = [settings.SENDGRID_API_KEY]
    return http.redact(said, also=secrets)[:200], http.redact(named)[:60]


def _again_at(answer: http.Response) -> datetime | None:
    """By Retry-After, else by X-RateLimit-Reset (seconds since 1970)."""
    now = timezone.now()
    asked = http.retry_after(answer, now=now)
    if asked is not None:
        return asked
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    if not (reset.isascii() and reset.isdigit() and len(reset) <= 11):
        return None
    moment = datetime.fromtimestamp(int(reset), UTC)
    return max(now, min(moment, now + _LONGEST))
