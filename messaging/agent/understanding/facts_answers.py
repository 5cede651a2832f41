"""Short answers, read by the question that was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from messaging.agent.understanding.dates import read_when
from messaging.agent.understanding.facts_amounts import cut_need
from messaging.agent.understanding.facts_people import name_span, titled
from messaging.agent.understanding.facts_text import (
    Found,
    Message,
    Patterns,
    trimmed,
)
from messaging.agent.understanding.facts_timeline import describe
from messaging.agent.understanding.textfold import fold

_TEXT_FIELDS = ("company", "role", "location", "current_solution", "competitor")
# What may stand beside a need in one short answer.
_BUSINESS = frozenset({"need", "budget", "authority", "timeline"})
_WITH_NEED = frozenset({"quantity", "timeline", "urgency"})
_LONGEST_NEED = 12
_LONGEST = 6
_STEM = 5
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_CHANNELS = ("call", "text", "email")


def _core(find: Patterns, folded: str) -> tuple[int, int]:
    """The answer without "yes," and the like before it."""
    start, end = trimmed(folded, 0, len(folded))
    for _ in range(4):
        lead = find.whole("common", "yes").match(folded, start, end)
        if not lead or lead.end() >= end:
            break
        start, end = trimmed(folded, lead.end(), end)
    return start, end


def read_answer(message: Message, seen: set[str]) -> Iterator[Found]:
    """The whole message as the answer to the question, where it can be one."""
    find, text, asked = message.find, message.text, message.asked
    folded = message.folded
    if "?" in folded or len(folded) > 160:
        return
    start, end = _core(find, folded)
    words = folded[start:end].split()
    if not words or asked in seen:
        return
    if asked in _BUSINESS and "authority" not in seen:
        yield from _authority(message, start, end, sure=asked == "authority")
    if asked == "name":
        yield from _name(find, text, folded, start, end)
    elif asked == "contact_preference":
        yield from _channel(find, folded, start, end)
    elif asked == "quantity":
        yield from _quantity(find, folded, start, end)
    elif asked == "timeline":
        yield from _duration(message, start, end)
    elif asked == "need" and len(words) <= _LONGEST_NEED and seen <= _WITH_NEED:
        yield from _need(message, start, end, counted="quantity" in seen)
    elif asked in _TEXT_FIELDS and len(words) <= _LONGEST:
        yield from _words(find, text, folded, asked, start, end)


def _words(
    find: Patterns, text: str, folded: str, asked: str, start: int, end: int
) -> Iterator[Found]:
    answer = folded[start:end]
    if find.whole("common", "nothing").match(answer):
        return
    if find.whole("common", "negation").search(answer):
        return
    if find.whole("common", "question").match(answer):
        return
    if find.whole("common", "pronoun").search(answer):
        return
    start = _without(find, folded, asked, start, end)
    yield Found(asked, text[start:end], start, end, 0.6)


def _need(message: Message, start: int, end: int, *, counted: bool) -> Iterator[Found]:
    """A short phrase that names a thing people buy, or what we sell.

    Talk of any other kind is no need: a wrong one is worse than none.
    """
    find = message.find
    if find.whole("need", "chatter").search(message.folded, start, end):
        return
    if find.whole("common", "negation").search(message.folded, start, end):
        return
    _, end = cut_need(message, start, end)
    start = _without(find, message.folded, "need", start, end)
    answer, shown = message.folded[start:end], message.text[start:end]
    if find.whole("need", "no_start").match(answer) or "@" in answer:
        return
    if find("need", "block").match(answer) or not _LETTERS.search(answer):
        return
    ours = not _stems(message.sells).isdisjoint(_stems(answer))
    if counted or ours or find.whole("need", "thing").search(answer):
        yield Found("need", shown, start, end, 0.6)


@lru_cache(maxsize=64)
def _stems(text: str) -> frozenset[str]:
    """The begins of the longer words: "rents" and "rental" agree."""
    return frozenset(word[:_STEM] for word in _LONG_WORD.findall(fold(text)))


def _without(find: Patterns, folded: str, asked: str, start: int, end: int) -> int:
    """Where the answer begins after an article, or after "in" before a place."""
    key = "place" if asked == "location" else "article"
    lead = find.whole("common", key).match(folded, start, end)
    return trimmed(folded, lead.end(), end)[0] if lead and lead.end() < end else start


def _duration(message: Message, start: int, end: int) -> Iterator[Found]:
    """Read "2 weeks" as "in 2 weeks"."""
    find, answer = message.find, message.text[start:end]
    zone = message.now.tzinfo
    if len(answer.split()) > 4 or not isinstance(zone, ZoneInfo):
        return
    if find.whole("common", "negation").search(message.folded, start, end):
        return
    sentence = f"{find.word('common', 'in')} {answer}"
    whens = read_when(sentence, now=message.now, tz=zone, language=message.language)
    if len(whens) == 1 and whens[0].grain in ("day", "week", "month", "year"):
        yield Found("timeline", describe(whens[0], message.now), start, end, 0.8)


def _name(
    find: Patterns, text: str, folded: str, start: int, end: int
) -> Iterator[Found]:
    intro = find.whole("name", "intro").match(folded, start, end)
    if intro:
        start, end = trimmed(folded, intro.end(), end)
    if not 0 < len(folded[start:end].split()) <= 3 or end - start > 40:
        return
    if find.whole("common", "nothing").fullmatch(folded[start:end]):
        return
    capital = text[start:end].title()
    same = len(capital) == end - start
    shown = text[:start] + capital + text[end:] if same else text
    span = name_span(find, shown, folded, start, end)
    if span and span == (start, end):
        yield Found(
            "name",
            titled(text[start:end]),
            start,
            end,
            0.9 if text[start].isupper() else 0.7,
        )


def _authority(
    message: Message, start: int, end: int, *, sure: bool
) -> Iterator[Found]:
    """Read "just me"; "me" or "my boss" only where we asked who decides."""
    find, answer = message.find, message.folded[start:end]
    if not sure and " " not in answer:
        return
    if find("authority", "bare_alone").fullmatch(answer):
        value = find.word("authority", "alone_value")
        yield Found("authority", value, start, end, 0.85)
        return
    found = find("authority", "bare_other").fullmatch(answer)
    together = find.whole("authority", "together").search(answer)
    if found and (sure or together):
        who = message.text[start + found.start("v") : start + found.end("v")]
        value = find.word("authority", "bare_other_value").replace("{v}", who)
        yield Found("authority", value, start, end, 0.85)


def _channel(find: Patterns, folded: str, start: int, end: int) -> Iterator[Found]:
    tail = find.word("contact", "bare_tail")
    for channel in _CHANNELS:
        words = find.word("contact", f"bare_{channel}")
        if words and re.fullmatch(f"(?:{words})(?:{tail})", folded[start:end]):
            yield Found("contact_preference", channel, start, end, 0.85)
            return


def _quantity(find: Patterns, folded: str, start: int, end: int) -> Iterator[Found]:
    found = re.fullmatch(
        r"(?:\w+ ){0,2}?([0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]{1,6})(?: [^\W\d]+){0,3}",
        folded[start:end],
    )
    for value, words in find.table("number").items():
        if folded[start:end] in words.split("|"):
            yield Found("quantity", value, start, end, 0.8)
            return
    if found:
        low, high = found.start(1) + start, found.end(1) + start
        yield Found("quantity", re.sub("[.,]", "", found[1]), low, high, 0.8)
