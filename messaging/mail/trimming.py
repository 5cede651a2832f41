"""What a writer wrote now, apart from the history that was quoted and the signature.

What is doubtful stays: a line too much is read over, an answer that is lost is not
found again. So answers between quotes keep the quotes around them, a mail that was
passed on is content, and a text with words is never trimmed to none. "Kind regards"
with a name, a company and a telephone number stays as well: it says who the lead is.
"""

import re
from dataclasses import dataclass

from messaging.mail.languages import plain
from messaging.mail.quoting import (
    LONGEST,
    HeaderFinder,
    answers_inline,
    is_forward_mark,
    is_mobile_signature,
    is_original_mark,
    is_quoted,
    is_rule,
)

_SIGNATURE_LINES = 14
_ANNOUNCED = 600  # characters: "see my answers below" is said at the beginning
_BARE = " \t\n-_=*>~.,:;|#"
_SIGNATURE_MARK = re.compile(r"(?:--|—|– ?–|---|_[_ ]*_)$")
_NUMBER_AFTER = re.compile(r"\s*>\s?[\d$€£]")
_FORWARDED = re.compile(
    r"\s*(?:re ?: ?)?(?:fwd?|wg|tr|rv|enc|doorst|fs|i) ?: ?", re.IGNORECASE
)
_HTML_QUOTE = re.compile(
    r"<(?:div|blockquote|hr|span)\b[^<>]{0,300}?(?:gmail_quote|gmail_attr|yahoo_quoted"
    r"|moz-cite-prefix|divRplyFwdMsg|appendonsend|OutlookMessageHeader"
    r"|protonmail_quote|zmail_extra|type=[\"']?cite)[^<>]{0,300}>",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)")
_TAG = re.compile(r"<[^<>]{0,500}>")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,6}|[a-z]{2,10});", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A mail's text in three: `reply` is only empty when the text has no words."""

    reply: str
    quoted: str = ""
    signature: str = ""


@dataclass(slots=True)
class _Marked:
    """The lines, with a letter each: Text, Quote, Blank, Signature.

    What stands behind `end` is history without marks; `forwarded` says that a mail
    was passed on.
    """

    lines: list[str]
    rows: list[str]
    letters: str
    end: int
    forwarded: bool = False
    headed: bool = False

    def of(self, letter: str) -> str:
        chosen = [
            line
            for line, is_one in zip(self.lines, self.letters, strict=False)
            if is_one in (letter, "B")
        ]
        return _join(chosen)


def trim_reply(text: str, *, html: str = "", subject: str = "") -> Trimmed:
    """Part `text` into reply, quoted history and signature, in time by its length.

    `html` is the same mail's, for marks that its text does not have; a `subject`
    such as "Fwd: …" says that an unmarked header block is a mail passed on.
    """
    whole = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not _has_words(whole):
        return Trimmed(whole)
    lines = whole.split("\n")
    rows = [plain(line[:LONGEST]) for line in lines]
    marked = _mark(rows, lines, _html_cut(rows, html), is_passed_on(subject))
    if marked.forwarded:
        return Trimmed(whole)
    return _compose(marked, whole)


def is_passed_on(subject: str) -> bool:
    """Whether the subject says that a mail was passed on ("Fwd: …", "WG: …")."""
    return _FORWARDED.match(subject) is not None


# --- marking ------------------------------------------------------------------


def _mark(rows: list[str], lines: list[str], cut: int, passed_on: bool) -> _Marked:
    finder = HeaderFinder(rows)
    letters: list[str] = []
    headed = False
    while (at := len(letters)) < len(lines):
        row = rows[at]
        if not row:
            letters.append("B")
        elif is_quoted(lines[at]):
            letters.append("Q")
        elif at != cut and not finder.may_begin(at):
            letters.append("T")
        elif is_forward_mark(row):
            return _Marked(lines, rows, "".join(letters), at, forwarded=True)
        elif is_original_mark(row) or finder.begins_block(at):
            return _Marked(lines, rows, "".join(letters), at, passed_on, headed=True)
        elif length := finder.length_at(at) or _dated_line(rows, at):
            if not _quote_follows(rows, at + length):
                return _Marked(lines, rows, "".join(letters), at, headed=True)
            letters.extend("Q" * length)
            headed = True
        elif at == cut and not _quote_follows(rows, at + 1):
            return _Marked(lines, rows, "".join(letters), at, headed=True)
        else:
            letters.append("T")
    return _Marked(lines, rows, "".join(letters), len(lines), headed=headed)


def _quote_follows(rows: list[str], at: int) -> bool:
    while at < len(rows) and not rows[at]:
        at += 1
    return at < len(rows) and is_quoted(rows[at])


def _dated_line(rows: list[str], at: int) -> int:
    """1 where a row with year and time introduces a quote, in whatever language."""
    row = rows[at]
    introduces = row[-1] == ":" and _YEAR.search(row) and _TIME.search(row)
    return 1 if introduces and _quote_follows(rows, at + 1) else 0


def _html_cut(rows: list[str], html: str) -> int:
    """The line at which the HTML says that history begins; -1 when it does not."""
    found = _HTML_QUOTE.search(html)
    if not found:
        return -1
    after = _TAG.sub("\n", html[found.end() : found.end() + 4000])
    first = next((plain(piece) for piece in after.split("\n") if plain(piece)), "")
    wanted = _letters(_ENTITY.sub(" ", first))[:40]
    if len(wanted) < 6:
        return -1
    for at, row in enumerate(rows):
        if at and _letters(row[:200]).startswith(wanted):
            return at
    return -1


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


# --- signatures ---------------------------------------------------------------


def _mark_signatures(marked: _Marked) -> None:
    """Mark what stands below "-- " or "Sent from my iPhone", run by run."""
    letters = list(marked.letters)
    for first, end in _text_runs(marked.letters):
        start, stop = _signature_in(marked.rows, first, end)
        for at in range(start, stop):
            letters[at] = "S" if letters[at] != "B" else "B"
    marked.letters = "".join(letters)


def _text_runs(letters: str) -> list[tuple[int, int]]:
    return [run.span() for run in re.finditer(r"T[TB]*", letters)]


def _signature_in(rows: list[str], first: int, end: int) -> tuple[int, int]:
    worded = [at for at in range(first, end) if rows[at]]
    for at in worded[-_SIGNATURE_LINES - 1 :]:
        row = rows[at]
        if row[0] in "-—_–" and _SIGNATURE_MARK.match(row):
            return at, end
        if is_mobile_signature(row):
            return at, at + 1
    return end, end


# --- putting together ---------------------------------------------------------


def _compose(marked: _Marked, whole: str) -> Trimmed:
    _mark_arrows(marked)
    _mark_wrapped(marked)
    _mark_signatures(marked)
    letters = marked.letters
    reply = _strip_rules(marked.of("T"))
    history = "\n".join(marked.lines[marked.end :]).strip()
    signature = marked.of("S")
    runs = re.sub(r"(.)\1+", r"\1", letters.replace("B", "").replace("S", ""))
    if "QTQ" in runs:
        return _checked(_keep_quotes(marked, history, signature), whole)
    if (history or "Q" in runs) and answers_inline(reply[:_ANNOUNCED]):
        return Trimmed(whole)
    quoted = "\n".join(part for part in (marked.of("Q"), history) if part)
    return _checked(Trimmed(reply, quoted, signature), whole)


def _keep_quotes(marked: _Marked, history: str, signature: str) -> Trimmed:
    """All up to the last answer, with the quotes that it and others answer."""
    last = marked.letters.rindex("T") + 1
    kept = _Marked(marked.lines[:last], [], marked.letters[:last], last)
    rest = _Marked(marked.lines[last:], [], marked.letters[last:], last)
    quoted = "\n".join(part for part in (rest.of("Q"), history) if part)
    return Trimmed(_strip_rules(_join(_without(kept, "S"))), quoted, signature)


def _checked(trimmed: Trimmed, whole: str) -> Trimmed:
    return trimmed if _has_words(trimmed.reply) else Trimmed(whole)


def _mark_arrows(marked: _Marked) -> None:
    """Read a lone "> 50 users" as words, where no header says that it is a quote."""
    if marked.headed or marked.letters.count("Q") != 1:
        return
    at = marked.letters.index("Q")
    if _NUMBER_AFTER.match(marked.lines[at][:20]):
        marked.letters = marked.letters.replace("Q", "T")


def _mark_wrapped(marked: _Marked) -> None:
    """Give a quote back what a mail program wrapped out of it."""
    letters = list(marked.letters)
    for at in range(1, len(letters) - 1):
        before, line = marked.lines[at - 1].rstrip(), marked.lines[at]
        if letters[at - 1 : at + 2] != ["Q", "T", "Q"] or len(before) < 60:
            continue
        if line[:1].islower() and before[-1] not in ".?!:;>":
            letters[at] = "Q"
    marked.letters = "".join(letters)


def _without(marked: _Marked, letter: str) -> list[str]:
    pairs = zip(marked.lines, marked.letters, strict=False)
    return [line for line, is_one in pairs if is_one != letter]


def _join(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _strip_rules(text: str) -> str:
    """The text without the rule that parted it from what follows."""
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or is_rule(plain(lines[-1][:200]))):
        lines.pop()
    return "\n".join(lines).strip()


def _has_words(text: str) -> bool:
    return bool(text.strip(_BARE))
