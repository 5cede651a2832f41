"""Equal-length folding of text, so that offsets in it are offsets in the original.

Every character is mapped to exactly one character: lower case, without its Latin
accent, curly quotes and odd spaces made plain. A span found in the folded copy is
therefore a verbatim quote of the original text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es", "fr", "de", "pt")
OPAQUE = "\N{CURRENCY SIGN}"

_PLAIN = {
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{ACUTE ACCENT}": "'",
    "`": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
    "\N{THIN SPACE}": " ",
    "\t": " ",
    "\r": "\n",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{MINUS SIGN}": "-",
    OPAQUE: " ",
}

_MAIL_OR_LINK = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|(?:https?://|www\.)[^\s]+"
)
_PHONE = re.compile(
    r"(?<![\w.,])\+ ?[0-9(](?:[ .()/-]{0,2}[0-9]){6,15}(?!\w)"
    r"|(?<![\w.,+])\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-][0-9]{4}(?!\w)"
    r"|(?<![\w.,+/-])(?![0-9]{1,2}([./-])[0-9]{1,2}\1[0-9]{2,4}(?![0-9]))\(?0[0-9]{1,4}\)?(?:[ ./-]?[0-9]{2,4}){2,5}(?![\w:])"
    r"|(?<![\w.,+/-])[0-9]{3,4}[ -][0-9]{3}(?:[ -][0-9]{3,4})?(?![\w:/.-])"
)


@cache
def _table() -> dict[int, str]:
    table = {ord(odd): plain for odd, plain in _PLAIN.items()}
    for code in (*range(0x41, 0x5B), *range(0xC0, 0x250)):
        plain = unicodedata.normalize("NFKD", chr(code).lower())
        letter = plain[0]
        table[code] = letter if letter.isalpha() else chr(code)
    return table


@lru_cache(maxsize=8)
def fold(text: str) -> str:
    """The folded copy; ``len(fold(text)) == len(text)`` always holds."""
    return text.translate(_table())


def _blank(found: re.Match[str]) -> str:
    return OPAQUE * (found.end() - found.start())


@lru_cache(maxsize=8)
def mask(folded: str) -> str:
    """Mail addresses, links and phone numbers as opaque runs of the same length."""
    if "@" in folded or "//" in folded or "www." in folded:
        folded = _MAIL_OR_LINK.sub(_blank, folded)
    return _PHONE.sub(_blank, folded)


def language_and_region(tag: str) -> tuple[str, str]:
    """``"en-GB"`` as ``("en", "GB")``; an unknown language reads as English."""
    language, _, region = tag.replace("_", "-").partition("-")
    language = language.lower()
    known = language if language in LANGUAGES else "en"
    return known, region.upper() if len(region) == 2 else ""
