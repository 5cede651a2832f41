"""What published articles and offers let a reply say, each only of its own subject."""

from collections.abc import Sequence
from functools import lru_cache

from messaging.agent.guarding.allowed import Allowed
from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.text import Folded
from messaging.agent.guarding.values import Item, agrees
from messaging.agent.model import Passage
from messaging.agent.proving.sentences import parts, sentences
from messaging.agent.proving.sources import of_passage
from messaging.agent.proving.support import Context, support
from messaging.agent.proving.words import read, word_keys

_PRICED = ("amount", "percentage")


def vouches(item: Item, folded: Folded, *, allowed: Allowed) -> bool:
    """Whether a passage that the sentence may speak of states an item.

    A sentence that names one passage gets figures from that one alone. A price or a
    discount that names none comes from the only offer there is, or from an article.
    """
    for passage in _spoken_of(item, folded, allowed):
        if item.kind == "percentage" and _within_limit(item, passage):
            return True
        if agrees(item, _keys(passage)):
            return True
    return False


def over_limit(item: Item, folded: Folded, *, allowed: Allowed) -> str:
    """Why a discount is too high for the offers spoken of, "" where it is not."""
    if item.kind != "percentage":
        return ""
    offers = [one for one in _spoken_of(item, folded, allowed) if _is_offer(one)]
    if not offers:
        return ""
    most = max(offers, key=lambda one: one.discount_limit)
    if not most.discount_limit:
        return f"is in no offer: {most.title} allows no discount"
    return f"is over the limit of {most.discount_limit} % for {most.title}"


def states(body: str, words: str, *, allowed: Allowed) -> bool:
    """Whether a passage states the promise that `words` of the body make.

    The whole part of the sentence must rest on it, conditions and "not" included.
    """
    if not allowed.passages:
        return False
    passages = allowed.passages
    names = read(" ".join(allowed.names), allowed.language).keys
    holding = [body[a:b] for a, b in sentences(body) if words in body[a:b]]
    return bool(holding) and all(
        any(
            _borne_out(one, words, body, passage, names, allowed)
            for passage in passages
        )
        for one in holding
    )


def _borne_out(
    sentence: str,
    words: str,
    body: str,
    passage: Passage,
    names: frozenset[str],
    allowed: Allowed,
) -> bool:
    language = allowed.language
    context = Context(read(sentence, language), names, word_keys(body, language))
    found = [one for one in parts(sentence, language) if words in one.raw]
    source = of_passage(passage)
    return bool(found) and all(support(one, source, context) for one in found)


def _spoken_of(item: Item, folded: Folded, allowed: Allowed) -> Sequence[Passage]:
    """The passages that a sentence may take a figure from."""
    passages = allowed.passages
    if not passages or item.kind not in _PRICED:
        return passages
    articles = [one for one in passages if not _is_offer(one)]
    sentence = folded.sentence(item.start, item.end)
    named = _named(sentence, passages, allowed.language)
    if named:
        words = frozenset(w for one in named for w in _own_words(one, passages))
        about = (a for a in articles if not _words_of(a).isdisjoint(words))
        return [*named, *about]
    before, asked = folded.text[: item.start], "\n".join(allowed.said[:1])
    for text in (before, asked):
        named = _named(text, passages, allowed.language)
        if named:
            return [*named, *articles]
    offers = [one for one in passages if _is_offer(one)]
    return articles if len(offers) > 1 else passages


def _named(text: str, passages: tuple[Passage, ...], language: str) -> list[Passage]:
    """The offers whose own name a text holds."""
    words = word_keys(text, language)
    return [
        one
        for one in passages
        if _is_offer(one) and not _own_words(one, passages).isdisjoint(words)
    ]


@lru_cache(maxsize=256)
def _own_words(passage: Passage, passages: tuple[Passage, ...]) -> frozenset[str]:
    """The words of an offer's name that no other passage uses, or no other name."""
    mine = word_keys(passage.title, passage.language)
    others = [one for one in passages if one != passage]
    own = mine.difference(*(_words_of(one) for one in others))
    names = (word_keys(o.title, o.language) for o in others if _is_offer(o))
    return own or mine.difference(*names)


@lru_cache(maxsize=256)
def _words_of(passage: Passage) -> frozenset[str]:
    return word_keys(f"{passage.title}\n{passage.text}", passage.language)


def _is_offer(passage: Passage) -> bool:
    return passage.source.startswith("offer.")


def _within_limit(item: Item, passage: Passage) -> bool:
    values = [float(key[1]) for key in item.keys if key[0] == "p"]
    return any(0 < value <= passage.discount_limit for value in values)


@lru_cache(maxsize=256)
def _keys(passage: Passage) -> frozenset[Key]:
    source = of_passage(passage)
    lines = (key for line in source.lines for key in line.known)
    return frozenset(lines) | (source.head.known if source.head else frozenset())
