"""A sequence's versions: one draft at a time, activated whole, never changed after.

Those under way keep the version that they began.
"""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

from leads import claims, clock, jobs, outbox
from leads.models import Job
from messaging import templating
from messaging.agent.understanding.intents import Intent
from messaging.holding import name_of
from messaging.models import Message
from messaging.models.sequence import (
    LIVE_STATES,
    Enrollment,
    Sequence,
    SequenceVersion,
    Step,
    StepVariant,
)
from messaging.queueing import Refused
from messaging.sequences import rules, stopping

RESUME_JOB, ARCHIVE_JOB = "messaging.resume_sequence", "messaging.archive_sequence"
BATCH = 200
State = Sequence.State


class NotReady(Refused):
    """The draft cannot be activated; `words` says everything that is missing."""

    def __init__(self, words: list[str]) -> None:
        super().__init__("; ".join(words))
        self.words = words


@transaction.atomic
def draft_of(sequence: Sequence) -> SequenceVersion:
    """The version that may be changed; made from the current one when there is none."""
    drafts = SequenceVersion.objects.filter(sequence=sequence, number=None)
    known = drafts.first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            draft = SequenceVersion.objects.create(
                sequence=sequence, created_at=clock.now()
            )
            _copy_steps(sequence.current, draft)
    except IntegrityError:
        return drafts.get()  # somebody else began it just now
    return draft


def _copy_steps(version: SequenceVersion | None, draft: SequenceVersion) -> None:
    for step in version.steps.prefetch_related("variants") if version else []:
        variants = list(step.variants.all())
        step.pk, step.version = None, draft
        step._state.adding = True
        step.save(force_insert=True)
        for one in variants:
            one.pk, one.step, one.won_at = None, step, None
            one._state.adding = True
            one.save(force_insert=True)


@transaction.atomic
def activate(*, sequence: Sequence, user: User) -> SequenceVersion:
    """Number the draft and let new enrollments begin it; what rested goes on.

    Raises NotReady with all that is missing.
    """
    sequence = claims.lock(Sequence, sequence.pk)
    draft = SequenceVersion.objects.filter(sequence=sequence, number=None).first()
    if sequence.state == State.ARCHIVED:
        raise NotReady([f"“{sequence.name}” is archived"])
    if draft is None:
        raise NotReady(["There is no draft to activate"])
    lacking = problems(draft)
    if lacking:
        raise NotReady(lacking)
    highest = sequence.versions.aggregate(highest=Max("number"))["highest"] or 0
    draft.number = highest + 1
    draft.activated_at, draft.activated_by = clock.now(), user
    draft.save(update_fields=["number", "activated_at", "activated_by"])
    sequence.current = draft
    rested = sequence.state == State.PAUSED
    _set(sequence, State.ACTIVE, user)
    if rested:
        _start(RESUME_JOB, sequence)
    return draft


@transaction.atomic
def pause(*, sequence: Sequence, user: User) -> bool:
    """Let everybody under way rest: nothing more leaves, also nothing that waits.

    False when it is not active.
    """
    sequence = claims.lock(Sequence, sequence.pk)
    if sequence.state != State.ACTIVE:
        return False
    _set(sequence, State.PAUSED, user)
    return True


@transaction.atomic
def resume(*, sequence: Sequence, user: User) -> bool:
    """Let those who rest go on, each with its next step; False when it is not paused."""
    sequence = claims.lock(Sequence, sequence.pk)
    if sequence.state != State.PAUSED:
        return False
    _set(sequence, State.ACTIVE, user)
    _start(RESUME_JOB, sequence)
    return True


@transaction.atomic
def archive(*, sequence: Sequence, user: User) -> bool:
    """End it for good: all under way stop, nothing more leaves from now on.

    False when it is archived already.
    """
    sequence = claims.lock(Sequence, sequence.pk)
    if sequence.state == State.ARCHIVED:
        return False
    _set(sequence, State.ARCHIVED, user)
    words = f"“{sequence.name}” was archived by {name_of(user)}"
    _start(ARCHIVE_JOB, sequence, words=words, actor=f"user:{user.pk}")
    return True


def _set(sequence: Sequence, state: str, user: User) -> None:
    sequence.state = state
    sequence.save(update_fields=["state", "current"])
    outbox.emit(
        kind=f"sequence.{_DID[state]}",
        actor=f"user:{user.pk}",
        payload={"sequence": sequence.pk, "version": sequence.current_id},
    )


_DID: dict[str, str] = {
    State.ACTIVE: "activated",
    State.PAUSED: "paused",
    State.ARCHIVED: "archived",
}


def _start(name: str, sequence: Sequence, **arguments: str) -> None:
    jobs.start_job(name=name, arguments={"sequence": sequence.pk, **arguments})


def run_resuming(job: Job) -> None:
    """Put those who rest, and what they had written, back in line."""
    pk = int(job.arguments["sequence"])
    rows = Enrollment.objects.filter(sequence=pk, state=Enrollment.State.PAUSED)
    running = Sequence.objects.filter(pk=pk, state=State.ACTIVE)
    while running.exists() and (some := list(rows.order_by("pk")[:BATCH])):
        with transaction.atomic():
            for row in some:
                claims.move(
                    row,
                    old=Enrollment.State.PAUSED,
                    new=Enrollment.State.WAITING,
                    reason="",
                )
    held = Message.objects.filter(
        step_run__enrollment__sequence=pk, state=Message.State.HELD
    )
    for message in held.order_by("pk").iterator():
        claims.move(
            message,
            old=Message.State.HELD,
            new=Message.State.QUEUED,
            due_at=clock.now(),
        )


def run_archiving(job: Job) -> None:
    """Stop all that is under way, one lead after the other."""
    pk, words = int(job.arguments["sequence"]), str(job.arguments["words"])
    rows = Enrollment.objects.filter(sequence=pk, state__in=LIVE_STATES)
    last = 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        for row in some:
            stopping.stop_enrollment(
                enrollment=row,
                cause=Enrollment.Cause.BY_HAND,
                words=words,
                actor=str(job.arguments["actor"]),
            )
        last = some[-1].pk


# --- what is missing ---------------------------------------------------------


def problems(version: SequenceVersion) -> list[str]:
    """All that keeps a draft from being activated, in words; [] when it may be."""
    steps = list(version.steps.order_by("position").prefetch_related("variants"))
    found = [] if steps else ["Add a step"]
    mailed = False
    for step in steps:
        name = f"Step {step.position}"
        variants = list(step.variants.all())
        if not variants:
            found.append(f"{name}: add the words")
        elif not any(one.weight for one in variants):
            found.append(f"{name}: every wording is switched off")
        first_mail = step.kind == Step.Kind.EMAIL and not mailed
        mailed = mailed or first_mail
        for one in variants:
            called = f"{name}, {one.label}" if len(variants) > 1 else name
            found += [f"{called}: {words}" for words in _lacks(step, one, first_mail)]
        found += [f"{name}: {words}" for words in _wrong_branches(step, steps)]
    return found + rules.problems(version.sequence.rule)


def _lacks(step: Step, variant: StepVariant, first_mail: bool) -> list[str]:
    found = []
    by_ai = step.writer == Step.Writer.AI
    if by_ai and not variant.brief.strip():
        found.append("write the brief for the AI")
    if not by_ai and not variant.body.strip():
        found.append("write the words")
    if first_mail and not variant.subject.strip():
        found.append("the first mail needs a subject")
    for text in (variant.subject, "" if by_ai else variant.body):
        try:
            templating.check(text)
        except templating.Unusable as error:
            found.append(str(error).rstrip("."))
    return found


_INTENTS = frozenset(str(one) for one in Intent)


def _wrong_branches(step: Step, steps: list[Step]) -> list[str]:
    found = []
    later = {one.position for one in steps if one.position > step.position}
    for branch in step.branches:
        intents, to = branch.get("intents"), branch.get("to")
        if not intents:
            found.append("a branch names no intent")
        for one in intents or []:
            if one not in _INTENTS:
                found.append(f"there is no intent “{one}”")
        if to != 0 and to not in later:
            found.append("a branch can only go to a later step, or to the end")
    return found


__all__ = [
    "NotReady",
    "activate",
    "archive",
    "draft_of",
    "pause",
    "problems",
    "resume",
]
