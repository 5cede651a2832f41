"""Budget, need and quantity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

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
from messaging.agent.understanding.money import Amount, parse_number

_BARE = re.compile(
    r"(?<![\w.,/:#+-])(?:[0-9]{1,3}(?:[,. ][0-9]{3})+|[0-9]{2,9})(?![\w:%]|/(?!\w)|[.,/][0-9])"
)
_ONE_WORD = 12
_SMALLEST = 50  # a bare figure under this is hardly a budget


def _money_text(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")) if value % 1 else int(value))


def _per(find: Patterns, tail: str) -> tuple[str, int]:
    """Read "per month" and how many characters say so."""
    found = find("budget", "per").match(tail)
    if not found:
        return "", 0
    word = found[1] or found[2]
    for unit, words in find.table("per_unit").items():
        if word in words.split("|"):
            return f" per {unit}", found.end()
    return "", 0


def _bound(find: Patterns, before: str, after: str) -> str:
    capped = find.whole("budget", "up_to").search(before)
    if capped or find.whole("budget", "up_to_after").match(after.lstrip()):
        return "up to "
    if find.whole("budget", "at_least").search(before):
        return "at least "
    return ""


def _budget_value(
    find: Patterns, folded: str, amounts: list[Amount]
) -> tuple[str, int, int]:
    """Canonical value and the span of its quote."""
    first, last = amounts[0], amounts[-1]
    joined = len(amounts) > 1 and len(folded[first.end : amounts[1].start]) <= 12
    last = amounts[1] if joined else first
    per, length = _per(find, folded[last.end : last.end + 16])
    low, high = _money_text(first.value), _money_text(last.value)
    figure = f"{low}-{high}" if joined and low != high else high
    before = folded[max(first.start - 22, 0) : first.start]
    after = folded[last.end + length : last.end + length + 12]
    bound = "" if joined else _bound(find, before, after)
    currency = first.currency or last.currency
    value = f"{bound}{figure} {currency}".strip() + per
    return value, first.start, last.end + length


def _bare_amounts(message: Message, clause: Clause, start: int) -> list[Amount]:
    """A plain figure ("budget is 20000") as an amount."""
    for found in _BARE.finditer(message.masked, clause.start + start, clause.end):
        value = parse_number(found.group())
        is_year = 1990 <= value < 2100 and value % 100 and found.group().isdigit()
        if value >= _SMALLEST and not is_year:
            low, high = found.span()
            return [Amount(value, message.currency, low, high, Decimal(1), False)]
    return []


def read_budget(message: Message) -> Iterator[Found]:
    """What the lead can or will spend; prices it asks about are not a budget."""
    find, asked = message.find, message.asked == "budget"
    for clause in message.parts:
        none = find("budget", "none").search(clause.text)
        if none and not clause.asks:
            start, end = none.start() + clause.start, none.end() + clause.start
            yield Found("budget", find.word("budget", "none_value"), start, end, 0.8)
            continue
        trigger = find.whole("budget", "trigger").search(clause.text)
        own = find.whole("budget", "own").search(clause.text)
        bare = not clause.asks and _only_amount(message, clause)
        if not (trigger or asked or bare or (own and message.amounts)):
            continue
        inside = _inside(message, clause, trigger.start() if trigger else 0)
        if not inside or _not_budget(find, clause, inside[0], bool(trigger)):
            continue
        value, start, end = _budget_value(find, message.folded, inside)
        sure = 0.95 if trigger else 0.9 if asked else 0.75
        yield Found("budget", value, start, end, sure)


def _only_amount(message: Message, clause: Clause) -> bool:
    """Read "around 5k a month" beside a need or after a question of ours."""
    find, text = message.find, clause.text
    inside = _inside(message, clause, 0)
    if not 1 <= len(inside) <= 2 or not (message.asked or _names_need(message)):
        return False
    if not message.amounts and not find("budget", "per").match(
        text, inside[0].end - clause.start
    ):
        return False  # a plain figure is money only by the month or the like
    first, last = inside[0].start - clause.start, inside[-1].end - clause.start
    around = [find.whole("budget", key) for key in ("hedge", "up_to", "up_to_after")]
    rest = [text[:first], find("budget", "per").sub(" ", text[last:])]
    for piece in rest:
        for pattern in around:
            piece = pattern.sub(" ", piece)
        if piece.strip(" ~.,!+-"):
            return False
    return True


def _names_need(message: Message) -> bool:
    return any(True for _ in read_need(message))


def _inside(message: Message, clause: Clause, start: int) -> list[Amount]:
    """The clause's amounts, else its plain figures."""
    inside = [a for a in message.amounts if clause.start <= a.start < clause.end]
    if inside:
        return inside
    return _bare_amounts(message, clause, start)


def _not_budget(find: Patterns, clause: Clause, amount: Amount, trigger: bool) -> bool:
    if find.whole("budget", "exclude").search(clause.text):
        return True
    if negated(find, clause, amount.start - clause.start):
        return not find.whole("budget", "up_to").search(clause.text)
    asks = clause.asks or asks_like(find, clause)
    if asks and not find.whole("budget", "word").search(clause.text):
        return True
    return not trigger and bool(find.whole("budget", "price").search(clause.text))


def _after_time(message: Message, start: int, end: int) -> int:
    """Past a time that comes first: "we need from March a room for 8"."""
    for placed in message.whens:
        before = message.folded[start : placed.start]
        first = len(before) <= _ONE_WORD and len(before.split()) <= 1
        if first and start <= placed.start < placed.end < end - 4:
            return placed.end
    return start


def cut_need(message: Message, start: int, end: int) -> tuple[int, int]:
    """A noun phrase without lead-in, times, amounts and what follows them."""
    find, folded = message.find, message.folded
    start = _after_time(message, start, end)
    marks = [placed.start for placed in message.whens]
    marks += [amount.start for amount in message.amounts]
    end = min([end, *(mark for mark in marks if start < mark)])
    stop = find("need", "stop").search(folded, start, end)
    if stop and stop.start() > start:
        end = stop.start()
    start, end = trimmed(folded, start, end)
    for _ in range(4):
        lead = find.whole("need", "lead_in").match(folded, start, end)
        if not lead or lead.end() >= end:
            break
        start = lead.end()
        start, end = trimmed(folded, start, end)
    tail = find("need", "tail").search(folded, start, end)
    if tail and tail.start() > start:
        end = tail.start()
    return trimmed(folded, start, end)


def read_need(message: Message) -> Iterator[Found]:
    """What the lead wants, as a short noun phrase or goal."""
    find, folded = message.find, message.folded
    for clause in message.parts:
        if not find.cued("need", clause):
            continue
        for key, sure in (("goal", 0.8), ("find", 0.85), ("other", 0.75)):
            found = find("need", key).search(clause.text)
            if not found or _doubtful(find, clause, found, key):
                continue
            start, end = group_span(found, clause.start)
            start, end = cut_need(message, start, end)
            block = find("need", "block").match(folded, start, end)
            if end - start < 3 or (block and key != "goal"):
                continue
            value = message.text[start:end]
            if key == "goal":
                value = re.sub(r"^[Tt][Oo] ", "", value)
            yield Found("need", value, start, end, sure)
            break


def _doubtful(find: Patterns, clause: Clause, found: re.Match[str], key: str) -> bool:
    at, _ = group_span(found)
    if find.whole("common", "negation").search(clause.text, 0, at):
        return True
    if find("need", "exclude").search(clause.text):
        return True
    if key == "goal" and find("need", "empty_goal").match(clause.text, at):
        return True
    return key != "other" and asks_like(find, clause)


def read_quantity(message: Message, needs: list[Found]) -> Iterator[Found]:
    """How many: "40 seats" of a need, a team's size, or a bare answer."""
    find, asked = message.find, message.asked in ("quantity", "need")
    for clause in message.parts:
        inside = any(clause.start <= n.start < clause.end for n in needs)
        for key in ("find", "team"):
            found = find("quantity", key).search(clause.text)
            if not found or negated(find, clause, found.start()):
                continue
            whole = _bare(find, clause) == found.group()
            if not (inside or asked or key == "team" or whole):
                continue
            start, end = group_span(found, clause.start)
            yield Found("quantity", _count(find, _figure(found)), start, end, 0.85)
            break


def _figure(found: re.Match[str]) -> str:
    """The count itself: group n, or m where a language has two ways."""
    return str(found["n"] or found["m"])


def _bare(find: Patterns, clause: Clause) -> str:
    """The clause without "about", "around" and the like before it."""
    text = clause.text
    for _ in range(3):
        lead = find.whole("need", "lead_in").match(text)
        if not lead:
            break
        text = text[lead.end() :].lstrip()
    return text.rstrip(" .,!")


def _count(find: Patterns, raw: str) -> str:
    for value, words in find.table("number").items():
        if raw in words.split("|"):
            return value
    return re.sub(r"[.,]", "", raw)
