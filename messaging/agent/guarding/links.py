"""Links and mail addresses in a text, written plainly or in disguise."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from messaging.agent.guarding.text import Folded, fold

_SURE = (
    "com|net|org|info|biz|io|ly|gl|app|dev|xyz|online|site|shop|store|cloud|tech|club"
    "|top|live|link|click|page|website|example|invalid|test|localhost|ru|cn|tk|ml|ga"
    "|cf|gq|pw|cc|ws|uk|us|ca|au|fr|eu|pt|br|mx|ch|nl|pl|dk|fi|cz|jp|kr|tv|gg|ai"
    "|edu|gov|mil|pro|mobi|name|agency|email|support|help|space|icu|vip|win|bid|loan"
)
# Also words of some language: they count only inside an unbroken address.
_WORDLIKE = (
    "de|es|it|at|in|to|me|is|be|so|no|am|co|im|st|la|id|do|hm|my|ie|as|sh|fm|re|se"
)
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
_LINK = re.compile(
    r"(?<![\w@.-])(?:"
    r"h[tx]{2}ps? ?: ?(?:/ ?/ ?)?[^\s<>\"')\]]+"
    r"|(?:ftps?|wss?|file|data|javascript|mailto|tel|sms|intent|tg|vbscript)"
    r":[^\s<>\"')\]]+"
    r"|[a-z][a-z0-9+.-]{1,20}://[^\s<>\"')\]]+"
    r"|www ?\. ?[^\s<>\"')\]]+"
    rf"|{_HOST}(?:{_SURE}|{_WORDLIKE})(?![a-z0-9-])(?::\d+)?(?: ?[/?#] ?[^\s<>\"')\]]*)?"
    rf"|{_HOST}[a-z]{{2,12}}/[^\s<>\"')\]]*"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/[^\s<>\"')\]]*)?"
    r"|\[[0-9a-f:]{4,}\]"
    r")"
)
_MAIL = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+%-]{0,63} ?@ ?(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}"
)
_LOOSE_MAIL = re.compile(r"\S+@\S+|@[a-z0-9_]{3,}")
_SPELLED = re.compile(
    rf"(?<=[a-z0-9\])])(?:"
    rf"(?: [\[({{<]? ?(?:dot|d0t) ?[\])}}>]? "
    rf"| ?[\[({{<] ?(?:\.|dot|punkt|punto|ponto|point) ?[\])}}>] ?"
    rf"| \. ?)(?=(?:{_SURE}|de|es|it|co|me)(?![a-z]))"
    rf"| (?:punkt|punto|ponto|point) (?=(?:{_SURE})(?![a-z]))"
    rf"| punkt (?=(?:de|at|ch)(?![a-z]))"
    r"|,(?=com(?![a-z]))|\. (?=(?:com|org|xyz|biz)(?![a-z])))"
)
# A place follows these: "more at example.com" is a link, not a mail address.
_PLACES = (
    "more",
    "us",
    "me",
    "him",
    "here",
    "online",
    "website",
    "site",
    "page",
    "look",
    "see",
    "visit",
    "details",
    "information",
    "info",
    "read",
    "find",
    "book",
    "time",
    "shop",
    "order",
    "available",
    "found",
    "live",
    "is",
    "are",
    "it",
    "out",
)
_SPELLED_AT = re.compile(
    r" ?[\[({<] ?(?:at|@|arroba|arobase) ?[\])}>] ?| (?:arroba|arobase) "
    r"(?=[a-z0-9-]+\.[a-z]{2,})"
    rf"| at {''.join(f'(?<!{word} at )' for word in _PLACES)}"
    r"(?=[a-z0-9-]+\.[a-z]{2,})"
)
_TAIL = ".,;:!?)'\"*_"


@dataclass(frozen=True, slots=True)
class Address:
    """A link or mail address; `key` is what two writings of it share."""

    start: int
    end: int
    key: str
    mail: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """What was found; `text` is the folded text with all of it blanked out."""

    found: tuple[Address, ...]
    text: str = field(repr=False)


def link_key(link: str) -> str:
    """A link without scheme, www, trailing signs and case."""
    key = re.sub(r"^h[tx]{2}ps?://", "", fold(link).text.replace(" ", ""))
    return key.removeprefix("www.").rstrip(_TAIL).rstrip("/")


def read_addresses(folded: Folded) -> Addresses:
    """All links and mail addresses of a folded text."""
    text = folded.text
    if not any(sign in text for sign in ".:@[({,") and not _SPELLED.search(text):
        return Addresses((), text)
    found: list[Address] = []
    for pattern in (_MAIL, _LINK, _LOOSE_MAIL):
        for match in pattern.finditer(text):
            if not _is_sentence_end(folded, match):
                found.append(_address(match, pattern is not _LINK))
        text = _blanked(text, found)
    return Addresses(tuple(found), text)


def _address(match: re.Match[str], mail: bool) -> Address:
    words = match.group().rstrip(_TAIL)
    end = match.start() + max(len(words), 1)
    key = words.replace(" ", "") if mail else link_key(words)
    return Address(match.start(), end, key, mail)


def _blanked(text: str, found: list[Address]) -> str:
    for one in found:
        text = text[: one.start] + "\x00" * (one.end - one.start) + text[one.end :]
    return text


@lru_cache(maxsize=1)
def _wordlike() -> re.Pattern[str]:
    return re.compile(rf"[a-z0-9-]+\.(?:{_WORDLIKE})$")


def _is_sentence_end(folded: Folded, match: re.Match[str]) -> bool:
    """A blank is missing in "Thanks.In that case"; it is no address."""
    if not _wordlike().match(match.group()):
        return False
    first = match.start() + match.group().rfind(".") + 1
    return folded.raw[folded.at[first]].isupper()


def spell_out(folded: Folded) -> Folded:
    """Write "example dot com" and "me (at) example.com" as addresses."""
    for pattern, sign in ((_SPELLED, "."), (_SPELLED_AT, "@")):
        if pattern.search(folded.text):
            folded = _replaced(folded, pattern, sign)
    return folded


def _replaced(folded: Folded, pattern: re.Pattern[str], sign: str) -> Folded:
    text, at, last = "", [], 0
    for match in pattern.finditer(folded.text):
        text += folded.text[last : match.start()] + sign
        at += [*folded.at[last : match.start()], folded.at[match.start()]]
        last = match.end()
    return Folded(folded.raw, text + folded.text[last:], (*at, *folded.at[last:]))
