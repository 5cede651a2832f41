"""Why SendGrid could not deliver a mail, in plain words, and what follows from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from messaging.text import clean

# The custom argument that carries our message's public id there and back.
MESSAGE_ARGUMENT: Final = "leadsite_message"

MOST_OF_THEIRS: Final = 160
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SMTP_CODE = re.compile(r"\s*([245]\d\d)\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """`suppress` is what the address is to be reported for, "" when it may be
    written to again.
    """

    words: str
    code: str = ""
    suppress: str = ""


# By SendGrid's own reason of a drop, in lower case.
_DROPS: Final[Mapping[str, tuple[str, str]]] = {
    "bounced address": ("the address bounced before", "bounce"),
    "invalid": ("the address is not valid", "bounce"),
    "unsubscribed address": ("the address unsubscribed before", "unsubscribe"),
    "spam reporting address": (
        "the address marked our mail as spam before",
        "complaint",
    ),
    "spam content": ("SendGrid's spam checker refused it", ""),
    "invalid smtpapi header": ("SendGrid could not read its instructions", ""),
    "recipient list over package quota": ("the SendGrid account is used up", ""),
    "expired": ("it waited too long at SendGrid", ""),
    "mail cannot be delivered to this address": (
        "SendGrid may not write to this address",
        "",
    ),
}
# By SendGrid's bounce_classification, in lower case.
_CLASSES: Final[Mapping[str, str]] = {
    "invalid address": "the address does not exist",
    "mailbox unavailable": "the mailbox cannot be reached",
    "technical": "the other server cannot be reached or misbehaves",
    "content": "the other server refused the content",
    "reputation": "the other server does not trust our domain or sender",
    "frequency or volume too high": "the other server takes no more from us now",
    "frequency/volume": "the other server takes no more from us now",
}
# By RFC 3463's code, where SendGrid does not say more.
_STATUSES: Final[Mapping[str, str]] = {
    "1.1": "the address does not exist",
    "1.2": "the domain does not exist",
    "1.3": "the address is not valid",
    "1.10": "the domain takes no mail",
    "2.1": "the mailbox is switched off",
    "2.2": "the mailbox is full",
    "3.4": "the mail is too large",
    "4.1": "the other server does not answer",
    "4.4": "the domain's servers cannot be found",
    "7.1": "the other server does not accept our mail",
}
# A mailbox that is full today is none that never takes mail.
_SOFT_STATUSES: Final = frozenset({"2.2", "3.4", "4.1", "4.4", "7.1"})
_SOFT_CLASSES: Final = frozenset(
    {
        "technical",
        "content",
        "reputation",
        "frequency or volume too high",
        "frequency/volume",
    }
)


def failure_of(event: Mapping[str, Any]) -> Failure:
    """What a bounce, block or drop says."""
    told = _text(event, "reason") or _text(event, "response")
    code = _code_of(event, told)
    if _text(event, "event").lower() == "dropped":
        return _dropped(told, code)
    kind = _text(event, "bounce_classification").lower()
    detail = code.partition(".")[2]
    words = _CLASSES.get(kind) or _STATUSES.get(detail) or "the other server refused it"
    hard = _is_hard(event, kind=kind, code=code)
    return Failure(
        words=_with_theirs(words, told), code=code, suppress="bounce" if hard else ""
    )


def _dropped(told: str, code: str) -> Failure:
    known = next(
        (words for start, words in _DROPS.items() if _begins(told, start)), None
    )
    if known is None:
        words = _with_theirs("SendGrid did not send it", told)
        return Failure(words=words, code=code or "dropped")
    return Failure(words=known[0], code=code or "dropped", suppress=known[1])


def _begins(told: str, start: str) -> bool:
    return told.strip().lower().startswith(start)


def _is_hard(event: Mapping[str, Any], *, kind: str, code: str) -> bool:
    """Whether the address will never take mail: SendGrid calls it a bounce, not a
    block, and nothing says that it is about this mail or this day.
    """
    called = _text(event, "type").lower() or "bounce"
    if _text(event, "event").lower() == "blocked" or called != "bounce":
        return False
    soft = code.startswith("4") or code.partition(".")[2] in _SOFT_STATUSES
    return not soft and kind not in _SOFT_CLASSES


def _code_of(event: Mapping[str, Any], told: str) -> str:
    """RFC 3463's code, else SMTP's, else ""."""
    for text in (_text(event, "status"), told):
        if found := _STATUS.search(text):
            return found[0]
    smtp = _SMTP_CODE.match(_text(event, "status")) or _SMTP_CODE.match(told)
    return smtp[1] if smtp else ""


def _with_theirs(words: str, told: str) -> str:
    shown = " ".join(told.split())[:MOST_OF_THEIRS]
    return f"{words} (“{shown}”)" if shown else words


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return clean(value) if isinstance(value, str) else ""
