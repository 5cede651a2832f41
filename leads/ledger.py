"""The arithmetic of the score: pure functions on ledger lines, no query.

A line counts its points, halved every `half_life_days` since it occurred and
rounded toward zero. Age is taken in whole days, so that a line keeps its full
points for the first day and the sum moves at most once a day by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from leads.models import ScoreLine

LOWEST = 0
HIGHEST = 100
LIMIT = "limit"


@dataclass(frozen=True)
class LineView:
    """One line as it counts at the view's instant.

    `points` is what it counts then, `full_points` what it was worth when it
    happened. `fact_id` is the primary key of the fact it hangs on. A line of
    part "limit" only keeps the sum within 0 to 100: it has no `public_id`,
    no evidence and cannot be removed.
    """

    public_id: UUID | None
    label: str
    part: str
    points: int
    quote: str
    message: UUID | None
    fact_id: int | None
    occurred_at: datetime
    half_life_days: int | None
    key: str
    removable: bool
    full_points: int


@dataclass(frozen=True)
class ScoreView:
    """The score at the instant `at`: `value` is the sum of `lines`, 0 to 100.

    `change` is how far the call that returned it moved the kept score.
    """

    value: int
    lines: tuple[LineView, ...]
    at: datetime
    change: int = 0


def faded(
    points: int, *, half_life_days: int | None, occurred_at: datetime, at: datetime
) -> int:
    """Return what `points` count at `at`; whole, rounded toward zero."""
    if not half_life_days:
        return points
    days = max((at - occurred_at).days, 0)
    return int(points * 0.5 ** (days / half_life_days))


def view_of(lines: Iterable[ScoreLine], *, at: datetime, change: int = 0) -> ScoreView:
    """Return the score that `lines` make at `at`, the strongest line first.

    Lines that have faded to nothing are left out.
    """
    shown = [_line_view(line, at=at) for line in lines]
    return _balanced([line for line in shown if line.points], at=at, change=change)


def _line_view(line: ScoreLine, *, at: datetime) -> LineView:
    return LineView(
        public_id=line.public_id,
        label=line.label,
        part=line.part,
        points=faded(
            line.points,
            half_life_days=line.half_life_days,
            occurred_at=line.occurred_at,
            at=at,
        ),
        quote=line.quote,
        message=line.message,
        fact_id=line.fact_id,
        occurred_at=line.occurred_at,
        half_life_days=line.half_life_days,
        key=line.key,
        removable=True,
        full_points=line.points,
    )


def _balanced(lines: list[LineView], *, at: datetime, change: int = 0) -> ScoreView:
    total = sum(line.points for line in lines)
    value = clamp(total)
    ordered = sorted(lines, key=lambda line: (-line.points, line.key))
    if total != value:
        ordered.append(_limit(value - total, at=at))
    return ScoreView(value=value, lines=tuple(ordered), at=at, change=change)


def clamp(total: int) -> int:
    """Return the score that a sum of points makes: never outside 0 to 100."""
    return min(max(total, LOWEST), HIGHEST)


def _limit(points: int, *, at: datetime) -> LineView:
    label = f"limit of {HIGHEST}" if points < 0 else f"never below {LOWEST}"
    return LineView(
        public_id=None,
        label=label,
        part=LIMIT,
        points=points,
        quote="",
        message=None,
        fact_id=None,
        occurred_at=at,
        half_life_days=None,
        key=LIMIT,
        removable=False,
        full_points=points,
    )


def top_reasons(
    view: ScoreView, *, n: int = 3
) -> tuple[tuple[LineView, ...], tuple[LineView, ...]]:
    """Return the `n` strongest reasons up and the `n` strongest down."""
    real = [line for line in view.lines if line.removable]
    ups = sorted((x for x in real if x.points > 0), key=lambda x: -x.points)
    downs = sorted((x for x in real if x.points < 0), key=lambda x: x.points)
    return tuple(ups[:n]), tuple(downs[:n])


def fade(view: ScoreView, *, days: int = 7) -> int:
    """Return how far the score moves in `days` if nothing happens: −3, 0, +2."""
    later = view.at + timedelta(days=days)
    total = sum(
        faded(
            line.full_points,
            half_life_days=line.half_life_days,
            occurred_at=line.occurred_at,
            at=later,
        )
        for line in view.lines
        if line.removable
    )
    return clamp(total) - view.value
