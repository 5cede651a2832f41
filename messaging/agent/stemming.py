"""The stems of words, by Snowball's rules for each language."""

import snowballstemmer

STEMMERS = {
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "de": "german",
    "pt": "portuguese",
    "it": "italian",
    "nl": "dutch",
}


def stem_of(word: str, language: str) -> str:
    """The stem of a lower-case word; the word itself in a language without rules.

    Safe in threads: a stemmer holds the word it works on, so each call has its own.
    """
    name = STEMMERS.get(language)
    return str(snowballstemmer.stemmer(name).stemWord(word)) if name else word
