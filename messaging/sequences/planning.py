"""Who would get what, and when, before anything is sent: by the same functions that
run it. Changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leads import access, clock, policy
from leads.models import Lead, Mode
from messaging.agent.builtin import BuiltinModel
from messaging.agent.costs import Usage
from messaging.models import Conversation
from messaging.models.sequence import (
    LIVE_STATES,
    Enrollment,
    Sequence,
    SequenceVersion,
    Step,
    StepVariant,
)
from messaging.sequences import deciding, following, rules
from messaging.sequences.causes import Stop
from messaging.sequences.deciding import Skip, Standing, Write
from messaging.sequences.wording import words_for
from messaging.wording import Wording


@dataclass(frozen=True)
class PlannedStep:
    """One step as it would go. `to` is the address, "" when nothing goes; `note` says
    what is special: why it is left out, what a person must fill in, that the AI
    writes it (`body` is then an example by the built-in model).
    """

    step: Step
    variant: StepVariant | None
    at: datetime
    kind: str
    to: str
    subject: str
    body: str
    note: str


def preview(
    *, version: SequenceVersion, lead: Lead, at: datetime | None = None
) -> list[PlannedStep]:
    """What the lead would get if it began `version`, which may be a draft, at `at`.

    As nothing can be known of answers: as if the lead never wrote.
    """
    began = at or clock.now()
    enrollment = Enrollment(
        sequence=version.sequence, version=version, lead=lead, started_at=began
    )
    standing = Standing(enrollment, _conversation(lead))
    steps = list(version.steps.order_by("position").prefetch_related("variants"))
    return list(_from(standing, steps, began))


def upcoming(enrollment: Enrollment) -> list[PlannedStep]:
    """What is still to come of an enrollment: its next step when it is due, the others
    counted from there.
    """
    step = enrollment.next_step
    if step is None or enrollment.state not in LIVE_STATES:
        return []
    standing = Standing(enrollment, _conversation(enrollment.lead))
    rows = Step.objects.filter(
        version=enrollment.version_id, position__gte=step.position
    )
    steps = list(rows.order_by("position").prefetch_related("variants"))
    return list(_from(standing, steps, enrollment.due_at, due=enrollment.due_at))


def _conversation(lead: Lead) -> Conversation:
    """The lead's conversation, or what it would be: none is made."""
    found = Conversation.objects.select_related("lead", "holder").filter(lead=lead)
    return found.first() or Conversation(lead=lead)


def _from(
    at: Standing, steps: list[Step], after: datetime, due: datetime | None = None
) -> Iterator[PlannedStep]:
    """The steps one after the other, each counted from when the one before goes."""
    position = steps[0].position if steps else 0
    for step in steps:
        if step.position < position:
            continue
        goes = due or at.due(step, after=after)
        after, due = goes, None
        branch = deciding.branch_of(step, at.conversation)
        if branch is not None:
            yield _without_words(step, goes, branch.words)
            if branch.to is None:
                return
            position = branch.to.position
            continue
        yield _planned(at, step, goes)


def _without_words(step: Step, at: datetime, note: str) -> PlannedStep:
    return PlannedStep(step, None, at, step.kind, "", "", "", note)


def _planned(at: Standing, step: Step, goes: datetime) -> PlannedStep:
    decision = deciding.write_or_skip(at, step)
    if isinstance(decision, Stop | Skip):
        return _without_words(step, goes, decision.words)
    variant = decision.variant
    filled = words_for(variant, at.conversation)
    body, note = filled.body, filled.reason
    if note:
        note = f"Becomes a draft: {note[:1].lower()}{note[1:]}"
    if step.writer == Step.Writer.AI:
        body, note = _example(at.conversation, step, decision)
    return PlannedStep(
        step,
        variant,
        goes,
        step.kind,
        decision.point.value,
        filled.subject,
        body,
        note,
    )


def _example(
    conversation: Conversation, step: Step, decision: Write
) -> tuple[str, str]:
    """How the built-in model would put it now, and what becomes of it."""
    rules_now = policy.lately()
    mode = following.mode_for(conversation, step.kind, rules_now)
    brief = f"The AI writes this from the brief “{decision.variant.brief.strip()}”"
    if mode == Mode.OFF:
        return "", f"{brief}; left out while the AI is off here"
    situation, plan = following.plan_for(conversation, decision, rules_now)
    proposal = BuiltinModel().write(situation, plan)
    wording = Wording(proposal, BuiltinModel.author, Usage())
    found = following.judge(wording, situation, plan, mode=mode)
    if found.skip:
        return "", f"{brief}; left out when there is nothing new to say"
    then = f"; {found.vetted.reason}" if found.vetted.reason else ""
    return found.vetted.body, f"{brief}, such as this{then}"


def who_would(
    *, sequence: Sequence, user: access.Viewer, limit: int = 20
) -> list[Lead]:
    """Leads that meet the sequence's rule now and are not under way in it, as far as
    the person may see them, the newest first.
    """
    live = Enrollment.objects.filter(sequence=sequence, state__in=LIVE_STATES)
    leads = rules.leads_of(sequence.rule).filter(access.lead_filter(user))
    if sequence.team_id is not None:
        leads = leads.filter(team=sequence.team_id)
    leads = leads.exclude(pk__in=live.values("lead"))
    return list(leads.select_related("team", "stage").order_by("-pk")[:limit])
