"""HTML of mail, made harmless to show; `html_to_text` reads it as text."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

import nh3

from messaging.mail.htmltext import html_to_text
from messaging.mail.markup import normalise

__all__ = ["has_remote", "html_to_text", "sanitise"]

SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_TAGS_WORDS: Final = (
    "a abbr address b bdi bdo big blockquote br caption center cite code col colgroup"
    " dd del dfn div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd"
    " li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot"
    " th thead tr tt u ul var wbr"
)
TAGS: Final = frozenset(_TAGS_WORDS.split())
_BOX: Final = frozenset({"align", "valign", "bgcolor", "width", "height"})
_ATTRIBUTES: Final = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "align", "border"},
    "font": {"color", "size", "face"},
    "table": {*_BOX, "border", "cellpadding", "cellspacing"},
    **{name: set(_BOX) for name in ("tr", "tbody", "thead", "tfoot", "col")},
    **{name: {*_BOX, "colspan", "rowspan"} for name in ("td", "th")},
    **{name: {"align"} for name in ("p", "div", "hr", "h1", "h2", "h3", "h4")},
    "ol": {"start", "type"},
    "ul": {"type"},
}
# Nothing that places an element over another, or loads anything.
_STYLES: Final = re.compile(
    r"(?:background-color|color|direction|display|font(?:-(?:family|size|style"
    r"|variant|weight))?|(?:min-|max-)?(?:height|width)|letter-spacing|line-height"
    r"|list-style-type|(?:border|margin|padding)(?:-[a-z]+){0,2}|table-layout"
    r"|text-(?:align|decoration|indent|transform)|vertical-align|white-space"
    r"|word-(?:break|spacing|wrap)|overflow-wrap)"
)
# No backslash, no "/*", and of functions only colours.
_STYLE_VALUE: Final = re.compile(
    r"(?:(?:rgb|rgba|hsl|hsla)\([\d\s.,%/]{1,60}\)|[-\w\s.,%#'\"!]|/(?!\*)){1,200}"
)
_MEASURE: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?(?:%|px)?")
_PICTURE: Final = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+"
)
_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:)\S", re.IGNORECASE)
_REMOTE: Final = re.compile(r"(?:https?:)?//\S", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x20\x7f]+")


def sanitise(html: str, *, pictures: Mapping[str, str], remote: bool) -> str:
    """The HTML with nothing that runs, submits, covers or loads unasked.

    `pictures` maps content ids (without brackets) to the URLs of our own that show
    them. Pictures on other hosts keep their place and words but lose their address,
    unless `remote`. Links open a new window and tell nobody where they were.
    """
    known = {_content_id(name): url for name, url in pictures.items()}

    def picture(source: str) -> str | None:
        if source.lower().startswith("cid:"):
            return known.get(_content_id(source[4:]))
        if _REMOTE.match(source):
            return _absolute(source) if remote else None
        return source if _PICTURE.fullmatch(source) else None

    return _clean(normalise(html), picture)


def has_remote(html: str) -> bool:
    """Whether showing all of it would load pictures from other hosts."""
    if "<img" not in html.lower():
        return False
    seen: list[str] = []

    def picture(source: str) -> str | None:
        if _REMOTE.match(source):
            seen.append(source)
        return None

    _clean(normalise(html), picture)
    return bool(seen)


def _clean(html: str, picture: Callable[[str], str | None]) -> str:
    def judge(tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return style_of(value)
        if tag == "img" and name == "src":
            return picture(_CONTROLS.sub("", value))
        if tag == "a" and name == "href":
            address = value.strip()
            return address if _LINK.match(address) else None
        if name in ("width", "height"):
            return value if _MEASURE.fullmatch(value.strip()) else None
        return value

    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags={"script", "style", "title", "template", "noscript"},
        attributes=_ATTRIBUTES,
        attribute_filter=judge,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        # Those of pictures are judged above; "cid" and "data" never leave it.
        url_schemes={*SCHEMES, "cid", "data"},
    )


def style_of(value: str) -> str | None:
    """The declarations of a style that may stay; None when there are none."""
    kept = []
    for declaration in value[:5_000].split(";"):
        name, _, said = declaration.partition(":")
        name, said = name.strip().lower(), said.strip()
        # A negative margin pulls an element over another.
        if name.startswith("margin") and "-" in said:
            continue
        if _STYLES.fullmatch(name) and _STYLE_VALUE.fullmatch(said):
            kept.append(f"{name}: {said}")
    return "; ".join(kept) or None


def _content_id(said: str) -> str:
    return unquote(said).strip().strip("<>").lower()


def _absolute(source: str) -> str:
    return f"https:{source}" if source.startswith("//") else source
