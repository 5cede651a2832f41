"""Machines that do not say so: recognised by how they answer.

The counting belongs in the transaction that stores the message, with its address
and its conversation locked.
"""

import hashlib
import re
import unicodedata
from datetime import timedelta
from typing import Final

from leads import clock, usage
from leads.models import ContactPoint
from messaging.models import Conversation, Message

# Nobody reads a mail, writes an answer and sends it in less time than this.
QUICK: Final = timedelta(seconds=20)
QUICK_A_DAY: Final = 1
SAME_A_DAY: Final = 2
# Shorter words ("ok, thanks") are said by many people of one house.
LONG: Final = 24
_SENT = (Message.State.SENT, Message.State.DELIVERED, Message.State.UNKNOWN)
_NOT_WORDS = re.compile(r"[\W\d_]+")


def suspect(*, message: Message, conversation: Conversation) -> str:
    """Why the mail looks like a machine's, "" when it does not.

    Two answers within seconds of ours in a day, or the third mail of the same words:
    from the same house, whatever the address and the subject. The simulator's people
    may write as fast and as often as they are made to.
    """
    point = message.contact_point
    if point is None or message.simulated:
        return ""
    day = usage.day_of(clock.now())
    quick = _is_quick(message, conversation, point)
    key = f"loop:quick:{conversation.pk}"
    if quick and not usage.take(key=key, period=day, limit=QUICK_A_DAY):
        return "Answers come within seconds of ours: it may be a machine"
    key = f"loop:same:{_fingerprint(message, point)}"
    if not usage.take(key=key, period=day, limit=SAME_A_DAY):
        return "The same words came three times today: it may be a machine"
    return ""


def _is_quick(
    message: Message, conversation: Conversation, point: ContactPoint
) -> bool:
    ours = conversation.messages.filter(
        direction=Message.Direction.OUTBOUND,
        kind=message.kind,
        contact_point=point,
        automatic=True,
        state__in=_SENT,
        sent_at__gte=message.occurred_at - QUICK,
        sent_at__lte=message.occurred_at,
    )
    return ours.exists()


def _fingerprint(message: Message, point: ContactPoint) -> str:
    """The words without case, accents, digits and marks, and whose house they are
    from: the domain for a whole sentence, the address for a few words.
    """
    folded = unicodedata.normalize("NFKD", message.body).casefold()
    words = _NOT_WORDS.sub(" ", folded).strip()[:2000]
    house = point.value.rpartition("@")[2] if len(words) >= LONG else point.value
    whole = f"{house}\n{words}".encode("utf-8", "replace")
    return hashlib.sha256(whole).hexdigest()[:40]
