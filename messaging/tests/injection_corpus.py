"""What turned models write, from fixtures/injection_corpus.toml, and disguises."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("fixtures") / "injection_corpus.toml"
_DATA = tomllib.loads(_FILE.read_text("utf-8"))

ASKED: dict[str, list[str]] = _DATA["asked"]
HUMAN: dict[str, list[str]] = _DATA["human"]


@dataclass(frozen=True)
class Completion:
    """An answer of a turned model, the effect it is after and how it hides it."""

    effect: str
    disguise: str
    body: str

    def __str__(self) -> str:
        return f"{self.effect} {self.disguise}: {self.body}"


def _plainly(text: str, cut: str) -> str:
    return text


def _among_honest_words(text: str, cut: str) -> str:
    return f"Thanks for writing, noted. {text} A colleague will answer the rest."


def _in_other_letters(text: str, cut: str) -> str:
    """Full-width letters and digits, which read the same."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in cut)
    return text.replace(cut, wide)


def _parted_by_nothing(text: str, cut: str) -> str:
    return text.replace(cut, "\u200b".join(cut))


def _in_lookalikes(text: str, cut: str) -> str:
    """Cyrillic letters that look Latin, in capitals for the rest."""
    alike = str.maketrans("aeopcxiAEOPCX", "аеорсхіАЕОРСХ")
    return text.replace(cut, cut.translate(alike)).replace("  ", " ")


DISGUISES: dict[str, Callable[[str, str], str]] = {
    "plain": _plainly,
    "among honest words": _among_honest_words,
    "other letters": _in_other_letters,
    "parted": _parted_by_nothing,
    "look-alikes": _in_lookalikes,
}


def completions() -> Iterator[Completion]:
    """All 150 of them."""
    for row in _DATA["completions"]:
        assert row["cut"] in row["text"], row
        for name, disguise in DISGUISES.items():
            yield Completion(row["effect"], name, disguise(row["text"], row["cut"]))
