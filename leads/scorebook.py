"""One lead's score ledger, open for writing: the lead's row is locked.

Everything that moves a score opens a `ScoreBook`, adds or removes lines and
closes it; closing saves the lines, the kept value, its history and the event.
Lines are removed and added, never changed, so any past instant adds up again.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Self
from uuid import UUID

from django.db.models import Q

from leads import fit, outbox
from leads.kept import Kept
from leads.ledger import ScoreView, view_of
from leads.models import Fact, Lead, LeadContact, ScoreChange, ScoreLine, ScoreRule
from leads.prepared import Select, Update
from leads.prepared_rows import insert_all

log = logging.getLogger(__name__)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Signal:
    """Something the lead did, and its evidence: words, message or both."""

    key: str
    quote: str
    message: UUID | None
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a signal that nothing proves."""
        if not self.quote.strip() and self.message is None:
            raise ValueError(f"signal {self.key!r} needs a quote or a message")


@dataclass
class ScoreBook:
    """The current and the struck lines of one lead, and what will be saved.

    `instant` is when the ledger changes. It is later than the last change
    even when the clock stands or was moved back, so history stays exact.
    """

    lead: Lead
    instant: datetime
    before: int
    current: dict[str, ScoreLine]
    struck: list[ScoreLine]
    rules: dict[str, ScoreRule]
    added: list[ScoreLine] = field(default_factory=list)
    removed: list[ScoreLine] = field(default_factory=list)

    @classmethod
    def open(cls, lead: Lead, *, at: datetime) -> Self:
        """Lock the lead's row and read its ledger; call inside a transaction."""
        kept = _kept.one(pk=lead.pk)
        instant = max(at, kept.score_changed_at + TICK) if kept.score_changed_at else at
        lines = _standing.all(lead=lead.pk)
        return cls(
            lead=lead,
            instant=instant,
            before=kept.score,
            current={line.key: line for line in lines if line.removed_at is None},
            struck=[line for line in lines if line.removed_at is not None],
            rules=_rules(),
        )

    def follow_facts(self, facts: Sequence[Fact] | None = None) -> None:
        """Let the derived lines say what facts and addresses say now; `facts` are the
        current ones where the caller has read them.
        """
        if facts is None:
            facts = current_facts(self.lead)
        wanted = fit.derive(facts, _mails(self.lead))
        for key in sorted(fit.KEYS):
            evidence = wanted.get(key)
            if evidence and (key not in self.rules or self._is_struck(evidence)):
                evidence = None
            line = self.current.get(key)
            if line and evidence and self._same(line, evidence):
                continue
            if line:
                self.remove(line, as_=ScoreLine.Removed.STALE, by="system")
            if evidence:
                self._add(evidence)

    def take(self, signals: Iterable[Signal]) -> None:
        """Add the lines that signals earn: one current line a key."""
        counted = [signal for signal in signals if self._counts(signal)]
        for signal in sorted(counted, key=lambda one: one.at):
            if not _outranked(signal, counted, self.current.values()):
                self._take(signal)

    def _counts(self, signal: Signal) -> bool:
        if signal.key in fit.KEYS or signal.key not in self.rules:
            log.warning("no rule gives points for the signal %r", signal.key)
            return False
        return not self._is_struck(_evidence(signal))

    def _take(self, signal: Signal) -> None:
        line = self.current.get(signal.key)
        if line and (line.occurred_at >= signal.at or _same_message(line, signal)):
            return
        if _ended_later(signal, self.current.values()):
            return
        ended = [self.current.get(key) for key in _card()["ends"].get(signal.key, ())]
        for old in [line, *ended]:
            if old and old.occurred_at < signal.at:
                self.remove(old, as_=ScoreLine.Removed.STALE, by="system")
        self._add(_evidence(signal))

    def _is_struck(self, evidence: fit.Evidence) -> bool:
        return any(
            line.key == evidence.key and _same_evidence(line, evidence)
            for line in self.struck
        )

    def _same(self, line: ScoreLine, evidence: fit.Evidence) -> bool:
        rule = self.rules[line.key]
        return (
            line.fact_id == evidence.fact_id
            and line.quote == evidence.quote
            and (line.points, line.half_life_days) == (rule.points, rule.half_life_days)
        )

    def _add(self, evidence: fit.Evidence) -> None:
        rule = self.rules[evidence.key]
        self._enter(
            ScoreLine(
                lead_id=self.lead.pk,
                key=evidence.key,
                label=rule.label,
                part=rule.part,
                points=rule.points,
                half_life_days=rule.half_life_days,
                quote=evidence.quote,
                message=evidence.message,
                fact_id=evidence.fact_id,
                occurred_at=evidence.at,
                added_at=self.instant,
            )
        )

    def _enter(self, line: ScoreLine) -> None:
        self.current[line.key] = line
        self.added.append(line)

    def remove(self, line: ScoreLine, *, as_: str, by: str) -> None:
        """Take a current line out of the sum."""
        self.current.pop(line.key, None)
        if line in self.added:
            self.added.remove(line)
            return
        line.removed_at, line.removed_as, line.removed_by = self.instant, as_, by
        self.removed.append(line)
        if as_ == ScoreLine.Removed.STRUCK:
            self.struck.append(line)

    def put_back(self, line: ScoreLine) -> None:
        """Undo a strike: a copy counts from now on, unless its key is taken.

        The struck row keeps the instants it was there; it only stops blocking
        its evidence.
        """
        self.struck = [other for other in self.struck if other.pk != line.pk]
        ScoreLine.objects.filter(pk=line.pk).update(removed_as=ScoreLine.Removed.STALE)
        if line.key in self.current:
            return
        kept = {name: getattr(line, name) for name in _COPIED}
        self._enter(ScoreLine(**kept, added_at=self.instant))

    def close(self, *, cause: str, actor: str) -> ScoreView:
        """Save what changed and return the score as it is now."""
        view = view_of(self.current.values(), at=self.instant)
        change = view.value - self.before
        if self.added or self.removed or change:
            self._save_lines()
            self._save_value(view.value, cause=cause, actor=actor)
        self.lead.score = view.value
        return ScoreView(view.value, view.lines, at=view.at, change=change)

    def _save_lines(self) -> None:
        ended: dict[tuple[str, str], list[int]] = {}
        for line in self.removed:
            ended.setdefault((line.removed_as, line.removed_by), []).append(line.pk)
        for (how, who), keys in ended.items():
            _remove_lines(len(keys))(
                {f"pk{number}": pk for number, pk in enumerate(keys)},
                removed_at=self.instant,
                removed_as=how,
                removed_by=who,
            )
        insert_all(self.added)

    def _save_value(self, value: int, *, cause: str, actor: str) -> None:
        _keep_value({"pk": self.lead.pk}, score=value, score_changed_at=self.instant)
        self.lead.score_changed_at = self.instant
        if value == self.before:
            return
        ScoreChange.objects.create(
            lead_id=self.lead.pk,
            before=self.before,
            after=value,
            cause=cause[:160],
            actor=actor,
            occurred_at=self.instant,
        )
        outbox.emit(
            kind="score.changed",
            lead=self.lead,
            actor=actor,
            payload={"before": self.before, "after": value},
            occurred_at=self.instant,
        )


_kept: Select[Lead] = Select(
    lambda place: (
        Lead.objects.select_for_update(no_key=True)
        .filter(pk=place("pk"))
        .only("score", "score_changed_at")
    )
)
_standing: Select[ScoreLine] = Select(
    lambda place: ScoreLine.objects.filter(
        Q(removed_at=None) | Q(removed_as=ScoreLine.Removed.STRUCK),
        lead=place("lead"),
    ).order_by("pk")
)


@lru_cache(maxsize=64)
def _remove_lines(count: int) -> Update:
    """The statement that takes so many lines out at once."""
    names = [f"pk{number}" for number in range(count)]
    return Update(
        lambda place: ScoreLine.objects.filter(pk__in=[place(name) for name in names])
    )


_keep_value = Update(lambda place: Lead.objects.filter(pk=place("pk")))

_COPIED = (
    "lead_id",
    "key",
    "label",
    "part",
    "points",
    "half_life_days",
    "quote",
    "message",
    "fact_id",
    "occurred_at",
)


def _read_rules() -> dict[str, ScoreRule]:
    return {rule.key: rule for rule in ScoreRule.objects.filter(active=True)}


_rules = Kept(_read_rules, ScoreRule)


def current_facts(lead: Lead) -> list[Fact]:
    """What is known of a lead now, one fact a field."""
    return _current.all(lead=lead.pk)


_current: Select[Fact] = Select(
    lambda place: Fact.objects.filter(
        lead=place("lead"), replaced_at=None, struck_at=None
    ).order_by("field")
)


def same_words(one: str, other: str) -> bool:
    """Say whether two quotes are the same words; nothing is like no words."""
    plain = " ".join(one.casefold().split())
    return bool(plain) and plain == " ".join(other.casefold().split())


def _mails(lead: Lead) -> list[tuple[str, datetime]]:
    return [(value, since) for value, since in _known_mails.rows(lead=lead.pk)]


_known_mails: Select[LeadContact] = Select(
    lambda place: (
        LeadContact.objects.filter(lead=place("lead"), contact_point__kind="email")
        .exclude(known_by=LeadContact.Known.PROPOSAL)
        .order_by("pk")
        .values_list("contact_point__value", "created_at")
    )
)


def _evidence(signal: Signal) -> fit.Evidence:
    return fit.Evidence(
        key=signal.key, quote=signal.quote, message=signal.message, at=signal.at
    )


def _same_message(line: ScoreLine, signal: Signal) -> bool:
    return signal.message is not None and line.message == signal.message


def _same_evidence(line: ScoreLine, evidence: fit.Evidence) -> bool:
    """What a person enters is new evidence, whatever words were struck."""
    if evidence.by_person:
        return line.fact_id == evidence.fact_id
    same_message = evidence.message is not None and line.message == evidence.message
    return same_message or same_words(line.quote, evidence.quote)


def _ended_later(signal: Signal, lines: Iterable[ScoreLine]) -> bool:
    """Say whether something newer took back what the signal says."""
    ends = _card()["ends"]
    return any(
        signal.key in ends.get(line.key, ()) and line.occurred_at > signal.at
        for line in lines
    )


def _outranked(
    signal: Signal, others: Iterable[Signal], lines: Iterable[ScoreLine]
) -> bool:
    """Say whether the same message proves a stronger signal that implies it."""
    if signal.message is None:
        return False
    proven = {one.key for one in others if one.message == signal.message}
    proven |= {line.key for line in lines if line.message == signal.message}
    return not proven.isdisjoint(_card()["yields_to"].get(signal.key, ()))


@cache
def _card() -> dict[str, Any]:
    """How signals relate: which imply others, which end others."""
    data: dict[str, Any] = json.loads((fit.DATA / "point_card.json").read_text("utf-8"))
    return data
