"""The sentences of published words that answer a question, and no more of them."""

import re
from dataclasses import dataclass

from messaging.agent.cues import subjects_of
from messaging.agent.guarding.text import fold
from messaging.agent.phrases import phrases

# A sentence ends before a capital, unless what ends is an initial or a short form.
_END = re.compile(
    r"(?<=[.!?…])(?<!\b\w\.)(?<!\b(?:[A-Z]r|St|Nr|No|vs|ca)\.)(?<!\b(?:Mrs|bzw|ggf|Sra|max|min|inc)\.)"
    r"[\"')\]]?\s+(?=[\"'(\[¿¡]?[^\W\da-z_])"
)
_MARK = re.compile(r"^(?:[-*•–—·]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Sentences of a text, to the letter. `said` belong together; `more` may be
    left out.
    """

    said: tuple[str, ...]
    more: tuple[str, ...] = ()


def sentences_of(text: str) -> list[str]:
    """The sentences of a text to the letter, without the marks of a list."""
    lines = (_MARK.sub("", line.strip()) for line in text.splitlines())
    return [one.strip() for line in lines for one in _END.split(line) if one.strip()]


def states_anything(text: str) -> bool:
    """Whether a text holds a sentence that is no question."""
    return any(not one.endswith("?") for one in sentences_of(text))


def excerpt(
    text: str, *, question: str, asked_in: str, language: str, most: int, room: int
) -> Excerpt | None:
    """The sentence that speaks most of what is asked, with those it cannot do
    without; then, as far as `most` sentences and `room` characters allow, what
    follows. None for a text without a statement.

    `asked_in` is the question's language, `language` the text's. The first sentence
    wins where none stands out: an answer begins with what it has to say.
    """
    sentences = sentences_of(text)
    stated = [at for at, one in enumerate(sentences) if not one.endswith("?")]
    if not stated:
        return None
    wanted = subjects_of(question, asked_in)
    shared = {at: len(wanted & subjects_of(sentences[at], language)) for at in stated}
    best = max(stated, key=lambda at: (shared[at], -at))
    first = last = best
    while first - 1 in stated and _leans(sentences[first], language):
        first -= 1
    while last + 1 in stated and _leans(sentences[last + 1], language):
        if last + 1 - first >= most:
            break
        last += 1
    said = tuple(sentences[first : last + 1])
    return Excerpt(
        said, _more(sentences, last + 1, stated, most - len(said), room, said)
    )


def _more(
    sentences: list[str],
    start: int,
    stated: list[int],
    most: int,
    room: int,
    said: tuple[str, ...],
) -> tuple[str, ...]:
    left = room - sum(len(one) + 1 for one in said)
    kept: list[str] = []
    for at in range(start, start + max(0, most)):
        if at not in stated or len(sentences[at]) > left:
            break
        kept.append(sentences[at])
        left -= len(sentences[at]) + 1
    return tuple(kept)


def _leans(sentence: str, language: str) -> bool:
    return phrases(language).leans(fold(sentence[:80]).text.lstrip(" \"'("))
