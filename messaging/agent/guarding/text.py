"""Text without its disguises, each character remembering where it stood.

Full-width and Arabic-Indic digits, look-alike letters, accents, invisible signs and
odd blanks become what a reader takes them for. A pattern found in the folded text
can be quoted in the reply's own characters.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_LOOKALIKES = dict(
    zip(
        "авгезикмнорстухьіјѕһԁԛԝӏпοαβηικνπρτυχωɑɡǀ∣｜",
        "abreenkmhopctyxbijshdqwlnoabnikvnptyxwaglll",
        strict=True,
    )
)
_SIGNS = {
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{MODIFIER LETTER APOSTROPHE}": "'",
    "\N{PRIME}": "'",
    "`": "'",
    "\N{ACUTE ACCENT}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{ARABIC PERCENT SIGN}": "%",
    "\N{PER MILLE SIGN}": "%",
    "\N{ARABIC DECIMAL SEPARATOR}": ".",
    "\N{ARABIC THOUSANDS SEPARATOR}": ",",
    "\N{IDEOGRAPHIC FULL STOP}": ".",
    "\N{FRACTION SLASH}": "/",
    "\N{DIVISION SLASH}": "/",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}": "i",
}
_DROPPED = ("Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn")


@lru_cache(maxsize=4096)
def _folded(sign: str) -> str:
    if sign in "\n\r\u2028\u2029":
        return "\n"
    if sign in _SIGNS:
        return _SIGNS[sign]
    return "".join(_folded_part(part) for part in unicodedata.normalize("NFKD", sign))


def _folded_part(part: str) -> str:
    if part in _SIGNS:
        return _SIGNS[part]
    category = unicodedata.category(part)
    if category == "Nd":
        return str(unicodedata.decimal(part))
    if category in ("Zs", "Zl", "Zp") or part == "\t":
        return " "
    if category == "Pd" or part == "\N{MINUS SIGN}":
        return "-"
    if category in _DROPPED:
        return ""
    plain = part.casefold()
    return _LOOKALIKES.get(plain, plain)


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is the folded copy; `at[i]` is where its i-th sign stood in `raw`."""

    raw: str
    text: str
    at: tuple[int, ...]

    def words(self, start: int, end: int) -> str:
        """The reply's own characters behind a span of the folded text."""
        if end <= start or start >= len(self.at):
            return ""
        return self.raw[self.at[start] : self.at[end - 1] + 1].strip()

    def sentence(self, start: int, end: int) -> str:
        """The folded sentence around a span."""
        left = max(self.text.rfind(stop, 0, start) for stop in ("! ", "? ", ". ", "\n"))
        ends = [self.text.find(stop, end) for stop in ("! ", "? ", ". ", "\n")]
        right = min((at for at in ends if at >= 0), default=len(self.text))
        return self.text[left + 1 : right + 1]

    def without(self, pattern: re.Pattern[str]) -> "Folded":
        """The same, with every match blanked out; offsets stay."""
        blank = pattern.sub(lambda found: "\x00" * len(found.group()), self.text)
        return Folded(self.raw, blank, self.at)

    def only(self, keep: str) -> "Folded":
        """The same, with only the signs that `keep` holds."""
        places = [i for i, sign in enumerate(self.text) if sign in keep]
        text = "".join(self.text[i] for i in places)
        return Folded(self.raw, text, tuple(self.at[i] for i in places))


_BLANKS = re.compile(r"[ \t]{2,}")
_LETTERS_APART = re.compile(
    r"(?<![^\W_])[^\W_](?:[ .\-_*·|/]{1,2}[^\W_]){3,}(?![^\W_])"
)
_LEET_WORD = re.compile(
    r"(?=[^ \n]*[a-z])(?=[^ \n]*[0134578@$€!|])[a-z0134578@$€!|]{4,}"
)
_LEET = str.maketrans("0134578@$€!|", "oieastbaseil")


@lru_cache(maxsize=64)
def fold(raw: str) -> Folded:
    """Fold a text; kept, as one message is looked at by many rules."""
    if raw.isascii() and raw.isprintable() and "`" not in raw:
        text, at = raw.lower(), range(len(raw))
    else:
        pairs = [(part, i) for i, sign in enumerate(raw) for part in _folded(sign)]
        text = "".join(part for part, _ in pairs)
        at = [i for _, i in pairs]  # type: ignore[assignment]
    if "  " not in text:
        return Folded(raw, text, tuple(at))
    kept = [i for i, sign in enumerate(text) if sign != " " or text[i - 1 : i] != " "]
    return Folded(raw, "".join(text[i] for i in kept), tuple(at[i] for i in kept))


def join_letters(folded: Folded) -> Folded:
    """Words spelled with blanks or dots between their letters, put together."""
    if not _LETTERS_APART.search(folded.text):
        return folded
    drop: set[int] = set()
    for found in _LETTERS_APART.finditer(folded.text):
        span = range(found.start(), found.end())
        drop.update(i for i in span if not folded.text[i].isalnum())
    kept = [i for i in range(len(folded.text)) if i not in drop]
    text = "".join(folded.text[i] for i in kept)
    return Folded(folded.raw, text, tuple(folded.at[i] for i in kept))


def undo_leet(folded: Folded) -> Folded:
    """Digits and signs inside words read as the letters they stand for."""
    text = _LEET_WORD.sub(lambda found: found.group().translate(_LEET), folded.text)
    return folded if text == folded.text else Folded(folded.raw, text, folded.at)
