"""The words of HTML, line by line, as its reader sees them."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

from messaging.mail.markup import normalise

MAX_TEXT: Final = 100_000
_MAX_LINK: Final = 300
_BLOCKS_WORDS: Final = (
    "address article aside blockquote body center dd div dl dt fieldset figure footer"
    " form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tr ul"
)
_BLOCKS: Final = frozenset(_BLOCKS_WORDS.split())
_SPACED_WORDS: Final = "blockquote h1 h2 h3 h4 h5 h6 ol p ul"
_SPACED: Final = frozenset(_SPACED_WORDS.split())
_VOID_WORDS: Final = (
    "area base br col embed frame hr img input link meta param source track wbr"
)
_VOID: Final = frozenset(_VOID_WORDS.split())
# Previews of newsletters. A font size of 0 is none: layouts set it on outer cells.
_UNSEEN: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden"
    r"|(?:max-height|opacity)\s*:\s*0(?:px)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:|tel:)\S+", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[ \t\n\r\f\u00a0]+")
_INVISIBLE: Final = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")


def html_to_text(html: str) -> str:
    """The words of it, without what is hidden from its reader.

    Links say their address where their words do not; quotes begin with ">". At most
    MAX_TEXT characters.
    """
    reader = _Words()
    reader.feed(normalise(html))
    reader.close()
    return reader.lines.text()


class _Lines:
    """Lines as they fill; a line of a quote begins with a ">" for each level."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.now: list[str] = []
        self.quotes = 0
        # A blank line comes before the next words, so deep in quotes.
        self.gap: int | None = None

    def say(self, words: str) -> None:
        """Words on this line, with one blank where they have several."""
        words = _BLANKS.sub(" ", words)
        if not self.now or self.now[-1].endswith(" "):
            words = words.lstrip(" ")
        if words:
            self.now.append(words)

    def end(self, *, forced: bool = False, gap: bool = False) -> None:
        """End this line, if it has words or is `forced`; `gap` asks for a blank."""
        words = "".join(self.now).rstrip()
        self.now = []
        if words or forced:
            spaced = self.gap is not None and words and self.done
            if spaced and self.done[-1].strip("> "):
                self.done.append(_mark(min(self.gap or 0, self.quotes)).rstrip())
            self.done.append((_mark(self.quotes) + words).rstrip())
            self.gap = None
        if gap:
            self.gap = self.quotes if self.gap is None else min(self.gap, self.quotes)

    def text(self) -> str:
        """All of them, without blank ones at the ends or more than one in a row."""
        self.end()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.done)).strip("\n")[:MAX_TEXT]


class _Words(HTMLParser):
    """Gathers the words. It reads only what `normalise` made: that is linear."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = _Lines()
        self.hidden = ""  # the element within which nothing is seen
        self.depth = 0
        self.pre = 0
        self.address = ""
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        if self.hidden:
            self.depth += tag == self.hidden
            return
        values = dict(attrs)
        if tag not in _VOID and _is_unseen(values):
            self.hidden, self.depth = tag, 1
        elif tag == "br":
            self.lines.end(forced=True)
        elif tag == "img":
            self.lines.say(_INVISIBLE.sub("", values.get("alt") or "")[:200])
        elif tag == "a":
            self.address, self.linked = (values.get("href") or "").strip(), []
        elif tag in ("td", "th"):
            self.lines.say(" ")
        elif tag in _BLOCKS:
            self._begin(tag)

    def _begin(self, tag: str) -> None:
        self.lines.end(gap=tag in _SPACED)
        if tag == "blockquote":
            self.lines.quotes += 1
        elif tag == "pre":
            self.pre += 1
        elif tag == "li":
            self.lines.say("- ")

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self.hidden:
            self.depth -= tag == self.hidden
            self.hidden = self.hidden if self.depth > 0 else ""
        elif tag == "a":
            self._end_link()
        elif tag in _BLOCKS:
            self.lines.end(gap=tag in _SPACED)
            if tag == "blockquote":
                self.lines.quotes = max(0, self.lines.quotes - 1)
            elif tag == "pre":
                self.pre = max(0, self.pre - 1)

    def _end_link(self) -> None:
        address, words = self.address, "".join(self.linked).strip()
        self.address = ""
        if not words or len(address) > _MAX_LINK or not _ADDRESS.fullmatch(address):
            return
        if _bare(words) != _bare(address):
            self.lines.say(f" <{address.removeprefix('mailto:')}>")

    def handle_data(self, data: str) -> None:
        """Words between tags."""
        if self.hidden:
            return
        data = _INVISIBLE.sub("", data)
        if self.address:
            self.linked.append(data)
        if not self.pre:
            return self.lines.say(data)
        first, *others = data.split("\n")
        self.lines.now.append(first)
        for line in others:
            self.lines.end(forced=True)
            self.lines.now.append(line)


def _mark(quotes: int) -> str:
    return "> " * min(quotes, 20)


def _bare(address: str) -> str:
    """An address or a telephone number as people write it out."""
    address = re.sub(r"^(?:https?://|mailto:|tel:)", "", address.lower())
    return re.sub(r"[\s/().-]+$|(?<=\d)[\s().-]+(?=\d)", "", address.split("?")[0])


def _is_unseen(values: Mapping[str, str | None]) -> bool:
    said = (values.get("style") or "")[:2_000]
    return "hidden" in values or bool(_UNSEEN.search(said))
