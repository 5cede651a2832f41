"""A proposal cut where something is held, and where a source or a fact carries it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from leads.models import Fact, Lead
from messaging.grounds import sourced_marks
from messaging.held import held_in
from messaging.models import Message


@dataclass(frozen=True)
class Piece:
    """A run of the proposed words. `tone` is bad, source or plain.

    `says` is why it is held, or what it rests on; `message` the id of the element
    of the message that a fact was read from.
    """

    text: str
    tone: str = "plain"
    says: str = ""
    message: str = ""


Span = tuple[int, int, Piece]


def pieces_of(draft: Message, lead: Lead | None) -> list[Piece]:
    """Cut a draft's body; where marks lie over each other, what is held comes first,
    the facts of the lead last.
    """
    body = draft.body
    spans = [*_held(draft), *_sourced(draft), *_known(body, lead)]
    edges = sorted({0, len(body), *(edge for span in spans for edge in span[:2])})
    pieces = []
    for start, end in pairwise(edges):
        over = [piece for first, last, piece in spans if first <= start < last]
        mark = over[0] if over else Piece("")
        pieces.append(Piece(body[start:end], mark.tone, mark.says, mark.message))
    return pieces


def _held(draft: Message) -> list[Span]:
    """Every place of the held words; the shorter words say more exactly what."""
    found = sorted(held_in(draft), key=lambda one: len(one.words))
    return [
        (at, at + len(one.words), Piece("", "bad", one.says))
        for one in found
        if one.words
        for at in _places(draft.body, one.words)
    ]


def _places(body: str, words: str) -> list[int]:
    places, at = [], body.find(words)
    while at >= 0:
        places.append(at)
        at = body.find(words, at + len(words))
    return places


def _sourced(draft: Message) -> list[Span]:
    return [
        (at, at + len(mark.quote), Piece("", "source", mark.says))
        for mark in sourced_marks(draft)
        if (at := draft.body.find(mark.quote)) >= 0
    ]


def _known(body: str, lead: Lead | None) -> list[Span]:
    return [
        (at, at + len(fact.value), _source(fact))
        for fact in _facts(lead)
        if (at := body.find(fact.value)) >= 0
    ]


def _facts(lead: Lead | None) -> list[Fact]:
    if lead is None:
        return []
    rows = Fact.objects.filter(lead=lead, replaced_at=None, struck_at=None)
    return [fact for fact in rows if len(fact.value) > 1]


def _source(fact: Fact) -> Piece:
    label = fact.field.replace("_", " ")
    quote = f": “{fact.quote}”" if fact.quote else ""
    where = f"m-{fact.message}" if fact.message else ""
    return Piece("", "source", f"{label}{quote}", where)


def findings_of(draft: Message) -> list[dict[str, Any]]:
    """Return what is held, as the templates name it: the words, the whole as it is
    said, and whether the sentence can be taken out.
    """
    return [
        {
            "words": one.words,
            "says": one.says,
            "removable": bool(one.words) and one.words in draft.body,
        }
        for one in held_in(draft)
    ]
