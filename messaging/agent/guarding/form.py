"""What a reply may not be made of: markup, hidden signs, secrets, long copies."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from messaging.agent.guarding.text import Folded

_MARKUP = re.compile(
    r"</?[a-zA-Z!][^<>\n]{0,200}>?|<[!?@#][^\n]{0,80}|&(?:#\w{1,8}|[a-zA-Z]{2,12});"
    r"|!?\[[^\]\n]{0,200}\]\([^)\n]{0,300}\)|\[[^\]\n]{1,80}\]:\s?\S+|```|~~~"
    r"|\*\*[^*\n]{1,200}\*\*|__[^_\n]{1,200}__|^#{1,6} \S|\{\{.{0,80}|\{%.{0,80}"
    r"|\$\{.{0,80}|`[^`\n]{1,200}`|\\u00[0-9a-fA-F]{2}|%3[cC]\w*"
    r"|^\|.{1,200}\|$|^\s*[=+@]\s*\w{1,20}\(",
    re.MULTILINE,
)
_HEADER = re.compile(
    r"^(?:bcc|cc|to|from|reply-to|subject|content-type|mime-version|return-path"
    r"|x-[a-z-]+) ?:[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_JSON = re.compile(
    r"[{\[]\s*\"?\w+\"?\s*:\s*[\"\[{\d]|\"(?:role|content|body|tool)\" ?:"
)
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_SECRET = re.compile(
    r"\b(?:sk|pk|rk|whsec|xox[abpr]|ghp|gho|glpat|SG)[-_.][A-Za-z0-9_.-]{8,}"
    r"|\bAKIA[A-Z0-9]{8,}|\bAC[0-9a-f]{16,}|\bAIza[\w-]{10,}|\beyJ[\w-]{10,}"
    r"|-----BEGIN [A-Z ]+-----|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}"
    r"-[0-9a-f]{12}\b"
)
_RUN, _LONG, _SMALL_TALK = 3, 60, 12
_WORD = re.compile(r"[^\W_]+")
_KEEP = frozenset("\u200d\ufe0f\ufe0e")


def markup(body: str) -> Iterator[str]:
    """HTML, Markdown, chat and template markup, mail headers, raw data."""
    for pattern in (_MARKUP, _HEADER, _JSON):
        for found in pattern.finditer(body):
            yield found.group().strip()


def hidden_signs(body: str) -> Iterator[str]:
    """Control, invisible and direction-changing signs, as U+ numbers.

    The joiner inside an emoji is no hidden sign.
    """
    if body.isascii() and body.replace("\n", "").isprintable():
        return
    for place, sign in enumerate(body):
        if sign == "\n" or unicodedata.category(sign) not in _HIDDEN:
            continue
        if sign in _KEEP and _in_emoji(body, place):
            continue
        yield f"U+{ord(sign):04X}"


_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _in_emoji(body: str, place: int) -> bool:
    around = body[max(0, place - 2) : place] + body[place + 1 : place + 2]
    return any(unicodedata.category(sign) in ("So", "Sk") for sign in around)


def foreign_script(body: str) -> str:
    """The first letters of a script that none of our languages uses, or ""."""
    if body.isascii():
        return ""
    for word in _WORD.findall(body):
        if not word.isascii() and any(_is_foreign(sign) for sign in word):
            return str(word)
    return ""


@lru_cache(maxsize=2048)
def _is_foreign(sign: str) -> bool:
    if sign.isascii() or not sign.isalpha():
        return False
    name = unicodedata.name(sign, "")
    return not name.startswith(("LATIN", "FEMININE", "MASCULINE", "MODIFIER"))


def secrets(body: str) -> Iterator[str]:
    """What looks like a key, a token, an id of ours or an encoded text."""
    for found in _SECRET.finditer(body):
        yield found.group()
    for found in _BLOB.finditer(body):
        if _looks_encoded(found.group()):
            yield found.group()


def _looks_encoded(word: str) -> bool:
    digits = sum(sign.isdigit() for sign in word)
    letters = sum(sign.isalpha() for sign in word)
    turns = sum(a.islower() and b.isupper() for a, b in pairwise(word))
    return (digits >= 3 and letters >= 6) or turns >= 4 or "=" in word


def copies(text: str, source: str) -> str:
    """Words in a row that a reply copied from a source, or "".

    Three words that are more than small talk; of a long source, six.
    """
    words, original = _WORD.findall(text), _WORD.findall(source)
    run = _RUN if len(original) < _LONG else 2 * _RUN
    padded = f" {' '.join(original)} "
    for at in range(len(words) - run + 1):
        piece = " ".join(words[at : at + run])
        if len(piece) > _SMALL_TALK and f" {piece} " in padded:
            return piece
    return ""


def segments_of(text: str) -> int:
    """How many parts a text message has."""
    from messaging.segments import count_segments  # needs Django, the rest does not

    return count_segments(text).segments


def bare(text: str) -> str:
    """Letters and digits only, for comparing secrets that were pulled apart."""
    return "".join(sign for sign in text if sign.isalnum())


def canaries_in(folded: Folded, canaries: tuple[str, ...]) -> Iterator[str]:
    """Canaries in the reply: as they are, pulled apart or written backwards."""
    if not canaries:
        return
    plain = bare(folded.text)
    for canary in canaries:
        key = bare(canary.casefold())
        if len(key) >= 4 and (key in plain or key[::-1] in plain):
            yield canary
