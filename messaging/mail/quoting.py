"""Where, among the lines of a mail, quoted history begins.

Every look is at a bounded piece of text, so that hostile mail costs no more than its
length. The words come from `data/`; for languages that are not there
`mailparser_reply`'s own are asked, a bounded number of times a mail.
"""

import re
from collections.abc import Sequence
from functools import cache

from mailparser_reply.constants import (  # type: ignore[import-untyped]  # it publishes no types
    MAIL_LANGUAGES,
)

from messaging.mail.languages import LANGUAGES, labels, pattern_of, words_of

LONGEST = 400  # characters of a row, or of a wrapped header, that are looked at
_WRAPPED = 4  # lines that "On … wrote:" may run over
_BLOCK = 12  # lines that From, Sent, To and Subject may run over
_STRAY = 3  # of them without a label: addresses that a mail program wrapped
# A mail has a few headers, not hundreds: hostile ones are looked at no further.
_LIBRARY_LOOKS = 60
_HEADER_LOOKS = 150
_BLOCK_LOOKS = 300

_QUOTED = re.compile(r"\s{0,4}(?:>|\|\s)")
_RULE = re.compile(r"[_=*~-][_=*~ -]{2,}$")
_LEAD = re.compile(r"[-*>|\[ ]+")
_LABEL = re.compile(r"[*_> |]*([^\W\d][^:<>@]{0,24}?) ?\*?\s?[:：]\*?(?: |$)?(.*)")
_NOTHING: tuple[frozenset[str], str] = (frozenset(), "")
_SAYS_WHEN = re.compile(r"\d")
_ADDRESS = re.compile(r"[^\s<>@]{1,80}@[^\s<>@]{1,120}")
# "2017-11-24 16:32 GMT+01:00 Jo <jo@x.com>:", in any language.
_ANY_LANGUAGE = re.compile(
    r"(?=.{0,60}?\d{1,4})(?=.{0,90}?(?:\d{4}|\d{1,2}[:.h]\d{2})).{4,250}?"
    r"[<(\[] ?[^\s<>@]{1,80}@[^\s<>@]{1,120}[>)\]]{1,3}(?: ?[^\W\d]{2,15}(?:\(\w{1,2}\))?){0,3} ?[:：]",
)
_STARTS_DATED = re.compile(r"(?:\W*[^\W\d]{1,12}[.,]{0,2} ){0,2}\W*\d")
# How a header ends that has no colon.
_VERBS = ("wrote", "escribió", "escribio", "escreveu", "ha scritto")
_ENDS = tuple(":：-]")
_OPENS = re.compile(
    r"[-*>|\[ ]*(?:on|am|le|el|em|no dia|a|il|in data|op|den|dne|dnia|w dniu)\b",
    re.IGNORECASE,
)


def is_quoted(line: str) -> bool:
    """Whether a mail program marked the line as quoted."""
    begun = line[:5].lstrip()[:1]
    return begun == ">" or (begun == "|" and _QUOTED.match(line) is not None)


def is_rule(line: str) -> bool:
    """Whether the line (made plain) only separates."""
    return _RULE.match(line) is not None


def is_forward_mark(line: str) -> bool:
    """Whether what follows the line (made plain) is a mail passed on: content."""
    return _matches_mark(line, "forwarded")


def is_original_mark(line: str) -> bool:
    """Whether "-----Original Message-----" is what the line (made plain) says."""
    return _matches_mark(line, "original")


def _matches_mark(line: str, key: str) -> bool:
    form = r"(?:[-_=*>#]{{2,}} ?{0}(?: ?[-_=*<#]+| ?:)?|{0} ?:)$"
    if len(line) > 140 or not (line[0] in "-_=*>#" or line[-1] in ":："):
        return False
    return pattern_of("quotes", key, form).match(line) is not None


def label_of(line: str) -> tuple[frozenset[str], str]:
    """What a quoted header's line names ({"from"}), and what it says there."""
    if ":" not in line[:40] and "：" not in line[:40]:
        return _NOTHING
    found = _LABEL.match(line[:LONGEST])
    if not found:
        return _NOTHING
    return labels().get(found[1].strip().lower(), frozenset()), found[2]


class HeaderFinder:
    """Finds the headers of quoted mails among the rows (plain lines) of one mail."""

    def __init__(self, rows: Sequence[str]) -> None:
        self._rows = rows
        self._ends = [_may_end(row) for row in rows]
        self._near = [False] * len(rows)
        for at, ends in enumerate(self._ends):
            if ends:
                first = max(0, at - _WRAPPED + 1)
                self._near[first : at + 1] = [True] * (at + 1 - first)
        self._blocks = _BLOCK_LOOKS
        self._headers = _HEADER_LOOKS
        self._library = _LIBRARY_LOOKS

    def may_begin(self, first: int) -> bool:
        """Whether anything here begins at this row; nearly all rows say no at once."""
        row = self._rows[first]
        if ":" in row or "：" in row or row[0] in "-_=*~#":
            return True
        return self._near[first]

    def begins_block(self, first: int) -> bool:
        """Whether From, Sent, To and Subject begin here, or the rule above them."""
        at = first
        if is_rule(self._rows[first]):
            at += 1
            while at < min(first + 3, len(self._rows)) and not self._rows[at]:
                at += 1
        elif not label_of(self._rows[first])[0]:
            return False
        if at >= len(self._rows) or self._blocks <= 0:
            return False
        self._blocks -= 1
        return _has_block(self._rows, at)

    def length_at(self, first: int) -> int:
        """How many rows "On Monday, Jo wrote:" takes that begins here; 0: none does."""
        if self._headers <= 0 or not self._near[first]:
            return 0
        if not _may_begin(self._rows[first]):
            return 0
        window = ""
        for at in range(first, min(first + _WRAPPED, len(self._rows))):
            line = self._rows[at]
            if not line or len(window) + len(line) > LONGEST:
                return 0
            if at > first and is_quoted(line) and not line.startswith(">:"):
                return 0
            window = f"{window} {line}".strip()
            if not self._ends[at]:
                continue
            if self._is_header(window) and not self._begins_later(first, at):
                return at + 1 - first
        return 0

    def _begins_later(self, first: int, last: int) -> bool:
        """The shortest is right: the line before may open with "On Thursday", too."""
        for start in range(first + 1, last + 1):
            if not _OPENS.match(self._rows[start]):
                continue
            rest = " ".join(self._rows[start : last + 1])
            if self._is_header(rest):
                return True
        return False

    def _is_header(self, window: str) -> bool:
        self._headers -= 1
        said = _LEAD.sub("", window, count=1) if _LEAD.match(window) else window
        if not _SAYS_WHEN.search(said) and "@" not in said:
            return False
        said = re.sub(r"[-\] ]{2,}$", "", said) + (":" if said.endswith("--") else "")
        wrote = pattern_of("quotes", "wrote", "{}$").match(said)
        if wrote and (said[-1] in ":：" or _ADDRESS.search(said)):
            return True
        if _ANY_LANGUAGE.fullmatch(said) and _STARTS_DATED.match(said):
            return True
        return said[-1] in ":：" and self._library_says(said)

    def _library_says(self, said: str) -> bool:
        if self._library <= 0 or len(said) > 250:
            return False
        self._library -= 1
        return any(pattern.match(said) for pattern in _library_headers())


def _has_block(rows: Sequence[str], first: int) -> bool:
    """Whether From, Sent, To and Subject begin at this row.

    A lead who asks for a move writes "From: Boston", "To: Denver", too: a subject or
    an address has to be among them.
    """
    kinds: set[str] = set()
    stray = 0
    addressed = False
    for at in range(first, min(first + _BLOCK, len(rows))):
        named, said = label_of(rows[at])
        if not named:
            stray += 1
            if at == first or stray > _STRAY:
                break
            continue
        kinds |= named - {"other"}
        below = rows[at + 1] if at + 1 < len(rows) else ""
        if "from" in named and ("@" in said or below.startswith("<")):
            addressed = True
    if "from" not in kinds:
        return False
    enough = len(kinds) >= 3 and "subject" in kinds
    return enough or (addressed and len(kinds) >= 2)


def _may_begin(line: str) -> bool:
    """Whether the row belongs to a header: "Hello" above one does not."""
    return bool(_SAYS_WHEN.search(line) or "@" in line or _OPENS.match(line))


def _may_end(line: str) -> bool:
    if line[-1:] in _ENDS:
        return True
    return line[-12:].lower().endswith(_VERBS)


@cache
def _library_headers() -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(words["wrote_header"], re.IGNORECASE)
        for language, words in MAIL_LANGUAGES.items()
        if language not in LANGUAGES and "wrote_header" in words
    )


@cache
def _mobile_lines() -> re.Pattern[str]:
    ours = "|".join(words_of("signature", "mobile"))
    theirs = "|".join(
        words["sent_from"]
        for language, words in MAIL_LANGUAGES.items()
        if language not in LANGUAGES and words.get("sent_from")
    )
    return re.compile(
        rf"(?:(?:{ours})|(?:{theirs})(?: [\w.]{{1,20}}){{0,4}})"
        r"[ .!]{0,3}(?:[<(\[].{0,200})?",
        re.IGNORECASE,
    )


def is_mobile_signature(line: str) -> bool:
    """Whether a telephone or a mail program signed: "Sent from my iPhone"."""
    if not 8 <= len(line) <= 260:
        return False
    return _mobile_lines().fullmatch(line.strip("*_ -")) is not None


def answers_inline(text: str) -> bool:
    """Whether its writer says that the answers stand in the quoted text."""
    return pattern_of("quotes", "inline", r"\b{}\b").search(text) is not None
