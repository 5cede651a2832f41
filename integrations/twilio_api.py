"""Twilio's SDK over the one door out."""

import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils import timezone
from twilio.http import HttpClient
from twilio.http.response import Response as SdkResponse
from twilio.rest import Client

from integrations import http
from integrations.ends import business_time
from integrations.twilio_codes import meaning_of
from messaging.transports import Outcome, TransportError

logger = logging.getLogger("integrations.twilio")
SERVICE = "twilio"
API_HOST = "api.twilio.com"
_NO_ACCESS = {401: "20003", 403: "20003"}
_LEAST_SECONDS = 0.05


def account_sids() -> list[str]:
    """Our account first, then the subaccounts that may write to us."""
    return _listed(settings.TWILIO_ACCOUNT_SID)


def auth_tokens() -> list[str]:
    """The token that calls first, then those that still verify."""
    return _listed(settings.TWILIO_AUTH_TOKEN)


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def credentials() -> tuple[str, str]:
    """What every call to Twilio carries. Raises TransportError when unset."""
    sids, tokens = account_sids(), auth_tokens()
    if not sids or not tokens:
        raise TransportError(Outcome.REFUSED, "Twilio is not set up")
    return sids[0], tokens[0]


def rebase(url: str) -> str:
    """`url` at `settings.TWILIO_BASE_URL` when it is set."""
    if not settings.TWILIO_BASE_URL:
        return url
    base, parts = urlsplit(settings.TWILIO_BASE_URL), urlsplit(url)
    return urlunsplit(parts._replace(scheme=base.scheme, netloc=base.netloc))


def client(*, deadline: float) -> Client:
    """The SDK's client; all of its calls together end within `deadline` seconds,
    counted from now, and raise only TransportError.
    """
    sid, token = credentials()
    return Client(
        sid,
        token,
        http_client=GuardedClient(account=sid, deadline=deadline),
        # Not the process's: TWILIO_EDGE or TWILIO_REGION would move the host.
        environment={"TWILIO_ACCOUNT_SID": sid},
    )


class GuardedClient(HttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's way to the network: our own, whatever the SDK asks for."""

    def __init__(self, *, account: str, deadline: float) -> None:
        super().__init__(logger, False, timeout=deadline)
        self._account = account
        self._until = time.monotonic() + deadline

    def _left(self, asked: float | None) -> float:
        left = self._until - time.monotonic()
        if left < _LEAST_SECONDS:
            words = "Twilio was not asked: the time given is used up"
            raise TransportError(Outcome.REFUSED, words)
        return min(asked or left, left)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> SdkResponse:
        """Make one call. Raises TransportError for everything but a 2xx."""
        try:
            answer = http.request(
                method,
                rebase(uri),
                service=SERVICE,
                account=self._account,
                headers=headers,
                params=params or None,
                data=data or None,
                auth=auth,
                deadline=self._left(timeout),
            )
        except http.HttpError as error:
            raise TransportError(
                Outcome(error.outcome.value),
                f"Twilio: {error.words}",
                retry_at=business_time(error.retry_at),
                code=error.code,
            ) from None
        if not answer.ok:
            raise refusal(answer)
        return SdkResponse(answer.status, answer.text, dict(answer.headers))


def refusal(answer: http.Response) -> TransportError:
    """What an answer outside 2xx means, by its status and Twilio's own code."""
    code, message = _vendor_words(answer)
    meaning = meaning_of(code or _NO_ACCESS.get(answer.status, ""))
    outcome = Outcome(http.classify(answer) or Outcome.UNKNOWN)
    if meaning.later and outcome is Outcome.PERMANENT:
        outcome = Outcome.LATER
    said = meaning.words or message or f"Twilio answered {answer.status}"
    retry_at = http.retry_after(answer, now=timezone.now())
    return TransportError(
        outcome,
        said if outcome is not Outcome.UNKNOWN else f"Twilio answered {answer.status}",
        retry_at=business_time(retry_at) if outcome is Outcome.LATER else None,
        code=code,
    )


def _vendor_words(answer: http.Response) -> tuple[str, str]:
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    code = data.get("code")
    message = data.get("message")
    return (
        str(code) if isinstance(code, int | str) else "",
        http.redact(message)[:200] if isinstance(message, str) else "",
    )
