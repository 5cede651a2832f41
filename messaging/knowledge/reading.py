"""Read a CSV file of questions and answers, line by line, whatever is in it.

The columns are named in its first line: question, answer and, as far as wanted,
language, valid_until and phrasings, parted by "|". A line that cannot be used says why;
the others are not touched by it.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from messaging.knowledge.pages import LONGEST_BODY, LONGEST_TITLE
from messaging.mail.texts import decode

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_LINES: Final = 5_000
# A line with all that an article may hold, and its quotes doubled.
_LONGEST_RECORD: Final = 30_000
_MOST_JOINED: Final = 400
_UNFIT: Final = "A quotation mark is opened and never closed, or it is too long."
_LONGEST_PHRASING: Final = 300
_MOST_PHRASINGS: Final = 50
_DELIMITERS: Final = (",", ";", "\t")
_COLUMNS: Final = {
    "question": "title",
    "title": "title",
    "answer": "body",
    "body": "body",
    "language": "language",
    "lang": "language",
    "valid_until": "valid_until",
    "valid until": "valid_until",
    "phrasings": "phrasings",
}
_DATES: Final = ("%Y-%m-%d", "%d.%m.%Y")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
# What a spreadsheet would reckon with: never an answer that anybody wrote.
_FORMULA: Final = re.compile(r"\s*(?:[=@]|[+-][\w+]*[(|])")


class NotReadable(ValueError):
    """The file as a whole is none that can be read; the words say why."""


@dataclass(frozen=True)
class Brought:
    """One question that somebody brings; `refused` says why it cannot be used."""

    line: int
    title: str
    body: str = ""
    language: str = "en"
    valid_until: date | None = None
    phrasings: tuple[str, ...] = ()
    refused: str = ""


def text_of(data: bytes) -> str:
    """The file as text: UTF-8, UTF-16 with its mark, else windows-1252.

    Raises NotReadable for what is no text.
    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise NotReadable("This is no CSV file. Save the table as CSV and bring that.")
    text, _ = decode(data, "")
    # "[text]": PostgreSQL stores no NUL, and what was one is seen to be broken.
    return text.removeprefix("\ufeff").replace("\x00", "\ufffd")


def read_csv(text: str, *, language: str = "en") -> Iterator[Brought]:
    """Every line below the first, in order; `language` stands where none is named.

    At most MOST_LINES are read; one more then says that there were more. Raises
    NotReadable when the first line does not name question and answer.
    """
    lines = list(io.StringIO(text, newline=""))
    start = 1 if lines and re.match(r"sep=.\s*$", lines[0]) else 0
    while start < len(lines) and not lines[start].strip():
        start += 1
    delimiter, columns = _header(lines[start] if start < len(lines) else "")
    seen: dict[tuple[str, str], Brought] = {}
    records = _records(lines, start + 1, delimiter)
    for count, (number, cells) in enumerate(records, 1):
        if count > MOST_LINES:
            words = f"Only {MOST_LINES:,} lines are read. Bring the rest as a file."
            yield Brought(number, "", refused=words)
            return
        yield _once(_brought(number, cells, columns, language), seen)


def _header(line: str) -> tuple[str, list[str]]:
    for delimiter in _DELIMITERS:
        names = next(iter(csv.reader([line[:2_000]], delimiter=delimiter)), [])
        columns = [_COLUMNS.get(name.strip().casefold(), "") for name in names]
        if "title" in columns and "body" in columns:
            return delimiter, columns
    raise NotReadable(
        "The first line must name the columns: question, answer and, if you like, "
        "language, valid_until, phrasings."
    )


def _records(
    lines: list[str], start: int, delimiter: str
) -> Iterator[tuple[int, list[str] | str]]:
    """The cells of each record with the number of its first line, or what is wrong.

    A quote that is never closed spoils its own line only: reading goes on below it.
    """
    at = start
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        cells, used = _record(lines, at, delimiter)
        yield at + 1, cells
        at += used


def _record(lines: list[str], at: int, delimiter: str) -> tuple[list[str] | str, int]:
    """The cells of the record that begins at line `at`, and how many lines it takes."""
    alone = _cells(lines[at], delimiter)
    if alone is not None:
        return alone, 1
    quotes = length = 0
    for used, line in enumerate(lines[at : at + _MOST_JOINED], 1):
        quotes += line.count('"')
        length += len(line)
        if length > _LONGEST_RECORD:
            break
        if quotes % 2 == 0:
            cells = _cells("".join(lines[at : at + used]), delimiter)
            return (cells, used) if cells is not None else (_UNFIT, 1)
    return _UNFIT, 1


def _cells(record: str, delimiter: str) -> list[str] | None:
    """The cells of one record, None when its quotation marks do not fit together."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def _brought(
    number: int, cells: list[str] | str, columns: list[str], language: str
) -> Brought:
    if isinstance(cells, str):
        return Brought(number, "", refused=cells)
    values = dict.fromkeys(_COLUMNS.values(), "")
    for name, cell in zip(columns, cells, strict=False):
        if name:
            values[name] = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    found = Brought(
        number,
        " ".join(values["title"].split()),
        values["body"],
        values["language"].lower() or language,
        None,
        tuple(_parted(values["phrasings"])),
    )
    more = [cell for cell in cells[len(columns) :] if cell.strip()]
    day, wrong = _day(values["valid_until"])
    refused = "It has more cells than the first line names." if more else ""
    return _with(found, day, refused or wrong or _wrong_with(found))


def _with(found: Brought, day: date | None, refused: str) -> Brought:
    title = found.title if len(found.title) <= LONGEST_TITLE else found.title[:80] + "…"
    return Brought(
        found.line,
        title,
        "" if refused else found.body,
        found.language,
        day,
        found.phrasings,
        refused,
    )


def _parted(cell: str) -> Iterator[str]:
    for words in dict.fromkeys(" ".join(one.split()) for one in cell.split("|")):
        if words:
            yield words


def _day(cell: str) -> tuple[date | None, str]:
    if not cell:
        return None, ""
    for shape in _DATES:
        try:
            return datetime.strptime(cell[:20], shape).date(), ""
        except ValueError:
            continue
    return None, f"“{cell[:20]}” is no day: write 2027-03-31."


def _wrong_with(found: Brought) -> str:
    words = (found.title, found.body, *found.phrasings)
    wrongs = (
        (not found.title, "The question is missing."),
        (not found.body, "The answer is missing."),
        (
            len(found.title) > LONGEST_TITLE,
            f"A question has {LONGEST_TITLE} letters at most.",
        ),
        (
            len(found.body) > LONGEST_BODY,
            f"An answer has {LONGEST_BODY:,} letters at most.",
        ),
        (
            len(found.phrasings) > _MOST_PHRASINGS
            or any(len(one) > _LONGEST_PHRASING for one in found.phrasings),
            f"At most {_MOST_PHRASINGS} phrasings of {_LONGEST_PHRASING} letters.",
        ),
        (not _LANGUAGE.fullmatch(found.language), "The language is a code such as en."),
        (
            any("\ufffd" in one for one in words),
            "It holds a broken letter: save the file as UTF-8.",
        ),
        (
            any(_FORMULA.match(one) for one in words),
            "It begins like a formula of a spreadsheet.",
        ),
    )
    return next((say for is_so, say in wrongs if is_so), "")


def _once(found: Brought, seen: dict[tuple[str, str], Brought]) -> Brought:
    """Refuse a second answer to one question of the same file."""
    if found.refused:
        return found
    first = seen.setdefault((found.title.casefold(), found.language), found)
    if first is found or first.body == found.body:
        return found
    words = f"Line {first.line} answers this question otherwise."
    return Brought(found.line, found.title, refused=words)
