"""A mail's bytes taken apart by Python's reader, whatever is wrong with them."""

import binascii
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.feedparser import BytesFeedParser
from email.message import Message
from email.parser import BytesHeaderParser
from io import BytesIO
from typing import IO, Any, Final, NamedTuple

from messaging.mail.facts import UnreadableMail

MAX_PARTS: Final = 1_000
_PIECE: Final = 262_144
_MAX_BARE: Final = 400_000
# Python's reader compares each line with the boundary of each part around it.
_MAX_LINES: Final = 1_000_000
_MAX_COMPARED: Final = 10_000_000
_HEADER: Final = re.compile(rb"From |[!-9;-~]{1,100}[ \t]*:")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS: Final = bytes(set(range(256)) - set(_ALPHABET))
_DEFECTS: Final = {
    "CloseBoundaryNotFoundDefect": "it ends before its last part does",
    "FirstHeaderLineIsContinuationDefect": "its first header is cut",
    "InvalidMultipartContentTransferEncodingDefect": "its parts say a false encoding",
    "MisplacedEnvelopeHeaderDefect": "a mailbox's line stands among its headers",
    "MissingHeaderBodySeparatorDefect": "no blank line follows its headers",
    "MultipartInvariantViolationDefect": "it says it has parts but has none",
    "NoBoundaryInMultipartDefect": "it does not say what parts its parts",
    "StartBoundaryNotFoundDefect": "its first part is not found",
}


class _TooLong(Exception):
    """Taking it apart would take too long."""


class Part(Message):
    """A message or a part of one, whose content can always be asked for."""

    def get_payload(self, i: Any = None, decode: Any = False) -> Any:
        """As Python's own, which raises for charsets such as "idna"."""
        try:
            return super().get_payload(i, decode)
        except (UnicodeError, LookupError, ValueError):
            data = super().get_payload(decode=True)
            return data.decode("ascii", "replace") if isinstance(data, bytes) else ""


class Leaf(NamedTuple):
    """A part that holds content, and what it stands in."""

    part: "Message"
    kind: str
    alternative: bool
    report: bool


def take_apart(source: IO[bytes]) -> tuple[Message, list[str]]:
    """The message and what was wrong with its build, in words.

    What stands before the first header is passed over. A mail that cannot be taken
    apart has its headers, and the beginning of the rest as text. `source` can seek.
    Raises UnreadableMail when nothing is in it.
    """
    start = source.tell()
    message, trouble = _parsed(source)
    if message is None:
        source.seek(start)
        message = _headers_only(source)
    defects = [trouble] if trouble else []
    for defect in message.defects:
        name = type(defect).__name__
        defects.append(_DEFECTS.get(name, f"its build is wrong ({name})"))
    return message, defects


def _parsed(source: IO[bytes]) -> tuple[Message | None, str]:
    # What is raised holds all that was read: only its words leave this function.
    try:
        return _feed(source), ""
    except MemoryError:
        return None, "it is too large to be taken apart: only its beginning was read"
    except _TooLong:
        return None, "it has too many lines and parts: only its beginning was read"
    except RecursionError:
        return None, "its parts are nested too deep: only its beginning was read"
    except (MessageError, ValueError, LookupError, TypeError, AttributeError) as error:
        return None, f"it cannot be taken apart ({type(error).__name__})"


def _feed(source: IO[bytes]) -> Message:
    parser = BytesFeedParser(Part)
    piece = _beginning(source)
    lines = boundaries = 0
    while piece:
        lines += piece.count(b"\n")
        boundaries += piece.lower().count(b"boundary=") - piece.count(b"--\n")
        if lines > _MAX_LINES or lines * boundaries > _MAX_COMPARED:
            raise _TooLong
        parser.feed(piece)
        piece = source.read(_PIECE)
    return parser.close()


def _beginning(source: IO[bytes]) -> bytes:
    """The first bytes that are not blank. Raises UnreadableMail when none are, or
    when they are none of a mail.
    """
    while piece := source.read(_PIECE):
        piece = piece.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0")
        if piece and not _HEADER.match(piece) and _BINARY.search(piece[:512]):
            raise UnreadableMail("it is some other file and no mail")
        if piece:
            return piece
    raise UnreadableMail("it is empty")


def _headers_only(source: IO[bytes]) -> Message:
    head = (_beginning(source) + source.read(_MAX_BARE))[:_MAX_BARE]
    parts = re.split(rb"\r?\n\r?\n", head, maxsplit=1)
    message = BytesHeaderParser(Part).parse(BytesIO(parts[0][:_PIECE]))
    for name in ("content-type", "content-transfer-encoding"):
        del message[name]
    message.set_payload(parts[-1].decode("ascii", "surrogateescape"))
    return message


def leaves(message: Message) -> Iterator[Leaf]:
    """The parts that hold content, in their order; an attached mail is one of them."""
    waiting = [(message, False, False)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part, alternative, report = waiting.pop()
        kind = part.get_content_type()
        if kind.startswith("multipart/"):
            children = _children(part)
            if children:
                inner = kind.partition("/")[2]
                alternative = alternative or inner == "alternative"
                report = report or inner == "report"
                waiting += [(child, alternative, report) for child in children[::-1]]
                continue
            kind = "text/plain"
        yield Leaf(part, kind, alternative, report)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [child for child in payload if isinstance(child, Message)]
    # It does not say its boundary, or says another: the first line that is one tells.
    found = re.search(r"^--([^\s-][^\r\n]{0,70}?)[ \t]*\r?$", str(payload or ""), re.M)
    if found is None or '"' in found[1] or not str(payload).isascii():
        return []
    head = f'Content-Type: {part.get_content_type()}; boundary="{found[1]}"\n\n'
    again = message_from_bytes(f"{head}{payload}".encode(), Part).get_payload()
    return list(again) if isinstance(again, list) else []


def content(part: Message) -> bytes:
    """The bytes of a part, decoded as far as they can be."""
    how = str(part.get("content-transfer-encoding", "")).strip().lower()
    if how == "base64":
        # Python's own decoding gives up where a letter is missing at the end.
        payload = part.get_payload()
        text = payload if isinstance(payload, str) else ""
        return _from_base64(text.encode("ascii", "ignore"))
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _from_base64(raw: bytes) -> bytes:
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = raw.translate(None, _OTHERS)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
