"""Headers of mail: words, addresses, ids and dates, read tolerantly."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from messaging.mail.texts import clean, decode, one_line

MAX_HEADER: Final = 100_000
MAX_ID: Final = 300
MAX_IDS: Final = 100
MAX_RECIPIENTS: Final = 200
_RECIPIENTS: Final = ("to", "cc", "bcc", "delivered-to", "x-original-to")
_WORD: Final = re.compile(
    r"=\?(?P<charset>[^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?(?P<how>[bBqQ])\?"
    r"(?P<what>[^?\r\n]*)\?=(?P<blank>[ \t\r\n]+(?==\?))?"
)
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[,;:]|[^"(<,;:]+|.', re.DOTALL
)
_ADDRESS: Final = re.compile(
    r"[^\s@<>()\[\],;:\"]{1,200}@(?:[\w-]{1,63}\.)*[\w-]{1,63}|"
    r"\"[^\"\s@<>]{1,64}\"@[\w.-]{1,255}"
)
_COMMENT: Final = re.compile(r"\([^()]*\)")


class Address(NamedTuple):
    """A display name, or "", and an address in lower case."""

    name: str
    address: str


def raw_values(message: Message, name: str) -> list[str]:
    """All values of a header as they came, 8-bit ones read, at most MAX_HEADER."""
    wanted = name.lower()
    return [
        eight_bit(value) for key, value in message.raw_items() if key.lower() == wanted
    ]


def raw_value(message: Message, name: str) -> str:
    """The first value of a header as it came, or ""."""
    return next(iter(raw_values(message, name)), "")


def eight_bit(value: object) -> str:
    """A header's value with the bytes in it read as UTF-8, else as windows-1252."""
    text = str(value)[:MAX_HEADER]
    if text.isascii():
        return text
    try:
        return decode(text.encode("ascii", "surrogateescape"), "utf-8")[0]
    except UnicodeEncodeError:  # it was text already
        return clean(text)


def words_of(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) read; it never fails."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    position = 0
    # Letters may be cut between words of one charset: their bytes are read together.
    run, charset = b"", ""
    for word in _WORD.finditer(value):
        between = value[position : word.start()]
        if run and (between or word["charset"].lower() != charset):
            pieces.append(decode(run, charset)[0])
            run = b""
        pieces.append(between)
        charset = word["charset"].lower()
        run += _bytes_of(word["how"], word["what"])
        position = word.end()
    if run:
        pieces.append(decode(run, charset)[0])
    return "".join(pieces) + value[position:]


def _bytes_of(how: str, what: str) -> bytes:
    data = what.encode("utf-8", "surrogateescape")
    if how in "qQ":
        return binascii.a2b_qp(data, header=True)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    data = data[:-1] if len(data) % 4 == 1 else data
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data


def addresses(value: str) -> Iterator[Address]:
    """Addresses of a header: names, groups, comments, RFC 2047, and what is broken.

    A name is what stands before an address. Words without an address are none.
    """
    found = False
    for piece in _split(value):
        address = _address_of(piece)
        if address is not None:
            found = True
            yield address
    plain = words_of(value)
    if not found and plain != value:  # the whole of it was encoded
        for match in _ADDRESS.finditer(plain):
            yield Address("", match[0].lower())


def _split(value: str) -> Iterator[list[str]]:
    piece: list[str] = []
    for match in _TOKEN.finditer(value):
        said = match[0]
        if said in ",;" and _ends(piece):
            yield piece
            piece = []
        elif said == ":" and not any("@" in part for part in piece):
            piece = []  # the name of a group
        elif said not in ";":
            piece.append(said)
    if piece:
        yield piece


def _ends(piece: list[str]) -> bool:
    """Whether a comma ends it: one in an unquoted name ("Doe, Jane <…>") does not."""
    return any("@" in part for part in piece if part[0] not in '("')


def _address_of(piece: list[str]) -> Address | None:
    angles = [part for part in piece if part[0] == "<" and "@" in part]
    if angles:
        found = _ADDRESS.search(re.sub(r"\s+", "", angles[-1]))
        names = piece[: len(piece) - 1 - piece[::-1].index(angles[-1])]
    else:
        plain = "".join(part for part in piece if part[0] != "(")
        found = _ADDRESS.search(plain)
        names = [part for part in piece if part[0] == "("]
        if not names and found:
            names = [plain[: found.start()]]
    if found is None:
        return None
    return Address(_name_of(names), found[0].rstrip(".").lower()[:254])


def _name_of(parts: list[str]) -> str:
    said = "".join(_unquoted(part) for part in parts).strip()
    comment = re.fullmatch(r"\((.*)\)", said, re.DOTALL)
    name = one_line(words_of(comment[1] if comment else said), 200).strip(" ,<>")
    whole = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    return name[1:-1].strip() if whole else name


def _unquoted(part: str) -> str:
    if len(part) > 1 and part[0] == part[-1] == '"':
        return re.sub(r"\\(.)", r"\1", part[1:-1])
    return part


def sender_of(message: Message) -> Address:
    """Who wrote it: From, else Sender, else Return-Path; ("", "") when nobody did."""
    for header in ("from", "sender", "return-path"):
        for value in raw_values(message, header):
            for address in addresses(value):
                return address
    return Address("", "")


def recipients_of(message: Message, envelope_to: Iterable[str]) -> tuple[str, ...]:
    """All addresses it was written to, once each, in the order of `ReadMail`."""
    found: dict[str, None] = {}
    for header in _RECIPIENTS:
        for value in raw_values(message, header):
            found.update((address.address, None) for address in addresses(value))
    for value in envelope_to:
        found.update((address.address, None) for address in addresses(value))
    return tuple(found)[:MAX_RECIPIENTS]


def ids_of(message: Message, name: str) -> tuple[str, ...]:
    """Message ids of a header without brackets, once each, in their order.

    Brackets may be missing, ids folded, comments between them.
    """
    ids: dict[str, None] = {}
    for value in raw_values(message, name):
        bracketed = re.findall(r"<([^<>]+)>", value)
        if not bracketed:
            loose = re.split(r"[\s,;]+", _COMMENT.sub(" ", value).replace("<", " "))
            bracketed = [word.strip("<>\"'") for word in loose if "@" in word]
        for one in bracketed:
            said = re.sub(r"[\s\x00-\x1f\x7f]+", "", clean(one))[:MAX_ID]
            if said:
                ids.setdefault(said)
    kept = tuple(ids)
    # The first names the thread, the last ones are nearest.
    return kept if len(kept) <= MAX_IDS else kept[:1] + kept[1 - MAX_IDS :]


def date_of(message: Message) -> datetime | None:
    """When it says that it was written, in UTC; None when that cannot be."""
    said = words_of(raw_value(message, "date"))[:200]
    try:
        moment = parsedate_to_datetime(said)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if 1971 <= moment.year <= 2199 else None


def named_headers(message: Message) -> tuple[tuple[str, str], ...]:
    """The first 100 headers as they came, on one line each, 500 characters at most."""
    return tuple(
        (one_line(eight_bit(name), 100), one_line(eight_bit(str(value)[:2_000]), 500))
        for name, value in list(message.raw_items())[:100]
    )
