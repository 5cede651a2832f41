"""Reads whether a lead wants no more messages.

A message that is nothing but a command word is a stop (CTIA's STOP, STOPALL,
UNSUBSCRIBE, END, QUIT, REVOKE, OPTOUT, CANCEL and their like in other languages), and
so is a plain sentence that asks for it in any language we keep words for. What may
or may not be meant so is a pause: nothing automatic goes out and a person is asked.
Quoted mail history and other people's "reply STOP to ..." footers are not looked at.
"""

import re
from collections.abc import Iterator, Sequence
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
_MOST_STOPS = 4
_CLEAR_SCORE = 2.0
_LEAST_SHARE = 0.15
_SHORT_LENGTH = 18
_FEW_WORDS = 12
_MARKS = frozenset(".,?")
_LATIN = "latin"
_SCRIPTS = {
    "zh": re.compile("[\u3400-\u9fff\uf900-\ufaff]"),
    "ar": re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufeff]"),
    _LATIN: re.compile("[a-zA-Z\xc0-\u024f\uff21-\uff5a]"),
}
_SENTENCE = re.compile(r"[^.?,]+")


@dataclass(frozen=True, slots=True)
class _Commands:
    """Words of one language that mean something by themselves."""

    code: str
    stop: frozenset[str]
    pause: frozenset[str]
    opt_in: frozenset[str]
    yes: frozenset[str]
    help: frozenset[str]
    never: frozenset[str]
    fillers: frozenset[str]


@lru_cache(maxsize=1)
def _all_commands() -> tuple[_Commands, ...]:
    def words(lexicon: Lexicon, *names: str) -> frozenset[str]:
        found = (word for name in names for word in lexicon.words("commands", name))
        return frozenset(found)

    return tuple(
        _Commands(
            code=lexicon.code,
            stop=words(lexicon, "stop"),
            pause=words(lexicon, "pause"),
            opt_in=words(lexicon, "opt_in", "opt_in_yes"),
            yes=words(lexicon, "opt_in_yes"),
            help=words(lexicon, "help"),
            never=words(lexicon, "never"),
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
    seen = [_Seen(words, lexicon) for lexicon in _likely_languages(text)]
    for one in seen:
        reading = _read_plain(one)
        if reading.decision is OptOut.STOP:
            return reading
        paused = paused if paused is not _NO else reading
    if paused is not _NO:
        return paused
    hidden = set().union(*(one.hidden for one in seen))
    readings = [_read_unclear(one.without(hidden)) for one in seen]
    found = [reading for reading in readings if reading is not _NO]
    stops = [reading for reading in found if reading.decision is OptOut.STOP]
    return next(iter(stops + found), _NO)


def is_opt_in(text: str) -> bool:
    """START, UNSTOP, YES and their like, alone."""
    return "?" not in read_words(text).folded and _is_command(text, "opt_in")


def is_yes_command(text: str) -> bool:
    """YES and its like, alone: an opt-in to who opted out, an answer to others."""
    return _is_command(text, "yes")


def is_help(text: str) -> bool:
    """HELP, INFO and their like, alone."""
    return _is_command(text, "help")


def help_language(text: str) -> str:
    """The one language whose word for HELP this is, "" for English or several."""
    said = list(_command_languages(text, "help"))
    return said[0] if len(said) == 1 and said != ["en"] else ""


def _is_command(text: str, name: str) -> bool:
    return any(_command_languages(text, name))


def _command_languages(text: str, name: str) -> Iterator[str]:
    folded = read_words(text).folded
    return (
        known.code
        for known in _all_commands()
        if not getattr(known, name).isdisjoint(_command_forms(folded, known.fillers))
    )


def _likely_languages(text: str) -> tuple[Lexicon, ...]:
    """The languages written in a script the text uses, but those of which it shows next
    to no word while it clearly is in another.
    """
    scores = score_languages(text)
    best = max(scores.values())
    least = best * _LEAST_SHARE if best >= _CLEAR_SCORE else 0.0
    used = {code for code, letters in _SCRIPTS.items() if letters.search(text)}
    return tuple(
        lexicon
        for lexicon in lexicons()
        if (lexicon.code if lexicon.code in _SCRIPTS else _LATIN) in used
        and scores.get(lexicon.code, best) >= least
    )


def _read_command(words: Words) -> OptOutReading | None:
    """A decision when the whole message is one phrase we keep, or None."""
    paused = None
    plain = " ".join(word for word in words.folded if word not in _MARKS)
    if any(plain in known.never for known in _all_commands()):
        return _NO
    for known in _all_commands():
        forms = _command_forms(words.folded, known.fillers)
        if not known.stop.isdisjoint(forms) or _only_stops(forms, known.stop):
            return OptOutReading(OptOut.STOP, _command_word(words, known.fillers))
        if paused is None and not known.pause.isdisjoint(forms):
            word = _command_word(words, known.fillers)
            paused = OptOutReading(OptOut.PAUSE, word)
    return paused


def _only_stops(forms: Sequence[str], stops: frozenset[str]) -> bool:
    """Whether a short message has nothing but command words ("cancel, stop")."""
    own = forms[1].split() if len(forms) > 1 else []
    return 1 < len(own) <= _MOST_STOPS and all(word in stops for word in own)


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


class _Seen:
    """A text as one language reads it: folded, spelled out, ordinary uses hidden."""

    def __init__(
        self, words: Words, lexicon: Lexicon, joined: str | None = None
    ) -> None:
        self.words = words
        self.lexicon = lexicon
        self.joined = lexicon.joined(words) if joined is None else joined
        self.worth = len(words.folded) <= _FEW_WORDS or bool(self.search("triggers"))
        if joined is None and self.worth:
            self.joined = _without_innocent(self.joined, lexicon)

    def search(self, name: str) -> re.Match[str] | None:
        return self.lexicon.pattern("optout", name).search(self.joined)

    @property
    def hidden(self) -> set[int]:
        """Which words are in ordinary use here."""
        return {i for i, word in enumerate(self.joined.split()) if word == "_"}

    def without(self, hidden: set[int]) -> "_Seen":
        """The same with these words hidden too: another language knows their use."""
        if not self.worth or hidden == self.hidden:
            return self
        own = enumerate(self.joined.split())
        kept = " ".join("_" if i in hidden else word for i, word in own)
        return _Seen(self.words, self.lexicon, f" {kept} ")

    def quote(self, match: re.Match[str]) -> str:
        """The lead's own words behind a match."""
        start = match.start()
        start += self.joined[start] == " "
        return self.words.quote(self.joined, start, match.end())


def _read_plain(seen: _Seen) -> OptOutReading:
    stop = seen.search("stop") if seen.worth else None
    if not stop:
        return _NO
    softened = seen.search("softeners")
    decision = OptOut.PAUSE if softened else OptOut.STOP
    return OptOutReading(decision, seen.quote(stop))


def _read_unclear(seen: _Seen) -> OptOutReading:
    if not seen.worth:
        return _NO
    alone = _read_lone_sentence(seen.words, seen.joined, seen.lexicon)
    if alone is not _NO:
        return alone
    pause = seen.search("pause") or _read_short(seen.joined, seen.lexicon)
    return OptOutReading(OptOut.PAUSE, seen.quote(pause)) if pause else _NO


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


def _read_lone_sentence(words: Words, joined: str, lexicon: Lexicon) -> OptOutReading:
    """A command word as the first or last sentence of a longer message."""
    known, unsure = (lexicon.words("optout", name) for name in ("lone", "lone_unsure"))
    commands = lexicon.words("commands", "stop")
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
        meant = text in unsure or (cue is not None and text in commands)
        if text not in known and (not meant or asked):
            continue
        quote = words.quote(joined, match.start() + 1, match.end() - 1)
        sure = text in known and (cue or (at == -1 and quote.isupper()))
        return OptOutReading(OptOut.STOP if sure else OptOut.PAUSE, quote)
    return _NO


def _stripped(sentence: str, lexicon: Lexicon) -> str:
    return " ".join(w for w in sentence.split() if w not in lexicon.fillers)
