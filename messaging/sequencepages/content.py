"""What a step says, apart from its row: as it is typed, kept, copied and compared."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from messaging.models.sequence import Step, StepVariant

LABELS = "ABCD"
MOST_STEPS = 20
MOST_BRANCHES = 5


@dataclass(frozen=True)
class Wording:
    """One wording of a step."""

    label: str = LABELS[0]
    subject: str = ""
    body: str = ""
    brief: str = ""
    weight: int = 1


@dataclass(frozen=True)
class StepContent:
    """Everything that a person sets on one step.

    `branches` are as the step's row keeps them: {"intents": [...], "to": 4}.
    """

    kind: str = Step.Kind.SMS.value
    delay: int = 1
    unit: str = Step.Unit.DAYS.value
    working_time: bool = True
    writer: str = Step.Writer.TEMPLATE.value
    wordings: tuple[Wording, ...] = (Wording(),)
    branches: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def mark(self) -> str:
        """A short mark of all of it: two steps with one mark say the same."""
        plain = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(plain.encode()).hexdigest()[:16]


def content_of(step: Step) -> StepContent:
    """Read a step with its wordings."""
    rows = sorted(step.variants.all(), key=lambda row: row.label)
    return StepContent(
        kind=str(step.kind),
        delay=step.delay,
        unit=str(step.unit),
        working_time=step.working_time,
        writer=str(step.writer),
        wordings=tuple(
            Wording(row.label, row.subject, row.body, row.brief, row.weight)
            for row in rows
        ),
        branches=tuple(dict(branch) for branch in step.branches),
    )


def write_content(step: Step, content: StepContent) -> None:
    """Write it into a step's row and its wordings; the caller has a transaction."""
    step.kind, step.delay, step.unit = content.kind, content.delay, content.unit
    step.working_time, step.writer = content.working_time, content.writer
    step.branches = [dict(branch) for branch in content.branches]
    step.save()
    labels = [one.label for one in content.wordings]
    step.variants.exclude(label__in=labels).delete()
    for one in content.wordings:
        StepVariant.objects.update_or_create(
            step=step,
            label=one.label,
            defaults={
                "subject": one.subject,
                "body": one.body,
                "brief": one.brief,
                "weight": one.weight,
            },
        )
