"""Twilio: texts in, texts out, and their pictures."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from twilio.rest.api.v2010.account.message import MessageInstance

from integrations import (
    http,
    services_twilio,
    twilio_api,
    twilio_facts,
    twilio_listing,
    twilio_voice,
)
from integrations.base import (
    Answer,
    Body,
    Headers,
    MediaRefused,
    Received,
    Webhook,
    WebhookRejected,
)
from integrations.twilio_codes import meaning_of, state_of
from integrations.twilio_facts import PROVIDER
from integrations.twilio_form import SIGNATURE, Form, is_signed, read_form
from messaging.transports import (
    Found,
    Outcome,
    OutgoingMessage,
    Receipt,
    TransportError,
)

SERVICE = services_twilio.SERVICE
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class TwilioWebhook(Webhook):
    """Texts, delivery reports and calls, proven by Twilio's signature over the URL."""

    provider = PROVIDER
    label = "Twilio"
    routes: ClassVar[dict[str, str]] = {
        "twilio/sms/": "sms",
        rf"twilio/status/(?P<message>{_UUID})/": "status",
        "twilio/voice/": "voice",
    }
    required_settings = ("TWILIO_AUTH_TOKEN",)
    signs_url = True
    kept_headers = ("x-twilio-", "i-twilio-")
    answer = Answer(
        content_type="text/xml; charset=utf-8",
        body=b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
    )

    def validate_signature(self, url: str, headers: Headers, raw: Body) -> None:
        """One of our tokens signed this body for this URL."""
        if not headers.get(SIGNATURE):
            raise WebhookRejected("it carries no signature")
        tokens = twilio_api.auth_tokens()
        if not is_signed(url, headers, raw.raw, tokens=tokens):
            raise WebhookRejected("its signature is not right")

    def validate_account(self, url: str, headers: Headers, raw: Body) -> None:
        """It comes from our account or a listed subaccount."""
        ours = twilio_api.account_sids()
        theirs = _form_of(headers, raw).all("AccountSid")
        if ours and not set(theirs) <= set(ours):
            raise WebhookRejected("it comes from another Twilio account")

    def identify(self, kind: str, headers: Headers, raw: Body) -> str:
        """The MessageSid or CallSid; for a report with its state and error code."""
        form = _form_of(headers, raw)
        voice = kind == "voice"
        sid = twilio_voice.call_sid(form) if voice else twilio_facts.message_sid(form)
        if not sid:
            # A copy made from one signed request has the same signature.
            return f"signature:{headers.get(SIGNATURE, '')}"
        if voice:
            return f"{sid}:{twilio_voice.state_word(form)}"
        if kind != "status":
            return sid
        return f"{sid}:{twilio_facts.status_word(form)}:{form.first('ErrorCode')}"

    def answer_to(self, kind: str, headers: Headers, raw: Body) -> Answer:
        """A call hears what becomes of it; everything else an empty answer."""
        if kind != "voice":
            return self.answer
        return twilio_voice.answer_call(_form_of(headers, raw))

    def parse(self, received: Received) -> list[object]:
        """One InboundMessage, DeliveryUpdate or MissedCall, or nothing new."""
        form = twilio_facts.readable_form(received.content_type, received.body)
        if received.kind == "voice":
            return twilio_voice.call_facts(form, received)
        if received.kind == "sms":
            return [twilio_facts.inbound_message(form, received)]
        message = uuid.UUID(received.parts["message"])
        return twilio_facts.delivery_updates(form, received, message)


def _form_of(headers: Headers, raw: Body) -> Form:
    return read_form(raw.raw, headers.get("content-type", ""))


# --- out ---------------------------------------------------------------------


@dataclass(frozen=True)
class TwilioTransport:
    """Texts through our number or Messaging Service."""

    name: str = PROVIDER
    simulated: bool = False

    def is_configured(self) -> bool:
        """Account, token, and a number or a Messaging Service."""
        sender = settings.TWILIO_PHONE_NUMBER or settings.TWILIO_MESSAGING_SERVICE_SID
        return bool(twilio_api.account_sids() and twilio_api.auth_tokens() and sender)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one text over. Raises TransportError."""
        api = twilio_api.client(deadline=message.deadline)
        fields: dict[str, Any] = _sender(message.from_address)
        if settings.PUBLIC_BASE_URL:
            path = f"/hooks/twilio/status/{message.public_id}/"
            fields["status_callback"] = f"{settings.PUBLIC_BASE_URL}{path}"
        if message.media_urls:
            fields["media_url"] = list(message.media_urls)
        if message.body:
            fields["body"] = message.body
        try:
            taken = api.messages.create(to=message.to_address, **fields)
            return _receipt(taken)
        except TransportError:
            raise
        except Exception as error:
            # 2xx, but nothing that can be read: it may have been taken.
            words = f"Twilio's answer cannot be read ({type(error).__name__})"
            raise TransportError(Outcome.UNKNOWN, words) from None

    def find(self, message: OutgoingMessage, *, since: datetime) -> Sequence[Found]:
        """Texts with this recipient, sender and body made since then."""
        sender = _sender(message.from_address).get("from_")
        return twilio_listing.find_outgoing(message, since=since, sender=sender)


def _sender(address: str) -> dict[str, str]:
    """Our number that the lead knows, else the Messaging Service."""
    service = settings.TWILIO_MESSAGING_SERVICE_SID
    number = settings.TWILIO_PHONE_NUMBER
    if address.startswith("MG"):
        return {"messaging_service_sid": address}
    if service and address in ("", number):
        return {"messaging_service_sid": service}
    return {"from_": address or number}


def _receipt(taken: MessageInstance) -> Receipt:
    if not taken.sid:
        raise ValueError("no sid")
    code = str(taken.error_code or "")
    if state_of(str(taken.status)) == "failed":
        words = meaning_of(code).words or "Twilio could not send it"
        raise TransportError(Outcome.PERMANENT, words, code=code)
    return Receipt(
        external_id=str(taken.sid),
        segments=twilio_facts.small_number(str(taken.num_segments or ""), most=100),
        price_micro=twilio_listing.price_micro(taken.price, taken.price_unit),
    )


# --- pictures ----------------------------------------------------------------


@dataclass(frozen=True)
class TwilioMedia:
    """Fetches what a lead's text carries."""

    provider: str = PROVIDER

    def fetch(self, url: str, file: IO[bytes], *, max_bytes: int) -> None:
        """Write the picture into `file`. Raises MediaRefused for what will never
        come, HttpError for what may come later.
        """
        ours = urlsplit(url).hostname == twilio_api.API_HOST
        target = twilio_api.rebase(url) if ours else url
        sid, token = twilio_api.credentials()
        got = http.download(
            target,
            file=file,
            service="twilio-media",
            account=sid,
            # Only Twilio's own host learns the token; a redirect goes without.
            auth=(sid, token) if ours or _is_base(url) else None,
            deadline=30,
            max_bytes=max_bytes,
            follow_redirects=True,
        )
        if got.status in (404, 410):
            raise MediaRefused("Twilio no longer has it")
        if not got.ok:
            outcome = http.classify(got) or http.Outcome.UNKNOWN
            raise http.HttpError(outcome, f"Twilio answered {got.status}")


def _is_base(url: str) -> bool:
    base = urlsplit(settings.TWILIO_BASE_URL)
    return bool(base.netloc) and urlsplit(url)[:2] == base[:2]
