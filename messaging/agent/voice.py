"""Choosing sentences so that none is said twice, and cleaning what is repeated."""

import re
from functools import lru_cache

from messaging.agent.guarding import form
from messaging.agent.guarding.text import fold
from messaging.agent.guarding.values import read_items
from messaging.agent.guarding.words import COMMITMENTS, says
from messaging.agent.model import Situation
from messaging.agent.phrases import phrases

_PLAIN_VALUE = re.compile(r"[\w\s.,:%€$£¥₹'\u2019&+/()-]*")
_UNSAFE = (*COMMITMENTS, "abuse", "leak", "orders", "denial")
_DOUBLED = re.compile(r"([.!?])[.]+")
_BLANKS = re.compile(r"[ \t]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


class Voice:
    """One reply's choice of sentences; looks at what we said in the conversation."""

    def __init__(self, situation: Situation, tone: str) -> None:
        self.book = phrases(situation.language)
        self._tone = tone
        self._wording = {one.field: one.wording for one in situation.missing}
        ours = [said.text for said in situation.history if said.author == "us"]
        self._ours = "\n".join(ours)
        self._turn = len(ours) + (1 if situation.instruction else 0)

    def said(self, words: str) -> bool:
        """Whether an earlier message of ours holds these words."""
        return words in self._ours

    def say(self, key: str, **values: str) -> str:
        """A sentence not said yet; when all are, the one said longest ago."""
        ways = self._ways(key, values)
        fresh = [one for one in ways if not self.said(one)]
        return fresh[0] if fresh else min(ways, key=self._ours.rfind)

    def maybe(self, key: str) -> str:
        """A sentence not said yet, "" when all are."""
        return next((one for one in self._ways(key, {}) if not self.said(one)), "")

    def ask(self, field: str) -> str:
        """The question for a field, in another wording when asked before."""
        ways = [self._wording.get(field, ""), *self.book.again(field)]
        fresh = (one for one in ways if one and not self.said(one))
        return next(fresh, "") or self.maybe("ask_other")

    def both(self, values: list[str]) -> str:
        """Values joined by commas and the language's "and"."""
        *first, last = values
        joiner = f" {self.book.variants('and', '')[0]} "
        return joiner.join([", ".join(first), last] if first else [last])

    def either(self, values: list[str]) -> str:
        """Values joined by the language's "or", empty ones left out."""
        given = list(dict.fromkeys(value for value in values if value))
        return f" {self.book.variants('or', '')[0]} ".join(given)

    def _ways(self, key: str, values: dict[str, str]) -> list[str]:
        ways = self.book.variants(key, self._tone)
        first = self._turn % len(ways)
        rotated = ways[first:] + ways[:first]
        return [_capital(clean(way.format(**values))) for way in rotated]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


@lru_cache(maxsize=256)
def clean(text: str) -> str:
    """Without doubled blanks and full stops."""
    return _BLANKS.sub(" ", _DOUBLED.sub(r"\1", text)).strip()


def clip(value: str | None, length: int = 40, *, ours: bool = False) -> str:
    """A value fit to be repeated, "" for one that is not.

    A lead's value must be short and plain: no link, address, markup, promise or
    order. Ours are cut at a sentence or a word.
    """
    text = " ".join((value or "").split()).strip(" .,;:-")
    if ours:
        return text if len(text) <= length else _cut(text, length)
    if not text or len(text) > length or not _PLAIN_VALUE.fullmatch(text):
        return ""
    folded = fold(text)
    if any(says(name, folded) for name in _UNSAFE) or form.foreign_script(text):
        return ""
    kinds = {item.kind for item in read_items(text)}
    return "" if kinds & {"link", "address", "phone"} else text


def _cut(text: str, length: int) -> str:
    head = text[:length]
    sentences = _SENTENCE_END.split(head)
    if len(sentences) > 1:
        return head[: head.rfind(sentences[-1])].strip()
    return head.rpartition(" ")[0].rstrip(" ,;:-")
