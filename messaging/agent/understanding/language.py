"""Tells the language of a message from its script and its everyday words."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from messaging.agent.understanding.lexicon import LANGUAGES, lexicon
from messaging.agent.understanding.normalise import read_words

_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u3096\u30a1-\u30fa]")),
    ("ko", re.compile("[\uac00-\ud7a3\u1100-\u11ff]")),
    ("zh", re.compile("[\u4e00-\u9fff\u3400-\u4dbf]")),
    ("ar", re.compile("[\u0621-\u064a]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("el", re.compile("[\u03b1-\u03c9\u0391-\u03a9]")),
    ("th", re.compile("[\u0e01-\u0e5b]")),
    ("hi", re.compile("[\u0904-\u0939]")),
    ("uk", re.compile("[\u0456\u0457\u0454\u0491]")),
    ("ru", re.compile("[\u0430-\u044f\u0410-\u042f]")),
)
_LATIN = tuple(code for code in LANGUAGES if code not in ("zh", "ar"))
_SIGNS: tuple[tuple[re.Pattern[str], dict[str, float]], ...] = (
    (re.compile("[\xbf\xa1\xf1]"), {"es": 1.6}),
    (re.compile("[\xe3\xf5]"), {"pt": 1.6}),
    (re.compile("\xe7"), {"pt": 0.7, "fr": 0.7}),
    (re.compile("[\xe4\xf6\xfc]"), {"de": 1.0}),
    (re.compile("\xdf"), {"de": 2.0}),
    (re.compile("[\xe8\xf9]"), {"fr": 0.5, "it": 0.6}),
    (re.compile("[\xea\xe2\xf4]"), {"fr": 0.6, "pt": 0.6}),
    (re.compile("[\xee\xfb\u0153\xeb\xef]"), {"fr": 0.7, "nl": 0.3}),
    (re.compile("[\xf2\xec]"), {"it": 1.0}),
    (re.compile("[\xe1\xed\xf3\xfa]"), {"es": 0.6, "pt": 0.5}),
    (re.compile(r"\b[ldjmtsnc]['\u2019](?=[aeiou\xe9\xe8\xeah])", re.I), {"fr": 0.8}),
    (re.compile(r"(?:n['\u2019]t|['\u2019](?:m|re|ll|ve|d))\b", re.I), {"en": 1.2}),
)
_ENDINGS: tuple[tuple[str, dict[str, float]], ...] = (
    ("ing", {"en": 0.35}),
    ("tion", {"en": 0.15, "fr": 0.25}),
    ("cion", {"es": 0.7}),
    ("ciones", {"es": 0.7}),
    ("cao", {"pt": 0.7}),
    ("coes", {"pt": 0.7}),
    ("zione", {"it": 0.7}),
    ("zioni", {"it": 0.7}),
    ("ung", {"de": 0.5}),
    ("ungen", {"de": 0.6}),
    ("keit", {"de": 0.6}),
    ("lich", {"de": 0.5}),
    ("ieren", {"de": 0.5}),
    ("heid", {"nl": 0.6}),
    ("lijk", {"nl": 0.6}),
    ("ment", {"fr": 0.25, "en": 0.1}),
    ("mente", {"es": 0.3, "pt": 0.3, "it": 0.3}),
    ("ez", {"fr": 0.5}),
    ("aux", {"fr": 0.4}),
    ("eux", {"fr": 0.4}),
    ("dad", {"es": 0.5}),
    ("dade", {"pt": 0.6}),
    ("endo", {"es": 0.2, "pt": 0.2, "it": 0.2}),
)
_MOST_WORDS = 80
_LEAST_EVIDENCE = 0.5


def detect_language(text: str, *, fallback: str = "en") -> str:
    """ISO 639-1 code of the language the text is most likely in.

    `fallback` is answered when nothing tells, and wins when it is as likely as any.
    """
    words = read_words(text)
    if not any(word.isalpha() for word in words.folded):
        return fallback
    by_script = _by_script(text)
    if by_script:
        return by_script
    scores = score_languages(text)
    best = max(scores, key=lambda code: scores[code])
    if scores[best] < _LEAST_EVIDENCE:
        return fallback
    close = scores.get(fallback, 0.0) >= scores[best] - 0.05
    return fallback if close else best


@lru_cache(maxsize=4)
def score_languages(text: str) -> Mapping[str, float]:
    """How much speaks for each language written in Latin letters."""
    scores = dict.fromkeys(_LATIN, 0.0)
    weights = _weights()
    folded = read_words(text).folded[:_MOST_WORDS]
    for word in folded:
        known = weights.get(word)
        for code, weight in (known or _by_ending(word)).items():
            scores[code] += weight
    head = text[:600].lower()
    for sign, gains in _SIGNS:
        if sign.search(head):
            for code, gain in gains.items():
                scores[code] += gain
    return MappingProxyType(scores)


def _by_script(text: str) -> str:
    head = text[:600]
    counts = {code: len(script.findall(head)) for code, script in _SCRIPTS}
    latin = sum("a" <= sign.lower() <= "z" for sign in head)
    if counts["ja"] and counts["ja"] * 3 >= counts["zh"]:
        return "ja"
    best = max(counts, key=lambda code: counts[code])
    # One Chinese character says about as much as a short Latin word.
    weight = 3 if best in ("zh", "ja") else 1
    if counts[best] * weight <= latin:
        return ""
    return "uk" if best == "ru" and counts["uk"] else best


def _by_ending(word: str) -> dict[str, float]:
    if len(word) > 5:
        for ending, gains in _ENDINGS:
            if word.endswith(ending):
                return gains
    return {}


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    """Each everyday word with its weight; a word of several languages says less."""
    owners: dict[str, list[str]] = {}
    for code in _LATIN:
        for word in dict.fromkeys(lexicon(code).words("language", "words")):
            owners.setdefault(word, []).append(code)
    return {
        word: {code: _weight(word) / len(codes) for code in codes}
        for word, codes in owners.items()
    }


def _weight(word: str) -> float:
    return 0.6 if len(word) < 2 else 1.0
