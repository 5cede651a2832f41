"""What delivery reports say: RFC 3464's, and those in plain words.

A plain one counts only when a mail system wrote it and says that mail came back; a
person who passes a bounce on is a person.
"""

import re
from collections.abc import Iterable, Iterator
from email.message import Message
from enum import Enum, auto
from functools import cache

from messaging.mail.bounce_reasons import judge
from messaging.mail.facts import Report
from messaging.mail.languages import read_data
from messaging.mail.peek import (
    ADDRESS,
    decoded,
    header,
    own_parts,
    sender_of,
    text_of,
    words_of_mail,
)

_MOST = 50  # recipients of one report
_DIAGNOSTIC = 500
_WORDS = 20_000  # characters: what a report explains stands at its beginning
# RFC 3464's actions, and others in use: whether they say that the mail will not arrive.
_FAILED = {
    "failed": True,
    "failure": True,
    "expired": True,  # SendGrid's
    "delayed": False,
    "delivered": False,
    "relayed": False,
    "expanded": False,
}
_FIELD = re.compile(r"(?:final|original)-recipient\s*:", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z][\w-]{1,40})[ \t]{0,5}:[ \t]{0,5}")
_BLOCKS = re.compile(r"\n[ \t]*\r?\n")
_MESSAGE_ID = re.compile(
    r"^[ \t>]{0,20}message-id\s*:\s*<([^<>\s]{1,290})>", re.IGNORECASE | re.MULTILINE
)
_LEADING = re.compile(
    r"^[ \t]{0,20}(?:[-*]{1,2}[ \t]{1,20})?(?:\d{3}[ -])?(?:\d\.\d{1,3}\.\d{1,3} )?"
    rf"(?:unknown user: |user: |recipient: |to: )?<?({ADDRESS.pattern})>?",
    re.IGNORECASE | re.MULTILINE,
)
_TOWARDS = re.compile(
    rf"(?:rcpt to ?: ?|(?:mail|message) to |recipient )<?({ADDRESS.pattern})",
    re.IGNORECASE,
)
_JSON = re.compile(r'"emailaddress" ?: ?"([^"\s]{3,300})"', re.IGNORECASE)
_OURS = re.compile(
    r"^[ \t]{0,20}(?:message-id|from|mail from|sender)\s*:", re.IGNORECASE
)


def read_reports(message: Message) -> tuple[Report, ...]:
    """What the mail reports of the recipients that it did not reach; empty: nothing.

    A report that mail is late, or that it arrived, says nothing here.
    """
    return read_bounce(message)[1]


def is_report(message: Message) -> bool:
    """Whether this is a delivery report at all, even of mail that is only late."""
    return read_bounce(message)[0]


def read_bounce(message: Message) -> tuple[bool, tuple[Report, ...]]:
    """Whether this is a delivery report, and what `read_reports` reads in it."""
    formal = [text for part in own_parts(message) if (text := _status_text(part))]
    writer = _writer_of(message)
    if not (formal or writer):
        return False, ()
    said = words_of_mail(message)[:_WORDS]
    explanation = _explanation(said)
    if not formal and writer is _Writer.SYSTEM:
        formal = [said]
    fields = [one for text in formal for one in _recipients_in(text)]
    if fields:
        returned = _returned_id(message)
        reports = (_from_fields(one, returned, explanation) for one in fields[:_MOST])
        return True, _distinct(report for report in reports if report)
    if not _says_so(message, writer, explanation):
        return False, ()
    return True, _distinct(_from_words(message, explanation))


class _Writer(Enum):
    """Who may write a report in plain words; a mail system needs say least."""

    SYSTEM = auto()
    ROBOT = auto()
    NOBODY = auto()


def _writer_of(message: Message) -> _Writer | None:
    sender = sender_of(message)
    named = header(message, "From").split("<")[0].strip(' "').lower()
    local = sender.partition("@")[0] or named
    if not local or _pattern("writers").match(local):
        return _Writer.SYSTEM
    if message.get("X-Failed-Recipients") is not None:
        return _Writer.SYSTEM
    if _pattern("weak_writers").match(local):
        return _Writer.ROBOT
    returns = message.get("Return-Path")
    nobody = returns is not None and not str(returns).strip("<> \r\n\t")
    return _Writer.NOBODY if nobody else None


def _says_so(message: Message, writer: _Writer | None, explanation: str) -> bool:
    titled = _pattern("subjects").search(header(message, "Subject").lower()) is not None
    if writer is _Writer.SYSTEM and titled:
        return True
    said = _pattern("says").search(explanation.lower()) is not None
    return said and (titled or writer in (_Writer.SYSTEM, _Writer.ROBOT))


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """Over words in lower case: so it is several times faster."""
    return re.compile("|".join(read_data("bounces")["plain"][key]))


# --- RFC 3464 -----------------------------------------------------------------


def _status_text(part: Message) -> str:
    """The fields of a delivery status as text; "" of any other part."""
    if part.get_content_type() != "message/delivery-status":
        return ""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return text_of(part)
    blocks = (
        "\n".join(
            [*(f"{name}: {value}" for name, value in block.items()), text_of(block)]
        )
        for block in payload[: _MOST + 10]
        if isinstance(block, Message)
    )
    return "\n\n".join(blocks)


def _recipients_in(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient, by their names in lower case."""
    for block in _BLOCKS.split(text.replace("\r\n", "\n")):
        if _FIELD.search(block):
            yield _fields_in(block)


def _fields_in(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in block.split("\n"):
        named = _NAMED.match(line)
        if named:
            name = named[1].lower()
            fields.setdefault(name, line[named.end() :])
        elif name and line[:1] in (" ", "\t"):
            fields[name] += line
    return {name: decoded(value) for name, value in fields.items()}


def _from_fields(
    fields: dict[str, str], returned: str, explanation: str
) -> Report | None:
    address = _address_in(fields.get("original-recipient", "")) or _address_in(
        fields.get("final-recipient", "")
    )
    status = fields.get("status", "").split(" ")[0]
    action = fields.get("action", "").split(" ")[0].lower()
    if not _FAILED.get(action, status.startswith("5")):
        return None
    diagnostic = fields.get("diagnostic-code", "")
    verdict = judge(diagnostic, status)
    if not verdict.known:
        told = judge(_near(explanation, address) or explanation, status)
        verdict = told if told.known else verdict
    return Report(
        address=address,
        hard=verdict.hard,
        status=verdict.status,
        words=verdict.words,
        diagnostic=_after_type(diagnostic)[:_DIAGNOSTIC],
        message_id=returned,
    )


def _address_in(value: str) -> str:
    found = ADDRESS.search(value.partition(";")[2] or value)
    return _clean(found[0]) if found else ""


def _after_type(diagnostic: str) -> str:
    return re.sub(r"^[\w-]{1,20}; ?", "", diagnostic)


def _near(explanation: str, address: str) -> str:
    at = explanation.lower().find(address) if address else -1
    if at < 0:
        return ""
    about = explanation[at : at + 800]
    others = (one for one in _LEADING.finditer(about) if _clean(one[1]) != address)
    following = next(others, None)
    return about[: following.start()] if following else about


# --- in plain words -----------------------------------------------------------


def _explanation(said: str) -> str:
    """The words before the mail that came back."""
    found = _original().search(said.lower())
    before = said[: found.start()] if found else said
    return (before if before.strip() else said)[:4000]


@cache
def _original() -> re.Pattern[str]:
    either = "|".join(read_data("bounces")["plain"]["original"])
    return re.compile(rf"^[ \t]{{0,20}}(?:{either})", re.MULTILINE)


def _from_words(message: Message, explanation: str) -> Iterator[Report]:
    returned = _returned_id(message)
    addresses = _addresses(message, explanation)
    for address in addresses:
        about = _near(explanation, address) or explanation
        verdict = judge(about, "")
        if not verdict.known and len(addresses) == 1:
            verdict = judge(explanation, "")
        yield Report(
            address=address,
            hard=verdict.hard,
            status=verdict.status,
            words=verdict.words,
            diagnostic=" ".join(about.split())[:_DIAGNOSTIC],
            message_id=returned,
        )


def _addresses(message: Message, explanation: str) -> list[str]:
    """Those that the mail did not reach: named by a header, else by the words."""
    named = [
        _clean(one) for one in ADDRESS.findall(header(message, "X-Failed-Recipients"))
    ]
    if named:
        return named[:_MOST]
    ours = {_clean(one) for one in ADDRESS.findall(header(message, "To"))}
    ours.add(sender_of(message))
    rows = [row for row in explanation.split("\n") if not _OURS.match(row)]
    words = "\n".join(rows)
    for pattern in (_JSON, _TOWARDS, _LEADING, ADDRESS):
        found = [_clean(one) for one in pattern.findall(words)]
        theirs = [one for one in found if one not in ours]
        if theirs:
            return theirs[: _MOST if pattern is _LEADING else 1]
    return [_clean(one) for one in _LEADING.findall(words)][:1]


# --- both ---------------------------------------------------------------------


def _returned_id(message: Message) -> str:
    """The Message-ID of the mail that came back, from its headers or a copy of them."""
    for part in own_parts(message):
        kind = part.get_content_type().lower()
        payload = part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and payload:
            inner = payload[0] if isinstance(payload[0], Message) else part
            found = _MESSAGE_ID.search(f"Message-ID: {header(inner, 'Message-ID')}")
        elif kind in ("text/rfc822-headers", "message/rfc822", "text/plain"):
            found = _MESSAGE_ID.search(text_of(part))
        else:
            continue
        if found:
            return found[1]
    return ""


def _clean(address: str) -> str:
    return address.strip("<>.'\" ").lower()


def _distinct(reports: Iterable[Report]) -> tuple[Report, ...]:
    """One for each address, the first that says most of it."""
    kept: dict[str, Report] = {}
    for report in reports:
        kept.setdefault(report.address, report)
    return tuple(kept.values())[:_MOST]
