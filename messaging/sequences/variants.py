"""Which wording a lead gets, and which of them does better."""

import hashlib
from collections.abc import Sequence as Rows
from dataclasses import dataclass
from math import sqrt

from django.db import transaction
from django.db.models import Count, Q

from leads import clock
from leads.models import Job, Lead
from leads.prepared import Select
from messaging.models.sequence import Sequence, Step, StepRun, StepVariant
from messaging.sequences.timing import GONE

JOB = "messaging.judge_variants"
Z = 1.96  # of the normal distribution: 95 %, two-sided


@dataclass(frozen=True)
class VariantResult:
    """How one wording did. `rate` and its Wilson interval, `low` to `high`, are of
    0 to 1; `good` counts what the sequence is judged by.
    """

    variant: StepVariant
    sends: int
    replies: int
    bookings: int
    good: int
    rate: float
    low: float
    high: float


def choose(step: Step, *, lead: Lead, sequence: Sequence) -> StepVariant | None:
    """The wording that this lead gets at this step, the same however often it is
    asked for; None for a step without one.

    It hangs on the lead, not on the enrollment, so that a preview says it before.
    """
    rows = _variants.all(step=step.pk)
    used = [row for row in rows if row.weight] or rows[:1]
    if not used:
        return None
    name = f"{sequence.public_id}:{step.position}:{lead.public_id}"
    digest = hashlib.sha256(name.encode()).digest()
    place = int.from_bytes(digest[:8], "big") % max(1, sum(r.weight for r in used))
    for row in used:
        place -= row.weight
        if place < 0:
            return row
    return used[-1]


_variants: Select[StepVariant] = Select(
    lambda place: StepVariant.objects.filter(step=place("step")).order_by("label")
)


def standing(step: Step) -> list[VariantResult]:
    """How each wording of a step did so far, in the order of their labels.

    What counts as sent is what its carrier took, whoever let it go.
    """
    sent = Q(runs__message__state__in=GONE)
    rows = step.variants.annotate(
        sends=Count("runs", filter=sent),
        replies=Count("runs", filter=sent & Q(runs__replied_at__isnull=False)),
        bookings=Count("runs", filter=sent & Q(runs__booked_at__isnull=False)),
    )
    booked = step.version.sequence.measure == Sequence.Measure.BOOKED
    return [_result(row, booked=booked) for row in rows.order_by("label")]


def _result(row: "StepVariant", *, booked: bool) -> VariantResult:
    counted = vars(row)  # as annotated
    sends, good = counted["sends"], counted["bookings" if booked else "replies"]
    low, high = wilson(good, sends)
    rate = good / sends if sends else 0.0
    return VariantResult(
        row, sends, counted["replies"], counted["bookings"], good, rate, low, high
    )


def wilson(good: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); 0 to 1 where nothing is known."""
    if not of:
        return 0.0, 1.0
    share, square = good / of, Z * Z
    middle = share + square / (2 * of)
    half = Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    below = 1 + square / of
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def differs(one: VariantResult, other: VariantResult) -> bool:
    """Whether two shares differ at 95 % (two-proportion z-test, pooled)."""
    if not (one.sends and other.sends):
        return False
    pooled = (one.good + other.good) / (one.sends + other.sends)
    spread = sqrt(pooled * (1 - pooled) * (1 / one.sends + 1 / other.sends))
    return spread > 0 and abs(one.rate - other.rate) / spread >= Z


def winner(results: Rows[VariantResult], *, floor: int) -> VariantResult | None:
    """The wording that does better than each other one, once each was sent `floor`
    times; None as long as nobody knows.
    """
    if len(results) < 2 or any(row.sends < max(1, floor) for row in results):
        return None
    best = max(results, key=lambda row: row.rate)
    others = [row for row in results if row.variant.pk != best.variant.pk]
    return best if all(differs(best, row) for row in others) else None


def run_judging(job: Job) -> None:
    """Give all further leads the wording that won, step by step."""
    trying = Count("variants", filter=Q(variants__weight__gt=0))
    steps = Step.objects.annotate(trying=trying).filter(
        trying__gt=1, version__sequence__state=Sequence.State.ACTIVE
    )
    # Also of older versions: those under way go on with them.
    for step in steps.exclude(version__number=None).select_related("version__sequence"):
        judge(step)


@transaction.atomic
def judge(step: Step) -> StepVariant | None:
    """Let the better wording of one step win, if there is one by now."""
    results = [row for row in standing(step) if row.variant.weight]
    best = winner(results, floor=step.version.sequence.sample_floor)
    if best is None:
        return None
    step.variants.exclude(pk=best.variant.pk).update(weight=0)
    weight = max(1, best.variant.weight)
    step.variants.filter(pk=best.variant.pk).update(weight=weight, won_at=clock.now())
    return best.variant


def note_reply(run: StepRun) -> None:
    """The lead answered after this step."""
    StepRun.objects.filter(pk=run.pk, replied_at=None).update(replied_at=clock.now())


def note_booking(run: StepRun) -> None:
    """The lead booked after this step."""
    StepRun.objects.filter(pk=run.pk, booked_at=None).update(booked_at=clock.now())
