"""Headers and words of a parsed mail, whatever was wrong with it."""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr

_BLANKS = re.compile(r"\s+")
ADDRESS = re.compile(r"[^\s<>@:;,()\"'\[\]|]{1,64}@[^\s<>@:;,()\"'\[\]|]{1,255}")


def header(message: Message, name: str, longest: int = 1000) -> str:
    """The decoded header on one line, "" when there is none."""
    raw = message.get(name)
    return "" if raw is None else decoded(str(raw), longest)


def decoded(raw: str, longest: int = 1000) -> str:
    """A header's raw value as one line of words."""
    value = _BLANKS.sub(" ", raw[: 4 * longest]).strip()
    if "=?" in value:
        try:
            value = str(make_header(decode_header(value)))
        except (HeaderParseError, LookupError, ValueError, UnicodeError):
            return value[:longest]
        value = _BLANKS.sub(" ", value).strip()
    return value[:longest]


def headers_of(message: Message) -> dict[str, str]:
    """The first raw value of each header, by its name in lower case."""
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), str(value))
    return found


def sender_of(message: Message) -> str:
    """The address of From in lower case, "" when it has none."""
    return parseaddr(header(message, "From"))[1].strip().lower()


def own_parts(message: Message, most: int = 200) -> Iterator[Message]:
    """The parts of this mail in order, without those of mails inside it."""
    waiting = [message]
    while waiting and most:
        most -= 1
        part = waiting.pop(0)
        yield part
        payload = part.get_payload()
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            children = [one for one in payload if isinstance(one, Message)]
            waiting = children + waiting


def text_of(part: Message, longest: int = 60_000) -> str:
    """The words of one part, decoded as well as can be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return _unparted(part)[:longest]
    payload = payload[: 4 * longest]
    charset = str(part.get_content_charset() or "utf-8")
    for name in (charset, "utf-8"):
        try:
            return payload.decode(name)[:longest]
        except (LookupError, UnicodeError, ValueError):
            continue
    return payload.decode("latin-1")[:longest]


def _unparted(part: Message) -> str:
    """What stands around the parts: all there is when a boundary was broken."""
    around = [part.preamble, part.epilogue]
    payload = part.get_payload()
    if isinstance(payload, str):
        around.insert(0, payload)
    return "\n".join(words for words in around if isinstance(words, str))


def words_of_mail(message: Message) -> str:
    """All plain words of the mail itself; those of broken parts when there are none."""
    parts = list(own_parts(message))
    plain = [
        text_of(one)
        for one in parts
        if one.get_content_type() == "text/plain"
        and one.get_content_disposition() != "attachment"
    ]
    if any(words.strip() for words in plain):
        return "\n".join(plain)
    broken = [one for one in parts if one.get_content_maintype() == "multipart"]
    return "\n".join(text_of(one) for one in broken or parts[:1])
