"""Reads whether a lead wants no more messages.

A message that is nothing but a command word is a stop (CTIA's STOP, STOPALL,
UNSUBSCRIBE, END, QUIT, REVOKE, OPTOUT, CANCEL and their like in other languages), and
so is a plain sentence that asks for it in any language we keep words for. What may
or may not be meant so is a pause: nothing automatic goes out and a person is asked.
Quoted mail history and other people's "reply STOP to ..." footers are not looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from messaging.agent.understanding.language import score_languages
from messaging.agent.understanding.lexicon import Lexicon, lexicons
from messaging.agent.understanding.normalise import Words, read_words


class OptOut(StrEnum):
    """What a message means for further messages to its sender."""

    STOP = "stop"
    PAUSE = "pause"
    NO = "no"


@dataclass(frozen=True, slots=True)
class OptOutReading:
    """A decision with the lead's own words that made it, verbatim, or ""."""

    decision: OptOut
    word: str


_NO = OptOutReading(OptOut.NO, "")
_MOST_COMMAND_WORDS = 8
_CLEAR_SCORE = 2.0
_LEAST_SHARE = 0.15
_SHORT_LENGTH = 14
_FEW_WORDS = 12
_MARKS = frozenset(".,?")
_SENTENCE = re.compile(r"[^.?,]+")


@dataclass(frozen=True, slots=True)
class _Commands:
    """Words of one language that mean something by themselves."""

    stop: frozenset[str]
    pause: frozenset[str]
    opt_in: frozenset[str]
    yes: frozenset[str]
    help: frozenset[str]
    fillers: frozenset[str]


@lru_cache(maxsize=1)
def _all_commands() -> tuple[_Commands, ...]:
    def words(lexicon: Lexicon, *names: str) -> frozenset[str]:
        found = (word for name in names for word in lexicon.words("commands", name))
        return frozenset(found)

    return tuple(
        _Commands(
            stop=words(lexicon, "stop"),
            pause=words(lexicon, "pause"),
            opt_in=words(lexicon, "opt_in", "opt_in_yes"),
            yes=words(lexicon, "opt_in_yes"),
            help=words(lexicon, "help"),
            fillers=lexicon.fillers,
        )
        for lexicon in lexicons()
    )


@lru_cache(maxsize=4)
def read_opt_out(text: str) -> OptOutReading:
    """Decide for one message, whatever its language; quick enough for every one."""
    words = read_words(text)
    if not words.folded:
        return _NO
    command = _read_command(words)
    if command is not None:
        return command
    paused = _NO
    for lexicon in _likely_languages(text):
        reading = _read_sentences(words, lexicon)
        if reading.decision is OptOut.STOP:
            return reading
        if paused is _NO:
            paused = reading
    return paused


def is_opt_in(text: str) -> bool:
    """START, UNSTOP, YES and their like, alone."""
    return "?" not in read_words(text).folded and _is_command(text, "opt_in")


def is_yes_command(text: str) -> bool:
    """YES and its like, alone: an opt-in to who opted out, an answer to others."""
    return _is_command(text, "yes")


def is_help(text: str) -> bool:
    """HELP, INFO and their like, alone."""
    return _is_command(text, "help")


def _is_command(text: str, name: str) -> bool:
    folded = read_words(text).folded
    return any(
        not getattr(known, name).isdisjoint(_command_forms(folded, known.fillers))
        for known in _all_commands()
    )


def _likely_languages(text: str) -> tuple[Lexicon, ...]:
    """All languages, but those of which a text shows next to no word while it clearly is in
    another; Chinese and Arabic show by their own letters.
    """
    scores = score_languages(text)
    best = max(scores.values())
    if best < _CLEAR_SCORE:
        return lexicons()
    least = best * _LEAST_SHARE
    return tuple(lex for lex in lexicons() if scores.get(lex.code, best) >= least)


def _read_command(words: Words) -> OptOutReading | None:
    paused = None
    for known in _all_commands():
        forms = _command_forms(words.folded, known.fillers)
        if not known.stop.isdisjoint(forms):
            return OptOutReading(OptOut.STOP, _command_word(words, known.fillers))
        if paused is None and not known.pause.isdisjoint(forms):
            word = _command_word(words, known.fillers)
            paused = OptOutReading(OptOut.PAUSE, word)
    return paused


def _command_word(words: Words, fillers: frozenset[str]) -> str:
    own = [
        span
        for word, span in zip(words.folded, words.spans, strict=True)
        if word not in fillers and word[0].isalnum()
    ] or list(words.spans)
    return words.raw[own[0][0] : own[-1][1]]


def _command_forms(folded: Sequence[str], fillers: frozenset[str]) -> list[str]:
    """Ways to see a short message as one command: as it is, without polite words,
    without repeats, with drawn-out letters shortened, with spread letters joined.
    """
    if not folded or len(folded) > _MOST_COMMAND_WORDS * 2:
        return []
    plain = [word for word in folded if word not in _MARKS]
    own = [w for w in plain if w not in fillers and w[0].isalnum()]
    if len(own) > _MOST_COMMAND_WORDS:
        return []
    forms = [" ".join(plain), " ".join(own), " ".join(dict.fromkeys(own))]
    forms.append(re.sub(r"(.)\1+", r"\1", forms[-1]))
    forms.append(" ".join(word for word in plain if word not in fillers))
    if len(plain) > 2 and all(len(word) == 1 for word in plain):
        forms.append("".join(plain))
    if len(own) == 2:
        forms.append("".join(own))
    return [form for form in forms if form]


def _read_sentences(words: Words, lexicon: Lexicon) -> OptOutReading:
    joined = lexicon.joined(words)
    triggers = lexicon.pattern("optout", "triggers")
    if len(words.folded) > _FEW_WORDS and not triggers.search(joined):
        return _NO
    joined = _without_innocent(joined, lexicon)
    stop = lexicon.pattern("optout", "stop").search(joined)
    if stop:
        softened = lexicon.pattern("optout", "softeners").search(joined)
        decision = OptOut.PAUSE if softened else OptOut.STOP
        return OptOutReading(decision, _quoted(words, joined, stop))
    alone = _read_lone_sentence(words, joined, lexicon)
    if alone.decision is not OptOut.NO:
        return alone
    pause = lexicon.pattern("optout", "pause").search(joined)
    pause = pause or _read_short(joined, lexicon)
    if pause:
        return OptOutReading(OptOut.PAUSE, _quoted(words, joined, pause))
    return _NO


def _read_short(joined: str, lexicon: Lexicon) -> re.Match[str] | None:
    """A word of ceasing and a word of contact in a few words, whatever the grammar."""
    length = len(joined) if not lexicon.separated else len(joined.split()) * 2
    if length > _SHORT_LENGTH or "?" in joined:
        return None
    verb = lexicon.pattern("optout", "short_verbs").search(joined)
    object_ = lexicon.pattern("optout", "short_objects").search(joined)
    if not verb or not object_ or lexicon.pattern("optout", "limits").search(joined):
        return None
    return verb


def _without_innocent(joined: str, lexicon: Lexicon) -> str:
    """Ordinary uses of the words ("stop by", "reply STOP to ...") put out of sight;
    the number of words stays the same, so positions can still be quoted.
    """
    pattern = lexicon.pattern("optout", "innocent")
    return pattern.sub(lambda match: re.sub(r"[^ ]+", "_", match.group()), joined)


def _quoted(words: Words, joined: str, match: re.Match[str]) -> str:
    start = match.start()
    return words.quote(joined, start + (joined[start] == " "), match.end())


def _read_lone_sentence(words: Words, joined: str, lexicon: Lexicon) -> OptOutReading:
    """A command word as the first or last sentence of a longer message."""
    known, unsure = (lexicon.words("optout", name) for name in ("lone", "lone_unsure"))
    sentences = [
        (match, text)
        for match in _SENTENCE.finditer(joined)
        if (text := _stripped(match.group(), lexicon))
    ]
    cue = lexicon.pattern("optout", "cues").search(joined)
    mere_words = len(sentences) > 2 and all(" " not in text for _, text in sentences)
    if len(sentences) < 2 or (mere_words and not cue):
        return _NO
    for at in (-1, 0):
        match, text = sentences[at]
        asked = joined[match.end() : match.end() + 1] == "?"
        if text not in known and (text not in unsure or asked):
            continue
        quote = words.quote(joined, match.start() + 1, match.end() - 1)
        sure = text in known and (cue or (at == -1 and quote.isupper()))
        return OptOutReading(OptOut.STOP if sure else OptOut.PAUSE, quote)
    return _NO


def _stripped(sentence: str, lexicon: Lexicon) -> str:
    return " ".join(w for w in sentence.split() if w not in lexicon.fillers)
