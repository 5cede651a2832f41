"""Calls at Twilio: what a caller hears, and that a call was missed.

All requests of a call come to one address: when it rings, when our telephone was
rung (`<Dial action>`), and, where a status callback is set, when it has ended.
"""

import logging
import re
from typing import Final

from django.conf import settings
from twilio.twiml.voice_response import Dial, VoiceResponse

from integrations import journal
from integrations.base import ANSWERED, Answer, Received, UnreadableDelivery
from integrations.services_twilio import VOICE_HOOK
from integrations.twilio_facts import PROVIDER, WITHHELD
from integrations.twilio_form import Form
from messaging.calls import MissedCall, Reception, reception_of
from messaging.text import clean

logger = logging.getLogger("integrations.intake")

RING_SECONDS: Final = 20
READ_SECONDS: Final = 2.0
# In the journal: this call rings at our telephone, and how that ends comes later.
RINGS: Final = "rings"
# What <Dial action> says when nobody took the call.
_NOT_TAKEN: Final = frozenset({"no-answer", "busy", "failed", "canceled"})
# What a status callback says of a call that ended without one.
_ENDED: Final = frozenset({"no-answer", "busy", "failed", "canceled"})
_OVER: Final = _ENDED | {"completed"}
_SID = re.compile(r"CA[0-9a-fA-F]{32}")
# Not storable in XML, whatever is done to them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def call_sid(form: Form) -> str:
    """The call's id, or ""; a whole one, as of a message: see `message_sid`."""
    sid = min(form.all("CallSid"), default="")
    return sid if _SID.fullmatch(sid) else ""


def state_word(form: Form) -> str:
    """Which request of a call this is: what its copies have in common."""
    dialled = form.first("DialCallStatus")
    return f"dial-{dialled}" if dialled else form.first("CallStatus")


# --- what the caller hears ---------------------------------------------------


def answer_call(form: Form) -> Answer:
    """TwiML for this request; when nothing can be looked up, a polite end."""
    try:
        return _answer(form)
    except Exception:
        logger.exception("a call was met without its channel's settings")
        return _twiml(_goodbye())


def _answer(form: Form) -> Answer:
    dialled = form.first("DialCallStatus")
    if _is_leg(form) or (not dialled and form.first("CallStatus") in _OVER):
        return _twiml(VoiceResponse())  # a report: nobody is on the line
    if dialled and dialled not in _NOT_TAKEN:
        return _twiml(_goodbye())  # they have talked
    met = journal.look_up(lambda: _reception(form), seconds=READ_SECONDS)
    if met.forward_to and not dialled:
        return _twiml(_ring(met, form), note=RINGS)
    return _twiml(_say(met))


def _reception(form: Form) -> Reception:
    return reception_of(
        to_address=_ours(form),
        from_address=_caller(form),
        forwarded_from=form.first("ForwardedFrom"),
    )


def _ring(met: Reception, form: Form) -> VoiceResponse:
    response = VoiceResponse()
    # By itself Twilio shows the caller's number, and ours for one that has none.
    shown = {} if _caller(form).startswith("+") else {"caller_id": _ours(form)}
    dial = Dial(
        action=f"{settings.PUBLIC_BASE_URL}{VOICE_HOOK}",
        method="POST",
        timeout=RING_SECONDS,
        # The caller hears it ring, and pays only for a call that is taken.
        answer_on_bridge=True,
        **shown,
    )
    dial.number(met.forward_to)
    response.append(dial)
    return response


def _say(met: Reception) -> VoiceResponse:
    response = VoiceResponse()
    response.say(_CONTROL.sub("", clean(met.said)), language=met.voice)
    response.hangup()
    return response


def _goodbye() -> VoiceResponse:
    response = VoiceResponse()
    response.hangup()
    return response


def _twiml(response: VoiceResponse, *, note: str = "") -> Answer:
    return Answer(
        content_type="text/xml; charset=utf-8",
        body=str(response).encode(),
        note=note,
    )


# --- what follows ------------------------------------------------------------


def call_facts(form: Form, received: Received) -> list[object]:
    """A MissedCall, or nothing: it was taken, still rings, or is a leg of another.

    Raises UnreadableDelivery when it names no call.
    """
    sid = call_sid(form)
    if not sid:
        raise UnreadableDelivery("it names no call (CallSid)")
    if _is_leg(form) or not _is_missed(form, received):
        return []
    return [
        MissedCall(
            provider=PROVIDER,
            external_id=sid,
            from_address=_caller(form),
            to_address=_ours(form),
            received_at=received.received_at,
            doubtful=form.first("StirVerstat").startswith("TN-Validation-Failed"),
        )
    ]


def _is_leg(form: Form) -> bool:
    """Whether it tells of a call that we make, such as to our own telephone."""
    return form.first("Direction") not in ("", "inbound")


def _is_missed(form: Form, received: Received) -> bool:
    dialled, status = form.first("DialCallStatus"), form.first("CallStatus")
    if dialled:
        return dialled in _NOT_TAKEN
    if status in _OVER:
        return status in _ENDED
    # It has just come in: missed at once, unless a telephone of ours rings now.
    return received.headers.get(ANSWERED) != RINGS


def _caller(form: Form) -> str:
    """The caller's number, "" when it is withheld."""
    number = clean(form.first("From") or form.first("Caller")).strip()
    return "" if number.lower() in WITHHELD else number


def _ours(form: Form) -> str:
    return clean(form.first("To") or form.first("Called")).strip()
