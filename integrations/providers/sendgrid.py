"""SendGrid: mail that comes in, and what became of ours."""

from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from integrations import sendgrid_arriving, sendgrid_check, sendgrid_events
from integrations.base import (
    MEGABYTE,
    Body,
    Headers,
    Received,
    Webhook,
    WebhookRejected,
)
from integrations.sendgrid_signature import (
    SIGNATURE,
    TIMESTAMP,
    fingerprint,
    is_recent,
    is_signed,
    is_token,
    listed,
)
from integrations.sendgrid_transport import SendGridTransport as SendGridTransport

SERVICE = sendgrid_check.SERVICE
_INBOUND: Final = "sendgrid/inbound/"


def _prove_signature(headers: Headers, raw: Body, keys: list[str]) -> None:
    """Raise WebhookRejected unless one of `keys` signed it, just now."""
    if not headers.get(SIGNATURE) or not headers.get(TIMESTAMP):
        raise WebhookRejected("it carries no signature")
    if not is_recent(headers, arrived_at=raw.arrived_at):
        raise WebhookRejected("its time stamp is not within five minutes of now")
    if not is_signed(headers, raw.pieces(), keys=keys):
        raise WebhookRejected("its signature is not right")


class SendGridInbound(Webhook):
    """Inbound Parse, in both modes, proven by the secret in its address, by a
    signature, or by both: by whatever is set.
    """

    provider = "sendgrid-inbound"
    label = "SendGrid Inbound Parse"
    # "~" begins what is kept of a token, and nothing that comes in.
    routes: ClassVar[dict[str, str]] = {
        rf"{_INBOUND}(?P<token>[^/~]{{1,100}})/": "mail"
    }
    required_settings = ("SENDGRID_INBOUND_TOKEN", "SENDGRID_INBOUND_PUBLIC_KEY")
    one_setting_is_enough = True
    max_body = 31 * MEGABYTE
    in_pieces = True
    kept_headers = ("x-twilio-email-",)

    def limit(self, path: str, headers: Headers) -> int:
        """A large body is heard only from who knows the secret, or at least claims
        to have signed it.
        """
        tokens, keys = self._tokens(), self._keys()
        if not tokens and not keys:
            return MEGABYTE
        known = not tokens or is_token(_token_in(path), tokens=tokens)
        claims_to = not keys or bool(headers.get(SIGNATURE))
        return self.max_body if known and claims_to else MEGABYTE

    def kept_path(self, path: str) -> str:
        """With a fingerprint in the token's place."""
        return f"{_INBOUND}~{_fingerprint(_token_in(path))}/"

    def match_kept(self, route: str) -> tuple[str, dict[str, str]] | None:
        """The kind of what `kept_path` made."""
        return ("mail", {}) if route.startswith(f"{_INBOUND}~") else None

    def validate_token(self, url: str, headers: Headers, raw: Body) -> None:
        """When tokens are set, its address holds one of them."""
        tokens = self._tokens()
        claimed = _token_in(unquote(urlsplit(url).path))
        kept = [f"~{_fingerprint(token)}" for token in tokens]
        if tokens and not is_token(claimed, tokens=[*tokens, *kept]):
            raise WebhookRejected("the token in its address is not right")

    def validate_signature(self, url: str, headers: Headers, raw: Body) -> None:
        """When public keys are set, one of them proves it."""
        if keys := self._keys():
            _prove_signature(headers, raw, keys)

    def parse(self, received: Received) -> list[object]:
        """One InboundMail, whose folder is to be removed afterwards."""
        return [sendgrid_arriving.read_delivery(received)]

    def _tokens(self) -> list[str]:
        return listed(settings.SENDGRID_INBOUND_TOKEN)

    def _keys(self) -> list[str]:
        return listed(settings.SENDGRID_INBOUND_PUBLIC_KEY)


def _token_in(path: str) -> str:
    return path.rpartition(_INBOUND)[2].rstrip("/")


def _fingerprint(token: str) -> str:
    return fingerprint(token, key=settings.SECRET_KEY)


class SendGridEvents(Webhook):
    """The Event Webhook: batches of events, proven by a signature."""

    provider = "sendgrid-events"
    label = "SendGrid's event webhook"
    routes: ClassVar[dict[str, str]] = {"sendgrid/events/": "events"}
    required_settings = ("SENDGRID_WEBHOOK_PUBLIC_KEY",)
    max_body = 5 * MEGABYTE
    in_pieces = True
    kept_headers = ("x-twilio-email-",)

    def limit(self, path: str, headers: Headers) -> int:
        """A large body is heard only from who claims to have signed it."""
        return self.max_body if headers.get(SIGNATURE) else MEGABYTE

    def validate_signature(self, url: str, headers: Headers, raw: Body) -> None:
        """One of our keys proves it."""
        _prove_signature(headers, raw, listed(settings.SENDGRID_WEBHOOK_PUBLIC_KEY))

    def parse(self, received: Received) -> list[object]:
        """Each event's facts, once, and what of the batch cannot be read."""
        return sendgrid_events.read_batch(received)
