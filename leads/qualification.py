"""What we know of a lead and what is still to be asked.

A fact is the lead's own words or a person's entry. The newer statement of the
lead replaces the older; what a person entered or struck is never undone by a
machine. Facts never move a lead to another lead, and a name or an address
that was only typed stays a proposal.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.contrib.auth.models import User
from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import Q, QuerySet

from leads import clock, outbox, pipeline, proposals
from leads.capture import all_stages
from leads.models import (
    Event,
    Fact,
    Lead,
    Question,
    ScoreLine,
)
from leads.prepared import Select
from leads.prepared_rows import insert_all
from leads.questions import FIELDS, MissingQuestion, missing_questions, questions
from leads.scorebook import ScoreBook, current_facts, same_words

__all__ = [
    "MissingQuestion",
    "Reading",
    "is_qualified",
    "known",
    "learn",
    "missing_questions",
    "restore_fact",
    "set_fact",
    "strike_fact",
    "unlock_fact",
]
MAX_VALUE = 500
QUALIFIES_FROM = ("new", "contacted")


class Reading(Protocol):
    """One thing read in a message: `quote` is in it word for word."""

    @property
    def field(self) -> str:
        """The slug of what it answers, such as "budget"."""

    @property
    def value(self) -> str:
        """What it says, short."""

    @property
    def quote(self) -> str:
        """The words that say so."""


@transaction.atomic(savepoint=False)
def learn(
    *,
    lead: Lead,
    readings: Iterable[Reading],
    message: UUID | None,
    at: datetime,
    actor: str,
    source: str = Fact.Source.LEAD,
) -> list[Fact]:
    """Take in what was read and return the facts that are new.

    Left out: fields nobody asked for, readings without words to prove them,
    what is locked, what a person struck (the same message or words), what is
    known already and what is older than what is known.
    """
    wanted = _readable(readings, source=source)
    if not wanted:
        return []
    for field in ("email", "phone"):
        if field in wanted:
            proposals.propose_address(lead=lead, kind=field, raw=wanted[field].value)
    _lock(lead)
    decided = _decided.all(lead=lead.pk)
    history = [fact for fact in decided if fact.field in wanted]
    new = [
        Fact(
            lead=lead,
            field=field,
            value=reading.value.strip()[:MAX_VALUE],
            quote=reading.quote,
            message=message,
            source=source,
            actor=actor,
            occurred_at=at,
        )
        for field, reading in wanted.items()
        if _may_learn(reading, history, message=message, at=at)
    ]
    replaced = any(fact.struck_at is None for fact in history)
    _keep(lead, new, kind="fact.learned", actor=actor, at=at, replaces=replaced)
    if new:
        current = {fact.field for fact in decided if fact.struck_at is None}
        current.update(fact.field for fact in new)
        _qualify_once(lead, actor=actor, known_fields=current)
    return new


# What is current, and what a person said is not true.
_decided: Select[Fact] = Select(
    lambda place: Fact.objects.filter(
        Q(replaced_at=None) | Q(struck_at__isnull=False), lead=place("lead")
    )
)


def _readable(readings: Iterable[Reading], *, source: str) -> dict[str, Reading]:
    """The last usable reading of each field that we want to know."""
    usable = {
        one.field: one
        for one in readings
        if one.value.strip() and (one.quote.strip() or source != Fact.Source.LEAD)
    }
    if not usable.keys() <= FIELDS:
        asked = set(Question.objects.values_list("field", flat=True))
        usable = {f: one for f, one in usable.items() if f in FIELDS | asked}
    return usable


def _may_learn(
    reading: Reading, history: list[Fact], *, message: UUID | None, at: datetime
) -> bool:
    for fact in history:
        if fact.field != reading.field:
            continue
        if fact.struck_at is not None:
            same_message = message is not None and fact.message == message
            if same_message or same_words(fact.quote, reading.quote):
                return False
        elif (
            fact.locked
            or fact.occurred_at > at
            or same_words(fact.value, reading.value.strip()[:MAX_VALUE])
        ):
            return False
    return True


def _keep(
    lead: Lead,
    facts: list[Fact],
    *,
    kind: str,
    actor: str,
    at: datetime,
    replaces: bool = True,
) -> None:
    """Save new facts in place of the current ones; tell; qualify the lead."""
    if not facts:
        return
    if replaces:
        fields = [fact.field for fact in facts]
        _current(lead).filter(field__in=fields).update(replaced_at=at)
    insert_all(facts)
    outbox.emit_all([_event(kind, fact, actor=actor, at=at) for fact in facts])
    proposals.fill_empty(lead=lead, facts=facts)


@transaction.atomic
def set_fact(*, lead: Lead, field: str, value: str, user: User) -> Fact:
    """Enter a person's value: locked, so that no machine changes it.

    Raises ValueError for an empty value and ValidationError for a field that
    is no slug. The score follows at once.
    """
    value = value.strip()[:MAX_VALUE]
    if not value:
        raise ValueError("Enter a value, or mark the old one as not true.")
    validate_slug(field)
    proposals.refuse_value(field, value)
    book = ScoreBook.open(lead, at=clock.now())
    actor = f"user:{user.pk}"
    fact = Fact(
        lead=lead,
        field=field,
        value=value,
        source=Fact.Source.PERSON,
        locked=True,
        actor=actor,
        occurred_at=book.instant,
    )
    _keep(lead, [fact], kind="fact.set", actor=actor, at=book.instant)
    _qualify_once(lead, actor=actor)
    proposals.take_over(lead=lead, fact=fact)
    book.follow_facts()
    book.close(cause=f"Set by a person: {field}", actor=actor)
    return fact


@transaction.atomic
def unlock_fact(*, fact: Fact, user: User) -> Fact:
    """Let the lead's next words replace a person's value again."""
    _lock(fact.lead)
    if Fact.objects.filter(pk=fact.pk, locked=True).update(locked=False):
        fact.locked = False
        _tell("fact.unlocked", fact, actor=f"user:{user.pk}", at=clock.now())
    return fact


@transaction.atomic
def strike_fact(*, fact: Fact, user: User) -> Fact:
    """Mark a fact *Not true*, with the score lines that hang on it.

    The same evidence can never bring it back; new evidence can.
    """
    lead, actor = fact.lead, f"user:{user.pk}"
    book = ScoreBook.open(lead, at=clock.now())
    standing = _current(lead).filter(pk=fact.pk)
    if standing.update(struck_at=book.instant, struck_by=actor):
        fact.struck_at, fact.struck_by = book.instant, actor
        for line in [x for x in book.current.values() if x.fact_id == fact.pk]:
            book.remove(line, as_=ScoreLine.Removed.STRUCK, by=actor)
        proposals.empty_again(lead=lead, fact=fact)
        _tell("fact.struck", fact, actor=actor, at=book.instant)
        book.follow_facts()
        book.close(cause=f"Not true: {fact.field}", actor=actor)
    return fact


@transaction.atomic
def restore_fact(*, fact: Fact, user: User) -> Fact:
    """Undo *Not true*: the fact and the lines struck with it stand again.

    When a newer fact took its place meanwhile, the newer one stays current
    and this one becomes history.
    """
    lead, actor = fact.lead, f"user:{user.pk}"
    book = ScoreBook.open(lead, at=clock.now())
    struck = Fact.objects.filter(pk=fact.pk, struck_at__isnull=False).first()
    if struck is None:
        return fact
    lines = [
        line
        for line in book.struck
        if line.fact_id == fact.pk and line.removed_at == struck.struck_at
    ]
    newer = _current(lead).filter(field=fact.field).exists()
    fact.struck_at, fact.struck_by = None, ""
    fact.replaced_at = book.instant if newer else None
    fact.save(update_fields=["struck_at", "struck_by", "replaced_at"])
    for line in lines:
        book.put_back(line)
    _tell("fact.restored", fact, actor=actor, at=book.instant)
    if not newer:
        proposals.fill_empty(lead=lead, facts=[fact])
        _qualify_once(lead, actor=actor)
    book.follow_facts()
    book.close(cause=f"Undone: {fact.field}", actor=actor)
    return fact


def known(lead: Lead) -> dict[str, Fact]:
    """Return the current facts by field."""
    return {fact.field: fact for fact in current_facts(lead)}


def is_qualified(lead: Lead) -> bool:
    """Say whether every required question has a current answer.

    Without any required question nobody counts as qualified.
    """
    return _answers_all(known(lead).keys())


def _answers_all(fields: Collection[str]) -> bool:
    required = {one.field for one in questions() if one.required}
    return bool(required) and required <= set(fields)


def _current(lead: Lead) -> QuerySet[Fact]:
    return Fact.objects.filter(lead_id=lead.pk, replaced_at=None, struck_at=None)


def _lock(lead: Lead) -> None:
    _lead_lock.rows(pk=lead.pk)


_lead_lock: Select[Lead] = Select(
    lambda place: (
        Lead.objects.select_for_update(no_key=True)
        .filter(pk=place("pk"))
        .values_list("pk")
    )
)


def _tell(kind: str, fact: Fact, *, actor: str, at: datetime) -> None:
    outbox.emit_all([_event(kind, fact, actor=actor, at=at)])


def _event(kind: str, fact: Fact, *, actor: str, at: datetime) -> Event:
    payload = {"fact": str(fact.public_id), "field": fact.field}
    if fact.message:
        payload["message"] = str(fact.message)
    return Event(
        kind=kind, lead=fact.lead, actor=actor, payload=payload, occurred_at=at
    )


def _qualify_once(
    lead: Lead, *, actor: str, known_fields: Collection[str] | None = None
) -> None:
    """The first time all is answered: say so and move an early stage on."""
    if not _answers_all(known(lead) if known_fields is None else known_fields):
        return
    if outbox.holds("lead.qualified", lead) or _told_qualified.rows(lead=lead.pk):
        return
    outbox.emit(kind="lead.qualified", lead=lead, actor=actor)
    stage = next((s for s in all_stages() if s.key == "qualified"), None)
    # The caller may hold the lead as it was before a colleague moved it.
    fresh = _standing_at.one(pk=lead.pk)
    lead.stage, lead.version = fresh.stage, fresh.version
    if stage is not None and lead.stage.key in QUALIFIES_FROM:
        pipeline.move_stage(lead=lead, stage=stage, actor=actor)


_told_qualified: Select[Event] = Select(
    lambda place: Event.objects.filter(
        lead=place("lead"), kind="lead.qualified"
    ).values_list("pk")[:1]
)
_standing_at: Select[Lead] = Select(
    lambda place: Lead.objects.select_related("stage").filter(pk=place("pk"))
)
