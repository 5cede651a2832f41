"""The words of mail programs and out-of-office notes, by language.

They are in `data/<language>.toml`, read once. A pattern is a regular expression over
`plain` text, upper and lower case alike.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")
_FILES = (*LANGUAGES, "other")
RETURN_LANGUAGES = ("en", "de", "fr", "es", "pt")

_INVISIBLE = re.compile(
    "[\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{WORD JOINER}"
    "\N{ZERO WIDTH NO-BREAK SPACE}\N{SOFT HYPHEN}]"
)


def plain(line: str) -> str:
    """The line with single blanks and nothing invisible."""
    if not line.isascii():
        line = _INVISIBLE.sub("", line)
    return " ".join(line.split())


@cache
def read_data(name: str) -> dict[str, Any]:
    """`data/<name>.toml` as it stands."""
    return tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))


def words_of(section: str, key: str) -> Iterator[str]:
    """What all languages have under this key, in the order of `LANGUAGES`."""
    for language in _FILES:
        yield from read_data(language).get(section, {}).get(key, ())


@cache
def pattern_of(section: str, key: str, form: str = "{}") -> re.Pattern[str]:
    """One pattern of all languages' patterns, set into `form`."""
    either = "|".join(words_of(section, key))
    return re.compile(form.format(f"(?:{either})"), re.IGNORECASE | re.MULTILINE)


@cache
def labels() -> dict[str, frozenset[str]]:
    """`{"von": {"from"}, "de": {"from"}, …}`: what a quoted header's label names."""
    found: dict[str, set[str]] = {}
    for language in _FILES:
        for kind, names in read_data(language)["labels"].items():
            for name in names:
                found.setdefault(name, set()).add(kind)
    return {name: frozenset(kinds) for name, kinds in found.items()}
