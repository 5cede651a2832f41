"""The multipart form of Inbound Parse, read from pieces: fields in bytes, files on disk.

Needs no Django and runs in the parser's child process. SendGrid separates the parts by
a word that never changes, so a mail can hold it and thereby add parts of its own:
what a field says is only to be believed where it stands once.
"""

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import (
    MultipartParser,
    MultipartState,
    parse_options_header,
)

MAX_PARTS: Final = 500
FIELD_BYTES: Final = 5_242_880  # what of one field lies in memory
FIELDS_BYTES: Final = 12_582_912  # and of all together
_HEADER_BYTES: Final = 16_384
# Text codecs that no mail is written in; some take minutes for a megabyte.
_NOT_OF_MAIL: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
)


class BadForm(ValueError):
    """The body is no form that can be read; the text says why."""


@dataclass(slots=True)
class Part:
    """A field or a file. Its bytes are `data`, or at `path` when that is set."""

    name: str
    filename: str | None = None
    content_type: str = ""
    data: bytes = b""
    path: str = ""
    size: int = 0
    digest: str = ""

    def read(self) -> bytes:
        """All of its bytes."""
        return Path(self.path).read_bytes() if self.path else self.data


@dataclass(slots=True)
class Form:
    """`fields` by name, the first of each; `files` in their order; `repeated` are
    names that stand more than once; `defects` what was wrong, in words.
    """

    fields: dict[str, Part] = field(default_factory=dict)
    files: list[Part] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A field in its declared charset; "" when it is not there."""
        part = self.fields.get(name)
        if part is None:
            return ""
        return self._decode(part, self.charsets().get(name.lower(), ""))

    def sure(self, name: str) -> str:
        """As `text`, but "" for a field that stands more than once."""
        return "" if name in self.repeated else self.text(name)

    def charsets(self) -> dict[str, str]:
        """The declared charset by lower-case name of the field."""
        told = self.mapping("charsets")
        return {str(k).lower(): v for k, v in told.items() if isinstance(v, str)}

    def mapping(self, name: str) -> dict[str, Any]:
        """A field that holds a JSON object; empty when it does not, or is not sure."""
        part = self.fields.get(name)
        if part is None or name in self.repeated or part.size > FIELD_BYTES:
            return {}
        try:
            told = json.loads(part.read())
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    def _decode(self, part: Part, charset: str) -> str:
        data = part.read()
        if not charset:
            return _undeclared(data)
        if not _is_known(charset):
            self.note(f"{part.name} is in a charset that is not known: {charset[:40]}")
            return data.decode("latin-1")
        try:
            return data.decode(charset)
        except UnicodeError:
            self.note(f"{part.name} is not all in {charset[:40]}, as it says")
            return data.decode(charset, "replace")

    def note(self, words: str) -> None:
        """Keep a defect, once."""
        if words not in self.defects:
            self.defects.append(words)


def _undeclared(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _is_known(charset: str) -> bool:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return False
    if name.replace("-", "_") in _NOT_OF_MAIL:
        return False
    try:
        b"x".decode(charset)
    except LookupError:
        return False  # a codec, but of bytes: hex, base64, bz2
    except UnicodeError:
        return True  # of several bytes a character
    return True


def read_form(pieces: Iterable[bytes], content_type: str, *, folder: Path) -> Form:
    """The parts of a form; files and very long fields go to `folder`. Raises BadForm."""
    media, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if media != b"multipart/form-data" or not boundary:
        shown = media.decode("latin-1")[:60]
        raise BadForm(f"a body of type {shown!r} is not SendGrid's form")
    reader = _Reader(folder)
    try:
        parser = MultipartParser(
            boundary,
            reader.callbacks(),
            max_header_count=20,
            max_header_size=_HEADER_BYTES,
        )
        for piece in pieces:
            parser.write(piece)
    except FormParserError as error:
        raise BadForm(f"the form cannot be read: {error}") from None
    finally:
        reader.close()
    if parser.state != MultipartState.END:
        reader.cut_off()
    if not reader.form.fields and not reader.form.files:
        raise BadForm("the form has no fields")
    return reader.form


class _Reader:
    """Takes the parser's calls and makes parts of them."""

    def __init__(self, folder: Path) -> None:
        self.form = Form()
        self._folder = folder
        self._count = 0
        self._in_memory = 0
        self._headers: dict[bytes, bytes] = {}
        self._header_name = b""
        self._header_value = b""
        self._part: Part | None = None
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._hash = sha256()

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_data,
            "on_part_end": self._on_end,
        }

    def close(self) -> None:
        """Give the open file back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def cut_off(self) -> None:
        """Keep what there is of a part whose end never came."""
        self.form.defects.append("the form ends before its end")
        if self._part is not None:
            self._on_end()

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise BadForm(f"the form has more than {MAX_PARTS} parts")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        told = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(told)
        filename = options.get(b"filename")
        self._part = Part(
            name=_undeclared(options.get(b"name", b""))[:200],
            filename=None if filename is None else _undeclared(filename),
            content_type=self._headers.get(b"content-type", b"").decode("latin-1"),
        )
        self._held = bytearray()
        self._hash = sha256()
        if filename is not None:
            self._spool()

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part is None:
            return
        piece = data[start:end]
        part.size += len(piece)
        self._hash.update(piece)
        if self._file is not None:
            self._file.write(piece)
            return
        self._held += piece
        room = min(FIELD_BYTES, FIELDS_BYTES - self._in_memory)
        if len(self._held) > room:
            self._spool()

    def _spool(self) -> None:
        """From here on the part is written to a file."""
        part = self._part
        if part is None:
            return
        path = self._folder / f"part{self._count}"
        # Given back by `close` or at the part's end.
        self._file = path.open("xb")
        self._file.write(self._held)
        self._held = bytearray()
        part.path = str(path)

    def _on_end(self) -> None:
        part, self._part = self._part, None
        self.close()
        if part is None:
            return
        part.data, self._held = bytes(self._held), bytearray()
        part.digest = self._hash.hexdigest()
        self._in_memory += len(part.data)
        if part.filename is not None:
            self.form.files.append(part)
        elif part.name in self.form.fields:
            self.form.repeated.add(part.name)
            self.form.note(f"the form holds {part.name[:40]} more than once")
        else:
            self.form.fields[part.name] = part
