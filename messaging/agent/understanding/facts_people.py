"""Who the lead is: name, role, company, place, its systems, who decides."""

from __future__ import annotations

import re
from collections.abc import Iterator

from messaging.agent.understanding.facts_text import (
    Clause,
    Found,
    Message,
    Patterns,
    asks_like,
    group_span,
    negated,
    trimmed,
)

_STATE = re.compile(r", ?(?:[A-Z]{2,3}|[A-Z][a-z]{3,15})(?![\w])")
_JOINERS = frozenset(
    [
        "de",
        "la",
        "del",
        "van",
        "von",
        "der",
        "da",
        "dos",
        "du",
        "le",
        "di",
        "el",
        "al",
        "bin",
        "y",
        "e",
        "of",
        "&",
    ]
)


def _capitals(text: str, start: int, end: int) -> int:
    """End of the leading run of capitalised words."""
    stop = start
    for word in re.finditer(r"\S+", text[start:end]):
        plain = word.group().strip(".,;:!?'\"")
        if not plain or plain == "I":
            break
        if not (plain[0].isupper() or (plain[0].isdigit() and stop > start)):
            if plain.lower() not in _JOINERS or stop == start:
                break
            continue
        stop = start + word.end()
        if word.group()[-1] in ".!?" and len(word.group()) > 5:
            break
    return stop


def _proper(
    message: Message, start: int, end: int, banned: re.Pattern[str]
) -> tuple[int, int] | None:
    """The capitalised words of a span, or None where they are no name."""
    end = _capitals(message.text, start, end)
    start, end = trimmed(message.masked, start, end)
    first = message.masked[start:end].split(" ", maxsplit=1)[0]
    if end - start < 2 or banned.fullmatch(first):
        return None
    return start, end


def read_name(message: Message) -> Iterator[Found]:
    """The lead's own name, only where it is written as a name."""
    find, text, folded, parts = (
        message.find,
        message.text,
        message.masked,
        message.parts,
    )
    if find.cued("name", _whole(parts)) and not text.isupper():
        lines = [*parts, _block(folded)] if "\n" in folded else parts
        for clause in lines:
            for found in find("name", "find").finditer(clause.text):
                start, end = group_span(found, clause.start)
                if negated(find, clause, found.start()) or clause.asks:
                    continue
                name = name_span(find, text, folded, start, end)
                if name and (found["v"] or name == (start, end)):
                    sure = find.whole("name", "sure").match(found.group())
                    value = titled(text[name[0] : name[1]])
                    yield Found("name", value, *name, 0.95 if sure else 0.85)
                    return


def name_span(
    find: Patterns, text: str, folded: str, start: int, end: int
) -> tuple[int, int] | None:
    """The part of a span that is a person's name, or None."""
    end = _capitals(text, start, end)
    tail = find("name", "tail").search(folded, start, end)
    end = tail.start() if tail else end
    start, end = trimmed(folded, start, end)
    words = folded[start:end].split()
    plain = all(
        re.fullmatch(r"[^\W\d_][^\W\d_.'-]*(?:['.-][^\W\d_]*)*", w) for w in words
    )
    if not words or not plain or len(words) > 4 or len(words[0].strip(".")) < 2:
        return None
    if any(find.whole("name", "not_name").fullmatch(word) for word in words):
        return None
    return start, end


def titled(name: str) -> str:
    """The name with capitals where it was typed without or only with them."""
    return name.title() if name.islower() or name.isupper() else name


def _block(folded: str) -> Clause:
    """The last lines as one clause, where a signature stands."""
    begin = max(len(folded) - 200, 0)
    return Clause(begin, folded[begin:], frozenset(), False, len(folded))


def _whole(parts: list[Clause]) -> Clause:
    words = frozenset().union(*(clause.words for clause in parts))
    return Clause(0, "", words, False, 0)


def read_role(message: Message) -> Iterator[Found]:
    """The lead's job, as it says it."""
    find, text, parts = message.find, message.text, message.parts
    for clause in parts:
        if not find.cued("role", clause) or clause.asks:
            continue
        found = find("role", "find").search(clause.text)
        found = found or find("role", "find2").search(clause.text)
        if not found or negated(find, clause, found.start("v")):
            continue
        if find.whole("role", "not_role").search(found["v"]):
            continue
        start, end = trimmed(clause.text, *found.span("v"))
        start, end = start + clause.start, end + clause.start
        yield Found("role", text[start:end], start, end, 0.85)
        return


def read_company(message: Message, before: list[Found]) -> Iterator[Found]:
    """The lead's company: said so, or after its name or role, or by its legal form."""
    find, text, folded = message.find, message.text, message.masked
    for item in before:
        key = {"name": "after_name", "role": "after_role"}.get(item.field)
        found = key and find("company", key).search(folded[item.end : item.end + 80])
        if found:
            start, end = group_span(found, item.end)
            span = _proper(message, start, end, find.whole("name", "not_name"))
            if span:
                yield Found("company", text[slice(*span)], *span, 0.85)
                return
    for clause in message.parts:
        if not find.cued("company", clause) or clause.asks:
            continue
        for key, sure in (("find", 0.85), ("suffix", 0.75)):
            found = find("company", key).search(clause.text)
            if not found or negated(find, clause, found.start()):
                continue
            start, end = group_span(found, clause.start)
            span = _proper(message, start, end, find.whole("name", "not_name"))
            if span:
                yield Found("company", text[slice(*span)], *span, sure)
                return


def read_place(message: Message) -> Iterator[Found]:
    """Where the lead or its company is."""
    find, parts = message.find, message.parts
    for clause in parts:
        if not find.cued("location", clause) or clause.asks:
            continue
        found = find("location", "find").search(clause.text)
        if not found or negated(find, clause, found.start("v")):
            continue
        start, end = group_span(found, clause.start)
        span = _proper(message, start, end, find.whole("location", "not_place"))
        if span:
            state = _STATE.match(message.text, span[1])
            span = (span[0], state.end()) if state else span
            yield Found("location", message.text[slice(*span)], *span, 0.8)
            return


def read_solutions(message: Message) -> Iterator[Found]:
    """What they use today, and whom else they look at."""
    find, text, folded = message.find, message.text, message.masked
    for clause in message.parts:
        for field in ("current_solution", "competitor"):
            if not find.cued(field, clause):
                continue
            nothing = find("current_solution", "nothing").search(clause.text)
            if nothing and field == "current_solution" and not clause.asks:
                start, end = group_span(nothing, clause.start)
                value = find.word(field, "nothing_value")
                yield Found(field, value, start, end, 0.8)
                continue
            found = find(field, "find").search(clause.text)
            if not found or clause.asks or negated(find, clause, found.start()):
                continue
            if asks_like(find, clause):
                continue
            start, end = group_span(found, clause.start)
            known = find.whole("current_solution", "generic").match(folded, start, end)
            span = (
                (start, known.end())
                if known
                else _proper(message, start, end, find.whole("name", "not_name"))
            )
            if span:
                yield Found(field, text[slice(*span)], *span, 0.8)


def read_authority(message: Message) -> Iterator[Found]:
    """Who decides."""
    find, parts = message.find, message.parts
    for clause in parts:
        if not find.cued("authority", clause) or clause.asks:
            continue
        for key, sure in (
            ("not_me", 0.8),
            ("needs", 0.85),
            ("other", 0.85),
            ("with", 0.85),
            ("alone", 0.8),
        ):
            found = find("authority", key).search(clause.text)
            if not found or (key != "not_me" and negated(find, clause, found.start())):
                continue
            if key != "alone" and asks_like(find, clause):
                continue
            start, end = trimmed(clause.text, *found.span())
            low, high = group_span(found)
            value = find.word("authority", f"{key}_value")
            who = message.text[clause.start + low : clause.start + high]
            value = value.replace("{v}", who.strip())
            yield Found(
                "authority", value, start + clause.start, end + clause.start, sure
            )
            return


def read_urgency(message: Message) -> Iterator[Found]:
    """Whether it presses: high or low."""
    find, parts = message.find, message.parts
    for clause in parts:
        if not find.cued("urgency", clause) or clause.asks:
            continue
        for key in ("low", "high"):
            found = find("urgency", key).search(clause.text)
            denied = find.whole("common", "negation").search
            if not found or (key == "high" and denied(clause.text, 0, found.start())):
                continue
            start, end = group_span(found, clause.start)
            yield Found(
                "urgency", find.word("urgency", f"{key}_value"), start, end, 0.8
            )
            return
