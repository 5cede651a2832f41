"""Turns what a lead typed into folded words that patterns can be run over.

Nothing here changes the text itself: every folded word remembers where it stood,
so whatever a pattern finds can be quoted in the lead's own words.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

MAX_WORDS = 420
"""Longer texts are read at their two ends only, which bounds the time they take."""

_TAIL_WORDS = 120
_INNER = "\u0300-\u036f\u064b-\u065f\u0670\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069"
_APOSTROPHES = "'\u2019\u2018\u02bc\u00b4`\u2032\uff07"
_SIGNS = (
    "\U0001f6d1\U0001f6ab\u26d4\u270b\u274c\U0001f44d\U0001f44e\U0001f64f\U0001f44c"
)
_WORD = rf"(?:[^\W_]|[{_INNER}\ufeff])+"
_TOKEN = re.compile(
    r"(?P<skip>https?://\S+|www\.\S+"
    r"|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32}){1,4})"
    rf"|(?P<word>[eE]-[mM]ail{_WORD}|[eE]-[mM]ail"
    rf"|{_WORD}(?:[{_APOSTROPHES}]{_WORD})*(?:\*+(?:{_WORD})?)?)"
    rf"|(?P<sign>[{_SIGNS}])"
    r"|(?P<ask>[.!]*[?\uff1f\u061f]+[.!?]*)"
    r"|(?P<end>[.!\u2026\u3002\uff01\n\r]+)"
    r"|(?P<comma>[,;:/\uff0c\u3001\u061b\u060c()\u2013\u2014]|(?<=\s)-+(?=\s))"
)
_MARKS = {"ask": "?", "end": ".", "comma": ",", "skip": "url"}
_EXTRA = str.maketrans({"\u0629": "\u0647", "\u0649": "\u064a", "\u0640": None})
_DROPPED = {ord(sign): None for sign in _APOSTROPHES + "-\ufeff\u00ad"}


def fold(text: str) -> str:
    """Lower case, without accents, apostrophes, hyphens and invisible signs."""
    if text.isascii():
        return text.lower().replace("'", "").replace("-", "").replace("`", "")
    spread = unicodedata.normalize("NFKD", text.translate(_DROPPED))
    kept = (sign for sign in spread if unicodedata.category(sign) not in ("Mn", "Cf"))
    return "".join(kept).casefold().translate(_EXTRA)


def fold_pattern(pattern: str) -> str:
    """A regular expression with its letters folded and its syntax untouched."""
    return "".join(sign if sign.isascii() else fold(sign) for sign in pattern)


@dataclass(frozen=True, slots=True)
class Words:
    """Folded words of a text; `.`, `?` and `,` are words of their own."""

    raw: str
    folded: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def joined(self, spelling: Callable[[str], str] | None = None) -> str:
        """One blank before and after every word, so patterns can lean on it."""
        words = map(spelling, self.folded) if spelling else self.folded
        return f" {' '.join(words)} "

    def quote(self, joined: str, start: int, end: int) -> str:
        """The lead's own characters behind a span of `joined`."""
        if not self.spans or end <= start:
            return ""
        first = joined.count(" ", 0, start + 1) - 1
        last = joined.count(" ", 0, end) - 1
        top = len(self.spans) - 1
        begin = self.spans[max(0, min(first, top))][0]
        return self.raw[begin : self.spans[max(0, min(last, top))][1]]


def read_words(text: str) -> Words:
    """Split and fold a text; quoted mail history and signatures are left out."""
    return _split(text, own_words(text))


@lru_cache(maxsize=4)
def _split(raw: str, own: str) -> Words:
    found: list[tuple[str, tuple[int, int]]] = []
    for match in _TOKEN.finditer(own):
        word = _folded_token(match)
        if word:
            found.append((word, _span(match, word)))
    while found and found[0][0] in (".", ","):
        found.pop(0)
    while found and found[-1][0] in (".", ","):
        found.pop()
    if len(found) > MAX_WORDS:
        found = found[: MAX_WORDS - _TAIL_WORDS] + found[-_TAIL_WORDS:]
    return Words(raw, tuple(word for word, _ in found), tuple(at for _, at in found))


def _span(match: re.Match[str], word: str) -> tuple[int, int]:
    start, end = match.span()
    if not word.endswith("*"):
        end -= len(match.group()) - len(match.group().rstrip("*"))
    return start, end


def _folded_token(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    if kind in _MARKS:
        return _MARKS[kind]
    if kind == "sign":
        return match.group()
    word = fold(match.group())
    if "*" in word and len(word.rstrip("*")) > 2:
        return word.rstrip("*")
    return word


_QUOTED_LINE = re.compile(r"^[ \t]*(?:>|&gt;).*$", re.MULTILINE)
_WROTE = re.compile(
    r"\b(?:wrote|a \xe9crit|a ecrit|escribi\xf3|escribio|schrieb|escreveu|ha scritto"
    r"|schreef)\b[^\n]{0,120}?:[ \t]*(?:$|(?=>))",
    re.IGNORECASE | re.MULTILINE,
)
_OPENER = re.compile(
    r"^[ \t]*(?:on|le|el|am|em|il|op|den|quoting)\b"
    r"|\bon (?=mon|tue|wed|thu|fri|sat|sun|\d)",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_ATTRIBUTION = 200
_MACHINE_MADE = re.compile(r"[@\d]")
_HISTORY = re.compile(
    r"^[ \t]*(?:-{2,}[ \t]*(?:original message|forwarded message|mensaje original"
    r"|mensagem original|message d'origine|message original"
    r"|urspr\xfcngliche nachricht|messaggio originale|oorspronkelijk bericht)"
    r"|begin forwarded message|_{10,}[ \t]*$"
    r"|(?:from|de|von|da|van)[ \t]?:[^\n]{1,200}\n[ \t]*\**"
    r"(?:sent|date|to|enviado|envoy\xe9|gesendet|datum|an|para|fecha|inviato|verzonden)"
    r"[ \t]?:)",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE = re.compile(r"^--[ \t]*$", re.MULTILINE)
_DEVICE = re.compile(
    r"^[ \t]*(?:sent from my|sent via|get outlook for|enviado desde mi|enviado do meu"
    r"|envoy\xe9 de mon|envoy\xe9 depuis|von meinem|gesendet von|inviato da"
    r"|verzonden vanaf)\b[^\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)


@lru_cache(maxsize=8)
def own_words(text: str) -> str:
    """The text with quoted history blanked out; every offset stays as it was."""
    for pattern in (_DEVICE, _SIGNATURE, _HISTORY):
        match = pattern.search(text)
        if match:
            end = match.end() if pattern is _DEVICE else len(text)
            text = _blank(text, match.start(), end)
    return _QUOTED_LINE.sub(
        lambda match: " " * len(match.group()), _without_attributed(text)
    )


def _without_attributed(text: str) -> str:
    """Blanks "On Monday, Ann wrote:" and, when all below is quoted, all below."""
    for wrote in _WROTE.finditer(text):
        earliest = max(0, wrote.start() - _LONGEST_ATTRIBUTION)
        opener = _OPENER.search(text[earliest : wrote.start()])
        if not opener:
            continue
        start = earliest + opener.start()
        # An answer below or between quoted lines stays; without quote marks all goes,
        # if the line names an address or a date and so is a mail program's.
        if text[wrote.end() :].lstrip()[:1] in (">", "&"):
            return _blank(text, start, wrote.end())
        if _MACHINE_MADE.search(text[start : wrote.end()]):
            return _blank(text, start, len(text))
    return text


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]
