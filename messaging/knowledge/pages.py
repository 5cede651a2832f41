"""Cut a pasted page into questions and their answers.

Headings, "Q:" and "A:", bold lines and plain lines that end in "?" and the terms of
definition lists begin a pair; what follows, up to the next one, is its answer.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from messaging.mail.markup import normalise

LONGEST_TITLE: Final = 200
LONGEST_BODY: Final = 8_000
MOST_PAIRS: Final = 200
MOST_TEXT: Final = 500_000

_IS_HTML: Final = re.compile(
    r"<(?:!doctype|html|body|div|p|h[1-6]|dl|ul|section|article|details|table|b|strong"
    r"|br)\b[^<]{0,500}>",
    re.IGNORECASE,
)
_LABELLED: Final = re.compile(
    r"(?:q(?:uestion)?|f(?:rage)?|p(?:regunta|ergunta)?)\s{0,2}\d{0,3}\s{0,2}[:.)]\s+",
    re.IGNORECASE,
)
_ANSWER: Final = re.compile(
    r"(?:a(?:nswer|ntwort)?|r(?:espuesta|[ée]ponse|esposta)?)\s{0,2}\d{0,3}\s{0,2}"
    r"[:.)]\s+",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"(?:\d{1,3}[.)]|[-*•–])\s+")
_MARKED: Final = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_STARRED: Final = re.compile(r"(?:\*\*|__)(.+?)(?:\*\*|__)")
_BLANKS: Final = re.compile(r"[ \t\r\f\v\u00a0]+")


@dataclass(frozen=True)
class Line:
    """A line of the page; `kind` is text, heading, bold, term or gap."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Pair:
    """A question with its answer as the page has them."""

    title: str
    body: str


@dataclass(frozen=True)
class Cut:
    """What a page was cut into; `left` are its words that answer no question."""

    pairs: tuple[Pair, ...]
    left: str = ""
    # How many pairs are beyond MOST_PAIRS, and not among `pairs`.
    more: int = 0


def cut_page(page: str) -> Cut:
    """Cut HTML or plain text of at most MOST_TEXT characters."""
    page = page[:MOST_TEXT]
    lines = _html_lines(page) if _IS_HTML.search(page) else _text_lines(page)
    pairs, left = _cut(list(_spaced(lines)))
    return Cut(tuple(pairs[:MOST_PAIRS]), left, max(0, len(pairs) - MOST_PAIRS))


def _spaced(lines: Iterable[Line]) -> Iterator[Line]:
    """With one gap where there are several."""
    gap = True
    for line in lines:
        if line.text or not gap:
            yield line
        gap = not line.text


@dataclass
class _Open:
    """The pair that is being read."""

    title: str = ""
    body: list[str] = field(default_factory=list)

    def pair(self) -> Pair | None:
        body = "\n".join(self.body).strip()
        return Pair(self.title, body) if self.title and body else None


def _cut(lines: list[Line]) -> tuple[list[Pair], str]:
    pairs: list[Pair] = []
    left: list[str] = []
    now = _Open()
    for place, line in enumerate(lines):
        title = _title_of(line, lines, place)
        if title:
            found = now.pair()
            if found:
                pairs.append(found)
            else:
                # A heading above other headings, or the words before the first.
                left += [now.title, *now.body]
            now = _Open(title)
        else:
            begun = len(now.body) > 1 or now.body not in ([], [""])
            text = line.text if begun else _ANSWER.sub("", line.text, count=1)
            now.body.append(_unstarred(text) if text else "")
    last = now.pair()
    pairs += [last] if last else []
    left += [] if last else [now.title, *now.body]
    return pairs, "\n".join(words for words in left if words)


def _title_of(line: Line, lines: list[Line], place: int) -> str:
    """The question that `line` asks, "" when it is part of an answer."""
    text = line.text
    if line.kind == "gap" or not any(map(str.isalnum, text)):
        return ""
    label = _LABELLED.match(text)
    if label:
        return _short(text[label.end() :])
    bare = _NUMBER.sub("", text, count=1)
    if line.kind in ("heading", "term"):
        return _short(bare)
    asks = bare.endswith("?") and len(bare) <= LONGEST_TITLE
    if line.kind == "bold" and asks:
        return _short(bare)
    return _short(bare) if asks and _stands_alone(lines, place) else ""


def _stands_alone(lines: list[Line], place: int) -> bool:
    """A plain line asks when it begins a paragraph and words follow it."""
    before = lines[place - 1] if place else Line("", "gap")
    begins = before.kind != "text"
    follows = any(line.text for line in lines[place + 1 : place + 3])
    one_question = lines[place].text.count("?") == 1
    return begins and follows and one_question


def _short(title: str) -> str:
    title = _unstarred(" ".join(title.split())).strip(" :")
    is_one = len(title) <= LONGEST_TITLE and any(map(str.isalnum, title))
    return title if is_one else ""


def _unstarred(text: str) -> str:
    return _STARRED.sub(r"\1", text)


def _text_lines(page: str) -> Iterator[Line]:
    """Plain text, or Markdown as people paste it."""
    for raw in page.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        text = _BLANKS.sub(" ", raw).strip()
        heading, bold = _MARKED.fullmatch(text), _STARRED.fullmatch(text)
        if not text:
            yield Line("", "gap")
        elif heading:
            yield Line(heading[2], "heading")
        elif bold:
            yield Line(bold[1], "bold")
        else:
            yield Line(text)


_BLOCKS_WORDS: Final = (
    "address article aside blockquote body center dd details div dl dt fieldset figure"
    " h1 h2 h3 h4 h5 h6 hr li main ol p pre section summary table td th tr ul"
)
_BLOCKS: Final = frozenset(_BLOCKS_WORDS.split())
_KINDS: Final = {
    **{f"h{level}": "heading" for level in range(1, 7)},
    "summary": "heading",
    "dt": "term",
}
_UNREAD_WORDS: Final = (
    "script style nav footer head template noscript form svg iframe button"
)
_UNREAD: Final = frozenset(_UNREAD_WORDS.split())
_BOLD: Final = frozenset(("b", "strong"))


class _Page(HTMLParser):
    """Gathers lines. It reads only what `normalise` made: that is linear."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self.now: list[tuple[str, bool]] = []
        self.kind = "text"
        self.bold = 0
        self.unread = ""
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        if self.unread:
            self.depth += tag == self.unread
        elif tag in _UNREAD:
            self.end()
            self.unread, self.depth = tag, 1
        elif tag in _BOLD:
            self.bold += 1
        elif tag == "br":
            self.end()
        elif tag in _BLOCKS:
            self.end()
            self.kind = _KINDS.get(tag, "text")
            if tag == "li":
                self.now.append(("- ", False))
            elif tag in ("p", "ul", "ol"):
                self.lines.append(Line("", "gap"))

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self.unread:
            self.depth -= tag == self.unread
            self.unread = self.unread if self.depth > 0 else ""
        elif tag in _BOLD:
            self.bold = max(0, self.bold - 1)
        elif tag in _BLOCKS:
            self.end()
            self.kind = "text"

    def handle_data(self, data: str) -> None:
        """Words between tags."""
        if not self.unread:
            self.now.append((data, self.bold > 0))

    def end(self) -> None:
        """End the line that is being read."""
        words = " ".join("".join(text for text, _ in self.now).split())
        said = [bold for text, bold in self.now if text.strip() not in ("", "-")]
        self.now = []
        if not words or words == "-":
            return
        kind = "bold" if self.kind == "text" and said and all(said) else self.kind
        self.lines.append(Line(words, kind))


def _html_lines(page: str) -> Iterable[Line]:
    reader = _Page()
    reader.feed(normalise(page))
    reader.close()
    reader.end()
    return reader.lines
