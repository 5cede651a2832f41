"""Questions and articles as terms: folded, stemmed, without words that say nothing."""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from messaging.agent.phrases import LANGUAGES
from messaging.agent.stemming import stem_of

LONGEST_TERM = 40
_DATA = Path(__file__).with_name("data")
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u00b4`\u2032"))
# A letter and a word that are written as one word just as often: e-mail, t-shirt.
_HYPHENED = re.compile(r"\b([a-z])-(?=[a-z]{3})")
# The accents that decide a stem, where people leave them out.
_ENDINGS = {
    "es": (("cion", "ci\u00f3n"), ("sion", "si\u00f3n")),
    "pt": (("cao", "\u00e7\u00e3o"), ("coes", "\u00e7\u00f5es"), ("sao", "s\u00e3o")),
}
# French: l'abonnement, qu'il.
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|lorsqu|puisqu)['\u2019\u02bc](?=\w)", re.I)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


def fold(text: str) -> str:
    """Lower case, without accents and apostrophes; `e-mail` is one word."""
    text = text.translate(_APOSTROPHES)
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in spread if not unicodedata.combining(sign))
    return _HYPHENED.sub(r"\1", text.casefold())


def base_language(tag: str) -> str:
    """`"pt-BR"` as `"pt"`."""
    return tag.replace("_", "-").partition("-")[0].lower()


@cache
def _data(language: str) -> dict[str, Any]:
    if language not in LANGUAGES:
        return {}
    return tomllib.loads((_DATA / f"words_{language}.toml").read_text("utf-8"))


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of a language that carry no subject; none for one we do not know."""
    return frozenset(_data(language).get("stop", "").split())


def offer_phrasings(name: str, language: str) -> tuple[str, ...]:
    """How leads ask for the price of the offer `name`; none in a language that we
    do not know.
    """
    lines = _data(base_language(language)).get("offer", ())
    return tuple(line.replace("{name}", name) for line in lines)


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """The stem of a folded word; the word itself in a language that we do not know."""
    if language not in LANGUAGES or not word.isalpha():
        return word[:LONGEST_TERM]
    for bare, accented in _ENDINGS.get(language, ()):
        if word.endswith(bare):
            word = word[: -len(bare)] + accented
    return fold(stem_of(word, language))[:LONGEST_TERM] or word[:LONGEST_TERM]


def terms(text: str, language: str) -> tuple[str, ...]:
    """The stems of the words that carry the subject, in order, as often as they stand.

    All stems where no word carries one ("How does it work?"), so that such a question
    is found by its own words.
    """
    language = base_language(language)
    return tuple(stem(word, language) for word in telling(text, language))


def telling(text: str, language: str) -> list[str]:
    """The folded words that carry the subject; all words where none does."""
    language = base_language(language)
    if language == "fr":
        text = _ELISION.sub(" ", text)
    words = _WORD.findall(fold(text))
    stops = stop_words(language)
    return [word for word in words if word not in stops] or words


def questions(text: str) -> tuple[str, ...]:
    """The parts of a message that may be asked for: the whole of it, then each
    sentence with a question mark, where there is more around it.
    """
    whole = text.strip()
    asked = [s.strip() for s in _SENTENCE.findall(whole) if "?" in s]
    return tuple(dict.fromkeys((whole, *asked)))


def trigrams(folded: str) -> frozenset[str]:
    """The trigrams of a folded text, as pg_trgm takes them: two blanks before each
    word and one behind it.
    """
    found: set[str] = set()
    for word in _WORD.findall(folded):
        found |= word_trigrams(word)
    return frozenset(found)


@lru_cache(maxsize=20_000)
def word_trigrams(word: str) -> frozenset[str]:
    """The trigrams of one folded word."""
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two sets of trigrams are, 0 to 1, as pg_trgm counts it."""
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 0.0
