"""The text edge: bytes in any charset, made text that can be kept and shown."""

import codecs
import re
import unicodedata
from typing import Final

MAX_TEXT: Final = 100_000
# Names that mail uses and Python does not know, or reads more narrowly than people
# who write them (https://encoding.spec.whatwg.org/#names-and-labels).
_ALIASES: Final = {
    "ansi": "cp1252",
    "ascii": "utf-8",
    "big5": "big5hkscs",
    "cp-850": "cp850",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso8859-1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "us-ascii": "utf-8",
    "utf8mb4": "utf-8",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
    "x-sjis": "cp932",
    "x-unknown": "",
    "unknown-8bit": "",
    "default": "",
    "binary": "",
}
# Not charsets of mail, or slow on hostile input.
_NOT_CHARSETS: Final = frozenset(
    ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs")
)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TURNING: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
# Ordering many combining marks takes quadratic time; UAX 15 allows 30 in a row.
_MAX_MARKS: Final = 30


def decode(data: bytes, charset: str) -> tuple[str, str]:
    """Text of `data`, and what was wrong with its charset in words, or "".

    Never fails: what the charset cannot read is read as UTF-8, else as
    windows-1252, which reads everything.
    """
    name = charset.strip().strip("\"'").lower()[:40]
    known = codec_of(name)
    if known:
        try:
            return data.decode(known), ""
        except (UnicodeError, ValueError):
            pass  # said below, once it is known what can read it
    text = _guess(data, known)
    if data.isascii() or not name:
        return text, "" if known or not name else f"unknown charset {name!r}"
    return text, f"its text is not {name!r} as it says"


def codec_of(name: str) -> str:
    """Python's name for a charset of mail, "" when there is none."""
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name) if name else None
    except (LookupError, ValueError):
        found = None
    if found is None or found.name in _NOT_CHARSETS:
        return ""
    # Python's own mark of codecs that are no charset, such as base64 and rot13.
    return found.name if getattr(found, "_is_text_encoding", False) else ""


def _guess(data: bytes, known: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    text = data.decode("utf-8", "replace")
    unread = text.count("\ufffd")
    high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    if unread * 2 <= high:
        return text
    if known and known not in ("utf-8", "cp1252"):
        return data.decode(known, "replace")
    return data.decode("cp1252", "replace")


def clean(text: str) -> str:
    """NFC, with LF line ends, without NUL and lone surrogates (both U+FFFD)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if text.isascii():
        return text
    if re.search("[\ud800-\udfff]", text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", _few_marks(text.lstrip("\ufeff")))


def _few_marks(text: str) -> str:
    if sum(map(bool, map(unicodedata.combining, text))) <= _MAX_MARKS:
        return text
    kept: list[str] = []
    run = 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) else 0
        if run <= _MAX_MARKS:
            kept.append(letter)
    return "".join(kept)


def one_line(text: str, limit: int) -> str:
    """A header's words on one line: no control, nothing that turns the direction."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text[:limit].strip()
    text = _CONTROLS.sub(" ", clean(text[: limit * 4].replace("\0", " ")))
    return re.sub(r"\s+", " ", _TURNING.sub("", text)).strip()[:limit]


def unflow(text: str, *, delete_space: bool) -> str:
    """Join the soft line ends of format=flowed (RFC 3676)."""
    lines: list[str] = []
    soft, depth = False, 0
    for line in text.split("\n"):
        words = line.lstrip(">")
        deep = len(line) - len(words)
        words = words.removeprefix(" ")
        flows = words.endswith(" ") and words != "-- "
        joined = words[:-1] if flows and delete_space else words
        if soft and deep == depth and words != "-- ":
            lines[-1] += joined
        else:
            lines.append(">" * deep + (" " if deep and words else "") + joined)
        soft, depth = flows, deep
    return "\n".join(lines)
