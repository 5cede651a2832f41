"""The score: an integer point card whose lines always add up to the number.

Score at an instant = the sum of the ledger's lines then, kept within 0 to 100
by a line of its own. Fit lines follow from facts and addresses, behaviour
lines from signals; each carries its evidence. No model ever gives a number.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from leads import clock
from leads.ledger import LineView, ScoreView, fade, top_reasons, view_of
from leads.models import Fact, Lead, ScoreLine
from leads.scorebook import ScoreBook, Signal

__all__ = [
    "LineView",
    "ScoreView",
    "Signal",
    "fade",
    "restore_line",
    "score_at",
    "score_history",
    "score_view",
    "strike_line",
    "top_reasons",
    "update_score",
]


@transaction.atomic(savepoint=False)
def update_score(
    *,
    lead: Lead,
    cause: str,
    actor: str,
    at: datetime,
    signals: Iterable[Signal] = (),
    facts_moved: bool = True,
    facts: Sequence[Fact] | None = None,
) -> ScoreView:
    """Bring the ledger up to date and return the score.

    Fit lines are derived anew from current facts and addresses. A signal adds
    the line of its rule; a repeated one replaces its older line; evidence
    that a person struck never counts again. `cause` ("wrote: asked for a
    call") and `actor` go into the history when the value moved. A caller that
    knows that facts and addresses are as they were says so by `facts_moved`; one
    that has read the current `facts` passes them on.
    """
    book = ScoreBook.open(lead, at=at)
    if facts_moved:
        book.follow_facts(facts)
    book.take(signals)
    return book.close(cause=cause, actor=actor)


@transaction.atomic
def strike_line(*, line: ScoreLine, user: User) -> ScoreView:
    """Mark a line *Not true*: it stops counting now, its evidence for good.

    Returns the score as it is then; a line that is gone already stays so.
    """
    book = ScoreBook.open(line.lead, at=clock.now())
    actor = f"user:{user.pk}"
    standing = book.current.get(line.key)
    if standing is not None and standing.pk == line.pk:
        book.remove(standing, as_=ScoreLine.Removed.STRUCK, by=actor)
        book.follow_facts()
    return book.close(cause=f"Not true: {line.label}", actor=actor)


@transaction.atomic
def restore_line(*, line: ScoreLine, user: User) -> ScoreView:
    """Undo *Not true*: the same points, age and evidence count again.

    A newer line of the same key stays; a line not struck is left alone.
    """
    book = ScoreBook.open(line.lead, at=clock.now())
    for struck in [one for one in book.struck if one.pk == line.pk]:
        book.put_back(struck)
        book.follow_facts()
    return book.close(cause=f"Undone: {line.label}", actor=f"user:{user.pk}")


def score_view(lead: Lead, *, at: datetime | None = None) -> ScoreView:
    """Return the score with its lines: as it stands, or as it was `at`."""
    if at is not None:
        return view_of(_lines_at(lead, at), at=at)
    lines = list(ScoreLine.objects.filter(lead_id=lead.pk, removed_at=None))
    # A simulated lead's clock may have been ahead of ours when it wrote.
    moment = max([clock.now(), *(line.added_at for line in lines)])
    return view_of(lines, at=moment)


def score_at(lead: Lead, at: datetime) -> int:
    """Return the score's value at an instant."""
    return score_view(lead, at=at).value


def score_history(lead: Lead, *, days: int = 14) -> list[tuple[date, int]]:
    """Return the value at the end of each of the last `days` days, today last."""
    now = clock.now()
    today = timezone.localtime(now).date()
    first = today - timedelta(days=days - 1)
    lines = _lines_since(lead, _end_of(first))
    latest = max([now, *(line.added_at for line in lines)])
    history = []
    for number in range(days):
        day = first + timedelta(days=number)
        moment = _end_of(day) if day < today else latest
        alive = [line for line in lines if _stood(line, moment)]
        history.append((day, view_of(alive, at=moment).value))
    return history


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))


def _lines_at(lead: Lead, at: datetime) -> list[ScoreLine]:
    lines = ScoreLine.objects.filter(lead_id=lead.pk, added_at__lte=at)
    return list(lines.filter(Q(removed_at=None) | Q(removed_at__gt=at)))


def _lines_since(lead: Lead, moment: datetime) -> list[ScoreLine]:
    lines = ScoreLine.objects.filter(lead_id=lead.pk)
    return list(lines.filter(Q(removed_at=None) | Q(removed_at__gt=moment)))


def _stood(line: ScoreLine, moment: datetime) -> bool:
    gone = line.removed_at is not None and line.removed_at <= moment
    return line.added_at <= moment and not gone
