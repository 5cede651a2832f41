"""What changes a figure or a statement: "from", "up to", "not", "usually", "if"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.values import Item, agrees
from messaging.agent.proving.sentences import clauses_of
from messaging.agent.proving.words import Reading, Term, book_of

_FIGURES = ("amount", "percentage", "number")
_BEFORE = 24  # characters in which a word may qualify the figure that follows
_OPEN_END = re.compile(
    r" ?(?:\+|or more|or above|and up|and above|o mas|ou plus|et plus|oder mehr|ou mais)"
)


@dataclass(frozen=True, slots=True)
class Group:
    """Days and times that belong together: "Mon-Fri 9-17"."""

    days: frozenset[Key]
    times: tuple[Item, ...]


def is_figure(item: Item) -> bool:
    """Whether "from" or "up to" before it would change what it says."""
    return item.kind in _FIGURES or any(key[0] == "d" for key in item.keys)


def bound(item: Item, reading: Reading) -> str:
    """For "from $12" and "$12 or more" it is "more", for "up to $12" "less"; or ""."""
    book = book_of(reading.language)
    before = reading.text[max(0, item.start - _BEFORE) : item.start].rstrip(" $€£")
    for name in ("less", "more"):  # "up to" ends as "to" would
        for found in book.pattern(name).finditer(before):
            if found.end() == len(before):
                return name
    after = reading.text[item.end : item.end + _BEFORE]
    return "more" if _OPEN_END.match(after) else ""


def same_bound(item: Item, part: Reading, lines: Sequence[Reading]) -> bool:
    """Whether a figure is as open or as fixed in the source as in the reply."""
    mine = bound(item, part)
    theirs = {
        bound(other, line)
        for line in lines
        for other in line.items
        if agrees(item, _wide(other))
    }
    if not theirs or mine in theirs:
        return True
    exact = item.kind in ("amount", "percentage")
    if "" in theirs:
        return mine == "less"  # "within 5 days" says no more than "5 days"
    return mine == "" and "less" in theirs and not exact


def _wide(item: Item) -> frozenset[Key]:
    plain = {("n", key[1]) for key in item.keys if key[0] in ("p", "m", "d")}
    return frozenset(item.keys | plain)


def same_groups(part: Reading, lines: Sequence[Reading]) -> bool:
    """Whether times are said of the days that the source says them of."""
    mine = [one for one in groups(part) if one.days and one.times]
    theirs = [group for line in lines for group in groups(line) if group.times]
    return all(
        any(_covers(other, group) for other in theirs)
        for group in mine
        if any(other.days for other in theirs)
    )


def _covers(theirs: Group, mine: Group) -> bool:
    times = frozenset(key for item in theirs.times for key in item.keys)
    fits = all(agrees(item, times) for item in mine.times)
    return fits and mine.days <= theirs.days


def groups(reading: Reading) -> Iterator[Group]:
    """A text's days and times in the order of reading, each with its own."""
    days, times, last = set[Key](), list[Item](), ""
    for item in reading.items:
        kind = _kind(item)
        if not kind:
            continue
        if days and times and kind != last:
            yield Group(frozenset(days), tuple(times))
            days, times = set(), []
        if kind == "day":
            days |= item.keys
        else:
            times.append(item)
        last = kind
    yield Group(frozenset(days), tuple(times))


def _kind(item: Item) -> str:
    heads = {key[0] for key in item.keys}
    if heads <= {"wd"} and heads:
        return "day"
    hours = [key[1] for key in item.keys if key[0] == "n"]
    bare = item.kind == "number" and "m" not in heads  # the 8 of "8-17 Uhr"
    if bare and all(isinstance(hour, float) and hour <= 24 for hour in hours):
        return "time"
    return "time" if "t" in heads else ""


def crossed(part: Reading, clauses: Sequence[Reading]) -> bool:
    """Whether a figure is given to a word that stands with other figures.

    Of "Team costs $12 and Business $20" nobody may say that Business costs $12.
    """
    glue = book_of(part.language).glue
    for item, terms in _belonging(part):
        with_figure = [
            clause
            for clause in clauses
            if any(is_figure(one) and one.kind == item.kind for one in clause.items)
        ]
        for term in terms:
            if not term.keys.isdisjoint(glue):
                continue
            near = [one for one in with_figure if not term.keys.isdisjoint(one.keys)]
            if near and not any(agrees(item, one.known) for one in near):
                return True
    return False


def _belonging(part: Reading) -> Iterator[tuple[Item, tuple[Term, ...]]]:
    """Each figure with the words of its own clause, else of the one before."""
    terms: tuple[Term, ...] = ()
    for clause in clauses_of(part):
        terms = clause.terms or terms
        for item in clause.items:
            if is_figure(item):
                yield item, terms
