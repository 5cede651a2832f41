"""Takes a lead out of its own words: stable, fictional values in their place.

The same value gets the same stand-in all through a case, so that a talk still reads
as one. What is the company's own stays. Stand-ins are given in the order of their
first appearance and lead back to nobody. Names of third people, which nothing marks
as names, are not found.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tomllib import loads
from typing import Any

from messaging.agent.masking import mask
from messaging.agent.understanding.textfold import fold

DATA = Path(__file__).parents[1] / "agent" / "data" / "evaluation" / "redaction.toml"
_MAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]]"
    r"|(?<![\w@./-])(?:[\w-]{2,63}\.)+(?:com|net|org|io|de|es|fr|pt|br|uk|eu|ch|at|mx"
    r"|ar|co|biz|info|dev|app|ai|me|example|test)(?:/[^\s<>\"']*[^\s<>\"'.,;:!?)\]])?"
    r"(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w,.:/@#*=€$£+-])(?:\(?\+? ?\(?[0-9])(?:[ .()/-]{0,3}[0-9]){6,16}(?!\w|[.,:][0-9])"
)
_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?![0-9])")
_SUMS = re.compile(
    r"(?:[0-9]{1,3}(?:([., ])[0-9]{3})(?:\1[0-9]{3})*(?: ?[-/] ?)?){1,2}"
)
_HANDLE = re.compile(r"(?<![\w@/.])@[A-Za-z_][\w.]{2,30}")
_PARTS = re.compile(r"[^\s,;/()]+")
_PLAIN_PHONE = 9  # digits that are a number when nothing parts them
# A private sign on each side of a place holder: no text that came in holds them, as
# the data is cleaned of them first.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HELD = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    return loads(DATA.read_text("utf-8"))


@lru_cache(maxsize=1)
def _addresses() -> tuple[re.Pattern[str], ...]:
    data = _data()["addresses"]
    return tuple(re.compile(one + data["after"]) for one in data["patterns"])


@dataclass
class Redaction:
    """Replaces what leads to one lead. `own` is what belongs to the company.

    `names`, `companies` and `values` (mail, phone, links, addresses) are known of the
    lead; what only stands in its words is found by its form.
    """

    own: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    _given: dict[tuple[str, str], str] = field(default_factory=dict)
    _held: list[str] = field(default_factory=list)

    def words(self, text: str) -> str:
        """`text` without the lead, and without card numbers and secrets."""
        if not text.strip():
            return text
        text = mask(text.replace(_OPEN, "").replace(_CLOSE, ""))
        self._held = []
        for own in sorted(filter(None, self.own), key=len, reverse=True):
            text = self._replaced(text, _literal(own), lambda found: found)
        for value in sorted(filter(None, self.values), key=len, reverse=True):
            text = self._replaced(text, _literal(value), self.value)
        text = self._replaced_raw(text, _MAIL, self._mail)
        text = self._replaced_raw(text, _LINK, self._link)
        text = self._replaced_raw(text, _PHONE, self._phone)
        text = self._replaced_raw(
            text, _HANDLE, lambda found: self._new("handle", found)
        )
        for pattern in _addresses():
            text = self._replaced(
                text, pattern, lambda found: self._new("address", found)
            )
        for company in sorted(self.companies, key=len, reverse=True):
            text = self._replaced(
                text, _word(company), lambda found: self._new("company", found)
            )
        text = self._without_names(text)
        return _HELD.sub(lambda found: self._held[int(found[1])], text)

    def value(self, value: str) -> str:
        """The stand-in of a mail address, a number, a link or an address."""
        for form, give in (
            (_MAIL, self._mail),
            (_LINK, self._link),
            (_PHONE, self._phone),
        ):
            if form.fullmatch(value.strip()):
                return give(value.strip()) or value
        return self._new("address", value)

    def name(self, name: str) -> str:
        """The stand-in of a whole name, part by part."""
        return _PARTS.sub(lambda found: self._part(found.group()), name)

    # --- the kinds of values ---------------------------------------------------

    def _mail(self, found: str) -> str:
        return self._new("mail", found)

    def _link(self, found: str) -> str:
        return self._new("link", found)

    def _phone(self, found: str) -> str | None:
        digits = re.sub(r"\D", "", found)
        parted = re.search(r"[ .()/-]", found.strip()) or found[0] in "+0("
        if _DATE.match(found) or _SUMS.fullmatch(found.strip()):
            return None
        if not parted and len(digits) < _PLAIN_PHONE:
            return None
        if any(_same_number(digits, own) for own in self.own):
            return found
        for kind, key in self._given:
            if kind == "phone" and _same_number(digits, key):
                return self._given[kind, key]
        return self._new("phone", digits)

    def _without_names(self, text: str) -> str:
        parts = {part for name in self.names for part in _PARTS.findall(name)}
        for part in sorted(parts, key=len, reverse=True):
            if _is_name(part):
                text = self._replaced(text, _word(part), self._part_where_named)
        return text

    def _part_where_named(self, found: str) -> str | None:
        if found.islower() and fold(found) in _data()["names"]["words_too"]:
            return None
        return self._part(found)

    def _part(self, part: str) -> str:
        if not _is_name(part):
            return part
        first = {_key(n.split()[0]) for n in self.names if n.split()}
        kind = "first" if _key(part) in first or not self.names else "last"
        given = self._new(kind, _key(part))
        return given.lower() if part.islower() else given

    def _new(self, kind: str, value: str) -> str:
        """The stand-in of a value: the one it had, else the next of its kind."""
        key = (kind, " ".join(value.lower().split()))
        if key not in self._given:
            number = sum(one == kind for one, _ in self._given)
            self._given[key] = _stand_in(kind, number)
        return self._given[key]

    # --- replacing -------------------------------------------------------------

    def _replaced(
        self, text: str, pattern: re.Pattern[str], give: Callable[[str], str | None]
    ) -> str:
        """As `_replaced_raw`, where `pattern` is for folded text."""
        spans = [found.span() for found in pattern.finditer(fold(text))]
        for start, end in reversed(spans):
            text = text[:start] + self._hold(text[start:end], give) + text[end:]
        return text

    def _replaced_raw(
        self, text: str, pattern: re.Pattern[str], give: Callable[[str], str | None]
    ) -> str:
        return pattern.sub(lambda found: self._hold(found.group(), give), text)

    def _hold(self, found: str, give: Callable[[str], str | None]) -> str:
        """A place holder that no later pattern touches; `found` where none is given."""
        given = give(found)
        if given is None:
            return found
        self._held.append(given)
        return f"{_OPEN}{len(self._held) - 1}{_CLOSE}"


def _key(part: str) -> str:
    return fold(part).strip(".'’").removesuffix("'s")


def _is_name(part: str) -> bool:
    key = _key(part)
    # One letter is an initial, but one sign of Chinese is a name.
    return key > "\u3000" or (len(key) > 1 and key not in _data()["names"]["not_alone"])


def _literal(value: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in fold(value).split())
    return re.compile(rf"(?<!\w){words}(?!\w)" if value[:1].isalnum() else words)


def _word(value: str) -> re.Pattern[str]:
    """A name as a word; one in signs that are not parted is found anywhere."""
    words = r"\s+".join(re.escape(word) for word in fold(value.strip(".")).split())
    spaced = value < "\u3000"
    return re.compile(rf"(?<![^\W_]){words}(?![^\W_])" if spaced else words)


def _same_number(digits: str, other: str) -> bool:
    """Whether two numbers are one, with and without country code or zero."""
    mine, theirs = digits.lstrip("0"), re.sub(r"\D", "", other).lstrip("0")
    if min(len(mine), len(theirs)) < 7:
        return False
    return mine.endswith(theirs) or theirs.endswith(mine)


def _stand_in(kind: str, number: int) -> str:
    made: dict[str, Callable[[int], str]] = {
        "mail": lambda n: f"person{n + 1}@example.org",
        "link": lambda n: f"https://example.org/{n + 1}",
        "handle": lambda n: f"@example{n + 1}",
        "phone": lambda n: f"+1 202 555 01{n % 100:02}",
    }
    if kind in made:
        return made[kind](number)
    names: list[str] = _data()["stand_ins"][kind]
    around = number // len(names)
    return names[number % len(names)] + (f" {around + 1}" if around else "")


def names_in(values: Iterable[str]) -> tuple[str, ...]:
    """Names without doubles and blanks, in their order."""
    return tuple(dict.fromkeys(" ".join(v.split()) for v in values if v.strip()))
