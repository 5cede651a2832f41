"""What a person changed in a text, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKEN = re.compile(r"\s+|\S+")
SAME, ADDED, REMOVED = "same", "added", "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of words; `kind` is same, added or removed."""

    text: str
    kind: str


def word_diff(before: str, after: str) -> tuple[Run, ...]:
    """Return both texts in one, in order: all runs but the added ones make `before`,
    all but the removed ones `after`.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    runs: list[Run] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, i, j, k, m in matcher.get_opcodes():
        if what == "equal":
            runs.append(Run("".join(old[i:j]), SAME))
            continue
        if i < j:
            runs.append(Run("".join(old[i:j]), REMOVED))
        if k < m:
            runs.append(Run("".join(new[k:m]), ADDED))
    return tuple(runs)
