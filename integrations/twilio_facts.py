"""Twilio's requests as facts: a text that came in, a report on one of ours."""

import re
import uuid
from collections.abc import Iterator
from typing import Final

from integrations.base import Received, UnreadableDelivery
from integrations.twilio_codes import meaning_of, state_of
from integrations.twilio_form import BadForm, Form, read_form
from messaging.text import clean
from messaging.transports import DeliveryUpdate, InboundMessage, Media

PROVIDER: Final = "twilio"
MAX_MEDIA: Final = 10
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_SHORT_SID = re.compile(r"[A-Z]{2}[0-9a-zA-Z]{1,32}")
# What Twilio writes for a sender that hides: words, or the words on a keypad.
WITHHELD: Final = frozenset(
    {
        "anonymous",
        "blocked",
        "private",
        "restricted",
        "unavailable",
        "unknown",
        "+266696687",
        "+2562533",
        "+7378742833",
        "+8656696",
        "+86282452253",
    }
)


def readable_form(content_type: str, body: bytes) -> Form:
    """The parameters of a request. Raises UnreadableDelivery."""
    try:
        return read_form(body, content_type)
    except BadForm as error:
        raise UnreadableDelivery(str(error)) from None


def message_sid(form: Form) -> str:
    """The message's id, or "".

    The signature joins names and values without a separator, so a copy could cut
    them elsewhere; a whole id cannot be cut, and a short one (never Twilio's, but
    used in tests) counts only beside a recipient, which such a cut swallows.
    """
    names = ("MessageSid", "SmsMessageSid", "SmsSid")
    sid = min(next(filter(None, map(form.all, names)), []), default="")
    if _SID.fullmatch(sid):
        return sid
    return sid if _SHORT_SID.fullmatch(sid) and form.first("To") else ""


def _require_sid(form: Form) -> str:
    sid = message_sid(form)
    if not sid:
        raise UnreadableDelivery("it names no message (MessageSid)")
    return sid


def status_word(form: Form) -> str:
    """Twilio's word for a message's state, or ""."""
    return form.first("MessageStatus") or form.first("SmsStatus")


def inbound_message(form: Form, received: Received) -> InboundMessage:
    """A text or picture of a lead. Raises UnreadableDelivery when nobody could be
    answered, or the channel is none of ours.
    """
    sid, sender = _require_sid(form), clean(form.first("From")).strip()
    if not sender:
        raise UnreadableDelivery("it names no sender (From)")
    if sender.lower() in WITHHELD:
        raise UnreadableDelivery("the sender withheld the number: nobody to answer")
    prefix, _, rest = sender.partition(":")
    if rest:
        raise UnreadableDelivery(f"{prefix[:20]} is not a channel of ours")
    opt_out = form.first("OptOutType").strip().upper()
    return InboundMessage(
        provider=PROVIDER,
        external_id=sid,
        channel="sms",
        from_address=sender,
        to_address=clean(form.first("To") or form.first("MessagingServiceSid")).strip(),
        text=clean(form.first("Body")),
        received_at=received.received_at,
        media=tuple(_media(form)),
        opt_out_type=opt_out,
        # With Advanced Opt-Out Twilio itself answers STOP and HELP.
        keywords_answered=bool(opt_out),
        segments=small_number(form.first("NumSegments"), most=100),
    )


def _media(form: Form) -> Iterator[Media]:
    for number in range(MAX_MEDIA):
        url = clean(form.first(f"MediaUrl{number}")).strip()
        if url.startswith(("https://", "http://")):
            kind = clean(form.first(f"MediaContentType{number}")).strip()
            yield Media(url=url, content_type=kind)


def small_number(text: str, *, most: int) -> int:
    """A count as Twilio writes it, at most `most`; 0 for anything else."""
    digits = text.strip()
    if digits.isascii() and digits.isdigit() and len(digits) < 6:
        return min(int(digits), most)
    return 0


def delivery_updates(
    form: Form, received: Received, message: uuid.UUID
) -> list[object]:
    """What a report says of our message; nothing when its word is unknown."""
    sid, state = _require_sid(form), state_of(status_word(form))
    if state is None:
        return []  # a new word of Twilio's, logged, tells us nothing yet
    code = form.first("ErrorCode").strip()[:20]
    meaning = meaning_of(code if code != "0" else "")
    return [
        DeliveryUpdate(
            provider=PROVIDER,
            external_id=sid,
            message_public_id=message,
            state=state,
            occurred_at=received.received_at,
            error_code=clean(code),
            words=clean(meaning.words),
            opted_out=meaning.opted_out,
            not_textable=meaning.not_textable,
        )
    ]
