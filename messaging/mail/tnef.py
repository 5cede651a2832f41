"""Outlook's package of files, winmail.dat ([MS-OXTNEF]), read as far as a mail needs."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from messaging.mail.texts import decode

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
MAX_FILES: Final = 60
_MAX_PROPERTIES: Final = 5_000
# Attributes: the id with its type.
_CODEPAGE: Final = 0x00069007
_BODY: Final = 0x0002800C
_PROPERTIES: Final = 0x00069003
_FILE_BEGINS: Final = 0x00069002
_FILE_TITLE: Final = 0x00018010
_FILE_DATA: Final = 0x0006800F
_FILE_PROPERTIES: Final = 0x00069005
# Properties of a message and of a file.
_TEXT: Final = 0x1000
_HTML: Final = 0x1013
_LONG_NAME: Final = 0x3707
_MIME: Final = 0x370E
_CONTENT_ID: Final = 0x3712
_DATA: Final = 0x3701
# Bytes of a value, by type; other types say their length.
_SIZES: Final = {2: 4, 3: 4, 4: 4, 10: 4, 11: 4, 5: 8, 6: 8, 7: 8, 20: 8, 64: 8, 72: 16}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x0102


@dataclass(slots=True)
class Packed:
    """A file in the package."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Package:
    """What a package holds; its rich text (RTF) is passed over."""

    text: str = ""
    html: str = ""
    files: list[Packed] = field(default_factory=list)
    charset: str = "cp1252"


def read(data: bytes) -> Package:
    """Open a package. Raises ValueError, in words, when it is none or is broken."""
    if data[:4] != SIGNATURE:
        raise ValueError("it does not begin as one")
    package = Package()
    try:
        for kind, value in _attributes(data):
            _take(package, kind, value)
    except struct.error:
        if not package.files and not package.text and not package.html:
            raise ValueError("it is cut off") from None
    return package


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 9 <= len(data):
        _, kind, length = struct.unpack_from("<BII", data, position)
        position += 9
        if position + length > len(data):
            raise struct.error("cut off")
        yield kind, data[position : position + length]
        position += length + 2  # its checksum


def _take(package: Package, kind: int, value: bytes) -> None:
    if kind == _CODEPAGE and len(value) >= 4:
        package.charset = f"cp{struct.unpack_from('<I', value)[0]}"
    elif kind == _BODY:
        package.text = _words(value, package.charset)
    elif kind == _PROPERTIES:
        for name, said, held in _properties(value):
            if name == _TEXT and not package.text:
                package.text = _string(held, said, package.charset)
            elif name == _HTML:
                package.html = _words(held, package.charset)
    elif kind == _FILE_BEGINS and len(package.files) < MAX_FILES:
        package.files.append(Packed())
    elif package.files:
        _take_file(package.files[-1], kind, value, package.charset)


def _take_file(file: Packed, kind: int, value: bytes, charset: str) -> None:
    if kind == _FILE_TITLE:
        file.name = file.name or _words(value, charset)
    elif kind == _FILE_DATA:
        file.data = value
    elif kind == _FILE_PROPERTIES:
        for name, said, held in _properties(value):
            if name == _LONG_NAME:
                file.name = _string(held, said, charset) or file.name
            elif name == _MIME:
                file.content_type = _string(held, said, charset)
            elif name == _CONTENT_ID:
                file.content_id = _string(held, said, charset)
            elif name == _DATA and not file.data:
                file.data = held[16:] if said == _OBJECT else held


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Id, type and last value of each property that has one."""
    count = struct.unpack_from("<I", data)[0]
    position = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        said, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name >= 0x8000:
            position = _after_name(data, position)
        many, kind = bool(said & 0x1000), said & 0x0FFF
        lengthy = kind in (_STRING8, _UNICODE, _OBJECT, _BINARY)
        values = 1
        if many or lengthy:
            values = struct.unpack_from("<I", data, position)[0]
            position += 4
        if not lengthy and kind not in _SIZES:
            raise struct.error("unknown type")
        held = b""
        for _ in range(min(values, _MAX_PROPERTIES)):
            length = _SIZES.get(kind, 0)
            if lengthy:
                length = struct.unpack_from("<I", data, position)[0]
                position += 4
            if position + length > len(data):
                raise struct.error("cut off")
            held = data[position : position + length]
            position += length + -length % 4
        yield name, kind, held


def _after_name(data: bytes, position: int) -> int:
    """Behind the name of a named property: a set's id, and a number or a string."""
    is_string, number = struct.unpack_from("<II", data, position + 16)
    position += 24
    return position + number + -number % 4 if is_string else position


def _string(value: bytes, kind: int, charset: str) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return _words(value, charset)


def _words(value: bytes, charset: str) -> str:
    return decode(value.rstrip(b"\0"), charset)[0]
