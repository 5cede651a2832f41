"""HTML of mail brought into a bounded shape before any parser sees it.

A parser of HTML takes quadratic time and memory on hostile input: unclosed bold
elements are opened anew in each paragraph, attributes are compared with each other,
comments are sought to the end. What leaves here has at most MAX_TAGS tags, of
MAX_ATTRIBUTES well-formed attributes each, no comment and no raw-text element, and
everything else that looks like markup is text. One pass, linear in its input.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_HTML: Final = 1_000_000
MAX_TAGS: Final = 15_000
MAX_ATTRIBUTES: Final = 60
# Elements that are opened anew × tags: what a parser may have to build.
MAX_REBUILT: Final = 200_000

# Their content is no text of the mail, or is read by rules of its own.
HIDDEN: Final = (
    "script|style|title|template|noscript|iframe|object|embed|applet|svg|math|xml"
    "|textarea|select|option|noembed|noframes|xmp|plaintext|listing|audio|video"
)
_NAME = r"[a-zA-Z][a-zA-Z0-9:._-]*+"
_VALUE = r"""(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=`]++)"""
_ATTRIBUTE = rf"[^\s\"'<>/=]++(?:\s*+=\s*+{_VALUE})?+"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{_NAME})"
    rf"(?P<attributes>(?:[\s/]*+{_ATTRIBUTE}){{0,{MAX_ATTRIBUTES}}}+)[\s/]*+>"
)
# What is a tag to a browser although its attributes are not well-formed.
_BROKEN = re.compile(rf"<(?P<end>/?)(?P<name>{_NAME})[^<>]*+>?+")
_HIDDEN_START = re.compile(rf"({HIDDEN})", re.IGNORECASE)
# Elements that a parser opens anew where they were not closed, as a span says them.
_FORMATTING: Final = {
    "b": "font-weight:bold",
    "strong": "font-weight:bold",
    "i": "font-style:italic",
    "em": "font-style:italic",
    "u": "text-decoration:underline",
    "s": "text-decoration:line-through",
    "strike": "text-decoration:line-through",
    "big": "font-size:larger",
    "small": "font-size:smaller",
    "code": "font-family:monospace",
    "tt": "font-family:monospace",
    "font": "",
    "nobr": "",
}
# What is no reference to a character takes a parser longest to find out.
_LOOSE = re.compile(r"&(?!#[0-9]|#[xX][0-9a-fA-F]|[a-zA-Z])")
_OPENED = re.compile(rf"<(?:{'|'.join(_FORMATTING)})(?=[\s/>])", re.IGNORECASE)


def normalise(html: str) -> str:
    """The same HTML in the shape that the module promises."""
    html = _LOOSE.sub("&amp;", html[:MAX_HTML].replace("\0", "\ufffd"))
    flat = len(_OPENED.findall(html)) * min(html.count("<"), MAX_TAGS) > MAX_REBUILT
    return "".join(_pieces(html, flat))


def _pieces(html: str, flat: bool) -> Iterator[str]:
    position = 0
    ends = _Ends(html)
    for _ in range(MAX_TAGS):
        start = html.find("<", position)
        if start < 0:
            break
        yield html[position:start]
        if html[start + 1 : start + 2] in ("!", "?"):
            position = ends.after_comment(start)
            continue
        tag = _TAG.match(html, start) or _BROKEN.match(html, start)
        if tag is None:
            yield "&lt;"
            position = start + 1
            continue
        position = tag.end()
        name = tag["name"].lower()
        if not tag["end"] and _HIDDEN_START.fullmatch(name):
            position = ends.after_element(name, position)
            continue
        yield _written(name, tag, flat)
    if html.find("<", position) < 0:
        yield html[position:]


def _written(name: str, tag: re.Match[str], flat: bool) -> str:
    attributes = tag.groupdict().get("attributes") or ""
    if flat and name in _FORMATTING:
        style = _FORMATTING[name]
        name, attributes = "span", f' style="{style}"' if style else ""
    if tag["end"]:
        return f"</{name}>"
    # A space before ">" ends an unquoted value that has a slash at its end.
    return f"<{name} {attributes.strip()}>" if attributes.strip() else f"<{name}>"


class _Ends:
    """Where hidden parts end. What was not found once is not sought again."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.absent: set[str] = set()

    def after_comment(self, start: int) -> int:
        """Behind the comment or declaration that begins at `start`."""
        if not self.html.startswith("<!--", start):
            return self._behind(">", start)
        if self.html.startswith((">", "->"), start + 4):
            return self.html.index(">", start) + 1
        return self._behind("-->", start + 4)

    def after_element(self, name: str, start: int) -> int:
        """Behind `</name>`. Where it never comes, code hides all that follows, and
        of other elements only the start tag is passed over.
        """
        end = re.compile(rf"</{re.escape(name)}\b[^<>]*>?", re.IGNORECASE)
        found = None if name in self.absent else end.search(self.html, start)
        if found is None:
            self.absent.add(name)
            return len(self.html) if name in ("script", "style") else start
        return found.end()

    def _behind(self, sign: str, start: int) -> int:
        if sign in self.absent:
            return start + 2
        found = self.html.find(sign, start)
        if found < 0:
            self.absent.add(sign)
            return start + 2
        return found + len(sign)
