"""An old opt-out list is read: CSV or one address a line, from whatever system.

Which column holds the addresses is found by looking: the one named like it, else the
one in which most cells are addresses.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import phonenumbers
from django.conf import settings

from leads import capture

LONGEST_LINE: Final = 10_000
LOOKED_AT: Final = 200  # lines, to find the column and the separator
_SEPARATORS: Final = (",", ";", "\t", "|")
_NAMES: Final = {
    "sms": ("phone", "mobile", "cell", "number", "msisdn", "telephone", "tel", "sms"),
    "email": ("email", "e-mail", "mail"),
}
_PREFIXES: Final = ("tel:", "sms:", "mailto:", "whatsapp:", "'", "=")


class NotReadable(ValueError):
    """The file is no list of addresses; the words say why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: the address it holds, else why it holds none."""

    number: int
    text: str
    value: str = ""
    why: str = ""


def text_of(data: bytes) -> str:
    """The words of a file. Raises NotReadable for what is no text."""
    if data[:2] == b"PK":
        raise NotReadable("This is an Excel file: save it as CSV and import that")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decoded(data, "utf-16")
    if b"\x00" in data:
        raise NotReadable("This is not a text file: save the list as CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decoded(data, "cp1252")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        words = "This is not a text file: save the list as CSV in UTF-8"
        raise NotReadable(words) from None


def read_list(text: str, channel: str) -> Iterator[Line]:
    """Every line that holds something, with its address or why it has none."""
    lines = text.splitlines()
    head = [line for line in lines[:LOOKED_AT] if line.strip()]
    separator = _separator(head)
    rows = [_cells(line, separator) for line in head]
    column, header = _column(rows, channel)
    first = True
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        if first and header:
            first = False
            continue
        first = False
        yield _read(number, raw, _cells(raw, separator), column, channel)


def _separator(head: list[str]) -> str:
    """The sign that parts most lines; one that is in no line parts none."""
    found = {sign: sum(sign in line for line in head) for sign in _SEPARATORS}
    best = max(found, key=lambda sign: found[sign])
    return best if found[best] * 2 > len(head) else "\x1f"


def _cells(line: str, separator: str) -> list[str]:
    try:
        found = next(csv.reader([line[:LONGEST_LINE]], delimiter=separator), [])
    except csv.Error:
        found = line[:LONGEST_LINE].split(separator)
    return [cell.strip() for cell in found]


def _column(rows: list[list[str]], channel: str) -> tuple[int, bool]:
    """Which column holds the addresses, and whether the first line only names them."""
    if not rows:
        return 0, False
    wide = max(len(row) for row in rows)
    good = [
        sum(not plain_address(row[at], channel)[1] for row in rows if at < len(row))
        for at in range(wide)
    ]
    best = max(range(wide), key=lambda at: (good[at], -at))
    if good[best] == 0 or any(_is_entry(cell) for cell in rows[0]):
        return best, False
    names = [cell.casefold().replace("_", " ").split() for cell in rows[0]]
    for wanted in _NAMES[channel]:
        for place, name in enumerate(names):
            if wanted in name and good[place]:
                return place, True
    return best, True


def _is_entry(cell: str) -> bool:
    """An address, or what was meant to be one: no name of a column."""
    return "@" in cell or sum(sign.isdigit() for sign in cell) > 3


def _read(number: int, raw: str, cells: list[str], column: int, channel: str) -> Line:
    cell = cells[column] if column < len(cells) else ""
    value, why = plain_address(cell, channel)
    return Line(number, raw.strip()[:200], value, why)


def plain_address(cell: str, channel: str) -> tuple[str, str]:
    """The address in a cell as we keep it, or why it is none."""
    words = cell.strip().strip('"').strip()
    for prefix in _PREFIXES:
        if words.casefold().startswith(prefix):
            words = words[len(prefix) :].strip().strip('"')
    if not words:
        return "", "there is no address"
    if channel == "email":
        found = capture.normalise_email(words)
        return (found, "") if found else ("", "not a mail address")
    return _phone(words)


def _phone(words: str) -> tuple[str, str]:
    if "e+" in words.casefold():
        return "", "the spreadsheet has shortened this number: format it as text"
    if words.startswith("00"):
        words = f"+{words[2:]}"
    if any(sign.isalpha() for sign in words) and "ext" not in words.casefold():
        return "", "not a phone number"
    try:
        number = phonenumbers.parse(words, settings.DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return "", "not a phone number"
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        local = possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY
        return "", "the area code is missing" if local else "not a phone number"
    e164 = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, e164), ""
