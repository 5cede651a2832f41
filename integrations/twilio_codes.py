"""Twilio's words in ours: message states and error codes.

Source: https://www.twilio.com/docs/api/errors and the Message resource's statuses.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

logger = logging.getLogger("integrations.twilio")

# "sent" is ours for: the carrier's side has taken it. Twilio reports only what it
# has accepted, so its queue is already that.
STATES: Final[Mapping[str, str]] = {
    "accepted": "sent",
    "scheduled": "sent",
    "queued": "sent",
    "sending": "sent",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error code says: in words, of the address, and whether a later try
    can help (`later`).
    """

    words: str
    opted_out: bool = False
    not_textable: bool = False
    later: bool = False


UNKNOWN: Final = Meaning("")
_CODES: Final[Mapping[str, Meaning]] = {
    # refused before anything was sent
    "14107": Meaning("too many messages at once", later=True),
    "20003": Meaning("Twilio does not accept the account SID and auth token"),
    "20404": Meaning("Twilio does not know this account or address"),
    "20429": Meaning("too many requests at once", later=True),
    "21211": Meaning("the number is not a valid phone number"),
    "21212": Meaning("our own number is not valid at Twilio"),
    "21408": Meaning("texts to this country are switched off in the Twilio account"),
    "21602": Meaning("Twilio wants a text or a picture, the message has none"),
    "21606": Meaning("our number cannot send texts to this number"),
    "21610": Meaning("the lead opted out at Twilio (STOP)", opted_out=True),
    "21611": Meaning("too many texts wait at our number", later=True),
    "21612": Meaning("no carrier takes texts from our number to this number"),
    "21614": Meaning("the number is not a mobile number", not_textable=True),
    "21617": Meaning("the text is longer than 1,600 characters"),
    "21620": Meaning("Twilio cannot fetch the picture's address"),
    "21623": Meaning("more than ten pictures"),
    "21635": Meaning("the number is a landline", not_textable=True),
    "21659": Meaning("our number is not a number of this Twilio account"),
    "21660": Meaning("our number belongs to another Twilio account"),
    "21703": Meaning("the Messaging Service has no number"),
    "21705": Meaning("the Messaging Service is not known at Twilio"),
    "21910": Meaning("our number and the lead's are the same"),
    # reported after Twilio took it
    "30001": Meaning("too many texts waited at our number"),
    "30002": Meaning("the Twilio account is suspended"),
    "30003": Meaning("the phone is off or out of reach"),
    "30004": Meaning("the number blocks our texts"),
    "30005": Meaning("the number does not exist or is no longer in use"),
    "30006": Meaning("a landline, or a carrier that takes no texts", not_textable=True),
    "30007": Meaning("the carrier filtered it as spam"),
    "30008": Meaning("the carrier gave no reason"),
    "30010": Meaning("it costs more than the limit set at Twilio"),
    "30011": Meaning("pictures are not possible to this country"),
    "30018": Meaning("this country wants a registered sender name"),
    "30019": Meaning("the picture is too large for the carrier"),
    "30022": Meaning("the carrier's limit of texts per minute is reached"),
    "30023": Meaning("the carrier's limit of texts per day is reached"),
    "30024": Meaning("our number is not set up at the carrier"),
    "30032": Meaning(
        "our toll-free number is not verified: send Toll-Free Verification in the"
        " Twilio console"
    ),
    "30034": Meaning(
        "our number is not registered for US texts: add it to an A2P 10DLC campaign"
        " in the Twilio console"
    ),
    "30035": Meaning("our number is still being set up at the carriers"),
    "30036": Meaning("it could not be delivered within its time"),
    "30037": Meaning("sending is switched off in the Twilio account"),
    "30039": Meaning("Twilio saw the same text go round and round"),
    "30410": Meaning("the carrier did not answer in time"),
}


def meaning_of(code: str) -> Meaning:
    """What `code` says; for an unknown one the words only name it (and it is
    logged), for "" they are empty.
    """
    known = _CODES.get(code)
    if known is not None:
        return known
    if not code:
        return UNKNOWN
    logger.warning("unknown Twilio error code %.20r", code)
    return Meaning(f"Twilio's error {code[:20]}")


def state_of(word: str) -> str | None:
    """Our message state for Twilio's; None, and logged, for an unknown one."""
    state = STATES.get(word.strip().lower())
    if state is None:
        logger.warning("unknown Twilio message status %.40r", word)
    return state
