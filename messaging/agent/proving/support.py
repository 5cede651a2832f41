"""Whether a part of a sentence says no more than lines of one source say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from messaging.agent.guarding.readings import Key
from messaging.agent.guarding.values import Item, agrees, keys_of
from messaging.agent.proving.bends import counts, is_bent
from messaging.agent.proving.qualifiers import (
    bound,
    crossed,
    is_figure,
    same_bound,
    same_groups,
)
from messaging.agent.proving.sources import Line, Source, bare, money
from messaging.agent.proving.words import Reading, book_of, read, supported

_MOST_LINES = 12  # lines of a source that are tried in pairs


@dataclass(frozen=True, slots=True)
class Context:
    """The sentence around a part, the names that may stand anywhere in it, and the
    words of the whole reply.
    """

    sentence: Reading
    names: frozenset[str]
    reply: frozenset[str] = frozenset()


def support(part: Reading, source: Source, context: Context) -> str:
    """The source's own words that bear the part out, "" when none do.

    All its words must stand in one line (in two, where no figure and no promise is
    made) or in the source's name; figures, "not", "from", "usually", "all" and "if"
    must be as they are there.
    """
    part = _in_its_own_words(part, source)
    if not part.terms and not part.items:
        return ""
    if not _may_be(part, source, context):
        return ""
    mine = bare(part.raw)
    for line in source.lines:
        if mine == bare(line.reading.raw):
            return line.reading.raw  # word for word, nothing left out
    for lines in _choices(part, source):
        if _covered(part, lines, source, context) and _unchanged(
            part, lines, source, context
        ):
            return " ".join(line.reading.raw for line in lines)
    return ""


def _may_be(part: Reading, source: Source, context: Context) -> bool:
    """Whether a source has all words of a part anywhere: cheap, and most have not."""
    wide = source.keys | source.labels | context.names
    glue = book_of(part.language).glue
    return all(
        supported(term, wide, part.language) or not term.keys.isdisjoint(glue)
        for term in part.terms
    )


def _in_its_own_words(part: Reading, source: Source) -> Reading:
    """A verbatim quotation is read in the language of its source."""
    if part.language != source.language and bare(part.raw) in source.bare:
        return read(part.raw, source.language)
    return part


def _choices(part: Reading, source: Source) -> Iterator[tuple[Line, ...]]:
    yield from ((line,) for line in source.lines)
    # Two lines put together may say what neither says: never with a figure.
    if _commits(part) or counts(part):
        return
    near = [line for line in source.lines if _overlaps(part, line.reading)]
    yield from combinations(near[:_MOST_LINES], 2)


def _commits(part: Reading) -> bool:
    money = any(item.kind in ("amount", "percentage") for item in part.items)
    return money or part.has("commit")


def _overlaps(part: Reading, other: Reading) -> bool:
    if any(not term.keys.isdisjoint(other.keys) for term in part.terms):
        return True
    return any(agrees(item, other.known) for item in part.items)


def _covered(
    part: Reading, lines: Sequence[Line], source: Source, context: Context
) -> bool:
    body = frozenset(key for line in lines for key in line.reading.keys)
    known = frozenset(key for line in lines for key in line.known)
    head = source.head.keys if source.head else frozenset()
    wide = body | head | source.labels | context.names
    glue = book_of(part.language).glue
    if not all(
        supported(term, wide, part.language) or not term.keys.isdisjoint(glue)
        for term in part.terms
    ):
        return False
    if source.head:
        known |= source.head.known
    if not all(_stated(item, known, lines) for item in part.items):
        return False
    return _has_evidence(part, body, lines, source)


def _stated(item: Item, known: frozenset[Key], lines: Sequence[Line]) -> bool:
    if agrees(item, known):
        return True
    if item.kind != "percentage":
        return False
    most = max((line.limit for line in lines), default=0)
    return any(key[0] == "p" and 0 < float(key[1]) <= most for key in item.keys)


def _has_evidence(
    part: Reading, body: frozenset[str], lines: Sequence[Line], source: Source
) -> bool:
    """Whether the lines themselves say something of it, not the question alone."""
    if part.items or any(not term.keys.isdisjoint(body) for term in part.terms):
        return _fits_answer(part, body, source)
    if any(supported(term, body, part.language) for term in part.terms):
        return True
    if source.is_offer:
        return source.head is not None and _names(part, source.head)
    first = source.lines and lines[0] is source.lines[0]
    polarity = "no" if part.has("negation") else "yes"
    return bool(first) and source.answer == polarity


def _names(part: Reading, head: Reading) -> bool:
    return any(not term.keys.isdisjoint(head.keys) for term in part.terms)


def _fits_answer(part: Reading, body: frozenset[str], source: Source) -> bool:
    """Words that only the question has are denied after "no" and stated after "yes"."""
    if not source.answer or source.head is None:
        return True
    if part.has("negation") == (source.answer == "no"):
        return True
    head = source.head.keys
    asked = [term for term in part.terms if not term.keys.isdisjoint(head)]
    return all(not term.keys.isdisjoint(body) for term in asked)


def _unchanged(
    part: Reading, lines: Sequence[Line], source: Source, context: Context
) -> bool:
    near = [c for line in lines for c in _near(part, line)]
    whole = [line.reading for line in lines]
    said = context.sentence
    if not _same_answer(part, near, lines, source):
        return False
    if not any(line.limit for line in lines) and is_bent(part, near, said):
        return False
    if part.has("universal") and not any(line.has("universal") for line in whole):
        return False
    if any(clause.has("hedge") for clause in near) and not said.has("hedge"):
        return False
    if not all(line.limit or _same_bounds(part, line.reading) for line in lines):
        return False
    if not same_groups(part, whole):
        return False
    if not any(line.limit for line in lines) and crossed(part, near):
        return False
    return not _commits(part) or _keeps_terms(part, near, lines, source, context)


def _same_answer(
    part: Reading, near: Sequence[Reading], lines: Sequence[Line], source: Source
) -> bool:
    """Whether "not" stands in both or in neither; "no" to a question counts as one."""
    denies = part.has("negation")
    found = [clause.has("negation") for clause in near]
    if all(one == denies for one in found) or (
        len(lines) == 1 and denies == any(found)
    ):
        return True
    if not denies or source.answer != "no" or source.head is None:
        return False
    return lines[0] is source.lines[0] and _names(part, source.head)


def _near(part: Reading, line: Line) -> list[Reading]:
    """The clauses of a line that speak of what the part speaks of."""
    found = [clause for clause in line.clauses if _overlaps(part, clause)]
    return found or list(line.clauses)


def _nearest(part: Reading, near: Sequence[Reading]) -> list[Reading]:
    """The clauses that have most in common with a part."""
    shared = [
        sum(not term.keys.isdisjoint(clause.keys) for term in part.terms)
        + sum(agrees(item, clause.known) for item in part.items)
        for clause in near
    ]
    return [c for c, n in zip(near, shared, strict=True) if n == max(shared)]


def _same_bounds(part: Reading, line: Reading) -> bool:
    return all(same_bound(item, part, [line]) for item in part.items if is_figure(item))


def _keeps_terms(
    part: Reading,
    near: Sequence[Reading],
    lines: Sequence[Line],
    source: Source,
    context: Context,
) -> bool:
    """Whether a price or a promise keeps the conditions that it is made under."""
    said = context.sentence
    bound_by = any(line.reading.has("condition") and not line.limit for line in lines)
    if bound_by and not _conditional(said):
        return False
    if part.has("commit"):
        known = said.known
        for clause in _nearest(part, near):
            figures = (item for item in clause.items if is_figure(item))
            if not all(agrees(item, known) for item in figures if not lines[0].limit):
                return False
    return _keeps_unit(part, source, said) and _keeps_conditions(lines, source, context)


def _conditional(said: Reading) -> bool:
    """Whether the reply names a condition, or a bound that is one."""
    bounded = any(bound(item, said) for item in said.items if is_figure(item))
    return said.has("condition") or bounded


def _keeps_unit(part: Reading, source: Source, said: Reading) -> bool:
    """An offer's price is given with what it is for: "per seat and month"."""
    passage = source.passage
    if passage is None or not passage.unit or passage.price is None:
        return True
    price = keys_of(money(passage))
    if not any(item.kind == "amount" and agrees(item, price) for item in part.items):
        return True
    unit = read(passage.unit, source.language)
    alike = source.language == said.language
    return all(
        not term.keys.isdisjoint(said.keys)
        for term in unit.terms
        # A word of another language is looked for where its meaning is known.
        if alike or any(key[0] == "=" for key in term.keys)
    )


def _keeps_conditions(lines: Sequence[Line], source: Source, context: Context) -> bool:
    """A discount of an offer is given with the offer's conditions, in this sentence or
    in another of the reply.
    """
    passage = source.passage
    if passage is None or not passage.conditions:
        return True
    if not any(line.limit for line in lines):
        return True
    said = context.sentence.keys | context.reply
    wanted = read(passage.conditions, source.language).terms
    named = (t for t in wanted if not any(key[0] == "#" for key in t.keys))
    return context.sentence.has("condition") or any(
        not term.keys.isdisjoint(said) for term in named
    )
