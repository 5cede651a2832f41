"""One sentence that asks several things: "how much is it, and do you deliver?"."""

from itertools import pairwise

from messaging.agent.guarding.text import fold
from messaging.agent.phrases import phrases


def clauses_of(sentence: str, language: str) -> tuple[str, ...]:
    """The questions of one sentence, the sentence itself where it asks one thing."""
    folded = fold(sentence).text
    if len(folded) != len(sentence):
        return (sentence,)
    starts = [0, *phrases(language).also_asks(folded), len(sentence)]
    return tuple(sentence[start:end].strip(" ,;") for start, end in pairwise(starts))
