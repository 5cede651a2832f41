"""What a person changes on a sequence; its steps only on the draft.

A step is named by its position and by the mark of what the person saw there: when
somebody else changed it meanwhile, nothing is written and the words say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from leads import claims, clock, outbox
from leads.models import Team
from messaging.models.sequence import Sequence, SequenceVersion, Step
from messaging.queueing import Refused
from messaging.sequencepages.content import (
    LABELS,
    MOST_BRANCHES,
    MOST_STEPS,
    StepContent,
    Wording,
    content_of,
    write_content,
)
from messaging.sequences import publishing

MEANWHILE = (
    "Somebody changed this step meanwhile. What you typed is still here: copy it, "
    "then load the page again"
)
_FAR = 1000  # further than any position: room to renumber in


@transaction.atomic
def create_sequence(
    *,
    name: str,
    team: Team | None,
    user: User,
    steps: tuple[StepContent, ...] = (),
    **fields: Any,
) -> Sequence:
    """Begin a sequence as a draft; `steps` are a ready-made start."""
    sequence = Sequence.objects.create(
        name=name, team=team, created_by=user, created_at=clock.now(), **fields
    )
    draft = publishing.draft_of(sequence)
    for position, content in enumerate(steps, start=1):
        write_content(Step(version=draft, position=position), content)
    _tell(sequence, user, "created")
    return sequence


@transaction.atomic
def change_sequence(
    *, sequence: Sequence, user: User, values: Mapping[str, Any]
) -> list[str]:
    """Set name, goal, team, rule and judging, which hold at once; name what changed."""
    row = claims.lock(Sequence, sequence.pk)
    _refuse_archived(row)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
        _tell(row, user, "changed", fields=changed)
    return changed


@transaction.atomic
def discard_draft(*, sequence: Sequence) -> bool:
    """Throw the changes away; False when there are none, or nothing else to go back to."""
    row = claims.lock(Sequence, sequence.pk)
    if row.current_id is None:
        return False
    gone, _ = SequenceVersion.objects.filter(sequence=row, number=None).delete()
    return bool(gone)


# --- steps ---------------------------------------------------------------------------


@transaction.atomic
def save_step(
    *, sequence: Sequence, position: int, seen: str, content: StepContent
) -> Step:
    """Write what a person typed into one step. Raises Refused when it is stale."""
    step = _step(sequence, position, seen)
    write_content(step, content)
    return step


@transaction.atomic
def add_step(
    *, sequence: Sequence, position: int = 0, content: StepContent | None = None
) -> Step:
    """Put a step at a position, at the end for 0; later ones move down."""
    draft = _draft(sequence)
    count = draft.steps.count()
    if count >= MOST_STEPS:
        raise Refused(f"{MOST_STEPS} steps are the most")
    place = min(position, count + 1) if position else count + 1
    order = list(draft.steps.order_by("position"))
    step = Step(version=draft, position=_FAR * 2)
    write_content(step, content or StepContent())
    _renumber([*order[: place - 1], step, *order[place - 1 :]])
    return step


@transaction.atomic
def remove_step(*, sequence: Sequence, position: int, seen: str) -> StepContent:
    """Take a step out; later ones move up. Returns what it said, for Undo.

    A branch that led to it leads to the one that follows it, else to the end.
    """
    step = _step(sequence, position, seen)
    content = content_of(step)
    order = list(step.version.steps.order_by("position"))
    rest = [one for one in order if one.pk != step.pk]
    stand_in = order[position] if position < len(order) else None
    step.delete()
    _renumber(rest, moved={position: stand_in})
    return content


@transaction.atomic
def move_step(*, sequence: Sequence, position: int, seen: str, by: int) -> int:
    """Let a step change places with its neighbour; where it is then."""
    step = _step(sequence, position, seen)
    order = list(step.version.steps.order_by("position"))
    place = position - 1 + by
    if not 0 <= place < len(order):
        return position
    order[position - 1], order[place] = order[place], order[position - 1]
    _renumber(order)
    return place + 1


def _renumber(
    order: list[Step], moved: Mapping[int, Step | None] | None = None
) -> None:
    """Number steps from 1 as they are listed; branches follow where they led."""
    places = {one.pk: place for place, one in enumerate(order, start=1)}
    before = {one.position: places[one.pk] for one in order}
    for old, stand_in in (moved or {}).items():
        before[old] = places[stand_in.pk] if stand_in is not None else 0
    rows = Step.objects.filter(pk__in=places)
    rows.update(position=F("position") + _FAR)
    for one in order:
        one.position = places[one.pk]
        one.branches = [_led(branch, before) for branch in one.branches]
        one.save(update_fields=["position", "branches"])


def _led(branch: Mapping[str, Any], before: Mapping[int, int]) -> dict[str, Any]:
    return {**branch, "to": before.get(branch.get("to") or 0, 0)}


# --- wordings and branches -----------------------------------------------------------


def add_wording(*, sequence: Sequence, position: int, seen: str) -> str:
    """Add another wording, to be tried beside the others; its label."""

    def more(content: StepContent) -> StepContent:
        taken = {one.label for one in content.wordings}
        free = [label for label in LABELS if label not in taken]
        if not free:
            raise Refused(f"{len(LABELS)} wordings are the most")
        like = content.wordings[-1] if content.wordings else Wording()
        added = Wording(label=free[0], subject=like.subject)
        return replace(content, wordings=(*content.wordings, added))

    return _change(sequence, position, seen, more).wordings[-1].label


def remove_wording(*, sequence: Sequence, position: int, seen: str, label: str) -> None:
    """Take a wording out; the last one stays."""

    def fewer(content: StepContent) -> StepContent:
        rest = tuple(one for one in content.wordings if one.label != label)
        if not rest:
            raise Refused("A step needs a wording")
        return replace(content, wordings=rest)

    _change(sequence, position, seen, fewer)


def add_branch(*, sequence: Sequence, position: int, seen: str) -> int:
    """Add a branch that has no intent yet; its number."""

    def more(content: StepContent) -> StepContent:
        if len(content.branches) >= MOST_BRANCHES:
            raise Refused(f"{MOST_BRANCHES} branches are the most")
        added = {"intents": [], "to": 0}
        return replace(content, branches=(*content.branches, added))

    return len(_change(sequence, position, seen, more).branches) - 1


def remove_branch(*, sequence: Sequence, position: int, seen: str, number: int) -> None:
    """Take a branch out."""

    def fewer(content: StepContent) -> StepContent:
        rest = [b for place, b in enumerate(content.branches) if place != number]
        return replace(content, branches=tuple(rest))

    _change(sequence, position, seen, fewer)


@transaction.atomic
def _change(
    sequence: Sequence,
    position: int,
    seen: str,
    change: Callable[[StepContent], StepContent],
) -> StepContent:
    step = _step(sequence, position, seen)
    content = change(content_of(step))
    write_content(step, content)
    return content


# --- where changes go ----------------------------------------------------------------


def _draft(sequence: Sequence) -> SequenceVersion:
    row = claims.lock(Sequence, sequence.pk)
    _refuse_archived(row)
    return publishing.draft_of(row)


def _refuse_archived(sequence: Sequence) -> None:
    if sequence.state == Sequence.State.ARCHIVED:
        raise Refused(f"“{sequence.name}” is archived")


def _step(sequence: Sequence, position: int, seen: str) -> Step:
    """The draft's step, as the person saw it; the sequence is locked."""
    draft = _draft(sequence)
    step = draft.steps.filter(position=position).select_related("version").first()
    if step is None or content_of(step).mark != seen:
        raise Refused(MEANWHILE)
    return step


def _tell(sequence: Sequence, user: User, did: str, **more: object) -> None:
    outbox.emit(
        kind=f"sequence.{did}",
        actor=f"user:{user.pk}",
        payload={"sequence": sequence.pk, **more},
    )
